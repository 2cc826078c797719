"""Line and column of keys, values and characters inside texts."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.scenario.document import to_toml
from simengine.scenario.positions import Positions

TEXT = """# a comment
a.b."c d" = "x" # dotted
'lit' = [1, # first
  {q = 2, "w.x" = 'v'}]
[t . "x y"]
v = 1
[[rows]]
z = 1
[rows.sub]
k = 2
[[rows]]
"中 文" = 3.5
  e = { "é" = 1, b = 5 }
[rows.sub]
k = 3
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("a",), (2, 1), (2, 1)),
        (("a", "b", "c d"), (2, 1), (2, 13)),
        (("lit",), (3, 1), (3, 9)),
        (("lit", 0), (3, 10), (3, 10)),
        (("lit", 1), (4, 3), (4, 3)),
        (("lit", 1, "q"), (4, 4), (4, 8)),
        (("lit", 1, "w.x"), (4, 11), (4, 19)),
        (("t",), (5, 2), (5, 2)),
        (("t", "x y", "v"), (6, 1), (6, 5)),
        (("rows", 0, "z"), (8, 1), (8, 5)),
        (("rows", 0, "sub", "k"), (10, 1), (10, 5)),
        (("rows", 1), (11, 3), (11, 3)),
        (("rows", 1, "中 文"), (12, 1), (12, 9)),
        (("rows", 1, "e", "é"), (13, 9), (13, 15)),
        (("rows", 1, "e", "b"), (13, 18), (13, 22)),
        (("rows", 1, "sub", "k"), (15, 1), (15, 5)),
    ],
)
def test_known_places(path: tuple[str | int, ...], key: tuple[int, int], value: tuple[int, int]) -> None:
    positions = Positions(TEXT)
    found_key, found_value = positions.key(path), positions.value(path)
    assert found_key is not None and (found_key.line, found_key.column) == key
    assert found_value is not None and (found_value.line, found_value.column) == value


def test_what_is_not_there_is_placed_at_the_table_around_it() -> None:
    positions = Positions(TEXT)
    assert positions.key(("t", "x y", "w")) is None
    assert positions.value(("nowhere",)) is None
    assert positions.nearest(("t", "x y", "w", "deep")).line == 5
    assert positions.nearest(("rows", 1, "sub", "absent")).line == 14
    assert positions.nearest(("nowhere",)).line == 1


@pytest.mark.parametrize(
    ("literal", "places"),
    [
        ('"abc"', {0: (1, 6), 2: (1, 8), 3: (1, 9)}),
        ("'a\\b'", {0: (1, 6), 1: (1, 7), 2: (1, 8)}),
        (r'"a\"b"', {1: (1, 7), 2: (1, 9)}),
        (r'"\u4e2db\U0001F600c"', {0: (1, 6), 1: (1, 12), 2: (1, 13), 3: (1, 23)}),
        ('"""ab\ncd"""', {0: (1, 8), 2: (1, 10), 3: (2, 1), 4: (2, 2)}),
        ('"""\nab\ncd"""', {0: (2, 1), 3: (3, 1)}),
        ('"""\r\nab\r\ncd"""', {0: (2, 1), 3: (3, 1)}),
        ("'''\nab\ncd'''", {0: (2, 1), 4: (3, 2)}),
        ('"""ab\\\n   cd"""', {1: (1, 9), 2: (2, 4), 3: (2, 5)}),
        ('"中文+x"', {2: (1, 8), 3: (1, 9)}),
    ],
)
def test_characters_inside_a_text(literal: str, places: dict[int, tuple[int, int]]) -> None:
    positions = Positions(f"v = {literal}\n")
    for offset, expected in places.items():
        place = positions.inside(("v",), offset)
        assert place is not None and (place.line, place.column) == expected, offset


letters = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.integers(-5, 5) | letters | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(letters, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(letters, values, max_size=5))
def test_every_value_of_any_document_has_a_place(data: dict[str, object]) -> None:
    text = to_toml(data)
    assert tomllib.loads(text) == data
    positions = Positions(text)
    lines = text.split("\n")

    def walk(value: object, path: tuple[str | int, ...]) -> None:
        place = positions.value(path)
        assert place is not None
        written = lines[place.line - 1][place.column - 1 :]
        if isinstance(value, bool):
            assert written.startswith("true" if value else "false")
        elif isinstance(value, int):
            assert written.startswith(str(value))
        elif isinstance(value, str):
            assert written.startswith('"')
            for offset in range(len(value)):
                inside = positions.inside(path, offset)
                assert inside is not None
                character = lines[inside.line - 1][inside.column - 1]
                assert character in (value[offset], "\\")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk(item, (*path, index))
        elif isinstance(value, dict):
            for key, item in value.items():
                walk(item, (*path, key))

    for key, value in data.items():
        walk(value, (key,))
