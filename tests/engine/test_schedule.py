"""Schedulers by name, what is sent to them, and folding what comes back, before any of them computes."""

from __future__ import annotations

import itertools
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reproducibility_cases import TRIALS
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine.aggregate.grid import Grid
from simengine.engine.run import run
from simengine.engine.schedule import Fold
from simengine.engine.tasks import Range, Summarise, Trials, ranges_of
from simengine.errors import InvalidInput
from simengine.kernels import cpu


@pytest.fixture(scope="module")
def reference():
    return plan_of(REFERENCE_DEAL, sampler="sobol")


@pytest.mark.parametrize(
    ("scheduler", "threads", "fragment"),
    [
        ("dask", None, "no such scheduler"),
        ("localhost:8786", None, "write tcp://localhost:8786"),
        (7, None, "distributed.Client"),
        ("sync", 2, "one thread"),
        ("tcp://localhost:8786", 2, "threads of its own"),
    ],
)
def test_what_is_no_scheduler_is_refused(reference, scheduler, threads, fragment):
    with pytest.raises(InvalidInput, match="scheduler") as refused:
        run(reference, trials=100, seed=1, scheduler=scheduler, threads=threads)
    assert fragment in str(refused.value)


def test_tasks_are_small_and_leave_out_what_is_kept(reference):
    source = cpu.Source.of(reference, 1, TRIALS)
    grid = Grid.from_pilot(cpu.values(source, 0, 4096))
    kept = cpu.values(source, 0, TRIALS)
    sent = Trials(source, kept).to_send()
    assert sent.kept is None
    assert len(pickle.dumps(sent)) < 1_000_000 < kept.nbytes
    assert len(pickle.dumps((Summarise(grid), Range(0, 1)))) < 2_000


class Listed(tuple):
    """A value that merges and says when it is merged in the wrong order."""

    def merge(self, other):
        assert self[-1] + 1 == other[0]
        return Listed((*self, *other))


@given(order=st.integers(1, 200).flatmap(lambda n: st.permutations(range(n))), most=st.integers(1, 8))
def test_values_merge_with_their_neighbours_in_any_order_of_arrival(order, most):
    folded = Fold(most)
    for place in order:
        folded.add(place, Listed((place,)))
        assert len(folded._merged) <= max(2, most)
    assert folded.result() == tuple(range(len(order)))


def test_a_value_is_copied_by_few_merges():
    class Counted(Listed):
        merges = 0

        def merge(self, other):
            Counted.merges += len(self) + len(other)
            return Counted((*self, *other))

    folded = Fold(64)
    for place in range(1024):
        folded.add(place, Counted((place,)))
    folded.result()
    assert Counted.merges == 1024 * 10


@given(trials=st.integers(1, 10**6), unit=st.sampled_from([4096, 12_288, 65_536]), task=st.integers(1, 2**20))
def test_ranges_are_consecutive_and_begin_at_strips(trials, unit, task):
    ranges = ranges_of(trials, unit, task)
    assert sum(part.size for part in ranges) == trials
    assert [part.first for part in ranges] == [part.first for part in ranges if part.first % unit == 0]
    assert all(one.first + one.size == two.first for one, two in itertools.pairwise(ranges))
