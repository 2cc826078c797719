"""What drives the outcomes, and what would change the decision.

``compute.py`` asks for all of it; every other module answers one question with plain arrays.
"""
