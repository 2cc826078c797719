"""A comparison as Python code sees it: a dataset, tables, a verdict, and every form in which it can be written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from simengine.errors import InvalidInput, Problem
from simengine.report.answer import Answer

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

    from simengine.report.csv import CsvStyle

COMPARISON_FILES = ("comparison.csv", "comparison.json", "comparison.nc")
"""What :meth:`Comparison.save` writes into a folder; the last one makes the set valid."""


class Comparison(Answer):
    """Strategies side by side, each number with its standard error and its 95 % interval.

    Get one from :func:`simengine.compare` or :func:`simengine.open_comparison`.  ``print(comparison)`` shows what
    `simengine compare` prints; ``dataset`` holds everything, with the dimensions strategy, against and output.

    Examples
    --------
    >>> comparison = simengine.compare("deal.toml", baseline="licence")   # doctest: +SKIP
    >>> print(comparison.verdict)                                         # doctest: +SKIP
    >>> comparison.pairs()                                                # doctest: +SKIP
    """

    @property
    def baseline(self) -> str:
        """The strategy that the others are held against."""
        return self._record.text("baseline")

    @property
    def decided(self) -> dict[str, Any] | None:
        """The looks of ``until_decided`` and whether the best strategy was told apart; None where nobody asked."""
        found: dict[str, Any] | None = self._record.document("decided")
        return found

    @property
    def verdict(self) -> str:
        """The answer in plain words, one sentence a line."""
        from simengine.report.comparison_verdict import verdict_of
        from simengine.report.text import Style

        places = range(len(self.outputs))
        return "\n".join(line for o in places for line in verdict_of(self._record, o, Style()).sentences)

    def pairs(self) -> pd.DataFrame:
        """All numbers of all pairs: columns strategy, against, output, unit, statistic, value, se, low, high."""
        frame = self.numbers()
        return frame[frame["against"] != ""].reset_index(drop=True)

    def numbers(self) -> pd.DataFrame:
        """All numbers, one a row, with the columns of ``comparison.csv``."""
        import pandas as pd

        from simengine.report.comparison_files import COLUMNS
        from simengine.report.comparison_rows import numbers_of

        rows = [
            (e.strategy, e.against, e.output, e.unit, e.key, e.value, e.se, e.low, e.high)
            for e in numbers_of(self._record)
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def to_json(self) -> str:
        """One JSON object, of the same shape as `simengine compare --json` prints."""
        from simengine.report.comparison_files import comparison_json

        return comparison_json(self._record)

    def export(self, path: str | Path, *, bom: bool = False, decimal_comma: bool = False, force: bool = False) -> Path:
        """Write one file, whole or not at all; its suffix says what: .csv, .json or .nc.

        Raises
        ------
        InvalidInput
            When the suffix is none of these, or ``bom`` or ``decimal_comma`` is given and the file is no CSV.
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written.
        """
        from simengine.report.csv import CsvStyle, style_problems
        from simengine.results.files import write_file

        target = Path(path)
        contents = self._contents(CsvStyle(bom, decimal_comma))
        name = f"comparison{target.suffix.lower()}"
        if name not in contents:
            raise InvalidInput(Problem(f"no file of type {target.suffix!r} can be written", allowed=".csv, .json, .nc"))
        if problems := style_problems(CsvStyle(bom, decimal_comma), target.suffix.lower()):
            raise InvalidInput(problems)
        write_file(target, contents[name], force=force)
        return target

    def save(
        self, folder: str | Path, *, bom: bool = False, decimal_comma: bool = False, force: bool = False
    ) -> tuple[Path, ...]:
        """Write comparison.nc, comparison.csv and comparison.json into a folder, all or none.

        Raises
        ------
        FileProblem
            When one of them exists and ``force`` is not given, or anything cannot be written.
        """
        from simengine.report.csv import CsvStyle
        from simengine.results.files import write_folder

        write_folder(Path(folder), self._contents(CsvStyle(bom, decimal_comma)), force=force)
        return tuple(Path(folder) / name for name in COMPARISON_FILES)

    def _contents(self, style: CsvStyle) -> dict[str, bytes]:
        from simengine.report.comparison_files import comparison_csv
        from simengine.results.storage import to_bytes

        return {
            "comparison.csv": comparison_csv(self._record, style),
            "comparison.json": (self.to_json() + "\n").encode(),
            "comparison.nc": to_bytes(self._record),
        }

    def __repr__(self) -> str:
        from simengine.report.comparison_table import comparison_report
        from simengine.report.text import Style

        return comparison_report(self._record, Style(width=100))


def open_comparison(path: str | Path) -> Comparison:
    """Read a stored comparison: a folder written by `compare --out`, or a comparison.nc.

    Raises
    ------
    FileProblem
        When there is none, or it is truncated, damaged, or not a comparison of simengine.
    """
    from simengine.analysis.compare.variables import COMPARISON
    from simengine.results.storage import read

    return Comparison(read(Path(path), COMPARISON))
