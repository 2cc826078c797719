"""Run plans: ranges of trials over threads, exact percentiles in bounded memory."""
