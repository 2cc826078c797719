"""What `simengine breakeven` prints: where two strategies tie, and which is better on either side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from simengine.analysis.decisions.path import Number
from simengine.analysis.decisions.tie import Root, Tie
from simengine.analysis.variants import Draws
from simengine.report.csv import PLAIN, CsvStyle, rows_csv
from simengine.report.descriptions import draws_in_words
from simengine.report.measures import difference_estimate, number, valued
from simengine.report.numbers import estimate, significant
from simengine.report.text import Cell, Column, Style, printable, table, wrap

_SHOWN = 9
CSV_COLUMNS = ("path", "value", "difference", "se")


@dataclass(frozen=True, eq=False)
class Asked:
    """What was asked: the number that was varied, over which range, on which draws."""

    title: str
    number: Number
    low: float
    high: float
    draws: Draws
    unit: str


def breakeven_report(found: Tie, asked: Asked, style: Style) -> str:
    """Everything as text."""
    draws, path = asked.draws, asked.number.path
    lines = [style.bold(line) for line in wrap(asked.title, style.width)]
    unit = f" [{asked.unit}]" if asked.unit and not found.measure.share else ""
    range_ = f"{path} from {significant(asked.low, 6)} to {significant(asked.high, 6)}"
    drawn = f"{draws.trials:,} trials, seed {draws.seed}, {draws_in_words(draws.sampler)}"
    facts = f"{_question(found)}{unit}; {range_}; {drawn}"
    lines += [*wrap(facts, style.width), ""]
    for sentence in _answer(found, asked, style):
        lines += wrap(sentence, style.width)
    lines += ["", *_range(found, asked, style)]
    note = f"{style.plus_minus} is one standard error, of differences on common draws; intervals hold 95 %."
    return "\n".join([*lines, "", *(style.dim(line) for line in wrap(note, style.width))])


def _question(found: Tie) -> str:
    if found.second is not None:
        return f"{found.measure.label}: {printable(found.first)} less {printable(found.second)}"
    return f"{found.measure.label}: {printable(found.first)} less the target {significant(found.target or 0.0, 8)}"


def _answer(found: Tie, asked: Asked, style: Style) -> list[str]:
    path = asked.number.path
    tie = "the two tie" if found.second is not None else "the target is met"
    if found.constant:
        if found.differences[0] == 0.0:
            return [f"Everywhere in the range {tie}: {path} makes no difference to them."]
        return [f"Nowhere: the difference does not depend on {path}."]
    if not found.roots:
        side = "above" if found.differences[0] > 0.0 else "below"
        said = f"Nowhere in the range: {printable(found.first)} is {side} throughout."
        near = found.may_touch
        if near is None:
            return [f"{said} For another range give --low and --high."]
        return [f"{said} It comes within its error of a tie near {path} = {significant(near, 4)}."]
    sentences = []
    located = [root for root in found.roots if root.located]
    if len(located) < len(found.roots):
        places = ", ".join(significant(root.value, 4) for root in found.roots if not root.located)
        sentences.append(
            f"Where {tie} cannot be located{' more closely' if located else ''} within the range: near {path} = "
            f"{places} the difference changes its sign, but by no more than its error."
        )
    if len(located) > 1:
        sentences.append(f"There are {len(located)} values at which {tie}:")
    for root in located:
        sentences.append(_root(root, found, asked, tie, style))
    if asked.number.whole:
        sentences.append(f"Now {path} is uncertain; here a number stands in its place.")
    elif asked.number.value is not None:
        sentences.append(f"Now {path} is {significant(asked.number.value, 8)}.")
    return sentences


def _root(root: Root, found: Tie, asked: Asked, tie: str, style: Style) -> str:
    path = asked.number.path
    if root.jumps:
        return (
            f"{path} = {significant(root.value, 6)}: the difference jumps over 0 there, for the outcome has few "
            f"values; no interval can be given."
        )
    if root.slope == 0.0 or root.se != root.se:
        return f"{path} = {significant(root.value, 6)}: {tie}, and stay so nearby; no interval can be given."
    shown = estimate(root.value, root.se).text(style.plus_minus)
    low, high = (estimate(end, root.se).value for end in (root.low, root.high))
    text = f"{path} = {shown}: {tie}. 95 % interval {low} to {high}"
    if root.clipped:
        text += ", cut off at the end of the range"
    better, worse = (found.first, found.second) if (root.slope > 0.0) != found.measure.less_is_better else (
        found.second,
        found.first,
    )  # fmt: skip
    if found.second is not None:
        return f"{text}. Above it {printable(str(better))} is better, below it {printable(str(worse))}."
    return f"{text}. Above it {found.measure.short} is {'above' if root.slope > 0.0 else 'below'} the target."


def _range(found: Tie, asked: Asked, style: Style) -> list[str]:
    places = [round(k * (len(found.at) - 1) / (_SHOWN - 1)) for k in range(_SHOWN)]
    rows: list[list[Cell]] = [
        [
            significant(float(found.at[k]), 5),
            difference_estimate(found.measure, float(found.differences[k]), float(found.errors[k])),
        ]
        for k in places
    ]
    share = ", percentage points" if found.measure.share else ""
    return table([Column(asked.number.path, "right"), Column(f"difference{share}", "right")], rows, style)


def breakeven_object(found: Tie, asked: Asked) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "schema": 1,
        "title": asked.title,
        "path": asked.number.path,
        "now": asked.number.value,
        "low": asked.low,
        "high": asked.high,
        "strategies": [found.first, found.second],
        "target": found.target,
        "statistic": found.measure.label,
        "trials": asked.draws.trials,
        "seed": asked.draws.seed,
        "sampler": asked.draws.sampler,
        "constant": found.constant,
        "roots": [
            {
                **valued(root.value, root.se),
                "low": number(root.low),
                "high": number(root.high),
                "slope": number(root.slope),
                "jumps": root.jumps,
                "located": root.located,
                "clipped": root.clipped,
            }
            for root in found.roots
        ],
        "differences": [
            {"at": float(at), **valued(value, se)}
            for at, value, se in zip(found.at, found.differences, found.errors, strict=True)
        ],
    }


def breakeven_json(found: Tie, asked: Asked, *, ascii_only: bool = False) -> str:
    """Everything as one JSON object."""
    return json.dumps(breakeven_object(found, asked), ensure_ascii=ascii_only, allow_nan=False, indent=1)


def breakeven_rows(found: Tie, asked: Asked) -> list[list[str | float]]:
    """The difference over the range, with its standard errors: columns :data:`CSV_COLUMNS`."""
    path = asked.number.path
    return [
        [path, float(at), float(value), float(se)]
        for at, value, se in zip(found.at, found.differences, found.errors, strict=True)
    ]


def breakeven_csv(found: Tie, asked: Asked, style: CsvStyle = PLAIN) -> bytes:
    """The rows of :func:`breakeven_rows` as a file."""
    return rows_csv(CSV_COLUMNS, breakeven_rows(found, asked), style)
