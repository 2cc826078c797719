"""Both sides of the table: the price of each clause, what each side gets, and which terms are worth as much."""
