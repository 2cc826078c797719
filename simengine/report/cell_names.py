"""Names of cells: the one rule, by which the workbook names its numbers and a template asks for them.

docs/spreadsheets.md states it for readers.  A number is called ``STRATEGY_OUTCOME_STATISTIC``, one of a period
``STRATEGY_OUTCOME_Yyear_STATISTIC``, and its standard error the same with ``_se``: ``licence_T_P50``,
``licence_T_P50_se``, ``licence_cash_flow_Y3_mean``.  Statistics are named as in files (``mean``, ``std``,
``prob_loss``, ``cvar95_loss``), percentiles with a capital ``P``.

Excel allows fewer names than a scenario does.  What becomes of the others depends on nothing but the labels and their
order:

1.  Of ``STRATEGY_OUTCOME``, composed (Unicode NFC), every character that is not a letter or a digit of the Basic
    Multilingual Plane, an underscore or a period becomes an underscore: ``licence-protected`` reads
    ``licence_protected``.  Chinese letters stay; emoji do not.
2.  What begins with a digit or a period, or reads as the address of a cell (``T1``, ``R1C1``, ``R``) or as a truth
    value, gets an underscore in front.
3.  What is longer than 180 characters keeps its first 171, an underscore, and the first 8 hexadecimal digits of the
    SHA-256 of the whole: no name is longer than the 255 characters that Excel allows.
4.  Excel does not tell capitals from small letters, nor forms of the same letter (Unicode NFKC).  Of labels that become
    equal the first keeps its name, and the others get ``_2``, ``_3``, … behind the outcome: ``a-b`` and ``a_b`` give
    ``a_b_T_P50`` and ``a_b_T_2_P50``.  A whole name that is taken already gets its number at the end.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from simengine.report.numbers import level
from simengine.report.statistics import (
    Statistic,
    reported_pairs,
    statistics_of,
    statistics_of_year,
    yearly_places,
)
from simengine.results.record import Record

TABLES = ("Percentiles", "Statistics", "Compare", "Years", "Drivers", "Risks", "Measures", "Inputs", "Formulas",
          "Provenance")  # fmt: skip
"""Names of the tables of the workbook, which share one space with names of cells."""

_LONGEST_STEM = 180
_DIGITS_OF_DIGEST = 8
_ADDRESS = re.compile(r"[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*([Cc][0-9]*)?|[Cc][0-9]*|TRUE|FALSE", re.IGNORECASE)
_KEY = re.compile(
    r".+_(?:mean|std|sd|skewness|kurtosis|min|max|p[0-9][0-9.]*|prob_loss|prob_below_.+|c?var[0-9.]+_loss)(?:_se)?",
    re.IGNORECASE | re.DOTALL,
)
_SHORT_FORM = re.compile(r"_sd(_se)?\Z")
_BELOW_ZERO = re.compile(r"_prob_below_0(_se)?\Z")


@dataclass(frozen=True)
class NamedNumber:
    """A number of a result with the name of its cell.

    ``strategy`` is its place, ``output`` the name of the outcome, ``year`` the end of its period, None where it belongs
    to none.  ``error`` says that it is the standard error of ``statistic``.
    """

    name: str
    strategy: int
    output: str
    statistic: Statistic
    error: bool
    year: float | None
    value: float


def named_numbers(record: Record) -> list[NamedNumber]:
    """Every statistic of every outcome and period, and its standard error, named, in the order of reports."""
    stem_of = stems(record)
    taken = {folded(name) for name in TABLES}
    found: list[NamedNumber] = []
    for s, output, year, entry in _entries(record):
        wanted = f"{stem_of[s, output]}_{_key(entry, year)}"
        numbers = [("", entry.value)] if entry.se is None else [("", entry.value), ("_se", entry.se)]
        name, k = wanted, 2
        while any(folded(name + end) in taken for end, _ in numbers):
            name, k = f"{wanted}_{k}", k + 1
        for end, value in numbers:
            taken.add(folded(name + end))
            found.append(NamedNumber(name + end, s, output, entry, end != "", year, value))
    return found


def stems(record: Record) -> dict[tuple[int, str], str]:
    """What the names of an outcome of a strategy begin with, by the place of the strategy and the outcome's name."""
    pairs = [(s, record.outputs[o]) for s, o in reported_pairs(record)]
    pairs += [(s, record.yearly_outputs[o]) for s, o, _ in yearly_places(record)]
    found: dict[tuple[int, str], str] = {}
    taken: set[str] = set()
    for s, output in dict.fromkeys(pairs):
        stem = free_name(excel_name(f"{record.strategies[s]}_{output}"), taken)
        taken.add(folded(stem))
        found[s, output] = stem
    return found


def excel_name(text: str) -> str:
    """The legal name that stands for ``text``: rules 1 to 3; other texts may have the same."""
    composed = unicodedata.normalize("NFC", text)
    name = "".join(char if _is_allowed(char) else "_" for char in composed)
    if not name or name[0].isdigit() or name[0] == "." or _ADDRESS.fullmatch(name):
        name = f"_{name}"
    if len(name) > _LONGEST_STEM:
        digest = hashlib.sha256(composed.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS_OF_DIGEST]
        name = f"{name[: _LONGEST_STEM - _DIGITS_OF_DIGEST - 1]}_{digest}"
    return name


def free_name(name: str, taken: Collection[str]) -> str:
    """``name``, or with the first number behind it that makes it a new one; ``taken`` are :func:`folded` names."""
    found, k = name, 2
    while folded(found) in taken:
        found, k = f"{name}_{k}", k + 1
    return found


def folded(name: str) -> str:
    """What two names have in common that Excel takes for one."""
    return unicodedata.normalize("NFKC", name).casefold()


def asked_name(name: str) -> str:
    """The :func:`folded` name that a template asks for: ``sd`` is ``std`` too, and below 0 is a loss."""
    return _BELOW_ZERO.sub(r"_prob_loss\1", _SHORT_FORM.sub(r"_std\1", folded(name)))


def looks_like_ours(name: str) -> bool:
    """Whether a name ends as those of results do, so that it was probably meant to be filled."""
    return _KEY.fullmatch(name) is not None and name.count("_") >= 2


def _entries(record: Record) -> Iterator[tuple[int, str, float | None, Statistic]]:
    for s, o in reported_pairs(record):
        for entry in statistics_of(record, s, o):
            yield s, record.outputs[o], None, entry
    for s, o, years in yearly_places(record):
        for y in years:
            for entry in statistics_of_year(record, s, o, y):
                yield s, record.yearly_outputs[o], float(record["year"][y]), entry


def _key(entry: Statistic, year: float | None) -> str:
    """The last part of a name: ``P50``, ``std``, ``Y3_P50``."""
    period = "" if year is None else f"Y{level(year)}_"
    key = f"P{entry.key[1:]}" if entry.group == "percentile" else entry.key
    return re.sub(r"[^\w.]", "_", period + key)


def _is_allowed(char: str) -> bool:
    return char in "_." or (ord(char) < 0x10000 and unicodedata.category(char)[0] == "L") or char in "0123456789"
