"""What a comparison says of numbers that a few trials decide: their errors are unknown, and the reader is told why."""

from __future__ import annotations

import numpy as np

from simengine.analysis.compare.gather import Gathered
from simengine.analysis.compare.measure import Measured, OutcomeComparison

_FEWEST_TRIALS = 1_000
"""With fewer trials every number is decided by a few of them, which says nothing of the tail."""

_WORTHS = {"ce_exponential": "the certain worth", "ce_power": "the certain worth with wealth"}


def unreliable_notes(gathered: Gathered, measured: Measured) -> list[str]:
    """A sentence for each kind of number whose error is unknown because a few trials decide it."""
    if measured.statistics.trials < _FEWEST_TRIALS:
        return []
    names = [model.strategy for model in gathered.models]
    return [note for found in measured.outcomes for note in (*_worths(found, names), *_means(found, names))]


def _worths(found: OutcomeComparison, names: list[str]) -> list[str]:
    notes = []
    for key, called in _WORTHS.items():
        if key in found.single:
            value, se = found.single[key].value, found.single[key].se
            varies = found.single["mean"].se > 0.0  # what was the same in every trial has no error for another reason
            listed = [names[found.members[k]] for k in np.flatnonzero(np.isnan(se) & np.isfinite(value) & varies)]
            if listed:
                notes.append(
                    f"{called} of {found.output} is unreliable for {', '.join(listed)}: decided by a few trials; "
                    "with a loss tail like this it may have no finite value"
                )
    return notes


def _means(found: OutcomeComparison, names: list[str]) -> list[str]:
    """Pairs of which so few trials decide the difference of means that its error cannot be told."""
    unknown = np.triu(np.isnan(found.pairs["mean_difference"].se), 1)
    listed = [f"{names[found.members[a]]} and {names[found.members[b]]}" for a, b in np.argwhere(unknown)]
    if not listed:
        return []
    more = f", and {len(listed) - 3} more pairs" if len(listed) > 3 else ""
    return [
        f"how far the means of {found.output} differ is decided by a few trials, and has no error that can be told, "
        f"for {'; '.join(listed[:3])}{more}: compare percentiles and P(beats)"
    ]
