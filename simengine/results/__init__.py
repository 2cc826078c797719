"""Results: the registry of variables, the record of a run, its dataset, its files, and verification."""
