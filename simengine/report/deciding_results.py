"""Answers of `diff`, `optimize` and `breakeven` as Python code sees them: tables, plain values, text and files."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simengine.analysis.decisions.optimum import Optimum
from simengine.analysis.decisions.tie import Root, Tie
from simengine.analysis.difference.attribute import Attribution
from simengine.errors import InvalidInput, Problem
from simengine.report.breakeven import CSV_COLUMNS as BREAKEVEN_COLUMNS
from simengine.report.breakeven import Asked, breakeven_object, breakeven_report, breakeven_rows
from simengine.report.csv import CsvStyle, rows_csv, style_problems
from simengine.report.difference import CSV_COLUMNS as DIFF_COLUMNS
from simengine.report.difference import difference_object, difference_report, difference_rows
from simengine.report.optimum import optimum_object, optimum_report, optimum_rows
from simengine.report.text import Style

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

_WIDTH = 100


class Answer(ABC):
    """What all answers have: ``rows``, ``to_dict``, ``to_json``, ``export`` and the text that a terminal shows."""

    def rows(self) -> pd.DataFrame:
        """Every number, with the columns of the CSV file."""
        import pandas as pd

        columns, rows = self._rows()
        return pd.DataFrame(rows, columns=list(columns))

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, of the same shape as ``--json`` prints."""

    @abstractmethod
    def _rows(self) -> tuple[Sequence[str], list[list[str | float]]]: ...

    @abstractmethod
    def _report(self, style: Style) -> str: ...

    def to_json(self) -> str:
        """One JSON object, of the same shape as ``--json`` prints."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=1)

    def export(self, path: str | Path, *, bom: bool = False, decimal_comma: bool = False, force: bool = False) -> Path:
        """Write one file, whole or not at all; its suffix says what: .csv or .json.

        Raises
        ------
        InvalidInput
            When the suffix is neither, or ``bom`` or ``decimal_comma`` is given and the file is no CSV.
        FileProblem
            When the file exists and ``force`` is not given, or cannot be written.
        """
        from simengine.results.files import write_file

        target = Path(path)
        suffix = target.suffix.lower()
        if suffix not in (".csv", ".json"):
            raise InvalidInput(Problem(f"no file of type {target.suffix!r} can be written", allowed=".csv, .json"))
        style = CsvStyle(bom, decimal_comma)
        if problems := style_problems(style, suffix):
            raise InvalidInput(problems)
        content = rows_csv(*self._rows(), style) if suffix == ".csv" else (self.to_json() + "\n").encode()
        write_file(target, content, force=force)
        return target

    def __repr__(self) -> str:
        return self._report(Style(width=_WIDTH))


class DiffResult(Answer):
    """What changed between two scenarios, and what each change adds to every statistic; from :func:`simengine.diff`.

    Examples
    --------
    >>> found = simengine.diff("last-week.toml", "today.toml")   # doctest: +SKIP
    >>> found.changes, found.rows()                              # doctest: +SKIP
    """

    def __init__(self, found: Attribution):
        self._found = found

    @property
    def changes(self) -> tuple[str, ...]:
        """Dotted paths of what changed, those included on which no outcome depends."""
        return tuple(change.label for change in self._found.changes)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, of the same shape as `simengine diff --json` prints."""
        return difference_object(self._found)

    def _rows(self) -> tuple[Sequence[str], list[list[str | float]]]:
        return DIFF_COLUMNS, difference_rows(self._found)

    def _report(self, style: Style) -> str:
        return difference_report(self._found, style)


class OptimizeResult(Answer):
    """The best strategy and the best values of its decisions; from :func:`simengine.optimize`.

    ``rows`` has every candidate that was evaluated.

    Examples
    --------
    >>> found = simengine.optimize("deal.toml", objective="P10")   # doctest: +SKIP
    >>> found.strategy, found.best                                 # doctest: +SKIP
    """

    def __init__(self, found: Optimum, title: str, unit: str):
        self._found, self._title, self._unit = found, title, unit

    @property
    def strategy(self) -> str:
        """The best strategy."""
        return self._found.best.strategy

    @property
    def best(self) -> Mapping[str, float]:
        """The best values by the names of the decisions."""
        return dict(self._found.best.setting)

    @property
    def value(self) -> float:
        """The objective on draws that the search has not seen."""
        return float(self._found.fresh.value[0])

    @property
    def se(self) -> float:
        """The standard error of ``value``."""
        return float(self._found.fresh.error(self._found.fresh_batches)[0])

    @property
    def chance_of_correct_selection(self) -> float:
        """At least the probability that no candidate is better by more than the indifference; NaN where unknown."""
        return self._found.chance

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, of the same shape as `simengine optimize --json` prints."""
        return optimum_object(self._found, self._title)

    def _rows(self) -> tuple[Sequence[str], list[list[str | float]]]:
        return optimum_rows(self._found)

    def _report(self, style: Style) -> str:
        return optimum_report(self._found, self._title, self._unit, style)


class BreakevenResult(Answer):
    """Where two strategies tie, or one reaches a target; from :func:`simengine.breakeven`.

    ``rows`` has the difference over the range.

    Examples
    --------
    >>> found = simengine.breakeven("deal.toml", "royalty", between=("licence", "sale"))   # doctest: +SKIP
    >>> [(root.value, root.se) for root in found.roots]                                    # doctest: +SKIP
    """

    def __init__(self, found: Tie, asked: Asked):
        self._found, self._asked = found, asked

    @property
    def roots(self) -> tuple[Root, ...]:
        """The values, rising, each with ``value``, ``se``, and the ends ``low`` and ``high`` of its 95 % interval."""
        return self._found.roots

    @property
    def path(self) -> str:
        """The dotted path of the number that was varied."""
        return self._asked.number.path

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, of the same shape as `simengine breakeven --json` prints."""
        return breakeven_object(self._found, self._asked)

    def _rows(self) -> tuple[Sequence[str], list[list[str | float]]]:
        return BREAKEVEN_COLUMNS, breakeven_rows(self._found, self._asked)

    def _report(self, style: Style) -> str:
        return breakeven_report(self._found, self._asked, style)
