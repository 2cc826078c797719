"""Of which outcomes less is better: those of a deal over years that count money out of pocket, costs and waiting."""

from __future__ import annotations

from collections.abc import Iterable

from simengine.deal.model import Model

LESS_IS_BETTER = frozenset(
    {
        *("peak_funding", "payback", "ever_negative", "initial_costs", "running_costs"),
        *("capital_paid", "capital_calls", "serving_cost", "tax", "taxed_to_date", "launch_time", "default_share"),
    }
)
"""Formulas of the deal itself; of all others more is better."""


def less_is_better(models: Iterable[Model], output: str) -> bool:
    """Whether less of an outcome is better: it is one of these names, and no formula of the user's own."""
    held = [model.formulas[output] for model in models if output in model.formulas]
    return output in LESS_IS_BETTER and bool(held) and all(formula.section != "model" for formula in held)
