"""What a result writes for other programs, besides the files that hold the result itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simengine.report.answer import Answer

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

    from simengine.report.sipmath import LeftOut, SipFit
    from simengine.report.template import Filled
    from simengine.results.compute import Progress


SIPMATH = ".sipmath.json"
"""How the name of a SIPmath library ends."""


class Exports(Answer):
    """Forms of a result for spreadsheets, notebooks and other programs."""

    def export_draws(
        self,
        path: str | Path,
        draws: int | None = None,
        *,
        inputs: bool = False,
        years: bool = False,
        bom: bool = False,
        decimal_comma: bool = False,
        data: Sequence[str | Path] = (),
        progress: Progress | None = None,
        force: bool = False,
    ) -> Path:
        """Write the first ``draws`` trials of the run, all for None, as .csv, .nc or .parquet; whole or not at all.

        The trials are drawn again from the scenario and seed that the result holds, with the bits of the run, and
        written in blocks: memory does not grow with their number.  One row a trial, one column an outcome of a
        strategy; with ``inputs`` the uncertain inputs too, with ``years`` the outcomes by period.  ``data`` are folders
        with data files that are too large to be stored with a result.

        Raises
        ------
        InvalidInput
            When the run has fewer trials, or the type of file cannot be written.
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written, or a data file is missing.
        Mismatch
            When the stored scenario does not give the plan of the run any more.
        """
        from simengine.report.csv import CsvStyle
        from simengine.report.draws_files import draws_writer
        from simengine.results.draws import draws_of
        from simengine.results.files import check_file, write_streamed

        target = Path(path)
        check_file(target, force=force)
        folders = [Path(folder) for folder in data]
        found = draws_of(self._record, draws, inputs=inputs, years=years, data=folders, progress=progress)
        writer = draws_writer(found, self._record, target.suffix.lower(), CsvStyle(bom, decimal_comma))
        write_streamed(target, writer, force=force)
        return target

    def fill_template(
        self,
        template: str | Path,
        path: str | Path,
        *,
        allow_missing: bool = False,
        force: bool = False,
        notice: Callable[[str], None] | None = None,
    ) -> Filled:
        """Write a copy of a workbook whose named cells hold the numbers of this result; everything else is untouched.

        Cells are named as :mod:`simengine.report.cell_names` says: ``licence_T_P50``, ``licence_T_mean_se``.  Formulas
        that depend on them are computed when the copy is opened.  The template itself is never changed.  What cannot be
        as it was, such as a digital signature, is told to ``notice`` before anything is written.

        Raises
        ------
        InvalidInput
            With every name that cannot be filled, and every name that the result does not have unless
            ``allow_missing``.
        FileProblem
            When the template cannot be read, or is no workbook of the formats .xlsx and .xlsm, or is encrypted, and
            when the copy exists and ``force`` is not given, or cannot be written.
        """
        from simengine.report.template import fill
        from simengine.results.files import check_file, write_file

        target = Path(path)
        filled = fill(self._record, Path(template), target, allow_missing=allow_missing)
        check_file(target, force=force)
        if notice is not None:
            for note in filled.notes:
                notice(note)
        write_file(target, filled.content, force=force)
        return filled

    def export_sipmath(
        self, path: str | Path, *, data: Sequence[str | Path] = (), force: bool = False
    ) -> tuple[tuple[SipFit, ...], tuple[LeftOut, ...]]:
        """Write a SIPmath 3.0 library: each outcome of each strategy as a metalog, with the correlation between them.

        Returns how far each is from the percentiles of the run, and which outcomes were left out, and why: constant
        ones, those that hardly ever change, and those that are reported period by period.

        Raises
        ------
        InvalidInput
            When no outcome can be written.
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written, or a data file is missing.
        Mismatch
            When the stored scenario does not give the plan of the run any more.
        """
        from simengine.report.sipmath import sipmath_library
        from simengine.results.files import check_file, write_file

        check_file(Path(path), force=force)
        content, fits, left = sipmath_library(self._record, data=[Path(folder) for folder in data])
        write_file(Path(path), content, force=force)
        return fits, left

    def to_dataframe(self, *, wide: bool = False) -> pd.DataFrame:
        """Every number of the result, with units and standard errors, also those by period.

        Tidy: one row a number with the columns strategy, output, year (NaN where it belongs to no period), unit,
        statistic, percentile (the level, NaN for other statistics), value and se (NaN where no error is known).
        ``wide``: one row an outcome, indexed by strategy, output and year, one column each statistic and its error.
        """
        from simengine.report.frame import tidy_frame, wide_frame

        return wide_frame(self._record) if wide else tidy_frame(self._record)
