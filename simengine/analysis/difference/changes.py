"""What two scenario files say differently, value by value, gathered into changes that can be made one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from simengine.scenario import Scenario
from simengine.scenario.deal_tables import Deals
from simengine.scenario.document import key_text, value_text
from simengine.scenario.positions import Path

Kind = Literal["changed", "added", "removed"]

DESCRIPTIVE = ("title", "unit", "source", "note", "description")
"""Keys of a table that say something to people and change no number."""

_PARTS = {"inputs": 2, "costs": 2, "constants": 2, "decisions": 2, "model": 2, "correlations": 2, "risks": 3}
"""How many parts of a path name one change, by its table: ``inputs.V``, ``risks.ip_leak.probability``."""

_TERMS = frozenset(Deals.model_fields)
"""Tables of a deal over years: a change is one value of them, an item of a list of tables among its values."""

_TIME = ("horizon", "period", "discount")
"""Keys of the header on which outcomes depend."""


@dataclass(frozen=True)
class Difference:
    """One value that differs: its dotted path, both values as TOML, and where they stand (``file:line``)."""

    key: str
    kind: Kind
    old: str
    new: str
    old_place: str
    new_place: str


@dataclass(frozen=True)
class Change:
    """Differences that are made together: those of one input's distribution, of one formula, and so on.

    ``path`` leads to what is replaced.  ``effective`` says that numbers may depend on it; titles, reported outcomes and
    the length of the run are listed, but nothing is attributed to them, and :func:`attribute` makes sure that this is
    right.
    """

    path: Path
    differences: tuple[Difference, ...]
    effective: bool

    @property
    def label(self) -> str:
        """The dotted path."""
        return _key(self.path)


def changes_between(old: Scenario, new: Scenario) -> tuple[Change, ...]:
    """All changes, in the order of the old file, then what the new one adds."""
    before, after = comparable(old), comparable(new)
    paths: dict[Path, None] = {}
    for data in (before, after):
        for leaf in _leaves(data):
            paths.setdefault(_change_path(leaf, before, after))
    return tuple(
        _change(path, old, new, at(before, path), at(after, path))
        for path in paths
        if at(before, path) != at(after, path)
    )


def comparable(scenario: Scenario) -> dict[str, Any]:
    """The tables of a scenario as nested tables, correlations keyed by the names that they join."""
    data = _copied({key: value for key, value in scenario.data.items() if key != "extends"})
    found = data.get("correlations")
    if isinstance(found, list):
        data["correlations"] = {_joined(table): table for table in found}
    return dict(data)


def as_written(data: Mapping[str, Any]) -> dict[str, Any]:
    """The tables as the scenario language has them: correlations as a list again, and no table without a use."""
    written = dict(data)
    if "correlations" in written:
        written["correlations"] = list(written["correlations"].values())
        if not written["correlations"]:
            del written["correlations"]
    return written


def with_changes(data: Mapping[str, Any], changes: Sequence[Change], after: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` with some changes made: what stands at their paths is what stands there in ``after``."""
    found: dict[str, Any] = _copied(data)
    for change in changes:
        value, *above = at(after, change.path), *change.path[:-1]
        here: Any = found
        for key in above:
            here = here[int(key)] if isinstance(here, list) else here.setdefault(str(key), {})
        key = change.path[-1]
        if isinstance(here, list):
            here[int(key)] = _copied(value)
        elif value is None:
            here.pop(str(key), None)
        else:
            here[str(key)] = _copied(value)
    return found


def at(data: Mapping[str, Any], path: Path) -> Any:
    """What stands at a path, None where nothing does."""
    here: Any = data
    for key in path:
        if isinstance(here, list) and isinstance(key, int):
            here = here[key] if key < len(here) else None
        else:
            here = here.get(key) if isinstance(here, Mapping) else None
    return here


def _copied(value: Any) -> Any:
    """A deep copy of tables and lists; what is neither is shared."""
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _joined(table: Any) -> str:
    return ", ".join(map(str, table.get("between", ()))) if isinstance(table, dict) else value_text(table)


def _leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of all values that are no tables, and of empty tables; lists of tables are tables by number."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif _is_list_of_tables(value):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _change_path(leaf: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> Path:
    """The path of the change that a leaf belongs to."""
    start = 2 if leaf[:1] == ("strategies",) and len(leaf) > 2 else 0
    if start and (at(before, leaf[:2]) is None or at(after, leaf[:2]) is None):
        return leaf[:2]  # a strategy that only one of the files has
    if leaf[start] in _TERMS or leaf[0] == "scenario":
        return _path_of_term(leaf, start, before, after)
    length = start + _PARTS.get(str(leaf[start]), 1)
    if start and leaf[start] == "correlations":
        length = start + 1  # in a strategy they are a list, which replaces that of the scenario
    for size in range(start + 2, length):  # a risk that is new comes with all its parts
        if at(before, leaf[:size]) is None or at(after, leaf[:size]) is None:
            return leaf[:size]
    return leaf[:length]


def _path_of_term(leaf: Path, start: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> Path:
    """How far down both files have tables of one form: the first thing below that is replaced as a whole.

    Distributions, lists of different lengths and deals of different modes are.
    """
    for size in range(start + 1, len(leaf)):
        if _is_whole(at(before, leaf[:size]), at(after, leaf[:size])):
            return leaf[:size]
    return leaf


def _is_whole(before: Any, after: Any) -> bool:
    if _is_list_of_tables(before) and _is_list_of_tables(after):
        return len(before) != len(after)
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return True
    return "dist" in before or "dist" in after or before.get("mode") != after.get("mode")


def _change(path: Path, old: Scenario, new: Scenario, before: Any, after: Any) -> Change:
    differences = tuple(
        Difference(
            _key(leaf),
            "added" if was is None else "removed" if now is None else "changed",
            "" if was is None else value_text(was),
            "" if now is None else value_text(now),
            "" if was is None else _place(old, leaf),
            "" if now is None else _place(new, leaf),
        )
        for leaf, was, now in _differing(path, before, after)
    )
    return Change(path, differences, _is_effective(path, before, after))


def _key(path: Path) -> str:
    """A path as messages have it: correlations are known by what they join."""
    if path[0] == "correlations" and len(path) > 1:
        rest = f".{key_text(path[2:])}" if len(path) > 2 else ""
        return f"correlations[{path[1]}]{rest}"
    return key_text(path)


def _differing(path: Path, before: Any, after: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Each value that differs, with what it was and is."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            if before.get(key) != after.get(key):
                yield from _differing((*path, key), before.get(key), after.get(key))
    elif _is_list_of_tables(before) and _is_list_of_tables(after) and len(before) == len(after) and _is_term(path):
        for index, (was, now) in enumerate(zip(before, after, strict=True)):
            if was != now:
                yield from _differing((*path, index), was, now)
    else:
        yield path, before, after


def _place(scenario: Scenario, path: Path) -> str:
    if path[0] == "correlations" and len(path) > 1:
        listed = scenario.data.get("correlations")
        tables = listed if isinstance(listed, list) else []
        index = next((k for k, table in enumerate(tables) if _joined(table) == path[1]), 0)
        path = ("correlations", index, *path[2:])
    found = scenario.place(path)
    return f"{found.file}:{found.line}" if found.line is not None else str(found.file)


def _is_term(path: Path) -> bool:
    """Whether a path leads into the tables of a deal over years."""
    inner = path[2:] if path[0] == "strategies" else path
    return bool(inner) and inner[0] in _TERMS


def _is_effective(path: Path, before: Any, after: Any) -> bool:
    inner = path[2:] if path[0] == "strategies" else path
    if inner[:1] == ("scenario",) and len(inner) > 1:
        return inner[1] in _TIME
    if not inner or inner[0] not in (*_PARTS, *_TERMS):
        return False
    if len(inner) > 2 and inner[-1] in DESCRIPTIVE:
        return False
    return bool(_numbers_of(before) != _numbers_of(after))


def _numbers_of(value: Any) -> Any:
    """A value without what is said of it."""
    if not isinstance(value, Mapping):
        return value
    return {key: item for key, item in value.items() if key not in DESCRIPTIVE}
