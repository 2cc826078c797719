"""Timing in rounds: cases take turns, so that a change of the machine's clock meets all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Key = TypeVar("Key")
Said = Callable[[str], None]
"""Is told what is going on, in a few words."""


@dataclass(frozen=True)
class Timing:
    """Seconds of one case, one number a round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Slowest less fastest, in seconds."""
        return max(self.seconds) - min(self.seconds)


def measured(cases: Mapping[Key, Callable[[], object]], rounds: int, said: Said = lambda _: None) -> dict[Key, Timing]:
    """Every case once to warm up, then ``rounds`` times in turn."""
    for case in cases.values():
        case()
    seconds: dict[Key, list[float]] = {key: [] for key in cases}
    for done in range(rounds):
        said(f"round {done + 1} of {rounds}")
        for key, case in cases.items():
            began = time.perf_counter()
            case()
            seconds[key].append(time.perf_counter() - began)
    return {key: Timing(tuple(times)) for key, times in seconds.items()}
