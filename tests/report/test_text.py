from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.report.numbers import Estimate
from simengine.report.text import Column, Style, printable, table, text_width, wrap

WORDS = st.text(alphabet="ab智能 =-\t", max_size=80)


@settings(max_examples=50)
@given(WORDS, st.integers(8, 40))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    lines = wrap(text, width)
    assert all(text_width(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())


def test_wide_characters_take_two_columns():
    assert text_width("智能a") == 5
    lines = table([Column("name"), Column("n", "right")], [["智能", "1"], ["abcd", "22"]], Style(width=40))
    assert {text_width(line) for line in lines[1:]} == {8}


def test_a_flexible_column_gives_way():
    columns = [Column("name"), Column("source", flexible=True)]
    rows = [["V", "a long explanation of where the number comes from, which does not fit"]]
    for width in (30, 50):
        lines = table(columns, rows, Style(width=width))
        assert max(map(text_width, lines)) <= width
        assert len(lines) > 3


def test_values_and_errors_stand_below_each_other():
    rows = [["mean", Estimate("1,535.9", "8.7")], ["share", Estimate("2.40", "0.15 %")], ["exact", Estimate("684")]]
    lines = table([Column(""), Column("licence", "right")], rows, Style(width=60))
    assert lines[2].index("±") == lines[3].index("±")
    assert lines[4].rstrip().endswith("684")
    assert lines[4].index("684") + 3 == lines[2].index(" ±")


def test_without_unicode_and_without_colour():
    rows = [["mean", Estimate("1", "2")]]
    text = "\n".join(table([Column(""), Column("a")], rows, Style(width=60, unicode=False)))
    assert text.isascii()
    assert "+/-" in text
    coloured = "\n".join(table([Column(""), Column("a")], rows, Style(width=60, color=True)))
    assert "\x1b[" in coloured
    assert "\x1b" not in text


def test_a_title_cannot_steer_the_terminal():
    assert "\x1b" not in printable("\x1b[2J\x07title\u202e")
    assert printable("a\nb") == "a b"
    lines = table([Column("a")], [["\x1b[31mred"]], Style(width=40))
    assert all("\x1b" not in line for line in lines)
