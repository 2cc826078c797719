"""Measuring the engine on the machine at hand, against the same deal written with NumPy alone."""
