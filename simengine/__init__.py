"""Risk analysis of technology-transfer deals by Monte Carlo simulation.

Examples
--------
>>> import simengine as se
>>> result = se.run("deal.toml", trials=10_000_000)   # doctest: +SKIP
>>> print(result)                                      # doctest: +SKIP
>>> result.percentiles("T")                            # doctest: +SKIP
>>> result.dataset                                     # doctest: +SKIP
>>> result.to_excel("deal.xlsx")                       # doctest: +SKIP

``run`` simulates a scenario, ``compare`` holds its strategies against each other, ``check`` validates one, ``load``
reads one; ``diff``, ``optimize`` and ``breakeven`` help to decide, ``risks`` and ``terms`` to negotiate;
``open_result``, ``open_comparison`` and ``open_drivers`` read what was stored.
What a user can get wrong raises a :class:`~simengine.errors.SimengineError` that lists every problem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simengine.api import breakeven, check, compare, diff, drivers, load, optimize, risks, run, terms
    from simengine.errors import DeviceError, FileProblem, InvalidInput, Mismatch, NonFiniteOutcome, SimengineError
    from simengine.report.comparison import Comparison, open_comparison
    from simengine.report.deciding_results import BreakevenResult, DiffResult, OptimizeResult
    from simengine.report.drivers_result import Drivers, open_drivers
    from simengine.report.negotiating_results import RisksResult, TermsResult
    from simengine.report.result import Result, open_result

__version__ = "0.1.0"

__all__ = [
    "BreakevenResult",
    "Comparison",
    "DeviceError",
    "DiffResult",
    "Drivers",
    "FileProblem",
    "InvalidInput",
    "Mismatch",
    "NonFiniteOutcome",
    "OptimizeResult",
    "Result",
    "RisksResult",
    "SimengineError",
    "TermsResult",
    "__version__",
    "breakeven",
    "check",
    "compare",
    "diff",
    "drivers",
    "load",
    "open_comparison",
    "open_drivers",
    "open_result",
    "optimize",
    "risks",
    "run",
    "terms",
]

_HOMES = {
    "breakeven": "simengine.api",
    "check": "simengine.api",
    "diff": "simengine.api",
    "optimize": "simengine.api",
    "compare": "simengine.api",
    "drivers": "simengine.api",
    "load": "simengine.api",
    "risks": "simengine.api",
    "run": "simengine.api",
    "terms": "simengine.api",
    "BreakevenResult": "simengine.report.deciding_results",
    "DiffResult": "simengine.report.deciding_results",
    "OptimizeResult": "simengine.report.deciding_results",
    "RisksResult": "simengine.report.negotiating_results",
    "TermsResult": "simengine.report.negotiating_results",
    "Comparison": "simengine.report.comparison",
    "Drivers": "simengine.report.drivers_result",
    "open_comparison": "simengine.report.comparison",
    "open_drivers": "simengine.report.drivers_result",
    "Result": "simengine.report.result",
    "open_result": "simengine.report.result",
    "DeviceError": "simengine.errors",
    "FileProblem": "simengine.errors",
    "InvalidInput": "simengine.errors",
    "Mismatch": "simengine.errors",
    "NonFiniteOutcome": "simengine.errors",
    "SimengineError": "simengine.errors",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is asked for: ``import simengine`` itself loads nothing."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__name__", "__path__"]
