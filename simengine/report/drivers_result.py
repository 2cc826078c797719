"""Drivers as Python code sees them: a dataset, tables, and every form in which they can be written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simengine.errors import InvalidInput, Problem
from simengine.report.answer import Answer

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

DRIVERS_FILES = ("drivers.csv", "switches.csv", "drivers.nc")
"""What :meth:`Drivers.save` writes into a folder; the last one makes the set valid."""


class Drivers(Answer):
    """What drives the outcomes of a scenario, and what would change the decision.

    Get one from :func:`simengine.drivers`.  Every number that is not exact has a standard error.  ``print(found)``
    shows tables; ``dataset`` holds everything, with named dimensions.

    Examples
    --------
    >>> found = simengine.drivers("deal.toml", sections=["tornado", "sobol"])   # doctest: +SKIP
    >>> found.tornado("T", "licence")                                           # doctest: +SKIP
    """

    @property
    def factors(self) -> tuple[str, ...]:
        """Uncertain inputs, then risks that have several of them."""
        return tuple(self._record["factor"].tolist())

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known to read the numbers."""
        return tuple(self._record.document("notes"))

    def rows(self) -> pd.DataFrame:
        """Every number, one a row: section, strategy, output, factor, statistic, unit, value, se."""
        import pandas as pd

        from simengine.report.drivers_rows import COLUMNS, rows_of

        frame = pd.DataFrame([[getattr(row, name) for name in COLUMNS] for row in rows_of(self._record)])
        frame.columns = pd.Index(COLUMNS)
        return frame.astype({"value": float, "se": float})

    def tornado(self, output: str | None = None, strategy: str | None = None) -> pd.DataFrame:
        """Rank correlations, shares, changes of the mean and swings of one outcome, the largest first, by input.

        Columns ``swing_at_p10``, ``swing_at_p90``: the outcome with the input there and all others at their medians;
        ``input_at_p10``, ``input_at_p90``: the input there.

        Raises
        ------
        InvalidInput
            When there is no such outcome or strategy, or the tornado was not asked for.
        """
        import pandas as pd

        self._asked("tornado")
        names = ("spearman", "contribution", "mean_change")
        frame = self._by_factor([column for name in names for column in (name, f"{name}_se")], output, strategy)
        s, o = self._place("strategy", strategy, self.strategies), self._place("outcome", output, self.outputs)
        for p, point in enumerate(self._record["swing_point"].tolist()):
            for name, label in (("swing", "swing"), ("swing_input", "input")):
                column = pd.Series(self._record[name][s, o, :, p], index=pd.Index(list(self.factors)))
                frame[f"{label}_at_p{point:g}"] = column.reindex(frame.index)
        return frame.sort_values("spearman", key=abs, ascending=False)

    def shares(self, output: str | None = None, strategy: str | None = None) -> pd.DataFrame:
        """Shares of the variance of one outcome: Sobol indices or Shapley effects, a row for each factor.

        Raises
        ------
        InvalidInput
            When there is no such outcome or strategy, or the section ``sobol`` was not asked for.
        """
        self._asked("sobol")
        names = ("sobol_first", "sobol_total", "shapley", "first_order")
        return self._by_factor([column for name in names for column in (name, f"{name}_se")], output, strategy)

    def evppi(self, output: str | None = None) -> pd.DataFrame:
        """What it is worth to learn each factor, the most valuable first.

        Raises
        ------
        InvalidInput
            When there is no such outcome, or the section ``evppi`` was not asked for.
        """
        import pandas as pd

        self._asked("evppi")
        o = self._place("outcome", output, self.outputs)
        names = ("evppi", "evppi_se", "evppi_raw", "evppi_null")
        columns = {name: self._record[name][o] for name in names}
        frame = pd.DataFrame(columns, index=pd.Index(list(self.factors), name="factor"))
        frame = frame.dropna(how="all").sort_values("evppi", ascending=False)
        best = pd.Series(self._record["event_best"][o], index=pd.Index(list(self.factors)))
        frame["event_best"] = best.reindex(frame.index)
        return frame

    def spider(self, output: str | None = None, strategy: str | None = None) -> pd.DataFrame:
        """Lines of one outcome: a row for each input (factor), statistic (such as ``mean_at_p90``), value, se.

        Raises
        ------
        InvalidInput
            When there is no such outcome or strategy, or the section ``spider`` was not asked for.
        """
        return self._section("spider", output, strategy)

    def stress(self, output: str | None = None, strategy: str | None = None) -> pd.DataFrame:
        """One outcome under the conditions: statistics such as ``mean_stressed``, ``mean_all``, ``mean_change``.

        Raises
        ------
        InvalidInput
            When there is no such outcome or strategy, or no condition was given.
        """
        return self._section("stress", output, strategy).drop(columns="factor")

    def reverse(self, output: str | None = None, strategy: str | None = None) -> pd.DataFrame:
        """The inputs where one outcome is worst: statistics such as ``mean_tail``, ``mean_all``, ``shift``.

        Raises
        ------
        InvalidInput
            When there is no such outcome or strategy, or the section ``reverse`` was not asked for.
        """
        return self._section("reverse", output, strategy)

    def switches(self) -> pd.DataFrame:
        """Where the best strategy changes along an input: a row for each place.

        Raises
        ------
        InvalidInput
            When the section ``evppi`` was not asked for.
        """
        import pandas as pd

        self._asked("evppi")

        from simengine.report.drivers_rows import SWITCH_COLUMNS

        return pd.DataFrame({name: self._record[f"switch_{name}"] for name in SWITCH_COLUMNS})

    def to_json(self) -> str:
        """One JSON object, of the same shape as `simengine drivers --json` prints."""
        from simengine.report.drivers_rows import drivers_json

        return drivers_json(self._record)

    def to_csv(self, path: str | Path, *, bom: bool = False, decimal_comma: bool = False, force: bool = False) -> Path:
        """Write every number, one a row, as :meth:`rows` has them, into a CSV file.

        Raises
        ------
        FileProblem
            When it exists and ``force`` is not given, or cannot be written.
        """
        from simengine.report.csv import CsvStyle
        from simengine.report.drivers_rows import drivers_csv
        from simengine.results.files import write_file

        write_file(Path(path), drivers_csv(self._record, CsvStyle(bom, decimal_comma)), force=force)
        return Path(path)

    def save(
        self, folder: str | Path, *, bom: bool = False, decimal_comma: bool = False, force: bool = False
    ) -> tuple[Path, ...]:
        """Write drivers.csv, switches.csv and drivers.nc into a folder, all or none.

        Raises
        ------
        FileProblem
            When one of them exists and ``force`` is not given, or anything cannot be written.
        """
        from simengine.report.csv import CsvStyle
        from simengine.report.drivers_rows import drivers_csv, switches_csv
        from simengine.results.files import write_folder
        from simengine.results.storage import to_bytes

        style = CsvStyle(bom, decimal_comma)
        contents = {
            "drivers.csv": drivers_csv(self._record, style),
            "switches.csv": switches_csv(self._record, style),
            "drivers.nc": to_bytes(self._record),
        }
        write_folder(Path(folder), contents, force=force)
        return tuple(Path(folder) / name for name in DRIVERS_FILES)

    def _asked(self, section: str) -> None:
        asked = self._record.document("sections")
        if section not in asked:
            call = "stress=[CONDITION]" if section == "stress" else f"sections=[..., {section!r}]"
            problem = Problem("was not asked for", "sections", section, ", ".join(asked), f"call drivers with {call}")
            raise InvalidInput(problem)

    def _section(self, section: str, output: str | None, strategy: str | None) -> pd.DataFrame:
        """The rows of a section for one outcome of one strategy."""
        self._asked(section)
        s, o = self._place("strategy", strategy, self.strategies), self._place("outcome", output, self.outputs)
        frame = self.rows()
        mine = (frame["section"] == section) & (frame["strategy"] == self.strategies[s])
        mine &= frame["output"] == self.outputs[o]
        return frame.loc[mine, ["factor", "statistic", "unit", "value", "se"]].reset_index(drop=True)

    def _by_factor(self, names: tuple[str, ...] | list[str], output: str | None, strategy: str | None) -> pd.DataFrame:
        import pandas as pd

        o = self._place("outcome", output, self.outputs)
        s = self._place("strategy", strategy, self.strategies)
        columns = {name: self._record[name][s, o] for name in names}
        return pd.DataFrame(columns, index=pd.Index(list(self.factors), name="factor")).dropna(how="all")

    def _place(self, what: str, name: str | None, known: tuple[str, ...]) -> int:
        if name is None:
            return 0
        if name not in known:
            raise InvalidInput(Problem(f"there is no {what} {name!r}", allowed=", ".join(known)))
        return known.index(name)

    def __repr__(self) -> str:
        from simengine.report.drivers_table import drivers_report
        from simengine.report.text import Style

        return drivers_report(self._record, Style(width=100))


def open_drivers(path: str | Path) -> Drivers:
    """Read stored drivers: a folder written by `drivers --out`, or a drivers.nc.

    Raises
    ------
    FileProblem
        When there is none, or it is truncated, damaged, or not drivers of simengine.
    """
    from simengine.analysis.drivers.variables import DRIVERS
    from simengine.results.storage import read

    return Drivers(read(Path(path), DRIVERS))
