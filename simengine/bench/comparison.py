"""The engine against NumPy in one process: every variant, on one thread and on several, in interleaved rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from simengine.bench import machine, numpy_script
from simengine.bench.deal import VARIANTS, Variant, simulation
from simengine.bench.rounds import Said, Timing, measured


@dataclass(frozen=True)
class Work:
    """How much is simulated, and on how many threads."""

    trials: int
    threads: int


@dataclass(frozen=True)
class Measured:
    """What one amount of work took: NumPy on one thread, and every variant of the engine on the threads of the work.

    cores: free cores found by a calibration loop just before and just after.
    """

    work: Work
    numpy: Timing
    variants: dict[Variant, Timing]
    cores: tuple[float, float]

    def ratio(self, variant: Variant) -> float:
        """How many times as fast as NumPy, by medians."""
        return self.numpy.median / self.variants[variant].median

    def rate(self, variant: Variant) -> float:
        """Trials a second, by the median."""
        return self.work.trials / self.variants[variant].median

    @property
    def undisturbed(self) -> bool:
        """Whether the cores of the threads were free all the time."""
        return machine.are_free(min(self.cores), self.work.threads)


def works(trials: int, threads: int) -> tuple[Work, ...]:
    """The two rows of a comparison: one thread, and ten times the trials on several."""
    return (Work(trials, 1), Work(10 * trials, threads)) if threads > 1 else (Work(trials, 1),)


def compare(
    amounts: Sequence[Work], rounds: int, *, variants: Sequence[Variant] = VARIANTS, said: Said = lambda _: None
) -> tuple[Measured, ...]:
    """Measure every variant against NumPy for every amount of work."""
    runs = {variant: simulation(variant) for variant in variants}
    found = []
    for work in amounts:
        label = f"{work.trials:,} trials, {work.threads} thread{'s' if work.threads > 1 else ''}"
        cases: dict[Variant | None, Callable[[], object]] = {None: partial(numpy_script.run, work.trials)}
        cases |= {variant: partial(run, work.trials, work.threads) for variant, run in runs.items()}
        before = machine.free_cores(work.threads)
        timings = measured(cases, rounds, partial(_said_of, said, label))
        after = machine.free_cores(work.threads)
        mine = {variant: timings[variant] for variant in runs}
        found.append(Measured(work, timings[None], mine, (before, after)))
    return tuple(found)


def _said_of(said: Said, label: str, text: str) -> None:
    said(f"{label}: {text}")


def plain(found: Sequence[Measured]) -> list[dict[str, object]]:
    """Everything that was measured, as plain values for JSON."""
    return [
        {
            **asdict(entry.work),
            "free_cores": list(entry.cores),
            "undisturbed": entry.undisturbed,
            "numpy": _timing(entry.numpy),
            "variants": [
                {**asdict(variant), **_timing(timing), "rate": entry.rate(variant), "ratio": entry.ratio(variant)}
                for variant, timing in entry.variants.items()
            ],
        }
        for entry in found
    ]


def _timing(timing: Timing) -> dict[str, object]:
    return {"seconds": list(timing.seconds), "median": timing.median}
