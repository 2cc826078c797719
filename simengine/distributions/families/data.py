"""Families given by lists: cumulative, discrete and empirical distributions."""

from __future__ import annotations

import numpy as np

from simengine.distributions.csv_column import read_column
from simengine.distributions.family import Context, Family, Form, Parameter
from simengine.distributions.marginal import Array, Marginal, Pieces
from simengine.distributions.pieces import (
    atoms,
    constant,
    lines,
    pieces_marginal,
    probability_below,
)
from simengine.distributions.smoothing import bandwidth as usual_bandwidth
from simengine.distributions.smoothing import smoothed
from simengine.distributions.values import NOT_NEGATIVE, POSITIVE, brief, show
from simengine.errors import InvalidInput, Problem

SUM_TOLERANCE = 1e-9
_METHODS = ("steps", "linear", "smoothed")


def cumulative(values: list[float], probabilities: list[float]) -> Marginal:
    """Piecewise linear distribution function through (value, probability) points."""
    problems = _same_length("probabilities", probabilities, values)
    problems += _rising("values", values)
    problems += _rising("probabilities", probabilities)
    for index, wanted in ((0, 0.0), (-1, 1.0)):
        given = probabilities[index]
        if abs(given - wanted) > SUM_TOLERANCE:
            key = f"probabilities[{index % len(probabilities)}]"
            hint = "did you mean fractions, such as 0.8 for 80 %?" if probabilities[-1] == 100 else None
            which = "first" if index == 0 else "last"
            reason = f"the {which} probability must be {brief(wanted)}, that of the {which} value"
            problems.append(Problem(reason, key, brief(given), brief(wanted), hint))
    if len(values) == 1 and not problems:
        problems.append(Problem("one point is no distribution", "values", show(values), "two or more"))
    if problems:
        raise InvalidInput(problems)
    levels = np.clip(np.array(probabilities), 0.0, 1.0)
    levels[0], levels[-1] = 0.0, 1.0
    pieces = lines(np.array(values), levels)
    return pieces_marginal("cumulative", pieces, parameters={"values": values, "probabilities": probabilities})


def discrete(values: list[float], weights: list[float] | None, normalise: bool) -> Marginal:
    """Listed values with their probabilities."""
    shares = [1.0 / len(values)] * len(values) if weights is None else weights
    problems = _same_length("weights", shares, values)
    total = float(np.sum(shares))
    if not total > 0:
        problems.append(Problem("are all 0", "weights", show(weights)))
    elif not normalise and abs(total - 1) > SUM_TOLERANCE and not problems:
        reason = f"the weights sum to {brief(total)}, not to 1"
        problems.append(Problem(reason, "weights", show(weights), hint="add normalise = true to divide by their sum"))
    if problems:
        raise InvalidInput(problems)
    probabilities = np.array(shares) / total
    pieces = atoms(np.array(values), probabilities)
    return pieces_marginal("discrete", pieces, parameters={"values": values, "weights": probabilities.tolist()})


def empirical(
    context: Context,
    method: str,
    file: str | None = None,
    column: str | None = None,
    encoding: str | None = None,
    decimal: str = ".",
    values: list[float] | None = None,
    bandwidth: float | None = None,
) -> Marginal:
    """Distribution of data: a column of a CSV file, or values listed in place."""
    if bandwidth is not None and method != "smoothed":
        raise InvalidInput(Problem('is for method = "smoothed" only', "bandwidth", brief(bandwidth)))
    known: dict[str, object] = {"method": method}
    if file is not None:
        read = read_column(file, column, folder=context.folder, encoding=encoding, decimal=decimal)
        data, notes = np.sort(read.values), read.notes
        known |= {"file": file, "column": read.name, "values": data.size, "sha256": read.digest}
    else:
        data, notes = np.sort(np.array(values)), ()
        known["values"] = data.size
    if data[0] == data[-1]:
        key = "column" if file is not None else "values"
        reason = f"all {data.size} values are equal, so it is the constant {brief(float(data[0]))}"
        if data.size == 1:
            reason = f"holds one value, so it is the constant {brief(float(data[0]))}"
        return constant(float(data[0]), (*notes, Problem(reason, key, severity="warning")))
    if method == "steps":
        pieces = _steps(data)
    elif method == "linear":
        pieces = lines(data, np.arange(data.size) / (data.size - 1))
    else:
        width = bandwidth or usual_bandwidth(data)
        known["bandwidth"] = width
        pieces = smoothed(data, width)
        notes = (*notes, *_below_zero(data, pieces))
    return pieces_marginal("empirical", pieces, parameters=known, notes=notes)


def _steps(data: Array) -> Pieces:
    distinct, counts = np.unique(data, return_counts=True)
    seams = np.cumsum(counts)[:-1] / data.size
    return Pieces(np.concatenate(([0.0], seams)), distinct, np.zeros(distinct.size))


def _below_zero(data: Array, pieces: Pieces) -> tuple[Problem, ...]:
    """A note where smoothing carries positive data below 0."""
    if data[0] < 0:
        return ()
    share = float(probability_below(pieces, np.zeros(1))[0])
    if share <= 1e-6:
        return ()
    reason = f"smoothing carries {brief(float(f'{100 * share:.2g}'))} % of the probability below 0, where no value lies"
    return (Problem(reason, "method", '"smoothed"', hint="add truncate = { min = 0 }", severity="warning"),)


def _same_length(key: str, listed: list[float], values: list[float]) -> list[Problem]:
    if len(listed) == len(values):
        return []
    reason = f"has {len(listed)} numbers where values has {len(values)}"
    return [Problem(reason, key, show(listed), f"{len(values)} numbers")]


def _rising(key: str, listed: list[float]) -> list[Problem]:
    falls = [k for k in range(1, len(listed)) if listed[k] < listed[k - 1]]
    return [
        Problem("is below the one before", f"{key}[{k}]", brief(listed[k]), f">= {brief(listed[k - 1])}") for k in falls
    ]


_METHOD = Parameter(
    "method",
    'how values become a distribution: "steps" draws the values themselves, "linear" joins them by lines, '
    '"smoothed" blurs them by a Gaussian kernel',
    kind="choice",
    required=False,
    default="steps",
    choices=_METHODS,
)
_BANDWIDTH = Parameter(
    "bandwidth", "standard deviation of the kernel; default by Silverman's rule", POSITIVE, required=False
)
_FILE = Parameter("file", "CSV file with a header line, relative to the scenario", kind="text")
_COLUMN = Parameter("column", "name of the column; not needed where there is one only", kind="text", required=False)
_ENCODING = Parameter(
    "encoding", 'encoding of the file, UTF-8 unless given (such as "gb18030")', kind="text", required=False
)
_DECIMAL = Parameter(
    "decimal", "decimal sign in the file", kind="choice", required=False, default=".", choices=(".", ",")
)

ROWS = (
    Family(
        "cumulative",
        "points of the distribution function, joined by straight lines",
        cumulative,
        (
            Form(
                (
                    Parameter("values", "values, rising", kind="numbers"),
                    Parameter("probabilities", "probability of lying below each value, from 0 to 1", kind="numbers"),
                )
            ),
        ),
        '{ dist = "cumulative", values = [0, 2, 3, 10], probabilities = [0, 0.2, 0.7, 1] }',
        "Vose (2008), Risk Analysis, 3rd edition, section III: cumulative distribution",
    ),
    Family(
        "discrete",
        "a list of values and how likely each is",
        discrete,
        (
            Form(
                (
                    Parameter("values", "values", kind="numbers"),
                    Parameter(
                        "weights",
                        "probabilities; equal unless given",
                        NOT_NEGATIVE,
                        "numbers",
                        required=False,
                    ),
                    Parameter(
                        "normalise",
                        "divide the weights by their sum",
                        kind="flag",
                        required=False,
                        default=False,
                    ),
                )
            ),
        ),
        '{ dist = "discrete", values = [150, 300, 500], weights = [0.2, 0.6, 0.2] }',
        "Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 1",
    ),
    Family(
        "empirical",
        "data: a column of a CSV file",
        empirical,
        (
            Form((_FILE, _COLUMN, _METHOD, _ENCODING, _DECIMAL, _BANDWIDTH)),
            Form((Parameter("values", "the data, listed in place", kind="numbers"), _METHOD, _BANDWIDTH)),
        ),
        '{ dist = "empirical", file = "rates.csv", column = "rate", method = "linear" }',
        "Hyndman and Fan (1996), The American Statistician 50; Silverman (1986), Density Estimation",
        contextual=True,
    ),
)
