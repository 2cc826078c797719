"""What a picture shows, in sentences with the key numbers: for those who do not see it."""

from __future__ import annotations

import math

import numpy as np

from simengine.report.brief_numbers import alone
from simengine.report.figures.asked import Asked
from simengine.report.numbers import share


def amount(value: float, error: float) -> str:
    """A number to the digits that its error allows, with a true minus sign."""
    return alone(value, error).replace("-", "−")


def percent(asked: Asked, value: float, error: float) -> str:
    """A probability in percent, to the digits that its error allows."""
    return asked.words.percent(share(value, error).value)


def spread_sentence(asked: Asked, strategy: int, output: int) -> str:
    """Between which values most trials lie, with the median and the mean."""
    record, words = asked.record, asked.words
    levels = record["quantile"].tolist()
    values, errors = record["quantiles"][strategy, output], record["quantiles_se"][strategy, output]
    mean = amount(float(record["mean"][strategy, output]), float(record["mean_se"][strategy, output]))
    if len(levels) < 2:
        return words.mean_only.format(outcome=asked.outcome_name(output), mean=mean)
    middle = int(np.argmin([abs(level - 50.0) for level in levels]))
    return (
        words.spread.format(
            outcome=asked.outcome_name(output),
            strategy=asked.strategy_name(strategy),
            low=amount(float(values[0]), float(errors[0])),
            high=amount(float(values[-1]), float(errors[-1])),
            first=f"P{levels[0]:g}",
            last=f"P{levels[-1]:g}",
            middle=f"P{levels[middle]:g}",
            median=amount(float(values[middle]), float(errors[middle])),
            mean=mean,
            unit=asked.unit(output),
        )
        .replace(" ,", ",")
        .replace("  ", " ")
    )


def loss_sentence(asked: Asked, strategy: int, output: int) -> str:
    """How probable a value below 0 is; empty where it never was."""
    value = float(asked.record["prob_loss"][strategy, output])
    if not value > 0.0 or not math.isfinite(value):
        return ""
    return asked.words.loss.format(share=percent(asked, value, float(asked.record["prob_loss_se"][strategy, output])))


def beside_sentence(asked: Asked, strategy: int, output: int) -> str:
    """The middle and the range of one of several strategies."""
    record = asked.record
    levels = record["quantile"].tolist()
    values, errors = record["quantiles"][strategy, output], record["quantiles_se"][strategy, output]
    middle = int(np.argmin([abs(level - 50.0) for level in levels]))

    def text(k: int) -> str:
        return amount(float(values[k]), float(errors[k]))

    name = asked.strategy_name(strategy)
    return asked.words.beside.format(
        strategy=name[:1].upper() + name[1:],
        middle=f"P{levels[middle]:g}",
        median=text(middle),
        first=f"P{levels[0]:g}",
        last=f"P{levels[-1]:g}",
        low=text(0),
        high=text(-1),
    )
