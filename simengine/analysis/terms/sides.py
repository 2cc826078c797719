"""What a deal is worth to each side, on the same trials: the licensor's npv and the partner's."""

from __future__ import annotations

from dataclasses import dataclass

from simengine.aggregate.linearised import Linearised
from simengine.analysis.measures import Measure
from simengine.analysis.pinned import holds, with_formulas
from simengine.analysis.register.conditional import ratio
from simengine.analysis.variants import reporting
from simengine.deal.model import Model
from simengine.deal.years import MAIN_OUTCOME

OURS = MAIN_OUTCOME
THEIRS = "partner_npv"

MEASURES = (
    Measure("mean"),
    Measure("percentile", 10.0),
    Measure("percentile", 50.0),
    Measure("percentile", 90.0),
    Measure("below", 0.0),
)
"""What is told of either side, and how far each clause moves it."""

_JOINT, _BOTH = "joint value", "both gain"


@dataclass(frozen=True, eq=False)
class Sides:
    """Both sides of a deal.

    ours, theirs, joint: (measures,).  both_gain: the probability that both are above 0.  our_share: our part of the
    mean joint value, None where that is not above 0.
    """

    ours: Linearised
    theirs: Linearised
    joint: Linearised
    both_gain: Linearised
    our_share: Linearised | None


def has_partner(model: Model) -> bool:
    """Whether the deal says what it is worth to the partner."""
    return holds(model, THEIRS)


def with_both_sides(model: Model) -> Model:
    """The model with the outcomes that :func:`sides_of` needs."""
    if not has_partner(model):
        return reporting(model, [OURS])
    more = {_JOINT: f"{OURS} + {THEIRS}", _BOTH: f"({OURS} > 0) * ({THEIRS} > 0)"}
    return reporting(with_formulas(model, more), [OURS, THEIRS, *more])


def sides_of(measured: dict[str, Linearised]) -> Sides | None:
    """Both sides from the measures of the outcomes; None where the partner's is not known."""
    if THEIRS not in measured:
        return None
    ours, joint = measured[OURS], measured[_JOINT]
    share = ratio(ours[0], joint[0]) if float(joint.value[0]) > 0.0 else None
    return Sides(ours, measured[THEIRS], joint, measured[_BOTH][0], share)
