"""A deal with two decisions and two strategies."""

DEAL = """
[scenario]
name = "offer"
title = "An offer"
currency = "USD"
[inputs]
V = "600 to 1600"
fee = 30
[decisions]
upfront = { value = 20, min = 0, max = 60, step = 20 }
royalty = { min = 0.02, max = 0.10, step = 0.02 }
[model]
T = "upfront * (1 - upfront / 100) + royalty * V * exp(-8 * royalty) - fee"
[strategies.licence]
[strategies.lean]
inputs.fee = 10
"""
