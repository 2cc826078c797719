"""Aggregation: small values with ``empty`` and ``merge``, and what is reported from them."""
