"""Filling the named cells of somebody's own workbook, and touching nothing else of it."""

from simengine.report.template.fill import Filled, fill

__all__ = ["Filled", "fill"]
