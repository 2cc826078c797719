"""Trials of deals over years, from scenario text: any expressions over the names of a deal, trial by trial."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simengine.deal.expand import expand
from simengine.deal.model import Model, NamedFormula, Output, YearlyOutput
from simengine.engine.run import draw
from simengine.formula import is_yearly, parse
from simengine.plan.compile import build_plan
from simengine.scenario import loads

HEAD = '[scenario]\nname = "test"\n'


def models_of(text: str, values: dict[str, object] | None = None) -> dict[str, Model]:
    """The models of a scenario by strategy; a missing header is supplied."""
    text = text if "[scenario]" in text else HEAD + text
    return {model.strategy: model for model in expand(loads(text, set_values=values or {}))}


def trials(
    text: str,
    *expressions: str,
    n: int = 20_000,
    seed: int = 11,
    strategy: str = "",
    values: dict[str, object] | None = None,
    sampler: str = "random",
):
    """Values of expressions in ``n`` trials: shape (n,), or (n, periods) where they are yearly; one, or a list."""
    models = models_of(text, values)
    model = models[strategy] if strategy else next(iter(models.values()))
    return of_model(model, *expressions, n=n, seed=seed, sampler=sampler)


def of_model(model: Model, *expressions: str, n: int = 20_000, seed: int = 11, sampler: str = "random"):
    """The same of one model."""
    yearly = {name: formula.yearly for name, formula in model.formulas.items()}
    formulas, single, over_years = dict(model.formulas), [], []
    for k, text in enumerate(expressions):
        name, tree = f"asked_{k}", parse(text)
        formulas[name] = NamedFormula(name, text, tree, "test", yearly=is_yearly(tree, yearly))
        (over_years if formulas[name].yearly else single).append(name)
    asked = replace(
        model,
        formulas=formulas,
        outputs=tuple(map(Output, single)),
        yearly_outputs=tuple(map(YearlyOutput, over_years)),
    )
    plan = build_plan([asked], sampler=sampler, years=True)
    values = draw(plan, seed, 0, n)
    found = []
    for k in range(len(expressions)):
        rows = [row for row, output in enumerate(plan.outputs) if output.name == f"asked_{k}"]
        found.append(values[rows[0]] if f"asked_{k}" in single else np.stack([values[row] for row in rows], axis=-1))
    return found[0] if len(found) == 1 else found


def near(sample, expected, *, errors: float = 5.0):
    """Assert that the mean of independent trials is what it should be, within five standard errors."""
    error = np.std(sample, ddof=1) / np.sqrt(len(sample))
    found = np.mean(sample)
    assert abs(found - expected) <= errors * error + 1e-12, f"{found} ± {error}, expected {expected}"


def with_rival(risk: str = "", periods: int = 5, length: float = 1.0, more: str = "", header: str = "") -> str:
    """A deal in which 1,000 can be sold within the horizon, and the risk ``rival``."""
    text = f'[scenario]\nname = "test"\nhorizon = {periods}\nperiod = {length}\n{header}\n[inputs]\nV = 1000\n'
    return text + (f"[risks.rival]\n{risk}\n" if risk else "") + more
