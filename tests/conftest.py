"""Fixtures that several rooms share: a result made by hand, without scenario, compiler or kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from cuda_devices import KINDS, choose, chosen

from simengine.aggregate.statistics import OutcomeStatistics, RunStatistics
from simengine.deal.model import Dependence, Model, NamedFormula
from simengine.formula.parser import parse
from simengine.plan.plan import Plan, PlanInput, PlanOutput
from simengine.results.build import Provenance, build_record
from simengine.results.record import Record
from simengine.results.sources import Source

PERCENTILES = (5.0, 50.0, 95.0)
SCENARIO_TEXT = '[scenario]\nname = "sample"\n[inputs]\nV = "600 to 1600"\n'


def outcome(strategy: str, output: str, shift: float, *, targets: tuple[float, ...] = (), trials: int = 10_000):
    """Statistics of a normal sample around ``shift`` with sd 100, computed plainly by NumPy."""
    x = np.random.default_rng(7).normal(shift, 100.0, trials)
    counts, edges = np.histogram(x, bins=40)
    below = np.array([(x < target).mean() for target in targets])
    tail = np.sort(x)[: trials // 20]
    return OutcomeStatistics(
        strategy=strategy,
        output=output,
        finite=trials,
        faults=0,
        first_fault=-1,
        mean=float(x.mean()),
        mean_se=float(x.std() / np.sqrt(trials)),
        std=float(x.std()),
        std_se=float(x.std() / np.sqrt(2 * trials)),
        skewness=0.0,
        kurtosis=0.0,
        minimum=float(x.min()),
        maximum=float(x.max()),
        quantiles=np.percentile(x, PERCENTILES),
        quantiles_se=np.array([2.1, 1.25, 2.1]),
        prob_loss=float((x < 0).mean()),
        prob_loss_se=1.5e-4,
        prob_below=below,
        prob_below_se=np.sqrt(below * (1 - below) / trials),
        var_loss=-np.percentile(x, [5.0]),
        var_loss_se=np.array([2.1]),
        cvar_loss=np.array([-tail.mean()]),
        cvar_loss_se=np.array([2.6]),
        histogram_edges=edges,
        histogram_counts=counts.astype(np.int64),
    )


def plan_of(outputs: tuple[PlanOutput, ...], text: str = "") -> Plan:
    """A plan that could not be run: only what a result says of it is filled in."""
    empty = np.empty(0)
    words = np.empty(0, np.uint64)
    entry = PlanInput(
        *("V", tuple(dict.fromkeys(output.strategy for output in outputs)), "lognormal"),
        *("lognormal(mu = 6.89, sigma = 0.3)", "inputs.V", "USD 10k", "market value" + text, "judgement" + text),
        *(1020.5, 309.25, 600.0, 979.8, 1600.0, 3e-13),
    )
    return Plan(
        *(np.zeros((1, 5), np.int64), 1, empty, words, np.empty((0, 6)), np.empty((0, 5), np.int64), empty),
        *(np.empty(0, np.int64), np.empty((0, 2), np.int64), words, empty, empty),
        outputs=outputs,
        inputs=(entry,),
    )


def make_record(*, text: str = "", strategies: tuple[str, ...] = ("licence", "sale"), title: str = "A deal") -> Record:
    """A record of two strategies and the outcomes T (with a target) and, for the first one only, margin.

    ``text`` is put into every label that a scenario may choose freely.
    """
    outputs = [PlanOutput(name, "T", "USD 10k" + text, "transfer value" + text, (500.0,)) for name in strategies]
    outputs.append(PlanOutput(strategies[0], "margin", "", ""))
    outcomes = [outcome(name, "T", 700.0 - 200.0 * k, targets=(500.0,)) for k, name in enumerate(strategies)]
    outcomes.append(outcome(strategies[0], "margin", 150.0))
    formula = NamedFormula("T", "V * D", parse("V * D"), "model.T", "USD 10k" + text, "transfer value" + text)
    together = (Dependence(("V", "D"), np.array([[1.0, 0.5], [0.5, 1.0]])),)
    models = [Model(name, {}, together, {"T": formula}, (), title=f"the {name}{text}") for name in strategies]
    statistics = RunStatistics(
        outcomes=tuple(outcomes),
        trials=10_000,
        seed=2**63 - 1,
        percentiles=PERCENTILES,
        tail_levels=(0.95,),
        passes=1,
        timings={"simulate": 0.01},
        summary_digest="c0ffee",
        differences=np.zeros((len(outcomes), 2)),
    )
    provenance = Provenance(
        scenario="sample",
        title=title,
        money_unit="USD 10k",
        scenario_file="sample.toml",
        scenario_text=SCENARIO_TEXT + text,
        resolved_text=SCENARIO_TEXT,
        sources=(Source("sample.csv", "ab" * 32, 60, None),),
        overrides={"inputs.V": 3.0},
        warnings=("warning: inputs.V: wide",),
        versions={"simengine": "0.1.0"},
        command="simengine run sample.toml",
        created="2026-11-22T00:00:00Z",
    )
    return build_record(statistics, plan_of(tuple(outputs), text), models, provenance)


@pytest.fixture(scope="module", params=KINDS)
def each_device(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests of a module run CUDA C on the shim, and once more on the GPU where there is one."""
    choose(request.param)
    yield
    choose("shim")


@pytest.fixture(scope="module")
def on_shim(each_device: None) -> None:
    """Leaves a test to the shim that is about what only the shim does: count launches, be full, be wrong."""
    if chosen() != "shim":
        pytest.skip("about the shim")


@pytest.fixture
def record() -> Record:
    """The sample result."""
    return make_record()


@pytest.fixture
def record_of() -> Callable[..., Record]:
    """Makes sample results with other texts."""
    return make_record
