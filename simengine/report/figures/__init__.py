"""Pictures of a result as SVG of our own."""

from __future__ import annotations

from simengine.report.figures.build import KINDS, figure
from simengine.report.figures.figure import Figure

__all__ = ["KINDS", "Figure", "figure"]
