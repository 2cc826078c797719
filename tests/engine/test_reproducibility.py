"""One digest for one plan: whoever computes it, in whatever order, whatever fails meanwhile, on whatever processor."""

from __future__ import annotations

import contextlib
import itertools
import platform

import pytest
from disturbed import DYING, FAILING, Disturbed
from reproducibility_cases import (
    BUDGETS,
    TASKS,
    TRIALS,
    cluster_of,
    digest,
    environments,
    finish,
    plans,
    start,
    ways,
)

from simengine.engine.cluster import Cluster
from simengine.engine.processes import Processes
from simengine.sampling.design import SAMPLERS

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def mixed():
    """Plans by sampler, each with the digest of a plain run."""
    found = {sampler: plan for (_, sampler), plan in plans(("mixed outcomes",)).items()}
    return {sampler: (plan, digest(plan, "sync")) for sampler, plan in found.items()}


def test_the_digest_can_differ(mixed):
    digests = {expected for _, expected in mixed.values()}
    assert len({*digests, digest(mixed["random"][0], "sync", trials=TRIALS + 1)}) == len(SAMPLERS) + 1


def test_one_digest_whoever_computes_and_whatever_happens(mixed, tmp_path):
    """80 runs: every sampler under every scheduler and disturbance, chunks and memory taking turns."""
    runs, turns = 0, itertools.cycle(itertools.product(TASKS.values(), BUDGETS.values()))
    with contextlib.closing(Processes(2)) as processes, cluster_of(2, processes=False) as client:
        for way in ways(tmp_path, processes, client):
            for sampler, (plan, expected) in mixed.items():
                task, budget = next(turns)
                assert digest(plan, way.executor, budget=budget, task=task) == expected, (way, sampler, task, budget)
                runs += 1
            assert way.happening != FAILING or way.executor.happened() >= 8
    assert runs == 80


def test_a_process_that_is_killed_costs_time_and_nothing_else(mixed, tmp_path):
    plan, expected = mixed["lhs"]
    with contextlib.closing(Processes(2)) as executor:
        dying = Disturbed(executor, DYING, tmp_path)
        assert digest(plan, dying, task=40_000) == expected
        assert dying.happened() >= 1


@pytest.mark.slow
def test_a_worker_process_of_a_cluster_that_is_killed_changes_nothing(mixed, tmp_path):
    """A task kills its worker in the middle of a pass; dask starts another, and what was lost is computed again."""
    plan, expected = mixed["sobol"]
    with cluster_of(2, processes=True) as client:
        with contextlib.closing(Cluster(client)) as executor:
            dying = Disturbed(executor, DYING, tmp_path, seed=2)
            assert digest(plan, dying, task=30_000) == expected
            assert dying.happened() >= 1
        assert all(forms <= 1 for forms in client.run(compiled_forms).values())


def compiled_forms():
    """How many forms of the tape machine this process has: arrays that arrived read-only would need another."""
    from simengine.kernels.machine import evaluate

    return len(evaluate.signatures)


@pytest.mark.slow
def test_one_digest_on_whatever_processor(tmp_path):
    """Code for processors without AVX-512, without FMA and without vectors beyond the first, and NumPy without any."""
    expected = {plan.digest: digest(plan) for plan in plans().values()}
    for number, (name, environment) in enumerate(environments().items()):
        found = finish(start(environment, tmp_path / str(number)))
        assert found["digests"] == expected, name
        if platform.machine() == "x86_64" and "NUMBA_CPU_NAME" in environment:
            assert "zmm" not in found["registers"], name
            assert found["fused"] == ("FMA, no" in name), name
