"""A strategy as the plan compiler sees it: uncertain inputs, their dependence, and formulas. Nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.marginal import Marginal
from simengine.formula.axis import ONE_PERIOD, Grid
from simengine.formula.nodes import Node

SECTIONS = ("time", "market", "risks", "partner", "deal", "costs", "tax", "value", "model")
"""Parts of a deal over years, in the order in which they are read."""


@dataclass(frozen=True)
class UncertainInput:
    """One draw a trial.

    Equal addresses share their draws in all strategies.  The address is the name, unless ``address`` says otherwise:
    a risk strikes on the same draw whether its probability is a number or itself uncertain.
    """

    name: str
    marginal: Marginal
    key: str
    """Dotted path of the value in the scenario, such as ``inputs.V`` or ``risks.competition.severity``."""
    unit: str = ""
    title: str = ""
    source: str = ""
    address: str = ""
    table: str = "inputs"
    """The table of the scenario that it belongs to: inputs, risks or costs; none for fixed terms."""

    @property
    def stream(self) -> str:
        """The address of its draws."""
        return self.address or self.name


@dataclass(frozen=True)
class Dependence:
    """A group of inputs joined by a Gaussian copula, or by a t copula when ``dof`` is given.

    ``matrix`` is the correlation of the normal scores, shape ``(k, k)``, symmetric and positive definite
    (or repaired), in the order of ``names``.
    """

    names: tuple[str, ...]
    matrix: NDArray[np.float64]
    dof: float | None = None


@dataclass(frozen=True)
class NamedFormula:
    """A named quantity given by a formula over inputs and other formulas."""

    name: str
    text: str
    expression: Node
    key: str
    """Dotted path of the text in the scenario (``model.T``), or of the table that it was expanded from."""
    unit: str = ""
    title: str = ""
    yearly: bool = False
    """Whether it has a value for each period."""
    section: str = "model"
    """The part of the deal that it belongs to, see :data:`SECTIONS`."""


@dataclass(frozen=True)
class Output:
    """A formula whose outcomes are reported, with the thresholds x for which P(outcome < x) is reported."""

    name: str
    unit: str = ""
    title: str = ""
    targets: tuple[float, ...] = ()


@dataclass(frozen=True)
class YearlyOutput:
    """A yearly formula whose outcomes are reported period by period; ``initial`` is the formula of what it is at 0."""

    name: str
    unit: str = ""
    title: str = ""
    initial: str = ""


@dataclass(frozen=True)
class Model:
    """One strategy, completely resolved."""

    strategy: str
    inputs: Mapping[str, UncertainInput]
    dependences: tuple[Dependence, ...]
    formulas: Mapping[str, NamedFormula]
    """In an order in which every formula stands after those that it uses."""
    outputs: tuple[Output, ...]
    title: str = ""
    grid: Grid = ONE_PERIOD
    yearly_outputs: tuple[YearlyOutput, ...] = ()
