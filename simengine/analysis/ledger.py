"""The ledger of one trial: every draw and the value of every formula, strategy by strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simengine.deal.model import Model
from simengine.engine.devices import DeviceChoice
from simengine.engine.run import replay_trial
from simengine.plan.compile import build_plan
from simengine.plan.plan import Plan
from simengine.sampling.design import DEFAULT_REPLICATES

LedgerValue = float | tuple[float, ...] | None


@dataclass(frozen=True)
class LedgerRow:
    """One quantity: ``values`` has an entry for each strategy, None where the strategy does not know it.

    A yearly formula has one value for each period, in order; the ends of the periods are :attr:`Ledger.years`.
    ``details`` are the distribution of an input or the text of a formula, one for each strategy that has it.
    """

    name: str
    kind: Literal["input", "formula"]
    unit: str
    details: tuple[str, ...]
    values: tuple[LedgerValue, ...]


@dataclass(frozen=True)
class Ledger:
    """All rows of one trial, inputs first, formulas in the order in which they are evaluated.

    ``years`` are the ends of the periods of each strategy, in years from the signing.
    """

    trial: int
    seed: int
    strategies: tuple[str, ...]
    rows: tuple[LedgerRow, ...]
    years: tuple[tuple[float, ...], ...] = ()


def ledger_of_trial(
    models: Sequence[Model],
    *,
    seed: int,
    trial: int,
    sampler: str = "random",
    addresses: Sequence[str] | None = None,
    trials: int | None = None,
    replicates: int = DEFAULT_REPLICATES,
    precision: str = "float64",
    device: DeviceChoice = "cpu",
) -> Ledger:
    """Draw one trial alone and record everything; the values are those of the same trial in a run of ``trials``.

    For independent draws the number of trials in the run is no matter.

    Raises
    ------
    InvalidInput
        When the models cannot be compiled.
    DeviceError
        When a GPU is asked for that cannot be used.
    """
    plan = build_plan(models, record="everything", sampler=sampler, addresses=addresses, precision=precision)
    values = replay_trial(plan, seed, trial, trials=trials, replicates=replicates, device=device)
    found = _found(plan, values.tolist())
    strategies = tuple(model.strategy for model in models)
    inputs = dict.fromkeys(name for model in models for name in model.inputs)
    formulas = dict.fromkeys(name for model in models for name in model.formulas)
    rows = [_row(name, "input", models, _descriptions(plan), found) for name in inputs]
    rows += [_row(name, "formula", models, _texts(models), found) for name in formulas if name not in inputs]
    return Ledger(trial, seed, strategies, tuple(rows), tuple(model.grid.ends for model in models))


def _found(plan: Plan, values: Sequence[float]) -> dict[tuple[str, str], LedgerValue]:
    """The values of a trial by strategy and name: one, or those of all periods in their order."""
    found: dict[tuple[str, str], LedgerValue] = {}
    for entry, value in zip(plan.outputs, values, strict=True):
        place = entry.strategy, entry.name
        earlier = found.get(place, ())
        found[place] = value if entry.year is None or not isinstance(earlier, tuple) else (*earlier, value)
    return found


def _row(
    name: str,
    kind: Literal["input", "formula"],
    models: Sequence[Model],
    details: dict[tuple[str, str], str],
    found: dict[tuple[str, str], LedgerValue],
) -> LedgerRow:
    entries = [model.inputs.get(name) or model.formulas.get(name) for model in models]
    unit = next((entry.unit for entry in entries if entry is not None and entry.unit), "")
    wordings = [details[model.strategy, name] for model in models if (model.strategy, name) in details]
    values = tuple(found.get((model.strategy, name)) for model in models)
    return LedgerRow(name, kind, unit, tuple(dict.fromkeys(wordings)), values)


def _descriptions(plan: Plan) -> dict[tuple[str, str], str]:
    return {(strategy, entry.name): entry.description for entry in plan.inputs for strategy in entry.strategies}


def _texts(models: Sequence[Model]) -> dict[tuple[str, str], str]:
    return {(model.strategy, name): formula.text for model in models for name, formula in model.formulas.items()}
