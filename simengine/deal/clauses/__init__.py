"""The clauses of a deal over years: each module turns some tables into lines of formulas."""
