"""Deals over years, evaluated trial by trial through the plan by the independent machine of the tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from reference_machine import run

from simengine.deal.expand import expand
from simengine.plan.compile import build_plan
from simengine.scenario import loads

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Deal:
    """All quantities of one strategy: shape (trials,), or (periods, trials) where they differ from period to period."""

    values: dict[str, Array]
    periods: int
    formulas: dict[str, str]
    """The text of each formula."""

    def __getitem__(self, name: str) -> Array:
        return self.values[name]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def get(self, name: str, other: float) -> Array:
        """The same, or ``other`` where the deal has no such quantity."""
        return self.values.get(name, np.array([other]))

    def one(self, name: str) -> float:
        """The value of the first trial."""
        return float(self.values[name][..., 0])

    def yearly(self, name: str) -> Array:
        """The values of all periods, shape (periods, trials); nothing that the deal lacks costs or brings anything."""
        found = self.values.get(name, np.zeros(1))
        return found if found.ndim == 2 else np.broadcast_to(found, (self.periods, found.size))

    def path(self, name: str) -> list[float]:
        """The values of the periods in the first trial."""
        return [float(value) for value in self.yearly(name)[:, 0]]


def deals(text: str, trials: int = 1, seed: int = 1) -> dict[str, Deal]:
    """Every strategy of a scenario, by name."""
    models = expand(loads(text))
    plan = build_plan(models, record="everything")
    rows = run(plan, seed, trials)
    found = {}
    for model in models:
        values: dict[str, list[Array]] = {}
        yearly = set()
        for output, row in zip(plan.outputs, rows, strict=True):
            if output.strategy == model.strategy:
                values.setdefault(output.name, []).append(row)
                yearly |= {output.name} if output.year is not None else set()
        arrays = {name: np.array(rows) if name in yearly else rows[0] for name, rows in values.items()}
        found[model.strategy] = Deal(arrays, model.grid.periods, {f.name: f.text for f in model.formulas.values()})
    return found


def deal(text: str, trials: int = 1, seed: int = 1) -> Deal:
    """The only strategy of a scenario."""
    (found,) = deals(text, trials, seed).values()
    return found


def scenario(*tables: str, horizon: int = 3, period: float = 1.0, head: str = "", market: str | None = None) -> str:
    """A scenario around tables; sells 100 a period unless ``market`` says otherwise."""
    if market is None:
        market = f"[inputs]\nV = {100.0 * horizon}\nD = 1\n"
    length = f"period = {period}\n" if period != 1.0 else ""
    start = f'[scenario]\nname = "case"\ncurrency = "USD"\nhorizon = {horizon}\n{length}{head}\n'
    return "\n".join([start, market, *tables])


def sales_of(*values: float) -> str:
    """A market that sells these amounts, period by period."""
    return f"[model]\nsales = 'by_year({', '.join(map(str, values))})'\n"
