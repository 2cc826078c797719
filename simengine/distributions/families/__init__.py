"""The rows of the table of families, grouped by kind."""
