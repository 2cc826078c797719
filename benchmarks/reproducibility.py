"""One digest for one plan: the matrix of schedulers, threads, chunks, memory, order, failures and processors.

Every plan is run in every way of ``tests/reproducibility_cases.py`` (the tests run a part of the same matrix), and
the SHA-256 of its summary is compared with that of one plain run.  The exit status is 1 if any differs.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import itertools
import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import machine

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests"))

from disturbed import DYING, FAILING, Disturbed  # noqa: E402 - found by the line above
from reproducibility_cases import (  # noqa: E402
    BUDGETS,
    SEED,
    TASKS,
    TRIALS,
    Way,
    cluster_of,
    digest,
    environments,
    finish,
    plans,
    start,
    ways,
)

from simengine.engine.cluster import Cluster  # noqa: E402
from simengine.engine.processes import Processes  # noqa: E402

DEADLY_SEED, DEADLY_TASK = 2, 30_000
"""One range of each pass loses its process; dask gives a worker up that is killed before it has quite started."""


class Matrix:
    """What was run, and which digests came out."""

    def __init__(self, folder):
        self.folder = folder
        self.plans = plans()
        self.expected = {key: digest(plan, "sync") for key, plan in self.plans.items()}
        self.runs = []
        self.disturbed = collections.Counter()

    def run(self, way, turn):
        """Every plan in one way, with every length of tasks and every size of memory; pairs of them take turns."""
        for key, place in itertools.product(self.plans, range(len(TASKS))):
            task, budget = list(TASKS)[place], list(BUDGETS)[(place + turn) % len(BUDGETS)]
            found = digest(self.plans[key], way.executor, budget=BUDGETS[budget], task=TASKS[task])
            self.note(way.scheduler, way.threads, way.happening, task, budget, key, found)

    def note(self, scheduler, threads, happening, task, budget, key, found):
        """Keep the digest of one run."""
        self.runs.append(
            {
                **{"plan": key[0], "sampler": key[1], "scheduler": scheduler, "threads": threads},
                **{"happening": happening, "task": task, "memory": budget, "summary_digest": found},
            }
        )

    def live(self):
        """Ways in which nobody is killed: 20 executors."""
        with contextlib.closing(Processes(2)) as processes, cluster_of(2, processes=False) as client:
            for turn, way in enumerate(ways(self.folder / "live", processes, client)):
                self.run(way, turn)
                if way.happening == FAILING:
                    self.disturbed[way.scheduler, FAILING] += way.executor.happened()

    def deadly(self):
        """Processes and workers that are killed while they compute."""
        for key, plan in self.plans.items():
            marks = self.folder / "deadly" / "-".join(key)
            with contextlib.closing(Processes(2)) as processes:
                self._deadly(key, plan, "processes", processes, marks / "processes")
            with cluster_of(2, processes=True) as client, contextlib.closing(Cluster(client)) as cluster:
                self._deadly(key, plan, "distributed", cluster, marks / "distributed")

    def _deadly(self, key, plan, scheduler, executor, folder):
        way = Way(scheduler, 2, DYING, Disturbed(executor, DYING, folder, DEADLY_SEED))
        found = digest(plan, way.executor, task=DEADLY_TASK)
        if not way.executor.happened():
            raise RuntimeError(f"nobody was killed under {scheduler}: another seed is needed")
        self.note(scheduler, 2, DYING, f"{DEADLY_TASK:,}", "drawn again", key, found)
        self.disturbed[scheduler, DYING] += way.executor.happened()

    def elsewhere(self):
        """The same plans in processes that see another processor; each compiles its own kernels."""
        keys = {plan.digest: key for key, plan in self.plans.items()}
        found = {}
        for number, (name, environment) in enumerate(environments().items()):
            answer = finish(start(environment, self.folder / f"elsewhere{number}"))
            for plan_digest, summary_digest in answer["digests"].items():
                self.note("threads", "all", name, "automatic", "kept", keys[plan_digest], summary_digest)
            found[name] = {**environment, "registers": answer["registers"], "fused": answer["fused"]}
        return found


def table(matrix):
    """Lines of the table: runs and digests by scheduler and what happened."""
    rows = collections.defaultdict(list)
    for entry in matrix.runs:
        rows[entry["scheduler"], entry["threads"], entry["happening"]].append(entry)
    yield f"{'scheduler':14s}{'threads':>8s}  {'what happens meanwhile':34s}{'runs':>6s}{'different':>11s}"
    for (scheduler, threads, happening), entries in rows.items():
        wrong = sum(different(matrix, entry) for entry in entries)
        yield f"{scheduler:14s}{threads!s:>8s}  {happening:34s}{len(entries):6d}{wrong:11d}"


def different(matrix, entry):
    return entry["summary_digest"] != matrix.expected[entry["plan"], entry["sampler"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        matrix = Matrix(Path(folder))
        matrix.live()
        matrix.deadly()
        processors = matrix.elsewhere()
    print("\n".join(table(matrix)))
    wrong = [entry for entry in matrix.runs if different(matrix, entry)]
    counts = {f"{scheduler}, {kind}": count for (scheduler, kind), count in matrix.disturbed.items()}
    print(f"{len(matrix.runs):,} runs of {len(matrix.plans)} plans, {len(wrong)} of them with another digest")
    print("ranges that failed or lost their process: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    document = {
        "date": date.today().isoformat(),
        "machine": machine.describe(),
        "seconds": round(time.perf_counter() - began, 1),
        **{"trials": TRIALS, "seed": SEED, "runs": len(matrix.runs), "different": wrong, "disturbed": counts},
        "plans": [
            {"plan": name, "sampler": sampler, "plan_digest": plan.digest, "summary_digest": matrix.expected[key]}
            for key, plan in matrix.plans.items()
            for name, sampler in [key]
        ],
        "processors": processors,
        "table": list(table(matrix)),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "reproducibility.json"
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path.name}")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
