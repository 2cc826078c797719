"""The old deal with any part of the changes made, and which changes make sense only together."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from simengine.analysis.difference.changes import Change, as_written, comparable, with_changes
from simengine.analysis.variants import reporting
from simengine.deal.expand import expand
from simengine.deal.model import Model
from simengine.errors import InvalidInput
from simengine.scenario import Scenario, loads
from simengine.scenario.document import to_toml
from simengine.scenario.strategies import BASE

Members = frozenset[int]
"""Places of changes that are made."""

_MOST_TRIED = 1_000
"""Sets of one size that are read to find the fewest changes that go together."""


@dataclass(eq=False)
class Coalitions:
    """The models of the old scenario with some changes made; each set of changes is read once.

    ``wanted`` are the outcomes to report, by strategy.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    changes: Sequence[Change]
    wanted: Mapping[str, tuple[str, ...]]
    folder: Path | None
    _models: dict[Members, Mapping[str, Model] | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls, old: Scenario, new: Scenario, changes: Sequence[Change], wanted: Mapping[str, tuple[str, ...]]
    ) -> Coalitions:
        """The sets of changes between two scenarios, whose data files may lie in different folders."""
        apart = old.folder != new.folder
        sides = [_anchored(comparable(one), one.folder) if apart else comparable(one) for one in (old, new)]
        kept = [_reporting(side, wanted) for side in sides]
        return cls(kept[0], kept[1], changes, wanted, old.folder)

    def models(self, members: Members) -> Mapping[str, Model] | None:
        """The models by strategy once these changes are made; None where they make no valid scenario."""
        if members not in self._models:
            self._models[members] = self._read(members)
        return self._models[members]

    def is_valid(self, members: Members) -> bool:
        """Whether these changes alone make a valid scenario."""
        return self.models(members) is not None

    def _read(self, members: Members) -> Mapping[str, Model] | None:
        made = [change for place, change in enumerate(self.changes) if place in members]
        data = as_written(with_changes(self.before, made, self.after))
        try:
            models = {model.strategy: model for model in expand(loads(to_toml(data), folder=self.folder))}
        except InvalidInput:
            return None
        return {name: replace(reporting(models[name], outputs), title="") for name, outputs in self.wanted.items()}


def _reporting(data: Mapping[str, Any], wanted: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The tables with only the strategies and outcomes that are compared."""
    kept = {key: value for key, value in data.items() if key not in ("outputs", "strategies")}
    if list(wanted) == [BASE] and not data.get("strategies"):
        return {**kept, "outputs": list(wanted[BASE])}
    strategies = data.get("strategies", {})
    return {**kept, "strategies": {name: {**strategies[name], "outputs": list(wanted[name])} for name in wanted}}


def _anchored(value: Any, folder: Path | None) -> Any:
    """``value`` with absolute names of data files."""
    if isinstance(value, list):
        return [_anchored(item, folder) for item in value]
    if not isinstance(value, Mapping):
        return value
    table = {key: _anchored(item, folder) for key, item in value.items()}
    file = table.get("file")
    if folder is not None and "dist" in table and isinstance(file, str) and not PurePath(file).is_absolute():
        table["file"] = os.path.abspath(folder / file)
    return table


def dependent_groups(count: int, is_valid: Callable[[Members], bool]) -> list[Members]:
    """Changes 0 to count - 1 in groups such that each alone, and all but each, make a valid scenario.

    A change that needs others (a formula that uses a new input) is joined with the fewest that make both valid.
    Making all of them is valid, and so is making none.
    """
    groups = [Members({place}) for place in range(count)]
    while True:
        everything = Members(range(count))
        broken = next((g for g in groups if not (is_valid(g) and is_valid(everything - g))), None)
        if broken is None:
            return groups
        groups = join(groups, broken, everything, is_valid)


def join(
    groups: Sequence[Members], needed: Members, everything: Members, is_valid: Callable[[Members], bool]
) -> list[Members]:
    """The groups with those joined that ``needed`` cannot do without, or that cannot do without it."""
    others = [group for group in groups if not group & needed]
    if is_valid(needed):  # so others need it: the fewest that are valid to leave out with it
        kept = _fewest(needed, others, lambda members: is_valid(everything - members))
    else:
        kept = _fewest(needed, others, is_valid)
    joined = Members().union(*(group for group in groups if group & kept))
    return sorted([*(group for group in groups if not group & joined), joined], key=min)


def _fewest(needed: Members, others: Sequence[Members], is_valid: Callable[[Members], bool]) -> Members:
    """``needed`` with the fewest groups that make it valid; all of them together do."""
    for size in range(1, len(others)):
        if math.comb(len(others), size) > _MOST_TRIED:
            break
        for those in itertools.combinations(others, size):
            members = needed.union(*those)
            if is_valid(members):
                return members
    kept = needed.union(*others)
    for group in reversed(others):  # too many to try all: leave out one after the other
        if is_valid(kept - group):
            kept -= group
    return kept
