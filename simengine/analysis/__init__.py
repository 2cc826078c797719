"""Questions asked of a scenario or a result: the ledger of one trial, and the check against closed forms."""
