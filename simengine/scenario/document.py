"""TOML data together with where each value was written, through ``extends``, strategies and options.

A document is never changed: laying something over it gives a new one that shares all that stayed the same, so a
value that a strategy leaves alone is the same object in the strategy and in the base.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from types import MappingProxyType

from simengine.scenario.positions import Path
from simengine.scenario.source import Source

_NO_CHILDREN: Mapping[str | int, Origin] = MappingProxyType({})
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NEVER = 1_000_000
_ITEM = re.compile(r"(?P<list>[^\[\].]+)\[(?P<index>\d{1,6})\]")
_PARTS = re.compile(r"p\d+\.\d+(?![^.])|[^.]+")
_STEP = re.compile(r"(\"(?:[^\"\\]|\\.)*\")|\[(\d{1,9})\]|([^.\[\]\"]+)")


@dataclass(frozen=True)
class Origin:
    """Where a value was written: a source and the path in it; ``children`` are the parts written elsewhere."""

    source: Source
    path: Path = ()
    children: Mapping[str | int, Origin] = field(default_factory=lambda: _NO_CHILDREN)

    def child(self, key: str | int) -> Origin:
        """Where the part ``key`` of the value was written."""
        return self.children.get(key) or Origin(self.source, (*self.path, key))


@dataclass(frozen=True)
class Document:
    """Data of a scenario file (``data``) and the origin of each part of it."""

    data: dict[str, object]
    origin: Origin

    def find(self, path: Path) -> Origin:
        """Where the value at ``path`` was written, or where it would stand."""
        origin = self.origin
        for key in path:
            origin = origin.child(key)
        return origin

    def value(self, path: Path) -> object:
        """The value at ``path``, None where there is none."""
        here: object = self.data
        for key in path:
            here = _step(here, key)
        return here

    def overlay(self, value: Mapping[str, object], origin: Origin, *, paths_from: int | None = None) -> Document:
        """A document with ``value`` laid over this one.

        Tables are merged into tables; a distribution (a table with ``dist``), a number, a text or a list replaces
        what was there.  In tables at least ``paths_from`` levels deep, keys with dots, such as
        ``"risks.ip_leak.probability"``, are paths.  A key such as ``tiers[0]`` is an item of the list ``tiers`` where
        there is one; elsewhere it stays a key of its own, which :func:`stray_items` finds.
        """
        levels = paths_from if paths_from is not None else _NEVER
        data, merged = _overlay(self.data, self.origin, dict(value), origin, levels)
        assert isinstance(data, dict)
        return Document(data, merged)

    def path_of(self, key: str, below: Path = ()) -> Path:
        """The path that a dotted key means, relative to ``below``; ``values[2]`` is an item of a list.

        Where a name itself holds dots, as the paths of a strategy do, the data decide.
        """
        here = self.value(below)
        steps = [_Step(*found.groups()) for found in _STEP.finditer(key)]
        path = below
        while steps:
            taken, step = 1, steps[0].key
            if isinstance(here, dict) and isinstance(step, str):
                whole = (".".join(str(part.key) for part in steps[:n]) for n in range(1, len(steps) + 1))
                taken, step = next(((n, name) for n, name in enumerate(whole, 1) if name in here), (1, step))
            elif isinstance(here, list) and isinstance(step, str) and step.isdecimal():
                step = int(step)
            here = _step(here, step)
            path += (step,)
            steps = steps[taken:]
        return path


class _Step:
    """One step of a dotted key: a quoted name, the index of a list, or a bare name."""

    def __init__(self, quoted: str | None, index: str | None, bare: str | None):
        self.key: str | int = json.loads(quoted) if quoted else int(index) if index else (bare or "")


def _step(here: object, key: str | int) -> object:
    if isinstance(here, dict):
        return here.get(key)
    if isinstance(here, list) and isinstance(key, int) and key < len(here):
        return here[key]
    return None


def _overlay(old: object, old_origin: Origin, new: object, origin: Origin, levels: int) -> tuple[object, Origin]:
    if not isinstance(new, dict) or "dist" in new or not (old is None or isinstance(old, dict)):
        return new, origin
    data: dict[str, object] = dict(old or {})
    children = dict(old_origin.children) if old is not None else {}
    for key, value in new.items():
        item, item_origin = value, origin.child(key)
        first, *rest = path_parts(key) if levels <= 0 else [key]
        for part in reversed(rest):
            item = {part: item}
            item_origin = Origin(origin.source, item_origin.path, {part: item_origin})
        place = _item_of(data, first)
        if place is not None:
            name, index = place
            before = children.get(name) or old_origin.child(name)
            data[name], children[name] = _with_item(data[name], before, index, (item, item_origin), levels - 1)
            continue
        below = children.get(first) or old_origin.child(first)
        data[first], children[first] = _overlay(data.get(first), below, item, item_origin, levels - 1)
    merged = old_origin if old is not None else origin
    return data, Origin(merged.source, merged.path, children)


def _item_of(data: Mapping[str, object], key: str) -> tuple[str, int] | None:
    """The list and the index that a key such as ``tiers[0]`` means among ``data``; None where it is a plain key."""
    found = _ITEM.fullmatch(key)
    if found is None or key in data:
        return None
    listed, index = data.get(found["list"]), int(found["index"])
    return (found["list"], index) if isinstance(listed, list) and index < len(listed) else None


def _with_item(
    old: object, old_origin: Origin, index: int, new: tuple[object, Origin], levels: int
) -> tuple[list[object], Origin]:
    """A list with something laid over one of its items."""
    assert isinstance(old, list)
    item, origin = _overlay(old[index], old_origin.child(index), *new, levels)
    children = {**old_origin.children, index: origin}
    return [*old[:index], item, *old[index + 1 :]], Origin(old_origin.source, old_origin.path, children)


def list_named(key: str) -> str:
    """The name of the list in a key such as ``correlations[0]``; any other key itself."""
    found = _ITEM.fullmatch(key)
    return found["list"] if found is not None else key


def stray_items(data: object, path: Path = ()) -> Iterator[tuple[Path, str, int | None]]:
    """Keys such as ``tiers[2]`` that are items of no list: where, the name of the list, how many items it has."""
    table: Mapping[str, object] = data if isinstance(data, Mapping) else {}
    for key, item in table.items():
        found = _ITEM.fullmatch(key)
        if found is not None:
            listed = table.get(found["list"])
            yield (*path, key), found["list"], len(listed) if isinstance(listed, list) else None
        else:
            yield from stray_items(item, (*path, key))


def path_parts(key: str) -> list[str]:
    """The parts of a dotted path; the level of a percentile such as ``p99.9`` stays whole."""
    return _PARTS.findall(key) or [key]


def key_text(path: Path) -> str:
    """A path as a dotted key for messages: ``correlations[0].between``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def to_toml(data: Mapping[str, object]) -> str:
    """Data as TOML text that reads back equal: one line for each value, a header for each table of the top."""
    lines = [f"{_key(key)} = {_value(item)}" for key, item in data.items() if not isinstance(item, dict)]
    for key, item in data.items():
        if isinstance(item, dict):
            lines += ["", f"[{_key(key)}]"] + [f"{_key(name)} = {_value(value)}" for name, value in item.items()]
    return "\n".join(lines).strip("\n") + "\n"


def value_text(value: object) -> str:
    """A value as TOML on one line."""
    return _value(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case dict():
            return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case Integral():  # NumPy's numbers too, as a sweep in Python passes them
            return repr(int(value))
        case Real():
            return repr(float(value))
    return str(value)  # dates and times, which no scenario keeps
