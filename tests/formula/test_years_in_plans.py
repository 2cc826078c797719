"""Formulas over years through the plan and the kernels, against the same formulas on plain floats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from simengine.deal.expand import expand
from simengine.deal.model import Model, Output, YearlyOutput
from simengine.engine.run import draw
from simengine.formula.arithmetic import FLOATS
from simengine.formula.axis import Yearly, YearlyArithmetic
from simengine.formula.shapes import lower_over_years
from simengine.plan.compile import build_plan
from simengine.plan.ops import Op
from simengine.plan.plan import Plan
from simengine.scenario import loads

EXACT = {
    "sales": "V * by_year(0, 0.2, 0.5, 1) * lag(1 - share, 1)",
    "share": "where(year > event, cap(0.1 * (year - event), severity), 0)",
    "stock": "accumulate(sales, 1 - churn, 5)",
    "royalty": "floor(tiers(cumsum(sales), 40, 0.1, 90, 0.05, 0.02), 0.5) - lag(lowest(sales), 1)",
    "flow": "royalty - by_year(3, 2, 1)",
    "worth": "npv(0.1, flow) + npv(0.12, flow, 0.5) - upfront",
    "back": "payback(-upfront, flow + 1)",
    "paid": "at(flow, event) + highest(cummax(flow) - cummin(flow))",
    "kept": "sum(cumprod(1 - share)) * interp(event, 0, 1, 2, 0.5, 5, 0.2)",
    "trend": "sum(flow * period / horizon)",
    "settled": "max(cumsum_in_year(flow) - 1, 0) - lag_in_year(flow) + year_total(sales)",
}
"""Without exp, log and powers of what is drawn: these have one right answer to the bit."""

NEAR = {
    "rate": "irr(-upfront, flow + 1)",
    "rate_in_the_middle": "irr(-upfront, flow + 1, 0.5, sum(share))",
    "rate_early": "irr(-upfront, flow + 1, 0.25, sum(share))",
    "adopted": "bass(year - launch, 0.03, 0.3 + churn)",
    "present": "npv(churn, flow, 0.5)",
    "chance": "normcdf((year - event) / 2)",
}
"""Powers, exponentials and tables: within their errors."""


def model_of(formulas: dict[str, str], periods: int, length: float) -> Model:
    lines = [f'{name} = "{text}"' for name, text in formulas.items()]
    text = f"""
[scenario]
name = "years"
horizon = {periods}
period = {length}
[inputs]
V = {{ dist = "uniform", min = 10, max = 60 }}
event = {{ dist = "uniform", min = -1, max = 12 }}
severity = {{ dist = "uniform", min = 0, max = 1 }}
churn = {{ dist = "uniform", min = 0, max = 0.4 }}
upfront = {{ dist = "uniform", min = -1, max = 20 }}
launch = {{ dist = "uniform", min = 0, max = 3 }}
[model]
{chr(10).join(lines)}
"""
    (model,) = expand(loads(text))
    return model


def recorded(model: Model, plan: Plan, trials: int) -> dict[tuple[str, float | None], Any]:
    values = draw(plan, 7, 0, trials)
    return {(o.name, o.year): row for o, row in zip(plan.outputs, values, strict=True)}


def reference(model: Model, inputs: dict[str, float]) -> dict[str, Any]:
    on = YearlyArithmetic(FLOATS, model.grid)
    values: dict[str, Any] = dict(inputs)
    for name, formula in model.formulas.items():
        values[name] = lower_over_years(formula.expression, on, values.__getitem__)
    return values


def compared(formulas: dict[str, str], periods: int, length: float, trials: int) -> list[tuple[str, float, float]]:
    """Name, kernel's value and reference of every formula, period and trial."""
    model = model_of(formulas, periods, length)
    found = recorded(model, build_plan([model], record="everything"), trials)
    rows = []
    for trial in range(trials):
        expected = reference(model, {name: float(found[name, None][trial]) for name in model.inputs})
        for name, formula in model.formulas.items():
            assert isinstance(expected[name], Yearly) == formula.yearly
            ends = model.grid.ends if formula.yearly else (None,)
            values = expected[name].values if formula.yearly else (expected[name],)
            rows += [(name, float(found[name, t][trial]), value) for t, value in zip(ends, values, strict=True)]
    return rows


@pytest.mark.parametrize(("periods", "length"), [(1, 1.0), (10, 1.0), (8, 0.25), (7, 0.1)])
def test_kernels_give_the_bits_of_plain_floats(periods: int, length: float) -> None:
    formulas = EXACT if periods > 3 else {k: v for k, v in EXACT.items() if "by_year" not in v and k != "stock"}
    if periods <= 3:
        formulas = {"sales": "V * (1 - severity)", "royalty": "tiers(sales, 40, 0.1, 0.05)", "flow": "royalty - 1"}
        formulas |= {name: EXACT[name] for name in ("share", "stock", "worth", "back", "paid", "kept", "trend")}
    rows = compared(formulas, periods, length, 200)
    assert len({name for name, _, _ in rows}) == len(formulas)
    wrong = [(name, found, value) for name, found, value in rows if found.hex() != (value + 0.0).hex()]
    assert wrong == []


@pytest.mark.parametrize(("periods", "length"), [(10, 1.0), (8, 0.25)])
def test_powers_and_tables_are_right_within_their_errors(periods: int, length: float) -> None:
    for name, found, expected in compared(EXACT | NEAR, periods, length, 60):
        assert found == pytest.approx(expected, rel=1e-11, abs=1e-12), name


def test_the_table_of_the_normal_distribution() -> None:
    """Right to 2e-13 everywhere; beyond 8.25 the table stands still, 1e-16 from 0 or 1."""
    model = model_of({"p": "normcdf(3 * (event - 5))", "z": "3 * (event - 5)"}, 1, 1.0)
    found = recorded(model, build_plan([model], record="everything"), 50_000)
    z, p = found["z", None], found["p", None]
    assert z.min() < -15 and z.max() > 15
    assert np.abs(p - ndtr(z)).max() < 2e-13 and p.min() >= 0.0 and p.max() <= 1.0


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_table_does_not_hide_what_is_no_number(precision: str) -> None:
    model = model_of({"p": "normcdf(log(event))", "edge": "normcdf(event / 0)", "event_log": "log(event)"}, 1, 1.0)
    found = recorded(model, build_plan([model], record="everything", precision=precision), 1000)
    event = found["event", None]
    assert (event < 0).any()
    assert (np.isnan(found["p", None]) == (event < 0)).all()
    assert (np.round(found["edge", None], 12) == (event > 0)).all()


def test_rates_of_return_take_few_operations() -> None:
    rows = {}
    for name, text in {"without": "sum(flow)", "with": "irr(-upfront, flow)"}.items():
        model = model_of({"flow": "V * (year - event)", "x": text}, 10, 1.0)
        plan = build_plan([model])
        rows[name] = len(plan.tape)
    assert rows["with"] - rows["without"] < 650
    assert Op.POW not in plan.tape[:, 0]


def test_outcomes_by_period() -> None:
    model = replace(
        model_of({"flow": "V * year", "total": "sum(flow)"}, 4, 0.5),
        outputs=(Output("total"),),
        yearly_outputs=(YearlyOutput("flow", initial="total"),),
    )
    assert [o.name for o in build_plan([model]).outputs] == ["total"]
    plan = build_plan([model], years=True)
    ends = (0.0, 0.5, 1.0, 1.5, 2.0)
    assert [(o.name, o.year) for o in plan.outputs] == [("total", None), *(("flow", t) for t in ends)]
    total, *flow = draw(plan, 7, 0, 50)
    assert (flow[4] == 4 * flow[1]).all() and (flow[0] == total).all()
    assert (total == (flow[1] + flow[2]) + flow[3] + flow[4]).all()
