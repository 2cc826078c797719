"""Workbooks for tests, read by other code than that which wrote them."""

from __future__ import annotations

import html
import io
import re
import zipfile

from python_calamine import CalamineWorkbook


def names_of(content: bytes) -> dict[str, str]:
    """Names of cells and where they stand, as the file has them: without those that print headers."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read("xl/workbook.xml").decode()
    found = re.findall(r'<definedName name="([^"]*)"[^>]*>([^<]*)<', text)
    return {name: html.unescape(place) for name, place in found if not name.startswith("_xlnm")}


def named_cells(content: bytes) -> dict[str, object]:
    """What stands in the cells that have names; a name of several cells is left out."""
    book, rows = CalamineWorkbook.from_filelike(io.BytesIO(content)), {}
    found = {}
    for name, place in names_of(content).items():
        where = re.fullmatch(r"'?([^'!]+)'?!\$([A-Z])\$(\d+)", place)
        if where is not None:
            sheet, column, row = where.groups()
            if sheet not in rows:
                rows[sheet] = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            found[name] = rows[sheet][int(row) - 1][ord(column) - ord("A")]
    return found
