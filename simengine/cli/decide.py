"""``--until-decided``: the option, and what is said while it looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from simengine.analysis.decisions.decided import Verdict

Function = TypeVar("Function", bound=Callable[..., object])


def until_decided_option(function: Function) -> Function:
    """The criterion that is to tell the best strategy apart; None where nobody asks, mean where none is named."""
    return click.option(
        "--until-decided",
        "until_decided",
        metavar="[MEASURE]",
        is_flag=False,
        flag_value="mean",
        help="Simulate until the best strategy by mean, P10, CE(200) or ce is told apart at 95 %; mean by default.",
    )(function)


def look_line(look: Verdict) -> str:
    """What one look showed, in a line."""
    apart = sum(look.separated)
    return f"{look.trials:,} trials: {look.best} is ahead, told apart from {apart} of {len(look.others)}"
