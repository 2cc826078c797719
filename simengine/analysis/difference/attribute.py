"""Attribution of the difference between two scenario files to the changes that were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simengine.aggregate.batches import Batches
from simengine.aggregate.linearised import Linearised
from simengine.analysis.difference.changes import Change, changes_between
from simengine.analysis.difference.coalitions import Coalitions, Members, dependent_groups, join
from simengine.analysis.difference.shapley import (
    MOST_EXACT,
    Array,
    Steps,
    exact_steps,
    masks_of,
    order_error,
    orders,
    sampled_steps,
)
from simengine.analysis.measures import Measure
from simengine.analysis.variants import Draws, Progress, doubtful_moments, measured, reporting, variant_key
from simengine.deal.expand import expand
from simengine.deal.model import Model
from simengine.errors import InvalidInput, Mismatch, Problem
from simengine.plan.draws import addresses_of
from simengine.scenario import Scenario

MEASURES = (
    Measure("mean"),
    Measure("percentile", 10.0),
    Measure("percentile", 50.0),
    Measure("percentile", 90.0),
    Measure("below", 0.0),
    Measure("shortfall", 95.0),
)
"""What is attributed: mean, P10, P50, P90, P(loss), and the expected shortfall of the worst 5 % as a loss."""

DEFAULT_ORDERS = 64
"""Random orders where the changes are too many for all sets of them."""

_ORDER_SEED = 20_260_101

_EQUAL = 1e-9
"""Relative to the largest measure: sums in another order differ by less."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """The difference of one outcome of one strategy, and what each group of changes contributes.

    old, new, total: (measures,); shares: (measures, groups), which add up to total.  order_error: (measures, groups),
    the standard error that comes from random orders, 0 where all sets were computed.
    """

    strategy: str
    output: str
    unit: str
    old: Linearised
    new: Linearised
    total: Linearised
    shares: Linearised
    order_error: Array

    def error(self, batches: Batches) -> Array:
        """Standard errors of the shares (measures, groups): of the draws, and of the orders."""
        return np.asarray(np.hypot(self.shares.error(batches), self.order_error))


@dataclass(frozen=True, eq=False)
class Attribution:
    """Everything that `simengine diff` reports.

    ``groups`` are places in ``changes`` of those that are attributed together; ``orders`` is 0 for exact values.
    ``doubts`` are notes on inputs without a mean, on which something that is compared depends.
    """

    old: Scenario
    new: Scenario
    changes: tuple[Change, ...]
    groups: tuple[tuple[int, ...], ...]
    contributions: tuple[Contributions, ...]
    batches: Batches
    draws: Draws
    orders: int
    variants: int
    strategies_removed: tuple[str, ...]
    strategies_added: tuple[str, ...]
    doubts: tuple[Problem, ...]

    def label(self, group: int) -> str:
        """The dotted paths of the changes of a group."""
        return " + ".join(self.changes[place].label for place in self.groups[group])


@dataclass(frozen=True)
class How:
    """How a difference is computed; None takes what the new file says."""

    trials: int | None = None
    seed: int | None = None
    sampler: str | None = None
    replicates: int | None = None
    orders: int = DEFAULT_ORDERS
    threads: int = 1
    most_trials: int = 1 << 17
    """Trials where none are asked for, unless the file asks for fewer."""

    def draws(self, scenario: Scenario, addresses: tuple[str, ...]) -> Draws:
        """The trials of all variants."""
        said = scenario.simulate
        return Draws(
            trials=self.trials if self.trials is not None else min(said.trials, self.most_trials),
            seed=self.seed if self.seed is not None else said.seed,
            sampler=self.sampler or said.sampler,
            addresses=addresses,
            replicates=self.replicates if self.replicates is not None else said.replicates,
            threads=self.threads,
        )


def attribute(old: Scenario, new: Scenario, how: How, progress: Progress | None = None) -> Attribution:
    """What changed between two scenarios and what each change does to every outcome that both report.

    Raises
    ------
    InvalidInput
        If the files count in different money, or have no strategy or no outcome in common.
    Mismatch
        If the changes do not add up to the difference.
    """
    models = [expand(one) for one in (old, new)]
    wanted = _wanted(old, new, models)
    changes = changes_between(old, new)
    effective = [place for place, change in enumerate(changes) if change.effective]
    coalitions = Coalitions.of(old, new, [changes[place] for place in effective], wanted)
    players = _players(coalitions, len(effective), how)
    distinct: dict[str, Model] = {}
    keys: dict[tuple[int, str], str] = {}
    for mask in players.masks:
        found = coalitions.models(members_of(mask, players.groups))
        assert found is not None  # _players has made sure
        for strategy, model in found.items():
            key = keys[mask, strategy] = variant_key(model)
            distinct.setdefault(key, model)
    ends = _ends(models, wanted, distinct)
    draws = how.draws(new, _addresses([*models[0], *models[1]], distinct.values()))
    values, batches = measured(distinct, MEASURES, draws, progress)
    for end, mask in zip(ends, (0, players.masks[-1]), strict=True):
        _check_reached(end, {strategy: values[keys[mask, strategy]] for strategy in wanted}, values)
    units = {(model.strategy, output.name): output.unit for model in models[1] for output in model.outputs}
    contributions = [
        _contributions(
            (strategy, output, units[strategy, output]),
            {mask: values[keys[mask, strategy]][output] for mask in players.masks},
            players,
        )
        for strategy, outputs in wanted.items()
        for output in outputs
    ]
    return Attribution(
        old=old,
        new=new,
        changes=changes,
        groups=tuple(tuple(effective[place] for place in sorted(group)) for group in players.groups),
        contributions=tuple(contributions),
        batches=batches,
        draws=draws,
        orders=players.orders,
        variants=len(distinct),
        strategies_removed=tuple(name for name in old.strategies if name not in new.strategies),
        strategies_added=tuple(name for name in new.strategies if name not in old.strategies),
        doubts=_doubts(models, wanted),
    )


def _ends(
    sides: Sequence[Sequence[Model]], wanted: Mapping[str, tuple[str, ...]], distinct: dict[str, Model]
) -> list[dict[str, str]]:
    """The keys by strategy of both files as they are read by themselves, not made of each other; adds what is new."""
    found = []
    for side in sides:
        keys = {}
        for model in side:
            if model.strategy in wanted:
                whole = reporting(model, wanted[model.strategy])
                keys[model.strategy] = variant_key(whole)
                distinct.setdefault(keys[model.strategy], whole)
        found.append(keys)
    return found


def _check_reached(
    end: Mapping[str, str], reached: Mapping[str, Mapping[str, Linearised]], values: Mapping[str, dict[str, Linearised]]
) -> None:
    """That the changes made, or none of them, give the outcomes of the file itself.

    Raises
    ------
    Mismatch
        If they do not: something has an effect that no change stands for.
    """
    for strategy, key in end.items():
        for output, value in reached[strategy].items():
            there = values[key][output].value
            if not np.allclose(value.value, there, rtol=_EQUAL, atol=_EQUAL * np.nanmax(np.abs(there)), equal_nan=True):
                raise Mismatch(
                    f"{output} of {strategy}: the attributed changes do not add up to the difference of the files. "
                    "This is a defect of simengine, please report it with both files"
                )


def _addresses(ends: Sequence[Model], variants: Iterable[Model]) -> tuple[str, ...]:
    """The addresses of both files, and those that only a mixture of the two draws from."""
    addresses = addresses_of(ends)
    known = {entry.stream for model in ends for entry in model.inputs.values()}
    more = [model for model in variants if any(entry.stream not in known for entry in model.inputs.values())]
    return addresses_of([*ends, *more]) if more else addresses


def _doubts(sides: Sequence[Sequence[Model]], wanted: Mapping[str, tuple[str, ...]]) -> tuple[Problem, ...]:
    """Notes on the means of what is compared, one for each input without one."""
    found: dict[str | None, Problem] = {}
    for model in (model for side in sides for model in side if model.strategy in wanted):
        for output in wanted[model.strategy]:
            for problem in doubtful_moments([model], replace(MEASURES[0], output=output)):
                found.setdefault(problem.key, problem)
    return tuple(found.values())


def members_of(mask: int, groups: Sequence[Members]) -> Members:
    """The changes of the groups whose bits are set."""
    return Members().union(*(group for number, group in enumerate(groups) if mask >> number & 1))


@dataclass(frozen=True)
class _Players:
    """Groups of changes, the steps by which each joins, and the random orders behind them (0: all orders)."""

    groups: list[Members]
    steps: list[Steps]
    orders: int

    @property
    def masks(self) -> list[int]:
        """The sets of groups that are needed."""
        return masks_of(self.steps)


def _players(coalitions: Coalitions, count: int, how: How) -> _Players:
    """The groups such that every set of them that is needed makes a valid scenario."""
    groups = dependent_groups(count, coalitions.is_valid)
    while True:
        few = len(groups) <= MOST_EXACT
        used = [] if few else orders(len(groups), max(1, (how.orders + 1) // 2), _ORDER_SEED)
        players = _Players(groups, exact_steps(len(groups)) if few else sampled_steps(used), len(used))
        sets = (members_of(mask, groups) for mask in players.masks)
        broken = next((members for members in sets if not coalitions.is_valid(members)), None)
        if broken is None:
            return players
        for group in groups:  # the fewest that do not go together
            if group <= broken and not coalitions.is_valid(broken - group):
                broken -= group
        groups = join(groups, broken, Members(range(count)), coalitions.is_valid)


def _contributions(what: tuple[str, str, str], values: Mapping[int, Linearised], players: _Players) -> Contributions:
    """The shares of one outcome from its measures in every set."""
    old, new = values[0], values[players.masks[-1]]
    shares, errors = [], []
    for steps in players.steps:
        pairs = zip(steps.before, steps.after, strict=True)
        added = Linearised.stack([values[after] - values[before] for before, after in pairs])  # (measures, steps)
        shares.append(added.weighted(steps.weights))
        errors.append(order_error(added.value) if players.orders else np.zeros(len(MEASURES)))
    if not shares:  # nothing that has an effect was changed
        nothing = np.zeros((len(MEASURES), 0))
        return Contributions(*what, old, new, new - old, Linearised(nothing, old.parts[:, :, None][:, :, :0]), nothing)
    return Contributions(*what, old, new, new - old, Linearised.stack(shares), np.stack(errors, axis=-1))


def _money(scenario: Scenario) -> str:
    """The money in which a scenario counts, in a sentence."""
    header = scenario.header
    if header.currency:
        return header.money
    return "plain numbers" if header.unit == 1 else f"units of {header.unit:,.12g} of no currency"


def _wanted(old: Scenario, new: Scenario, models: Sequence[Sequence[Model]]) -> Mapping[str, tuple[str, ...]]:
    """The outcomes that both files report, by strategy."""
    if old.header.money != new.header.money:
        reason = f"{old.file} counts in {_money(old)} and {new.file} in {_money(new)}"
        hint = "give both the same currency and unit"
        raise InvalidInput(Problem(reason, "scenario", hint=hint))
    common = [name for name in old.strategies if name in new.strategies]
    if not common:
        reason = f"{old.file} and {new.file} have no strategy in common"
        allowed = f"one of {', '.join(old.strategies)} in both"
        raise InvalidInput(Problem(reason, "strategies", allowed=allowed))
    wanted = {}
    reported = [{model.strategy: model.outputs for model in side} for side in models]
    for name in common:
        before, after = ([output.name for output in outputs[name]] for outputs in reported)
        shared = tuple(output for output in before if output in after)
        if shared:
            wanted[name] = shared
    if not wanted:
        raise InvalidInput(Problem(f"{old.file} and {new.file} report no outcome in common", "outputs"))
    return wanted
