"""The risk register of a deal: every strategy simulated with and without each of its risks and measures.

All variants of a strategy see the draws of a run of the scenario (:mod:`simengine.analysis.pinned`), so what stands in
the register are paired differences.  They do not add up where risks interact: sales that a competitor has taken cannot
leak as well.  What all risks do together is therefore a line of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised, mean_of
from simengine.analysis.measures import Array, Measure, measures_of
from simengine.analysis.pinned import pinned, with_formulas
from simengine.analysis.register.conditional import Tail, mean_where, quantile_where, ratio
from simengine.analysis.register.mitigations import Effect, effects_of, models_of
from simengine.analysis.register.risks import Risk, risks_of
from simengine.analysis.variants import Draws, Progress, reporting, sampled
from simengine.deal.model import Model
from simengine.errors import Problem
from simengine.scenario.definition import Definition

MEASURES = (
    Measure("mean"),
    Measure("percentile", 5.0),
    Measure("percentile", 10.0),
    Measure("percentile", 50.0),
    Measure("percentile", 90.0),
    Measure("below", 0.0),
    Measure("shortfall", 95.0),
)
"""What is told of a strategy, and how far each risk and each measure moves it."""

PLACES = {measure.short if not measure.share else "loss": place for place, measure in enumerate(MEASURES)}
"""Where each of them stands: mean, P5, P10, P50, P90, loss, CVaR95."""

TAIL = 0.05


@dataclass(frozen=True, eq=False)
class Line:
    """What one risk does.

    probability, mean_time, early, late: whether it happens within the horizon, and mean, P10 and P90 of when, in years,
    where it does; None where that means nothing.  loss: the mean of what is lost by it.  tail_loss: the same over the
    worst 5 % of trials; tail_share: that as a part of the expected shortfall, None where no money is lost in them.
    effects: (measures,), the strategy less the strategy without the risk.
    """

    risk: Risk
    probability: Linearised | None
    mean_time: Linearised | None
    early: Linearised | None
    late: Linearised | None
    loss: Linearised
    tail_loss: Linearised
    tail_share: Linearised | None
    effects: Linearised


@dataclass(frozen=True, eq=False)
class StrategyRegister:
    """The register of one strategy: risks by expected loss, measures as the file has them.

    base: (measures,) of the strategy as it is.  together: what all risks do at once; None where there is but one.
    """

    strategy: str
    title: str
    outcome: str
    unit: str
    base: Linearised
    lines: tuple[Line, ...]
    together: Line | None
    measures: tuple[Effect, ...]


@dataclass(frozen=True, eq=False)
class Register:
    """All that `simengine risks` reports; ``doubts`` says what could not be told, and why."""

    strategies: tuple[StrategyRegister, ...]
    draws: Draws
    batches: Batches
    doubts: tuple[Problem, ...]


def register_of(
    definitions: Mapping[str, Definition],
    models: Mapping[str, Model],
    outcomes: Mapping[str, tuple[str, str]],
    draws: Draws,
    progress: Progress | None = None,
) -> Register:
    """The register of strategies; ``outcomes`` names the outcome that money is counted in, and its unit, for each.

    Raises
    ------
    InvalidInput
        If a distribution cannot be tabulated, or trials are out of range.
    NonFiniteOutcome
        If the outcome is infinite or undefined in some trial.
    """
    found, doubts, batches = [], [], None
    for name, model in models.items():
        one, batches, problems = _of_strategy(definitions[name], model, outcomes[name], draws, progress)
        found.append(one)
        doubts += problems
    assert batches is not None
    return Register(tuple(found), draws, batches, tuple(doubts))


def _of_strategy(
    definition: Definition, model: Model, counted: tuple[str, str], draws: Draws, progress: Progress | None
) -> tuple[StrategyRegister, Batches, list[Problem]]:
    outcome, unit = counted
    risks = risks_of(definition, model)
    base = _with_events(model, risks)
    variants = {f"risk {k}": pinned(model, risk.absent) for k, risk in enumerate(risks)}
    everything = _together(risks)
    if everything is not None:
        variants["together"] = pinned(model, everything.absent)
    wanted, problems = models_of(definition, model)
    variants |= {key: one for measure in wanted for key, one in measure.variants.items()}
    reported = {"base": reporting(base, [outcome, *_event_outputs(risks)])}
    reported |= {key: reporting(one, [outcome]) for key, one in variants.items()}
    seen = _simulated(reported, outcome, draws, progress)
    lines = [_line(risk, k, f"risk {k}", seen) for k, risk in enumerate(risks)]
    lines.sort(key=lambda line: -float(line.loss.value))
    together = None if everything is None else _line(everything, None, "together", seen)
    register = StrategyRegister(
        strategy=definition.strategy,
        title=definition.title,
        outcome=outcome,
        unit=unit,
        base=seen.summaries["base"],
        lines=tuple(lines),
        together=together,
        measures=effects_of(wanted, seen.summaries),
    )
    return register, seen.batches, problems


def _together(risks: Sequence[Risk]) -> Risk | None:
    """All risks as one, where there are several."""
    if len(risks) < 2:
        return None
    absent = {name: value for risk in risks for name, value in risk.absent.items()}
    return Risk("all risks together", "event", "", absent)


def _with_events(model: Model, risks: Sequence[Risk]) -> Model:
    """The model with formulas of whether and when each risk happens."""
    texts = {}
    for k, risk in enumerate(risks):
        if risk.happens:
            texts[f"happens {k}"] = risk.happens
        if risk.time:
            texts[f"time {k}"] = f"where({risk.happens}, {risk.time}, 0)"
    return with_formulas(model, texts)


def _event_outputs(risks: Sequence[Risk]) -> list[str]:
    return [
        f"{what} {k}"
        for k, risk in enumerate(risks)
        for what, text in (("happens", risk.happens), ("time", risk.time))
        if text
    ]


@dataclass(eq=False)
class _Seen:
    """What is kept of the trials: statistics of every variant, losses in all and in the worst trials, and events."""

    batches: Batches
    summaries: dict[str, Linearised] = field(default_factory=dict)
    losses: dict[str, tuple[Linearised, Linearised]] = field(default_factory=dict)
    events: dict[str, Linearised] = field(default_factory=dict)


def _simulated(reported: Mapping[str, Model], outcome: str, draws: Draws, progress: Progress | None) -> _Seen:
    """All variants, of which the first is the strategy as it is; no more than some are in memory at a time."""
    seen: _Seen | None = None
    values, tail = np.empty(0), None
    for keys, outcomes in sampled(reported, draws, progress):
        batches = outcomes.batches
        seen = seen or _Seen(batches)
        place = {(int(one.strategy), one.name): k for k, one in enumerate(outcomes.source.plan.outputs)}
        for number, key in enumerate(keys):
            column = outcomes.of(place[number, outcome])
            seen.summaries[key] = measures_of(column, MEASURES, batches)
            if tail is None:
                values, tail = column, Tail.of(column, TAIL)
                events = {name: outcomes.of(k) for (of, name), k in place.items() if of == number and name != outcome}
                seen.events = _moments(events, batches)
            elif not key.startswith("measure"):
                lost = column - values
                seen.losses[key] = mean_of(lost, batches), tail.mean(lost, batches)
    assert seen is not None
    return seen


def _moments(columns: Mapping[str, Array], batches: Batches) -> dict[str, Linearised]:
    """Probability, and mean, P10 and P90 of the time, of each event."""
    found = {}
    for name, happens in columns.items():
        what, _, place = name.partition(" ")
        if what != "happens":
            continue
        found[f"probability {place}"] = mean_of(happens, batches)
        time = columns.get(f"time {place}")
        if time is not None:
            found[f"mean {place}"] = mean_where(time, happens, batches)
            found[f"early {place}"] = quantile_where(time, happens, 0.1, batches)
            found[f"late {place}"] = quantile_where(time, happens, 0.9, batches)
    return found


def _line(risk: Risk, place: int | None, key: str, seen: _Seen) -> Line:
    base, (loss, tail_loss) = seen.summaries["base"], seen.losses[key]
    shortfall = base[PLACES["CVaR95"]]
    return Line(
        risk=risk,
        probability=seen.events.get(f"probability {place}"),
        mean_time=seen.events.get(f"mean {place}"),
        early=seen.events.get(f"early {place}"),
        late=seen.events.get(f"late {place}"),
        loss=loss,
        tail_loss=tail_loss,
        tail_share=ratio(tail_loss, shortfall) if float(shortfall.value) > 0.0 else None,
        effects=base - seen.summaries[key],
    )
