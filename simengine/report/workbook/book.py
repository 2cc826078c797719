"""Results as an Excel workbook: a summary a manager can read, and everything behind it.

Numbers are written as numbers and texts as texts: nothing that a scenario says can become a formula or a link.
The only formulas are those of the sheet Calculator, which hold no text of a scenario.  The same dossier gives the same
bytes.
"""

from __future__ import annotations

import datetime
import io
from typing import TYPE_CHECKING

from simengine.report.workbook.calculator import write_calculator
from simengine.report.workbook.compare import write_compare
from simengine.report.workbook.curves import outcome_curves, write_curves
from simengine.report.workbook.drivers import write_drivers
from simengine.report.workbook.inputs import write_formulas, write_inputs
from simengine.report.workbook.names import CellNames
from simengine.report.workbook.outcomes import write_outcomes
from simengine.report.workbook.pages import sheet_setup
from simengine.report.workbook.percentiles import write_percentiles, write_statistics
from simengine.report.workbook.provenance import write_provenance
from simengine.report.workbook.risks import write_measures, write_risks
from simengine.report.workbook.studies import trials_line
from simengine.report.workbook.style import CODE_DENSITY, FONT, Formats, cell_text, row_height
from simengine.report.workbook.summary import write_summary
from simengine.report.workbook.year_charts import write_year_charts, write_year_curves
from simengine.report.workbook.years import write_years
from simengine.results.dossier import Dossier
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
}
_FIXED_DATE = datetime.datetime(2020, 1, 1)
_LINES_OF_SCENARIO = 20_000
_CODE_WIDTH = 130.0


def workbook_bytes(dossier: Dossier) -> bytes:
    """The workbook: Summary, then everything behind it, a subject a sheet.

    Sheets in order: Summary, Percentiles, Statistics, Calculator, Outcomes, Compare, Years, Year charts, Drivers,
    Tornado, Risks, Measures, Inputs, Formulas, Provenance, Scenario, and the numbers behind the charts: Curves, Year
    curves.  A sheet that would say nothing is left out: those of parts that the dossier has not, those by year where no
    outcome is reported period by period, Formulas where there are none, curves where nothing can be drawn.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {**_OPTIONS, "default_format_properties": dict(FONT)}) as book:
        record = dossier.record
        title = record.text("title") or record.text("scenario")
        book.set_properties({"title": cell_text(title), "created": _FIXED_DATE})
        _write_sheets(book, dossier, Formats(book))
    return buffer.getvalue()


def _write_sheets(book: Workbook, dossier: Dossier, formats: Formats) -> None:
    """All sheets in order, and the names of their cells."""
    record, names = dossier.record, CellNames(dossier.record)
    curves = outcome_curves(record)
    write_summary(book, dossier, curves, formats)
    if record.outputs:
        write_percentiles(book, record, names, formats)
        write_statistics(book, record, names, formats)
        write_calculator(book, record, curves, names, formats)
        write_outcomes(book, record, curves, formats)
    if dossier.comparison is not None:
        trials = dossier.comparison.integer("trials")
        write_compare(book, dossier.comparison, trials_line("The comparison rests on", trials, dossier), formats)
    write_years(book, record, names, formats)
    fans = write_year_charts(book, record, formats)
    if dossier.drivers is not None:
        trials = dossier.drivers.integer("trials")
        write_drivers(book, dossier.drivers, trials_line("The drivers rest on", trials, dossier), formats)
    if dossier.register is not None:
        note = trials_line("Risks and measures rest on", int(dossier.register["trials"]), dossier)
        write_risks(book, dossier.register, note, formats)
        write_measures(book, dossier.register, note, formats)
    write_inputs(book, record, formats)
    write_formulas(book, record, formats)
    write_provenance(book, dossier, formats)
    _write_scenario(book, record, formats)
    write_curves(book, record, curves, formats)
    write_year_curves(book, record, fans, formats)
    names.define(book)


def _write_scenario(book: Workbook, record: Record, formats: Formats) -> None:
    sheet = book.add_worksheet("Scenario")
    sheet_setup(sheet, [_CODE_WIDTH], landscape=True)
    for row, line in enumerate(record.text("scenario_text").splitlines()[:_LINES_OF_SCENARIO]):
        text = cell_text(line.expandtabs(4))
        sheet.set_row(row, row_height([(text, _CODE_WIDTH)], CODE_DENSITY))
        sheet.write_string(row, 0, text, formats.code)
