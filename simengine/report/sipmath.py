"""Outcomes as a SIPmath 3.0 library: a metalog for each, joined by the correlation that common draws give them.

A metalog is a smooth curve through a distribution, not the distribution: every variable says how far its percentiles
are from those of the run, and what it cannot hold is told.  A library has streams of its own (HDR), so that its trials
are not those of the run; the distributions are, and how the strategies move together.

References: probabilitymanagement.org, SIPmath 3.0 standard; Keelin (2016), The metalog distributions, Decision
Analysis 13.
"""

from __future__ import annotations

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
from simengine.report.statistics import reported_pairs
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


def sipmath_library(record: Record, *, data: Sequence[Path] = ()) -> tuple[bytes, tuple[SipFit, ...], tuple[str, ...]]:
    """The library as JSON, the fits, and the names of outcomes that no metalog can be fitted to.

    Raises
    ------
    InvalidInput
        When no outcome can be written: each is constant, or reported period by period.
    FileProblem
        When a data file that the scenario needs is not there.
    Mismatch
        When the trials of the run cannot be drawn again.
    """
    draws = draws_of(record, min(record.integer("trials"), _MOST_TRIALS), data=data)
    values = np.concatenate([block for _, block in draws.blocks()], axis=1)
    places, names = reported_pairs(record), stems(record)
    fits, left, rows = [], [], []
    for k, column in enumerate(draws.columns):
        pair = record.strategies.index(column.strategies[0]), record.outputs.index(column.name)
        assert pair in places
        name = names[pair[0], column.name]
        fit = _fit(record, name, *pair, values[k][np.isfinite(values[k])])
        if fit is None:
            left.append(name)
        else:
            fits.append(fit)
            rows.append(k)
    if not fits:
        raise InvalidInput(Problem("no outcome can be written as a metalog: all are constant", "sipmath"))
    finite = np.isfinite(values[rows]).all(axis=0)
    library = _library(record, fits, _correlations(values[rows][:, finite]))
    text = json.dumps(library, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    return text.encode(), tuple(fits), tuple(left)


def _fit(record: Record, name: str, strategy: int, output: int, sample: Array) -> SipFit | None:
    """The metalog that comes closest to the exact percentiles, of those as good the bounded and short; or None."""
    sd = float(record["std"][strategy, output])
    low, high = float(record["minimum"][strategy, output]), float(record["maximum"][strategy, output])
    if sample.size < 2 or not low < high or not sd > 0:
        return None
    wanted = record["quantile"] / 100.0
    inside = (wanted > 0) & (wanted < 1)
    exact, levels = record["quantiles"][strategy, output][inside], wanted[inside]
    points = np.quantile(sample, _LEVELS)
    if points[0] == points[-1]:
        return None
    found: list[tuple[float, int, Array, float | None, float | None, float]] = []
    for bounds in _bounds(points):
        for coefficients, _ in fitted_terms(_LEVELS, points, *bounds, MOST_TERMS):
            distance = np.abs(metalog_values(coefficients, *bounds, levels) - exact)
            worst = int(np.argmax(distance))
            found.append((float(distance[worst]), coefficients.size, coefficients, *bounds, 100.0 * levels[worst]))
    if not found:
        return None
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


def _library(record: Record, fits: Sequence[SipFit], correlations: Array) -> dict[str, Any]:
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
        "provenance": _provenance(record),
        "globalVariables": [
            {"name": "correlationMatrix", "value": {"columns": names, "rows": names, "matrix": matrix}}
        ],
        "U01": {"rng": [_stream(name, k + 1) for k, name in enumerate(streams)], "copula": [copula]},
        "sips": [_sip(record, fit, layer) for fit, layer in zip(fits, layers, strict=True)],
        "version": "1",
    }


def _stream(name: str, number: int) -> dict[str, Any]:
    arguments = {"counter": "PM_Index", "entity": 1, "varId": number, "seed3": 0, "seed4": 0}
    return {"name": name, "function": "HDR_2_0", "arguments": arguments}


def _sip(record: Record, fit: SipFit, layer: str) -> dict[str, Any]:
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
        },
    }


def _provenance(record: Record) -> str:
    versions = record.document("versions")
    return printable(
        f"simengine {versions.get('simengine', '')}, {record.text('command')}: {record.integer('trials'):,} trials, "
        f"seed {record.integer('seed')}, sampler {record.text('sampler')}, plan {record.text('plan_digest')}"
    )
