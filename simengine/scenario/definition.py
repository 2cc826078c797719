"""What a scenario file means once it is read: typed, resolved, frozen.  One :class:`Definition` a strategy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.marginal import Marginal
from simengine.formula.axis import ONE_PERIOD, Grid

if TYPE_CHECKING:
    from simengine.formula.nodes import Node
    from simengine.sampling.copula import Pair
    from simengine.scenario.terms import Terms

PLAIN_INPUTS = ("V", "D", "R", "L")
"""Market value, demand, the partner's standing, and the legal share: the inputs of the plain model."""

PLAIN_OUTCOME = "T"
"""The outcome of the plain model, T = V * D * R * (1 - L) * (1 - risk) * ... - costs."""

LEAK_ALIAS = ("leak", "ip_leak")
"""In formulas the first is accepted for the second where nothing else is called so."""


@dataclass(frozen=True)
class InputSpec:
    """A number or a distribution that a scenario gives a name to.

    ``name`` is the name in formulas and the address of its draws (``V``, ``costs_upfront``,
    ``ip_leak_severity``); ``key`` the dotted path in the file (``inputs.V``, ``costs.upfront``,
    ``risks.ip_leak.severity``); ``spec`` the value as written, without the descriptive keys.
    A value without uncertainty has ``marginal.constant``.
    """

    name: str
    key: str
    marginal: Marginal
    spec: object
    title: str = ""
    unit: str = ""
    source: str = ""
    note: str = ""
    kind: str = ""
    """What the scenario says that it is: amount, share, rate or years."""
    currency: str = ""
    each: str = "trial"
    """``year`` where it is drawn anew for every period."""

    @property
    def yearly(self) -> bool:
        """Whether it has a value for each period."""
        return self.each == "year" and self.marginal.constant is None


@dataclass(frozen=True)
class RiskSpec:
    """An event that strikes with a probability and then takes ``severity``.

    ``probability`` is an :class:`InputSpec` whose marginal lies in [0, 1]; where it is constant the risk needs no
    draw for it.  In formulas the risk's own name is the severity in trials where it strikes and 0 otherwise.
    """

    name: str
    key: str
    probability: InputSpec
    severity: InputSpec
    title: str = ""
    source: str = ""
    note: str = ""

    @property
    def strikes(self) -> str:
        """Name of the 0/1 quantity that says whether the risk strikes in a trial."""
        return f"{self.name}_strikes"

    @property
    def chance(self) -> str:
        """Name of the uniform input that decides whether a risk of uncertain probability strikes."""
        return f"{self.name}_chance"

    @property
    def certain_probability(self) -> float | None:
        """The probability where it is a plain number, None where it is itself uncertain."""
        return self.probability.marginal.constant


@dataclass(frozen=True)
class DecisionSpec:
    """A number that is ours to choose, a constant of formulas.

    ``value`` is what a run takes.  The values that may be chosen lie between ``low`` and ``high``, or are
    ``choices``, rising, where there are only some.
    """

    name: str
    key: str
    value: float
    low: float
    high: float
    choices: tuple[float, ...] | None = None
    title: str = ""
    unit: str = ""


@dataclass(frozen=True)
class CorrelationGroup:
    """Inputs that are drawn together, by a Gaussian copula or, where ``dof`` is given, a t copula.

    ``names`` are names of inputs that are drawn: ``RISK_strikes`` of a risk whose probability is uncertain
    stands here as ``RISK_chance``, with which it rises.  ``matrix`` is the correlation of the normal scores,
    shape ``(k, k)``, positive semidefinite.  ``largest_change`` is how far ``repair = true`` moved an entry of
    the matrix (0 where nothing had to be repaired).  ``said`` are the pairs as the scenario gives them.
    """

    names: tuple[str, ...]
    matrix: NDArray[np.float64]
    dof: float | None
    key: str
    largest_change: float = 0.0
    said: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class OutputSpec:
    """An outcome that is reported, with the thresholds x for which P(outcome < x) is reported."""

    name: str
    unit: str
    title: str
    targets: tuple[float, ...]
    key: str


@dataclass(frozen=True)
class Definition:
    """One strategy, completely resolved: every distribution a marginal, every default filled in.

    ``costs`` and ``risks`` are keyed by their names in the file; ``constants`` holds the values of ``decisions`` too;
    ``model`` holds the formulas as text and
    ``expressions`` the same parsed.  ``plain`` says that the outcome T of the plain model is to be generated.
    """

    strategy: str
    title: str
    description: str
    inputs: Mapping[str, InputSpec]
    risks: Mapping[str, RiskSpec]
    costs: Mapping[str, InputSpec]
    constants: Mapping[str, float]
    model: Mapping[str, str]
    expressions: Mapping[str, Node]
    groups: tuple[CorrelationGroup, ...]
    outputs: tuple[OutputSpec, ...]
    plain: bool
    decisions: Mapping[str, DecisionSpec] = field(default_factory=lambda: MappingProxyType({}))
    grid: Grid = ONE_PERIOD
    terms: Terms | None = None
    """The deal over years, where it is one."""
    money: str = ""
    """The unit of amounts as a label."""
    currency: str = ""

    def specs(self) -> tuple[InputSpec, ...]:
        """Every number and distribution of the strategy, in the order inputs, risks, costs."""
        risks = [spec for risk in self.risks.values() for spec in (risk.probability, risk.severity)]
        terms = () if self.terms is None else self.terms.inputs
        return (*self.inputs.values(), *risks, *self.costs.values(), *terms)
