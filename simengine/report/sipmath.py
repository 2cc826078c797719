"""Outcomes as a SIPmath 3.0 library: a metalog for each, joined by the correlation that common draws give them.

A metalog is a smooth curve through a distribution, not the distribution: every variable says how far its percentiles
are from those of the run, and what it cannot hold is told.  A library has streams of its own (HDR), so that its trials
are not those of the run; the distributions are, and how the strategies move together.

References: probabilitymanagement.org, SIPmath 3.0 standard; Keelin (2016), The metalog distributions, Decision
Analysis 13.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simengine.distributions.families.metalog import fitted_terms, metalog_values
from simengine.distributions.sipmath import METALOG
from simengine.errors import InvalidInput, Problem
from simengine.report.cell_names import stems
from simengine.report.numbers import level, significant
from simengine.report.statistics import reported_pairs, yearly_places
from simengine.report.text import printable
from simengine.results.draws import draws_of
from simengine.results.record import Record

MOST_TERMS = 16
_MOST_TRIALS = 100_000
"""Trials that the curves are fitted to; their percentiles are held against those of the whole run."""
_LEVELS = np.concatenate(([0.001], np.arange(0.005, 1.0, 0.01), [0.999]))
_GOOD = 0.02
"""Largest distance from a percentile, in standard deviations, of a fit that is not called poor."""
_SHARE_OF_ATOM = 0.01
_LEAST_EIGENVALUE = 1e-6
"""Of a matrix of correlations that programs factor without trouble: it stands in the file with 12 digits and more."""
_LARGEST_SEED = 9_999_000
_BY_PERIOD = "is reported period by period, which a library does not hold; export --draws --years has its trials"
_AS_GOOD = 1.25
"""A curve of fewer terms is taken where its largest distance is at most so many times that of the best."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SipFit:
    """The metalog of an outcome: coefficients, bounds, and how far its percentiles are from those of the run.

    error: the largest distance, at the percentile ``worst``; sd: the standard deviation of the outcome.  atom: the
    share of trials that have one and the same value, which no smooth curve can hold.
    """

    name: str
    strategy: str
    output: str
    coefficients: Array
    low: float | None
    high: float | None
    error: float
    worst: float
    sd: float
    atom: float

    @property
    def poor(self) -> bool:
        """Whether the library should not be used for this outcome without a second thought."""
        return self.error > _GOOD * self.sd or self.atom > _SHARE_OF_ATOM

    def told(self) -> str:
        """How good the fit is, in one line."""
        share = significant(100 * self.error / self.sd, 2)
        text = (
            f"{self.name}: {self.coefficients.size} terms, within {significant(self.error, 2)} ({share} % of the "
            f"standard deviation) of the percentiles of the run, farthest at P{level(self.worst)}"
        )
        if not self.poor:
            return text
        why = (
            f"; {significant(100 * self.atom, 2)} % of the trials have one value" if self.atom > _SHARE_OF_ATOM else ""
        )
        return f"warning: {text}: a poor fit{why}; export --draws has the trials themselves"


@dataclass(frozen=True)
class LeftOut:
    """An outcome that is not in the library, by the name it would have, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return self.name

    def told(self) -> str:
        """Name and reason in one line."""
        return f"{self.name} {self.reason}"


def sipmath_library(
    record: Record, *, data: Sequence[Path] = ()
) -> tuple[bytes, tuple[SipFit, ...], tuple[LeftOut, ...]]:
    """The library as JSON, the fits, and the outcomes that no metalog can be fitted to.

    Raises
    ------
    InvalidInput
        When no outcome can be written, with the reason of each.
    FileProblem
        When a data file that the scenario needs is not there.
    Mismatch
        When the trials of the run cannot be drawn again.
    """
    draws = draws_of(record, min(record.integer("trials"), _MOST_TRIALS), data=data)
    values = np.concatenate([block for _, block in draws.blocks()], axis=1)
    places, names = reported_pairs(record), stems(record)
    fits: list[SipFit] = []
    left: list[LeftOut] = []
    rows: list[int] = []
    for k, column in enumerate(draws.columns):
        pair = record.strategies.index(column.strategies[0]), record.outputs.index(column.name)
        assert pair in places
        name = names[pair[0], column.name]
        fit = _fit(record, name, *pair, values[k][np.isfinite(values[k])])
        if isinstance(fit, str):
            left.append(LeftOut(name, fit))
        else:
            fits.append(fit)
            rows.append(k)
    by_period = dict.fromkeys((s, record.yearly_outputs[o]) for s, o, _ in yearly_places(record))
    left += [LeftOut(names[pair], _BY_PERIOD) for pair in by_period]
    if not fits:
        reasons = "; ".join(entry.told() for entry in left)
        raise InvalidInput(Problem(f"no outcome can be written as a metalog: {reasons}", "sipmath"))
    finite = np.isfinite(values[rows]).all(axis=0)
    library = _library(record, fits, *positive_definite(_correlations(values[rows][:, finite])))
    text = json.dumps(library, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    return text.encode(), tuple(fits), tuple(left)


def _fit(record: Record, name: str, strategy: int, output: int, sample: Array) -> SipFit | str:
    """The metalog that comes closest to the exact percentiles, of those as good the bounded and short; or why none."""
    sd = float(record["std"][strategy, output])
    low, high = float(record["minimum"][strategy, output]), float(record["maximum"][strategy, output])
    if low == high:
        return "is constant"
    if sample.size < 2:
        return "has a number in fewer than two trials"
    if not 0 < sd < np.inf:
        return f"has no finite standard deviation ({significant(sd, 3)})"
    wanted = record["quantile"] / 100.0
    inside = (wanted > 0) & (wanted < 1)
    exact, levels = record["quantiles"][strategy, output][inside], wanted[inside]
    points = np.quantile(sample, _LEVELS)
    if points[0] == points[-1]:
        share = significant(100.0 * float(np.mean(sample == points[0])), 6)
        return f"has one value in {share} % of the trials, so that no smooth curve says anything of it"
    found: list[tuple[float, int, Array, float | None, float | None, float]] = []
    for bounds in _bounds(points):
        for coefficients, _ in fitted_terms(_LEVELS, points, *bounds, MOST_TERMS):
            distance = np.abs(metalog_values(coefficients, *bounds, levels) - exact)
            worst = int(np.argmax(distance))
            found.append((float(distance[worst]), coefficients.size, coefficients, *bounds, 100.0 * levels[worst]))
    if not found:
        return f"has percentiles through which no metalog of up to {MOST_TERMS} terms rises"
    best = min(error for error, *_ in found)
    error, _, coefficients, lower, upper, worst_level = min(
        (entry for entry in found if entry[0] <= _AS_GOOD * best),
        key=lambda entry: (entry[3] is None and entry[4] is None, entry[1], entry[0]),
    )
    _, counts = np.unique(sample, return_counts=True)
    atom = float(counts.max()) / sample.size if counts.max() > 1 else 0.0
    labels = record.strategies[strategy], record.outputs[output]
    return SipFit(name, *labels, coefficients, lower, upper, error, float(worst_level), sd, atom)


def _bounds(points: Array) -> list[tuple[float | None, float | None]]:
    """The bounds that are tried: none, and 0 where the outcome lies on one side of it."""
    found: list[tuple[float | None, float | None]] = [(None, None)]
    if points[0] > 0:
        found.append((0.0, None))
    if points[-1] < 0:
        found.append((None, 0.0))
    return found


def _correlations(values: Array) -> Array:
    """Correlation of the normal scores of the ranks, shape (outcomes, outcomes): that of the Gaussian copula."""
    from scipy.special import ndtri

    ranks = values.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    scores = ndtri((ranks + 0.5) / values.shape[1])
    return np.atleast_2d(np.corrcoef(scores)).round(12)


def positive_definite(correlations: Array) -> tuple[Array, float]:
    """Correlations that have a Cholesky factor, and how much of each was taken away for it, 0 for nothing.

    Outcomes that differ by a constant are correlated with exactly 1, and a program that reads the library cannot
    factor such a matrix.  All correlations are multiplied by the same number just below 1.
    """
    least = float(np.linalg.eigvalsh(correlations)[0])
    if least >= _LEAST_EIGENVALUE:
        return correlations, 0.0
    shrinkage = (_LEAST_EIGENVALUE - least) / (1.0 - least)
    shrunk = correlations * (1.0 - shrinkage)
    np.fill_diagonal(shrunk, 1.0)
    return shrunk, shrinkage


def _library(record: Record, fits: Sequence[SipFit], correlations: Array, shrinkage: float) -> dict[str, Any]:
    streams = [f"hdr{k + 1}" for k in range(len(fits))]
    layers = [f"c{k + 1}" for k in range(len(fits))]
    names = [fit.name for fit in fits]
    matrix = [
        {"row": names[i], "col": names[j], "value": 1.0 if i == j else float(correlations[i, j])}
        for i in range(len(fits))
        for j in range(i + 1)
    ]
    copula = {
        "name": "Gaussian",
        "function": "GaussianCopula",
        "arguments": {"correlationMatrix": {"type": "globalVariables", "value": "correlationMatrix"}, "rng": streams},
        "copulaLayer": layers,
    }
    year, month, day = record.text("created")[:10].split("-") if record.text("created") else ("1970", "01", "01")
    return {
        "name": record.text("scenario"),
        "objectType": "sipModel",
        "libraryType": "SIPmath_3_0",
        "dateCreated": f"{month}-{day}-{year}",
        "provenance": _provenance(record, shrinkage),
        "globalVariables": [
            {"name": "correlationMatrix", "value": {"columns": names, "rows": names, "matrix": matrix}}
        ],
        "U01": {"rng": _streams(record, streams), "copula": [copula]},
        "sips": [_sip(record, fit, layer, shrinkage) for fit, layer in zip(fits, layers, strict=True)],
        "version": "1",
    }


def _streams(record: Record, names: Sequence[str]) -> list[dict[str, Any]]:
    """A generator for every outcome; the plan says which, so that libraries of other plans have other ones.

    The generator computes in float64, exactly for numbers of up to eight digits.
    """
    digest = hashlib.sha256(b"sipmath " + record.text("plan_digest").encode()).digest()
    entity, first, seed3, seed4 = (
        1 + int.from_bytes(digest[8 * k : 8 * k + 8], "big") % _LARGEST_SEED for k in range(4)
    )
    return [
        {
            "name": name,
            "function": "HDR_2_0",
            "arguments": {
                "counter": "PM_Index",
                "entity": entity,
                "varId": first + k,
                "seed3": seed3,
                "seed4": seed4,
            },
        }
        for k, name in enumerate(names)
    ]


def _sip(record: Record, fit: SipFit, layer: str, shrinkage: float) -> dict[str, Any]:
    s, o = record.strategies.index(fit.strategy), record.outputs.index(fit.output)
    bounds = {"lowerBound": fit.low, "upperBound": fit.high}
    percentiles = zip(record["quantile"].tolist(), record["quantiles"][s, o].tolist(), strict=True)
    return {
        "name": fit.name,
        "ref": {"source": "copula", "name": "Gaussian", "copulaLayer": layer},
        "function": METALOG,
        "arguments": {
            **{key: bound for key, bound in bounds.items() if bound is not None},
            "aCoefficients": fit.coefficients.tolist(),
        },
        "metadata": {
            "strategy": fit.strategy,
            "output": fit.output,
            "unit": printable(str(record["unit"][o])),
            "count": int(record["finite"][s, o]),
            "mean": float(record["mean"][s, o]),
            "std": fit.sd,
            "min": float(record["minimum"][s, o]),
            **{f"P{level(percent)}": value for percent, value in percentiles},
            "max": float(record["maximum"][s, o]),
            "fit_error": fit.error,
            "fit_error_in_std": fit.error / fit.sd,
            "fit_error_at": f"P{level(fit.worst)}",
            "fit_poor": fit.poor,
            "copula_shrinkage": shrinkage,
        },
    }


def _provenance(record: Record, shrinkage: float) -> str:
    versions = record.document("versions")
    shrunk = f"; correlations shrunk by {shrinkage:.2g} to be positive definite" if shrinkage else ""
    return printable(
        f"simengine {versions.get('simengine', '')}, {record.text('command')}: {record.integer('trials'):,} trials, "
        f"seed {record.integer('seed')}, sampler {record.text('sampler')}, plan {record.text('plan_digest')}{shrunk}"
    )
