"""Strategies side by side: one run of all of them on the same draws, and what tells them apart."""
