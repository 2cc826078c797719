"""The result of a run as Python code sees it: a dataset, and every form in which it can be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simengine.errors import InvalidInput, Problem
from simengine.report.drawn import Drawn
from simengine.report.language import words
from simengine.report.result_exports import SIPMATH, Exports
from simengine.report.studied import LAYOUTS, dossier_makers

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

    from simengine.report.csv import CsvStyle
    from simengine.report.statistics import Statistic

RESULT_FILES = ("percentiles.csv", "summary.csv", "workbook.xlsx", "report.html", "results.nc")
"""What :meth:`Result.save` writes into a folder; the last one makes the set valid."""
YEARS_FILE = "years.csv"
"""What it writes besides where outcomes are reported period by period."""


class Result(Drawn, Exports):
    """What a run found: percentiles, moments, probabilities and tail measures of every outcome and strategy.

    Get one from :func:`simengine.run` or :func:`simengine.open_result`.  Every number has a standard error.
    ``print(result)`` shows a table; ``dataset`` holds everything, with named dimensions.  ``comparison``, ``drivers``
    and ``risks`` are what was found out besides, for the workbook and the page: after a run they are computed when one
    of them, or a file that shows them, is first asked for; a stored result has those that were stored.

    Examples
    --------
    >>> result = simengine.run("deal.toml", trials=10_000_000)   # doctest: +SKIP
    >>> result.percentiles("T")                                  # doctest: +SKIP
    >>> result.to_excel("deal.xlsx")                             # doctest: +SKIP
    """

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful about the scenario, as text."""
        return tuple(self._record.document("warnings"))

    @property
    def stopping(self) -> dict[str, Any] | None:
        """What stopped the run, at which looks, and whether what was asked for holds; None where nothing was asked."""
        found: dict[str, Any] | None = self._record.document("stopping")
        return found

    def percentiles(self, output: str | None = None, strategy: str | None = None) -> pd.DataFrame:
        """Percentiles of one outcome: rows are percentile levels.

        Without ``strategy``, one column for each strategy; with it, the columns ``value`` and ``se``.
        ``output`` may be left out: then it is the first one.

        Raises
        ------
        InvalidInput
            When there is no such outcome or strategy.
        """
        import pandas as pd

        place = self._output(output)
        levels = pd.Index(self._record["quantile"], name="percentile")
        if strategy is None:
            return pd.DataFrame(self._record["quantiles"][:, place].T, index=levels, columns=list(self.strategies))
        row = self._place("strategy", strategy, self.strategies)
        columns = {"value": self._record["quantiles"][row, place], "se": self._record["quantiles_se"][row, place]}
        return pd.DataFrame(columns, index=levels)

    @property
    def yearly_outputs(self) -> tuple[str, ...]:
        """Names of the outcomes that are reported period by period."""
        return self._record.yearly_outputs

    def years(self, output: str | None = None, strategy: str | None = None) -> pd.DataFrame:
        """One outcome by period: rows are years, columns statistics and their standard errors.

        Columns are mean, mean_se, std, std_se, min, max, p5, p5_se, ... and prob_loss, prob_loss_se.  Without
        ``strategy``, rows of all strategies, with the strategy as the first level of the index.  A year is the end of
        its period, 0 the signing.  ``output`` may be left out: then it is the first one.

        Raises
        ------
        InvalidInput
            When there is no such outcome by period, or no such strategy.
        """
        import pandas as pd

        from simengine.report.statistics import statistics_of_year, yearly_places

        if not self.yearly_outputs:
            raise InvalidInput(Problem("no outcome is reported period by period", hint="name one in [outputs]"))
        name = self.yearly_outputs[0] if output is None else output
        place = self._place("yearly outcome", name, self.yearly_outputs)
        if strategy is not None:
            self._place("strategy", strategy, self.strategies)
        index: list[tuple[str, float]] = []
        rows = []
        for s, o, years in yearly_places(self._record):
            if o == place and strategy in (None, self.strategies[s]):
                index += [(self.strategies[s], float(self._record["year"][y])) for y in years]
                rows += [_columns_of(statistics_of_year(self._record, s, o, y)) for y in years]
        frame = pd.DataFrame(rows, index=pd.MultiIndex.from_tuples(index or [("", 0.0)], names=["strategy", "year"]))
        return frame if strategy is None else frame.droplevel("strategy")

    def mean(self, output: str | None = None) -> pd.DataFrame:
        """Mean of one outcome by strategy: columns ``value`` and ``se``.

        Raises
        ------
        InvalidInput
            When there is no such outcome.
        """
        return self._by_strategy("mean", output)

    def std(self, output: str | None = None) -> pd.DataFrame:
        """Standard deviation of one outcome by strategy: columns ``value`` and ``se``.

        Raises
        ------
        InvalidInput
            When there is no such outcome.
        """
        return self._by_strategy("std", output)

    def summary(self) -> pd.DataFrame:
        """All statistics, one a row: columns strategy, output, unit, statistic, value, se."""
        import pandas as pd

        from simengine.report.statistics import reported_pairs, statistics_of

        rows = [
            (self.strategies[s], self.outputs[o], str(self._record["unit"][o]), entry.key, entry.value, entry.se)
            for s, o in reported_pairs(self._record)
            for entry in statistics_of(self._record, s, o)
        ]
        frame = pd.DataFrame(rows, columns=["strategy", "output", "unit", "statistic", "value", "se"])
        return frame.astype({"value": np.float64, "se": np.float64})

    def to_json(self) -> str:
        """One JSON object, of the same shape as `simengine run --json` prints."""
        from simengine.report.json import result_json

        return result_json(self._record)

    def to_csv(
        self,
        path: str | Path,
        *,
        years: bool = False,
        wide: bool = False,
        bom: bool = False,
        decimal_comma: bool = False,
        force: bool = False,
    ) -> Path:
        """Write the percentiles as CSV: strategy, output, unit, percentile, value, se.

        With ``years`` the outcomes by period instead: strategy, output, unit, year, statistic, value, se.  With
        ``wide`` one row an outcome and strategy (and period), one column each statistic and its error.  With
        ``decimal_comma`` numbers are written as 0,5 and cells are separated by semicolons.

        Raises
        ------
        InvalidInput
            When ``years`` is given and no outcome is reported period by period.
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written.
        """
        return self.export(
            path, years=years, wide=wide, bom=bom, decimal_comma=decimal_comma, force=force, suffix=".csv"
        )

    def to_excel(self, path: str | Path, *, force: bool = False) -> Path:
        """Write a workbook: a summary on one page, all statistics as tables with named cells, formulas, charts.

        Raises
        ------
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written.
        """
        return self.export(path, force=force, suffix=".xlsx")

    def to_html(self, path: str | Path, *, lang: str = "en", force: bool = False) -> Path:
        """Write a page of one file that any browser shows, in English (``"en"``) or Chinese (``"zh"``).

        Titles and descriptions stand in it as the scenario has them, whatever the language.

        Raises
        ------
        InvalidInput
            When there is no such language.
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written.
        """
        return self.export(path, lang=lang, force=force, suffix=".html")

    def to_netcdf(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the whole result as NetCDF 4, which :func:`simengine.open_result` reads again.

        Raises
        ------
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written.
        """
        return self.export(path, force=force, suffix=".nc")

    def export(
        self,
        path: str | Path,
        *,
        years: bool = False,
        wide: bool = False,
        bom: bool = False,
        decimal_comma: bool = False,
        lang: str = "en",
        force: bool = False,
        suffix: str | None = None,
    ) -> Path:
        """Write one file, whole or not at all; its suffix says what: .csv, .json, .nc, .xlsx, .html or .sipmath.json.

        A CSV file has the percentiles of all outcomes, with ``years`` the outcomes by period, with ``wide`` one row
        an outcome; see :meth:`to_csv`.  A page is in the language ``lang``, ``"en"`` or ``"zh"``.

        Raises
        ------
        InvalidInput
            When the suffix is none of these, there is no such language, or ``years``, ``wide``, ``bom`` or
            ``decimal_comma`` is given and the file is no CSV, or ``years`` and no outcome is reported by period.
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written.
        """
        from simengine.report.csv import CsvStyle
        from simengine.results.files import write_file

        target, style = Path(path), CsvStyle(bom, decimal_comma)
        if suffix is None and target.name.lower().endswith(SIPMATH):
            self.export_sipmath(target, force=force)
            return target
        makers = content_makers(self, style, years=years, wide=wide, lang=lang)
        content = self._content(suffix or target.suffix.lower(), makers, style, years=years, wide=wide)
        write_file(target, content, force=force)
        return target

    def save(
        self,
        folder: str | Path,
        *,
        lang: str = "en",
        bom: bool = False,
        decimal_comma: bool = False,
        force: bool = False,
    ) -> tuple[Path, ...]:
        """Write results.nc, report.html, workbook.xlsx, summary.csv and percentiles.csv into a folder, all or none.

        Where outcomes are reported period by period, years.csv too; else one that an earlier result left is removed.
        The page report.html is in the language ``lang``, ``"en"`` or ``"zh"``.

        Raises
        ------
        InvalidInput
            When there is no such language.
        FileProblem
            When one of them exists and ``force`` is not given, or anything cannot be written.
        """
        from simengine.report.csv import CsvStyle, percentiles_csv, summary_csv, years_csv
        from simengine.results.files import write_folder

        words(lang)  # refused before anything is computed
        made, style = dossier_makers(self, lang), CsvStyle(bom, decimal_comma)
        contents = {
            "percentiles.csv": percentiles_csv(self._record, style),
            "summary.csv": summary_csv(self._record, style),
            YEARS_FILE: years_csv(self._record, style) if self.yearly_outputs else None,
            "workbook.xlsx": made[".xlsx"](),
            "report.html": made[".html"](),
            "results.nc": made[".nc"](),
        }
        write_folder(Path(folder), contents, force=force)
        return tuple(Path(folder) / name for name, content in contents.items() if content is not None)

    def _content(
        self, suffix: str, makers: Mapping[str, Callable[[], bytes]], style: CsvStyle, *, years: bool, wide: bool
    ) -> bytes:
        from simengine.report.csv import style_problems

        problems = []
        if suffix != ".csv":
            says = {
                "years": (years, "is a table of outcomes by period"),
                "wide": (wide, "is a table with one row an outcome"),
            }
            problems = [Problem(wrong, key, allowed=".csv") for key, (given, wrong) in says.items() if given]
            problems += style_problems(style, suffix)
        elif years and not self.yearly_outputs:
            problems = [Problem("no outcome is reported period by period", "years")]
        if problems:
            raise InvalidInput(problems)
        if suffix not in makers:
            raise InvalidInput(
                Problem(
                    f"no file of type {suffix!r} can be written" if suffix else "the name of the file has no suffix",
                    allowed=", ".join(makers),
                )
            )
        return makers[suffix]()

    def _by_strategy(self, name: str, output: str | None) -> pd.DataFrame:
        import pandas as pd

        place = self._output(output)
        columns = {"value": self._record[name][:, place], "se": self._record[f"{name}_se"][:, place]}
        return pd.DataFrame(columns, index=pd.Index(list(self.strategies), name="strategy"))

    def _output(self, output: str | None) -> int:
        if output in self.yearly_outputs and output not in self.outputs:
            hint = f"years({output!r}) has it period by period"
            raise InvalidInput(Problem(f"there is no single number {output!r}", hint=hint))
        if output is None and not self.outputs:
            raise InvalidInput(Problem("every outcome is reported period by period", hint="years() has them"))
        return 0 if output is None else self._place("outcome", output, self.outputs)

    def _place(self, what: str, name: str, known: tuple[str, ...]) -> int:
        if name not in known:
            raise InvalidInput(Problem(f"there is no {what} {name!r}", allowed=", ".join(known)))
        return known.index(name)

    def __repr__(self) -> str:
        from simengine.report.table import run_report
        from simengine.report.text import Style, printable

        missing = [f"note: {printable(note)}" for note in self.known_left_out]
        return "\n".join([run_report(self._record, Style(width=100)), *missing])

    def _repr_html_(self) -> str:
        from simengine.report.html import outcome_tables

        return outcome_tables(self._record)


def _columns_of(entries: Sequence[Statistic]) -> dict[str, float]:
    """Statistics by name, each with its standard error beside it where it has one."""
    found: dict[str, float] = {}
    for entry in entries:
        found[entry.key] = entry.value
        if entry.se is not None:
            found[f"{entry.key}_se"] = entry.se
    return found


def content_makers(
    result: Result, style: CsvStyle, *, years: bool = False, wide: bool = False, lang: str = "en"
) -> dict[str, Callable[[], bytes]]:
    """How each type of file is made, by suffix; with ``years`` a CSV file of outcomes by period."""
    words(lang)  # refused before anything is computed
    record = result.record

    def of_json() -> bytes:
        from simengine.report.json import result_json

        return (result_json(record) + "\n").encode()

    def of_csv() -> bytes:
        from simengine.report.csv import percentiles_csv, wide_csv, wide_years_csv, years_csv

        tidy, spread = (years_csv, wide_years_csv) if years else (percentiles_csv, wide_csv)
        return (spread if wide else tidy)(record, style)

    return {".csv": of_csv, ".json": of_json, **dossier_makers(result, lang)}


def open_result(path: str | Path) -> Result:
    """Read a stored result: a folder written by ``--out``, or a .nc file.

    Raises
    ------
    FileProblem
        When there is none, or it is truncated, damaged, or not a result of simengine.
    """
    from simengine.results.storage import read_dossier

    dossier = read_dossier(Path(path), LAYOUTS)
    return Result(dossier.record, dossier)
