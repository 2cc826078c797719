"""Cycles per outcome of every stage of a run; docs/performance.md says what limits each.

``make bench`` records the table; run by itself this prints it.

A tape with one operation repeated is run by the tape machine itself.  What one more repetition costs is the slope
between a few and many of them, so that draws, set-up and dispatch of the rest drop out.  Seconds become cycles by the
clock that a chain of dependent additions measures beside every stage: each waits for the one before, and takes one
cycle on any current processor.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, replace

import numba
import numpy as np

from simengine.aggregate.grid import PILOT_TRIALS, Grid
from simengine.bench.deal import VARIANTS, Variant, plan_of, simulation
from simengine.kernels import cpu
from simengine.kernels.machine import BLOCK, evaluate
from simengine.plan.ops import Op

TRIALS = 16 * BLOCK
"""Few, so that one measurement is shorter than the turns that the system gives to programs."""
FEW, MANY = 8, 40
"""Repetitions of an operation in the two tapes whose difference counts."""
NOTHING = 63
"""The number of no operation: a row that only costs its dispatch."""
WORD, SCORE, VALUE, FREE = range(4)
"""Registers: random words, their normal scores, values of an input, and one to write to."""
REGISTERS = 4
HALF, THREE, ONE = (REGISTERS + k for k in range(3))
CONSTANTS = np.array([0.5, 3.0, 1.0])


@dataclass(frozen=True)
class Stage:
    """A row of the table: the operation (dst, a, b, c), and the sampler whose plan has what it needs."""

    name: str
    operation: tuple[int, int, int, int, int]
    sampler: str = "random"


STAGES = (
    Stage("words: Philox", (Op.PHILOX, FREE, 0, 0, 0)),
    Stage("words: Sobol", (Op.SOBOL, FREE, 0, 0, 0), "sobol"),
    Stage("words: Latin hypercube", (Op.LHS, FREE, 0, 0, 0), "lhs"),
    Stage("words: antithetic", (Op.ANTITHETIC, FREE, 0, 0, 0), "antithetic"),
    Stage("word to normal score", (Op.WORD_TO_X, FREE, WORD, 0, 0)),
    Stage("word to x, one kink", (Op.WORD_TO_X, FREE, WORD, 0, 5)),
    Stage("score to x", (Op.SCORE_TO_X, FREE, SCORE, 0, 2)),
    Stage("word against a probability", (Op.STEP, FREE, WORD, 0, -(2**62))),
    Stage("add", (Op.ADD, FREE, VALUE, SCORE, 0)),
    Stage("multiply", (Op.MULTIPLY, FREE, VALUE, SCORE, 0)),
    Stage("fused multiply-add", (Op.FMA, FREE, VALUE, SCORE, HALF)),
    Stage("select", (Op.SELECT, FREE, VALUE, SCORE, HALF)),
    Stage("divide", (Op.DIVIDE, FREE, VALUE, THREE, 0)),
    Stage("square root", (Op.SQRT, FREE, VALUE, 0, 0)),
    Stage("exp", (Op.EXP, FREE, SCORE, 0, 0)),
    Stage("log", (Op.LOG, FREE, VALUE, 0, 0)),
    Stage("power", (Op.POW, FREE, VALUE, HALF, 0)),
    Stage("dispatch of a row", (NOTHING, FREE, 0, 0, 0)),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    print("\n".join(table(measure(parser.parse_args().rounds))))


def measure(rounds):
    """Nanoseconds and cycles per outcome of every stage, and of a whole trial of the reference deal."""
    ghz = [clock()]
    found = []
    sources = {s: cpu.Source.of(plan_of(Variant("float64", s)), 1, TRIALS) for s in {x.sampler for x in STAGES}}
    for stage in STAGES:
        nanoseconds = _slope(sources[stage.sampler], stage.operation, rounds)
        ghz.append(clock())
        found.append(_entry(stage.name, nanoseconds, (ghz[-2] + ghz[-1]) / 2))
    for name, nanoseconds in _summaries(rounds):
        found.append(_entry(name, nanoseconds, clock()))
    return {"ghz": statistics.median(ghz), "stages": found}


def table(report):
    """Lines of a Markdown table."""
    lines = [f"| stage | cycles per outcome | ns at {report['ghz']:.2f} GHz |", "|---|---:|---:|"]
    return lines + [f"| {e['stage']} | {e['cycles']:.2f} | {e['nanoseconds']:.3f} |" for e in report["stages"]]


def _entry(name, nanoseconds, ghz):
    return {"stage": name, "nanoseconds": nanoseconds, "cycles": nanoseconds * ghz}


@numba.njit
def _chain(count, a, b):
    """2 * count operations on integers, each of which waits for the one before."""
    x = a
    for _ in range(count):
        x = (x ^ a) + b
    return x


def clock(count=4_000_000):
    """The processor's clock in GHz at this moment: the fastest of some runs of the chain, others being disturbed."""
    a, b = np.int64(0x5DEECE66D), np.int64(11)
    _chain(10, a, b)
    return max(2 * count / _seconds(lambda: _chain(count, a, b)) / 1e9 for _ in range(5))


def _seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _slope(source, operation, rounds):
    """Nanoseconds per outcome of one more row with this operation."""
    few, many = (_tape(source, operation, count) for count in (FEW, MANY))
    out = np.empty((1, TRIALS))
    for arguments in (few, many):
        evaluate(0, TRIALS, out, *arguments)
    gap = _gap(lambda: evaluate(0, TRIALS, out, *few), lambda: evaluate(0, TRIALS, out, *many), rounds)
    return 1e9 * gap / (MANY - FEW) / TRIALS


def _gap(short, long, rounds):
    """Seconds between two pieces of work that take turns: the fastest of each, the others being disturbed."""
    times = [(_seconds(short), _seconds(long)) for _ in range(rounds)]
    return min(time for _, time in times) - min(time for time, _ in times)


def _tape(source, operation, repetitions):
    """What :func:`evaluate` takes for a tape that fills the registers and repeats one operation."""
    head = [(Op.PHILOX, WORD, 0, 0, 0), (Op.WORD_TO_X, SCORE, WORD, 0, 0), (Op.SCORE_TO_X, VALUE, SCORE, 0, 2)]
    rows = [*head, *[operation] * repetitions, (Op.TALLY, 0, VALUE, 0, 0)]
    tape = np.array([[int(part) for part in row] for row in rows], np.int64)
    return replace(source, plan=replace(source.plan, tape=tape, registers=REGISTERS, constants=CONSTANTS)).arguments()


def _summaries(rounds):
    """Nanoseconds per outcome of what follows the tape, and of whole runs."""
    plan = plan_of(VARIANTS[0])
    outcomes = cpu.values(cpu.Source.of(plan, 1, 5 * TRIALS), 0, 5 * TRIALS)
    grid = Grid.from_pilot(outcomes[:, :PILOT_TRIALS])
    few, many = outcomes[:, :TRIALS].copy(), outcomes
    gap = _gap(lambda: cpu.summarise_values(few, grid), lambda: cpu.summarise_values(many, grid), rounds)
    yield "tally: histogram, moments, extremes", 1e9 * gap / (4 * TRIALS)
    trials = 64 * TRIALS
    for variant in VARIANTS:
        source = cpu.Source.of(plan_of(variant), 1, trials)
        seconds = min(_seconds(lambda source=source: cpu.values(source, 0, TRIALS)) for _ in range(rounds))
        yield f"reference deal, {variant}: tape", 1e9 * seconds / TRIALS
        run = simulation(variant)
        timings = [run(trials, 1).timings for _ in range(max(3, rounds // 3))]
        for name, stage in (("tape and tally", "simulate"), ("101 percentiles", "percentiles")):
            seconds = min(laps[stage] for laps in timings)
            yield f"reference deal, {variant}: {name}", 1e9 * seconds / trials


if __name__ == "__main__":
    main()
