"""Models built by hand, for the tests of the plan and the kernels: no scenario file, few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simengine.deal.model import Dependence, Model, NamedFormula, Output, UncertainInput
from simengine.distributions import resolve
from simengine.formula import parse

REFERENCE_INPUTS: dict[str, Any] = {
    "V": {"dist": "lognormal", "mu": 6.907755278982137, "sigma": 0.4},
    "D": {"dist": "pert", "min": 0.4, "mode": 0.8, "max": 1.0},
    "R": {"dist": "beta", "alpha": 18, "beta": 2},
    "L": {"dist": "triangular", "min": 0.02, "mode": 0.05, "max": 0.15},
    "competition_strikes": {"dist": "bernoulli", "p": 0.35},
    "competition_severity": {"dist": "pert", "min": 0.05, "mode": 0.2, "max": 0.6},
    "ip_leak_strikes": {"dist": "bernoulli", "p": 0.08},
    "ip_leak_severity": {"dist": "beta", "alpha": 2, "beta": 5},
}
"""The reference deal: market value, demand, partner, legal share, and two risks."""

REFERENCE_FORMULAS = {
    "competition": "where(competition_strikes, competition_severity, 0)",
    "ip_leak": "where(ip_leak_strikes, ip_leak_severity, 0)",
    "T": "V * D * R * (1 - L) * (1 - competition) * (1 - ip_leak)",
}


def model(
    inputs: Mapping[str, Any],
    formulas: Mapping[str, str],
    outputs: Sequence[str] = ("T",),
    *,
    strategy: str = "base",
    groups: Sequence[tuple[Sequence[str], Sequence[Sequence[float]]]] = (),
    dof: float | None = None,
) -> Model:
    """A strategy from specifications of inputs, texts of formulas (in order of use) and correlated groups."""
    return Model(
        strategy=strategy,
        inputs={name: UncertainInput(name, resolve(spec), f"inputs.{name}") for name, spec in inputs.items()},
        dependences=tuple(Dependence(tuple(names), np.array(matrix, float), dof) for names, matrix in groups),
        formulas={name: NamedFormula(name, text, parse(text), f"model.{name}") for name, text in formulas.items()},
        outputs=tuple(Output(name) for name in outputs),
    )


def reference_deal(
    *, correlated: bool = True, dof: float | None = None, strategy: str = "base", **changed: Any
) -> Model:
    """The reference deal, its V, D and R joined by a copula; ``changed`` replaces distributions of inputs."""
    matrix = [[1.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 1.0]]
    groups = [(("V", "D", "R"), matrix)] if correlated else []
    inputs = {**REFERENCE_INPUTS, **changed}
    return model(inputs, REFERENCE_FORMULAS, strategy=strategy, groups=groups, dof=dof)
