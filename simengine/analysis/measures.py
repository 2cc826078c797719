"""What a decision goes by: mean, percentile, probability, expected shortfall or certainty equivalent of an outcome.

People write them as ``mean``, ``P10``, ``median``, ``P(T < 0)``, ``CVaR95``, ``CE(200)``, each with ``of NAME`` where
it is not the main outcome that is meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import (
    Exponential,
    Linearised,
    certainty_equivalent_of,
    counting_limit,
    mean_of,
    probability_of,
    quantile_from,
    quantile_of,
    quantile_slope,
    shortfall_from,
    shortfall_of,
)
from simengine.aggregate.order import COVERAGE_Z
from simengine.errors import InvalidInput, Problem
from simengine.scenario.names import list_names, suggest

Array = NDArray[np.float64]
Kind = Literal["mean", "sd", "percentile", "below", "above", "shortfall", "equivalent"]

_MOST_PARTITIONED = 24
"""Order statistics up to which finding them costs less than sorting."""

ALLOWED = "mean, sd, median, P10, P(T < 0), CVaR95, CE(200), each also with 'of NAME'"

_NUMBER = r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_OF = re.compile(r"^(?P<head>.*?)\s+of\s+(?P<output>\S+)$", re.DOTALL)
_FORMS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("mean", re.compile(r"mean|average", re.IGNORECASE)),
    ("sd", re.compile(r"sd|std", re.IGNORECASE)),
    ("percentile", re.compile(rf"P\s*(?P<level>{_NUMBER})|median()", re.IGNORECASE)),
    ("below", re.compile(rf"P\(\s*(?P<name>[^\s<>=]+)\s*<=?\s*(?P<level>{_NUMBER})\s*\)", re.IGNORECASE)),
    ("above", re.compile(rf"P\(\s*(?P<name>[^\s<>=]+)\s*>=?\s*(?P<level>{_NUMBER})\s*\)", re.IGNORECASE)),
    ("below", re.compile(r"P\(\s*loss\s*\)(?P<loss>)", re.IGNORECASE)),
    ("shortfall", re.compile(rf"(?:CVaR|ES)\s*(?P<level>{_NUMBER})", re.IGNORECASE)),
    ("equivalent", re.compile(rf"CE\s*\(?\s*(?P<level>{_NUMBER})\s*\)?", re.IGNORECASE)),
)


@dataclass(frozen=True)
class Measure:
    """One number of the distribution of an outcome.

    ``level`` is the percentile, the threshold of a probability, the percent of an expected shortfall, or the risk
    tolerance of a certainty equivalent.  ``strict`` says that a threshold itself does not count.
    """

    kind: Kind
    level: float = 0.0
    output: str | None = None
    strict: bool = True
    cost: bool = False
    """Whether less of the outcome is better."""

    @property
    def label(self) -> str:
        """As people write it, with the outcome."""
        name = self.output or "outcome"
        if self.kind in ("below", "above"):
            return f"P({name} {self._sign} {self.level:g})"
        return f"{self.short} of {name}"

    @property
    def short(self) -> str:
        """As people write it, without the outcome where it may be left out."""
        match self.kind:
            case "percentile":
                return f"P{self.level:g}"
            case "below" | "above":
                return self.label
            case "shortfall":
                return f"CVaR{self.level:g}"
            case "equivalent":
                return f"CE({self.level:g})"
        return self.kind

    @property
    def share(self) -> bool:
        """Whether it is a probability."""
        return self.kind in ("below", "above")

    @property
    def less_is_better(self) -> bool:
        """Whether it is minimised unless something else is said: spread, losses, and the chance of falling short.

        Of an outcome of which less is better it is the other way round, but for the spread.
        """
        return self.kind == "sd" or (self.kind in ("shortfall", "below")) != self.cost

    @property
    def _sign(self) -> str:
        return ("<" if self.kind == "below" else ">") + ("" if self.strict else "=")

    def of(self, values: Array, batches: Batches) -> Linearised:
        """Its value and parts, from the values (trials,) of the outcome.

        The error is unknown (NaN) for percentiles beyond what the trials can tell.
        """
        match self.kind:
            case "mean":
                return mean_of(values, batches)
            case "sd":
                return _spread_of(values, batches)
            case "percentile":
                return quantile_of(values, self.level / 100.0, batches)
            case "below":
                return probability_of(values < self.level if self.strict else values <= self.level, batches)
            case "above":
                return probability_of(values > self.level if self.strict else values >= self.level, batches)
            case "shortfall":
                return shortfall_of(values, self.level / 100.0, batches)
        return certainty_equivalent_of(values, Exponential(self.level), batches)


def _spread_of(values: Array, batches: Batches) -> Linearised:
    """The standard deviation (n - 1), by its influence at the pooled estimate."""
    centre, spread = float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else math.nan
    if not spread > 0.0:
        return Linearised(np.asarray(spread), np.full(batches.count, spread))
    squares = batches.means((values - centre) ** 2)
    return Linearised(np.asarray(spread), spread + (squares - batches.pooled(squares)) / (2.0 * spread))


def read_measure(
    text: str,
    outputs: Sequence[str],
    default: str | None = None,
    option: str = "--objective",
    formulas: Collection[str] = (),
) -> Measure:
    """The measure that a person wrote, of one of ``outputs``: the one named, else ``default``, else the first.

    ``formulas`` are names that could be reported.

    Raises
    ------
    InvalidInput
        If it is no measure, its level is out of range, or there is no such outcome.
    """
    whole = _OF.match(text.strip())
    head, named = (whole["head"], whole["output"]) if whole else (text.strip(), None)
    for kind, form in _FORMS:
        found = form.fullmatch(head)
        if found is not None:
            measure = _measure(kind, found, head)
            break
    else:
        hint = suggest(head, ["mean", "median", "sd", "P10", "P50", "P90", "CVaR95"])
        raise InvalidInput(Problem("is not a measure", option, text, ALLOWED, hint))
    problem = _wrong_level(measure)
    if problem is not None:
        raise InvalidInput(replace(problem, key=option, value=text))
    output = measure.output or named or default or outputs[0]
    if output not in outputs:
        hint = f"{output} is a formula: add it to [outputs]" if output in formulas else suggest(output, outputs)
        raise InvalidInput(
            Problem(f"nothing that is reported is called {output}", option, text, list_names(outputs), hint)
        )
    if named is not None and measure.output not in (None, named):
        raise InvalidInput(Problem("names two outcomes", option, text, "one"))
    return replace(measure, output=output)


def _measure(kind: Kind, found: re.Match[str], head: str) -> Measure:
    groups = found.groupdict()
    if "loss" in groups:
        return Measure("below", 0.0)
    usual = "50" if kind == "percentile" else "0"
    level = float((groups.get("level") or usual).replace("_", ""))
    return Measure(kind, level, groups.get("name"), strict="=" not in head)


def _wrong_level(measure: Measure) -> Problem | None:
    if measure.kind == "percentile" and not 0.0 < measure.level < 100.0:
        return Problem("is no percentile", allowed="above P0 and below P100")
    if measure.kind == "shortfall" and not 50.0 <= measure.level < 100.0:
        return Problem("is no level of expected shortfall", allowed="CVaR50 to below CVaR100", hint="CVaR95 is usual")
    if measure.kind == "equivalent" and not measure.level > 0.0:
        return Problem("is no risk tolerance", allowed="an amount above 0, in the unit of the outcome")
    return None


def measures_of(values: Array, measures: Sequence[Measure], batches: Batches) -> Linearised:
    """Several measures of one outcome, (measures,); the values (trials,) are put in order once for all of them."""
    ordered = _in_order(values, measures)
    found = []
    for measure in measures:
        if measure.kind == "percentile":
            probability = measure.level / 100.0
            at, slope = _quantile(ordered, probability), quantile_slope(ordered, probability)
            below = batches.means((values < counting_limit(at, slope, probability, batches)).astype(np.float64))
            found.append(quantile_from(at, below, slope, batches))
        elif measure.kind == "shortfall":
            tail = 1.0 - measure.level / 100.0
            limit = float(ordered[_tail_rank(len(values), tail)])
            found.append(shortfall_from(limit, batches.means(np.maximum(limit - values, 0.0)), tail, batches))
        else:
            found.append(measure.of(values, batches))
    return Linearised.stack(found)


def _in_order(values: Array, measures: Sequence[Measure]) -> Array:
    """The values with those in their sorted places that the measures read; all of them where that is no more work."""
    ranks: set[int] = set()
    n = len(values)
    for measure in measures:
        if measure.kind == "percentile":
            ranks.update(_quantile_ranks(n, measure.level / 100.0))
        elif measure.kind == "shortfall":
            ranks.add(_tail_rank(n, 1.0 - measure.level / 100.0))
    if not ranks:
        return values
    return np.sort(values) if len(ranks) > _MOST_PARTITIONED else np.partition(values, sorted(ranks))


def _quantile_ranks(n: int, probability: float) -> list[int]:
    """Places of the order statistics beside a quantile, and of those that its slope is read from."""
    at = (n - 1) * probability
    half = COVERAGE_Z * math.sqrt(n * probability * (1.0 - probability))
    ends = math.floor(n * probability - half), math.ceil(n * probability + half) - 1
    return [rank for rank in (math.floor(at), math.ceil(at), *ends) if 0 <= rank < n]


def _tail_rank(n: int, tail: float) -> int:
    return min(math.floor(tail * n), n - 1)


def _quantile(ordered: Array, probability: float) -> float:
    """Type 7 of Hyndman and Fan, rounded as NumPy rounds it."""
    at = (len(ordered) - 1) * probability
    low, high = float(ordered[math.floor(at)]), float(ordered[math.ceil(at)])
    part = at - math.floor(at)
    return high - (high - low) * (1.0 - part) if part >= 0.5 else low + (high - low) * part
