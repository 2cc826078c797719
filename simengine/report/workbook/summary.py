"""The sheet Summary: one screen, one page. What to do, the key figures with their errors, and the curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simengine.report.comparison_rows import of_strategy
from simengine.report.comparison_verdict import verdict_of
from simengine.report.descriptions import draws_in_words
from simengine.report.key_figures import is_event
from simengine.report.numbers import estimate, level, share, significant
from simengine.report.statistics import Statistic, statistics_of
from simengine.report.text import Style, printable
from simengine.report.workbook.charts import density_chart, exceedance_chart
from simengine.report.workbook.curves import OutcomeCurves, outcome_label
from simengine.report.workbook.outcomes import NOTES
from simengine.report.workbook.pages import page_setup, place_charts
from simengine.report.workbook.studies import trials_line
from simengine.report.workbook.style import (
    Formats,
    cell_text,
    number_shape,
    one_line,
    row_height,
    shown_width,
    statistic_shapes,
    with_unit,
    write_number,
)
from simengine.report.years_table import central_levels
from simengine.results.dossier import Dossier
from simengine.results.record import Record

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

SHEET = "Summary"
_NAME, _TITLE, _VALUE, _ERROR = 24.0, 38.0, 20.0, 10.0
_PAIRS = 5
"""Pairs of columns, of a value and its error, beside the names of the strategies."""
_WIDTH = _NAME + _TITLE + _PAIRS * (_VALUE + _ERROR)
_DIGITS, _MOST_CHARACTERS = 6, 8
"""Digits of a number that is known better than anybody reads it, and how long it may be before it is cut to them."""
_CHART_HEIGHT, _ZOOM = 330, 85
_MOST_SENTENCES = 9
_MOST_OTHERS = 5
"""Other outcomes of which the means are shown."""
_CONSEQUENCES = "Numbers behind each sentence are on the sheet Compare"


@dataclass(frozen=True)
class _Figure:
    """One key figure: what stands above its two columns, and its value in each strategy that has it."""

    heading: str
    cells: dict[int, tuple[float, float | None, str, str]]
    """By place of the strategy: value, standard error, and the number formats of both."""
    unit: str = ""

    def shape(self, strategy: int) -> str:
        """The number format of a value: with the unit, where all values of the column have room for it."""
        shapes = {s: with_unit(shape, self.unit) for s, (_, _, shape, _) in self.cells.items()}
        wide = any(shown_width(self.cells[s][0], shape) >= _VALUE for s, shape in shapes.items())
        return self.cells[strategy][2] if wide else shapes[strategy]


def write_summary(book: Workbook, dossier: Dossier, curves: Sequence[OutcomeCurves], formats: Formats) -> None:
    """The verdict in words, key figures of the first outcome by strategy, and its curves."""
    record = dossier.record
    sheet = book.add_worksheet(SHEET)
    page_setup(sheet, landscape=True)
    sheet.fit_to_pages(1, 1)
    sheet.hide_gridlines(2)
    sheet.set_zoom(_ZOOM)
    for column, width in enumerate((_NAME, _TITLE, *(_VALUE, _ERROR) * _PAIRS)):
        sheet.set_column(column, column, width)
    row = _write_verdict(sheet, dossier, _write_title(sheet, record, formats), formats)
    if record.outputs:
        output = leading_output(dossier)
        row = _write_figures(sheet, record, output, _figures(dossier, output), row, formats)
        others = [o for o in range(len(record.outputs)) if o != output][:_MOST_OTHERS]
        if others:
            row = _write_others(sheet, record, others, row, formats)
        drawn = next((one for one in curves if one.output == output), None)
        if drawn:
            row = _write_charts(book, sheet, record, drawn, row)
    for line in NOTES:
        sheet.write_string(row, 0, line, formats.note)
        row += 1


def leading_output(dossier: Dossier) -> int:
    """The outcome that the summary is about: the first one compared, or the first one of the result."""
    names = dossier.record.outputs
    compared = dossier.comparison.outputs if dossier.comparison is not None else ()
    return next((names.index(name) for name in compared if name in names), 0)


def _write_title(sheet: Worksheet, record: Record, formats: Formats) -> int:
    title = printable(record.text("title") or record.text("scenario"))
    sheet.set_row(0, 24.0)
    sheet.write_string(0, 0, one_line(title, _WIDTH / 1.9), formats.title)
    drawn = draws_in_words(record.text("sampler"))
    run = f"{record.integer('trials'):,} trials, seed {record.integer('seed')}, {drawn}"
    sheet.write_string(1, 0, run, formats.note)
    return 3


def _write_verdict(sheet: Worksheet, dossier: Dossier, row: int, formats: Formats) -> int:
    sentences = _sentences(dossier)
    if not sentences:
        return row
    sheet.set_row(row, 20.0)
    sheet.write_string(row, 0, "Verdict", formats.heading)
    for k, sentence in enumerate(sentences, row + 1):
        looks = formats.verdict if k == row + 1 else formats.sentence
        text = cell_text(f"•  {printable(sentence)}")
        sheet.merge_range(k, 0, k, 2 * _PAIRS + 1, "", looks)
        sheet.write_string(k, 0, text, looks)
        sheet.set_row(k, row_height([(text, _WIDTH)]))
    row += len(sentences) + 1
    if dossier.comparison is not None:
        trials = dossier.comparison.integer("trials")
        sheet.write_string(row, 0, trials_line("The verdict rests on", trials, dossier), formats.note)
        row += 1
    return row + 1


def _sentences(dossier: Dossier) -> list[str]:
    """What the comparison says of its first outcome; without one what the result says of its own."""
    if dossier.comparison is None:
        return _alone(dossier.record)
    verdict = verdict_of(dossier.comparison, 0, Style())
    found = [*verdict.leading, *verdict.against_baseline]
    room = max(_MOST_SENTENCES - len(found), 0)
    dominance = list(verdict.dominance)
    if len(dominance) > room:
        found += dominance[: max(room - 1, 0)]
        return [*found, f"{_CONSEQUENCES}, and {len(dominance) - max(room - 1, 0)} more on dominance."]
    return found + dominance


def _alone(record: Record) -> list[str]:
    """A sentence on the first outcome of each strategy: its mean, where it mostly lies, and how likely a loss is."""
    if not record.outputs:
        return []
    name, unit = record.outputs[0], str(record["unit"][0])
    behind, levels = f" {unit}" if unit not in ("", "1") else "", record["quantile"].tolist()
    found = []
    for s in [s for s in range(len(record.strategies)) if record["reported"][s, 0]][:_MOST_SENTENCES]:
        mean = estimate(float(record["mean"][s, 0]), float(record["mean_se"][s, 0])).text()
        loss = share(float(record["prob_loss"][s, 0]), float(record["prob_loss_se"][s, 0])).text()
        low, high = (
            estimate(float(record["quantiles"][s, 0, k]), float(record["quantiles_se"][s, 0, k])).value for k in (0, -1)
        )
        span = f"{level(levels[-1] - levels[0])} % of trials lie between {low} and {high}{behind}; "
        below = f"{name} is below 0 in {loss} %."
        found.append(
            f"{record.strategies[s]}: the mean of {name} is {mean}{behind}; {span if len(levels) > 1 else ''}{below}"
        )
    return found


def _figures(dossier: Dossier, output: int) -> list[_Figure]:
    """Mean, the central percentiles, and what decides: being the best of all where strategies are compared, or loss."""
    record = dossier.record
    unit, levels = str(record["unit"][output]), record["quantile"].tolist()
    wanted = {"mean": "Mean", **{f"p{level(levels[k])}": f"P{level(levels[k])}" for k in central_levels(levels)}}
    name = f"P({record.outputs[output]} < 0)"
    best = _best(dossier, output)
    last = {} if best.cells else {"prob_loss": name}
    found = [_Figure(heading, {}, unit) for heading in wanted.values()]
    found += [_Figure(heading, {}) for heading in last.values()]
    for s in _members(record, output):
        entries = {entry.key: entry for entry in statistics_of(record, s, output)}
        for figure, key in zip(found, (*wanted, *last), strict=True):
            figure.cells[s] = _cell(entries[key])
    return [*found, *([best] if best.cells else [])][:_PAIRS]


def _best(dossier: Dossier, output: int) -> _Figure:
    figure, compared, record = _Figure("Best of all", {}), dossier.comparison, dossier.record
    if compared is None or record.outputs[output] not in compared.outputs:
        return figure
    place = compared.outputs.index(record.outputs[output])
    for s in _members(record, output):
        if record.strategies[s] in compared.strategies:
            k = compared.strategies.index(record.strategies[s])
            found = next(number for number in of_strategy(compared, k, place) if number.key == "prob_best")
            value, error = (number_shape(text, percent=True) for text in (found.estimate.value, found.estimate.error))
            figure.cells[s] = (found.value, found.se, value, error)
    return figure


def _members(record: Record, output: int) -> list[int]:
    return [s for s in range(len(record.strategies)) if record["reported"][s, output]]


def _cell(entry: Statistic) -> tuple[float, float | None, str, str]:
    value, error = statistic_shapes(entry)
    if not entry.share and shown_width(entry.value, value) > _MOST_CHARACTERS:
        value = number_shape(significant(entry.value, _DIGITS))
    return entry.value, entry.se, value, error


def _write_figures(
    sheet: Worksheet, record: Record, output: int, figures: Sequence[_Figure], row: int, formats: Formats
) -> int:
    """A row for each strategy, and for each figure a value with its standard error beside it."""
    title = str(record["output_title"][output])
    label = outcome_label(record, output)
    sheet.set_row(row, 20.0)
    sheet.write_string(row, 0, one_line(f"{label}: {title}" if title else label, _WIDTH / 1.3), formats.heading)
    heads = [figure.heading for figure in figures]
    return _write_grid(sheet, record, _members(record, output), (heads, figures), row + 1, formats)


def _write_others(sheet: Worksheet, record: Record, outputs: Sequence[int], row: int, formats: Formats) -> int:
    """The means of the other outcomes, those that are 0 or 1 as probabilities."""
    figures = []
    for o in outputs:
        event, unit = is_event(record, o), str(record["unit"][o])
        name = record.outputs[o]
        figure = _Figure(f"P({name})", {}) if event else _Figure(f"Mean of {name}", {}, unit)
        for s in _members(record, o):
            mean = statistics_of(record, s, o)[0]
            shown = Statistic(mean.key, mean.label, mean.value, mean.se, mean.group, share=event)
            figure.cells[s] = _cell(shown)
        figures.append(figure)
    members = [s for s in range(len(record.strategies)) if any(s in figure.cells for figure in figures)]
    heads = [figure.heading for figure in figures]
    return _write_grid(sheet, record, members, (heads, figures), row, formats)


def _write_grid(
    sheet: Worksheet,
    record: Record,
    members: Sequence[int],
    shown: tuple[Sequence[str], Sequence[_Figure]],
    row: int,
    formats: Formats,
) -> int:
    heads, figures = shown
    sheet.write_string(row, 0, "Strategy", formats.header)
    sheet.write_string(row, 1, "", formats.header)
    sheet.set_row(row, row_height((head, _VALUE) for head in heads))
    for k, head in enumerate(heads):
        sheet.write_string(row, 2 + 2 * k, cell_text(head), formats.header_right)
        sheet.write_string(row, 3 + 2 * k, "± s.e.", formats.header_right)
    for line, s in enumerate(members, row + 1):
        name, title = record.strategies[s], printable(str(record["strategy_title"][s]))
        height = row_height([(name, _NAME), (title, _TITLE)])
        sheet.set_row(line, height)
        sheet.write_string(line, 0, cell_text(name), formats.strong)
        sheet.write_string(line, 1, cell_text(title), formats.middle)
        for k, figure in enumerate(figures):
            if s in figure.cells:
                value, se, _, error = figure.cells[s]
                write_number(sheet, line, 2 + 2 * k, value, formats.number(figure.shape(s)))
                known = se if se is None or math.isfinite(se) else math.nan
                write_number(sheet, line, 3 + 2 * k, known, formats.error(error))
    return row + len(members) + 2


def _write_charts(book: Workbook, sheet: Worksheet, record: Record, curves: OutcomeCurves, row: int) -> int:
    """Density, where it shows something, and exceedance, side by side over the width of the screen."""
    name = record.outputs[curves.output]
    charts = [(exceedance_chart(book, record, curves), f"Probability of more than each {name}, by strategy")]
    if curves.shares.size:
        charts.insert(0, (density_chart(book, record, curves), f"Share of trials by {name}, by strategy"))
    pixels = int(0.98 * (7 * _WIDTH + 5 * (2 + 2 * _PAIRS)))  # columns may turn out narrower, and charts are cut there
    size = ((pixels - 10) // len(charts), _CHART_HEIGHT)
    return place_charts(sheet, charts, row, size, len(charts))
