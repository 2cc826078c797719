"""Kernels: pure functions from a plan and a range of trials to summaries."""
