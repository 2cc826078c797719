"""Results as an Excel workbook: a summary a manager can read, and everything behind it.

Numbers are written as numbers and texts as texts: nothing that a scenario says can become a formula or a link.
The same result gives the same bytes.
"""

from __future__ import annotations

import datetime
import io
from typing import TYPE_CHECKING

from simengine.report.workbook_curves import outcome_curves, write_curves
from simengine.report.workbook_provenance import write_provenance
from simengine.report.workbook_style import CODE_DENSITY, FONT, Formats, cell_text, row_height, sheet_setup
from simengine.report.workbook_summary import write_summary
from simengine.report.workbook_tables import write_formulas, write_inputs, write_percentiles
from simengine.report.workbook_years import write_year_curves, write_years
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "use_future_functions": True,
    "remove_timezone": True,
    "default_format_properties": FONT,
}
_FIXED_DATE = datetime.datetime(2020, 1, 1)
_LINES_OF_SCENARIO = 20_000
_CODE_WIDTH = 130.0


def workbook_bytes(record: Record) -> bytes:
    """The workbook: sheets Summary, Percentiles, Years, Inputs, Formulas, Provenance, Scenario and Curves.

    Years (and Year curves, the numbers behind its charts) is left out when no outcome is reported period by period,
    Formulas when there are none, Curves (the numbers behind the charts) when nothing can be drawn.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        title = record.text("title") or record.text("scenario")
        book.set_properties({"title": cell_text(title), "created": _FIXED_DATE})
        formats = Formats(book)
        curves = outcome_curves(record)
        write_summary(book, record, curves, formats)
        write_percentiles(book, record, formats)
        fans = write_years(book, record, formats)
        write_inputs(book, record, formats)
        write_formulas(book, record, formats)
        write_provenance(book, record, formats)
        _write_scenario(book, record, formats)
        write_curves(book, record, curves, formats)
        write_year_curves(book, record, fans, formats)
    return buffer.getvalue()


def _write_scenario(book: Workbook, record: Record, formats: Formats) -> None:
    sheet = book.add_worksheet("Scenario")
    sheet_setup(sheet, [_CODE_WIDTH], landscape=True)
    for row, line in enumerate(record.text("scenario_text").splitlines()[:_LINES_OF_SCENARIO]):
        text = cell_text(line.expandtabs(4))
        sheet.set_row(row, row_height([(text, _CODE_WIDTH)], CODE_DENSITY))
        sheet.write_string(row, 0, text, formats.code)
