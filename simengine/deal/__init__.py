"""Deals: tables of a scenario expanded to formulas and uncertain inputs."""
