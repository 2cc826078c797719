"""Numbers in the bytes of a worksheet: what is written where, and what stays."""

from __future__ import annotations

import gc
import re

import pytest

from simengine.report.template import sheet as sheets
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


def test_rows_in_any_order_find_their_places():
    before = b"<w><sheetData><row r='9'/><row r='7'/><row r='3'/><row r='5'/></sheetData></w>"
    found = with_numbers(read_sheet(before, "sheet", frozenset({1, 4, 6, 12})), {(k, 1): 1.0 for k in (1, 4, 6, 12)})
    assert re.findall(rb"<row r=['\"]([0-9]+)", found) == [b"9", b"6", b"7", b"1", b"3", b"4", b"5", b"12"]


def test_a_million_rows_take_no_more_memory_than_a_few():
    rows = b"<row/>" * 999_998
    sheet = b"<w><sheetData>" + rows + b'<row><c t="str"><f>A1</f><v>x</v></c></row><row/></sheetData></w>'
    gc.collect()
    before = len(gc.get_objects())
    found = read_sheet(sheet, "sheet", frozenset({3, 7, 1_000_000, 1_000_005}))
    gc.collect()
    assert len(gc.get_objects()) - before < 100
    assert len(found.rows) == 3 and len(found.begins) <= 8 and len(found.computed) == 3
    new = with_numbers(found, {(3, 2): 1.5, (1_000_005, 1): 2.5})
    assert new.count(b"<row/>") == 999_998
    assert new.startswith(b'<w><sheetData><row/><row/><row><c r="B3"><v>1.5</v></c></row><row/>')
    assert new.endswith(
        b'<row><c><f>A1</f></c></row><row/><row r="1000005"><c r="A1000005"><v>2.5</v></c></row></sheetData></w>'
    )


@pytest.mark.parametrize(
    ("bound", "text", "what"),
    [
        ("_MOST_ROWS", "<sheetData>" + "<row/>" * 9 + "</sheetData>", "rows"),
        ("_MOST_COLUMNS", "<sheetData><row>" + "<c/>" * 9 + "</row></sheetData>", "columns"),
        ("_MOST_FORMULAS", "<sheetData><row>" + "<c><f>1</f><v>1</v></c>" * 9 + "</row></sheetData>", "formulas"),
        ("_MOST_AREAS", "<sheetData/><mergeCells>" + '<mergeCell ref="A1:B1"/>' * 9 + "</mergeCells>", "merged cells"),
        ("_MOST_AREAS", "<cols>" + "<col/>" * 9 + "</cols><sheetData/>", "merged cells"),
    ],
)
def test_what_no_worksheet_has_is_refused(monkeypatch, bound, text, what):
    monkeypatch.setattr(sheets, bound, 9)
    content = f"<w>{text}</w>".encode()
    read_sheet(content, "sheet", frozenset({1}))
    monkeypatch.setattr(sheets, bound, 8)
    with pytest.raises(Broken, match=f"more than 8 {what}"):
        read_sheet(content, "sheet", frozenset({1}))
