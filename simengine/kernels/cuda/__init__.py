"""The GPU kernel: CUDA C printed from a plan's tape, and what counts and sums outcomes on the device."""
