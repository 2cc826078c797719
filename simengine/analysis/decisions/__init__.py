"""Choosing well: the best values of decision variables, where two strategies tie, and when a comparison is decided."""
