"""The Python interface: ``import simengine as se; se.run("deal.toml")``."""

from simengine.api.decide import breakeven, diff, optimize
from simengine.api.negotiate import risks, terms
from simengine.api.simulate import check, compare, drivers, load, run

__all__ = ["breakeven", "check", "compare", "diff", "drivers", "load", "optimize", "risks", "run", "terms"]
