"""Numbers in the bytes of a worksheet: what is written where, and what stays."""

from __future__ import annotations

import re

import pytest

from simengine.report.template.package import Broken, parse, tag_end
from simengine.report.template.sheet import read_sheet, with_numbers

CELL = b'<c r="B2"><v>1.5</v></c>'
PREFIXED = b'<x:c r="B2"><x:v>1.5</x:v></x:c>'
CASES = [
    ("<sheetData/>", '<sheetData><row r="2">CELL</row></sheetData>'),
    ("<x:sheetData ></x:sheetData>", '<x:sheetData ><x:row r="2">PREFIXED</x:row></x:sheetData>'),
    ("<sheetData><row/><row ht='3' /></sheetData>", "<sheetData><row/><row ht='3'>CELL</row></sheetData>"),
    (
        "<sheetData><row><c/></row><row><c/><c t='s' s='4'><v>0</v></c><c/></row></sheetData>",
        '<sheetData><row><c/></row><row><c/><c s="4"><v>1.5</v></c><c/></row></sheetData>',
    ),
    (
        '<sheetData><row r="2"><c r="A2"/><c r="C2"/></row><row r="9"/></sheetData>',
        '<sheetData><row r="2"><c r="A2"/>CELL<c r="C2"/></row><row r="9"/></sheetData>',
    ),
    (
        '<sheetData><row r="1"/><row r="9"/></sheetData>',
        '<sheetData><row r="1"/><row r="2">CELL</row><row r="9"/></sheetData>',
    ),
    (
        '<sheetData><row r="2" n="a>b"><c r="B2" x=\'"/>\'/></row></sheetData>',
        '<sheetData><row r="2" n="a>b"><c r="B2" x=\'"/&gt;\'><v>1.5</v></c></row></sheetData>',
    ),
    (
        '<cols><col min="2" max="3" style="7"/></cols><sheetData/>',
        '<cols><col min="2" max="3" style="7"/></cols>'
        '<sheetData><row r="2"><c r="B2" s="7"><v>1.5</v></c></row></sheetData>',
    ),
    (
        '<sheetData><row r="2" s="3" customFormat="1"/></sheetData>',
        '<sheetData><row r="2" s="3" customFormat="1"><c r="B2" s="3"><v>1.5</v></c></row></sheetData>',
    ),
    (
        '<sheetData><row r="3"><c r="B3" t="str"><f>A1</f><v>x</v></c><c t="e"><f/><v/></c></row></sheetData>',
        '<sheetData><row r="2">CELL</row><row r="3"><c r="B3"><f>A1</f></c><c><f/></c></row></sheetData>',
    ),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_a_number_takes_its_place_and_nothing_else_moves(before, after):
    one, other = (
        f"<w>\r\n<!-- kept -->{text}<last a='1'/></w>".encode().replace(b"CELL", CELL).replace(b"PREFIXED", PREFIXED)
        for text in (before, after)
    )
    assert with_numbers(read_sheet(one, "sheet", frozenset({2})), {(2, 2): 1.5}) == other


def test_several_numbers_in_one_row_and_between_rows():
    before = b"<w><sheetData><row r='2'><c r='B2'/><c r='E2'/></row></sheetData></w>"
    numbers = {(2, 1): 1.0, (2, 3): 2.0, (2, 4): 3.0, (2, 9): 4.0, (1, 1): 5.0, (7, 2): 6.0, (7, 1): 7.0}
    found = with_numbers(read_sheet(before, "sheet", frozenset({1, 2, 7})), numbers).decode()
    places = re.findall(r"""r=['"]([A-Z]*[0-9]+)['"]""", found)
    assert places == ["1", "A1", "2", "A2", "B2", "C2", "D2", "E2", "I2", "7", "A7", "B7"]


def test_tags_end_where_they_end():
    assert tag_end(b"""<a b=">" c='>"'/>rest""", 0) == 17
    with pytest.raises(Broken):
        tag_end(b"<a b='>", 0)
    with pytest.raises(Broken, match="not well-formed"):
        parse(b"<a></b>", "x", lambda *_: None)
