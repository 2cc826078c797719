"""Names of cells: the one rule, by which the workbook names its numbers and a template asks for them.

docs/spreadsheets.md states it for readers.  A number is called ``STRATEGY_OUTCOME_STATISTIC``, one of a period
``STRATEGY_OUTCOME_Yyear_STATISTIC``, and its standard error the same with ``_se``: ``licence_T_P50``,
``licence_T_P50_se``, ``licence_cash_flow_Y3_mean``.  Statistics are named as in files (``mean``, ``std``,
``prob_loss``, ``cvar95_loss``), percentiles with a capital ``P``.

Excel allows fewer names than a scenario does.  What becomes of the others depends on nothing but the labels, and not on
their order:

1.  Of ``STRATEGY_OUTCOME``, composed (Unicode NFC), every character that is not a letter or a digit of the Basic
    Multilingual Plane, an underscore or a period becomes an underscore: ``licence-protected`` reads
    ``licence_protected``.  Chinese letters stay; emoji do not.
2.  What begins with a digit or a period, or reads as the address of a cell (``T1``, ``R1C1``, ``R``) or as a truth
    value, gets an underscore in front.
3.  What is longer than 180 characters keeps its first 171, an underscore, and the first 8 hexadecimal digits of the
    SHA-256 of the whole: no name is longer than the 255 characters that Excel allows.
4.  Excel does not tell capitals from small letters, nor forms of the same letter (Unicode NFKC).  Where labels become
    equal, or whole names do, every one of them gets 8 hexadecimal digits of a SHA-256 of its own strategy and outcome
    behind the outcome: ``a-b`` and ``a_b`` give ``a_b_T_412370d1_P50`` and ``a_b_T_219436e4_P50``.  So a label that is
    added may end a name, but it never gives it to another number.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

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

_Owner = TypeVar("_Owner", int, tuple[int, str])
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
    entries = list(_entries(record))
    crowded: set[tuple[int, str]] = set()
    while True:
        stem_of = stems(record, crowded)
        wanted = [f"{stem_of[s, output]}_{_key(entry, year)}" for s, output, year, entry in entries]
        same = _shared([(folded(name), (s, output)) for name, (s, output, _, _) in zip(wanted, entries, strict=True)])
        if same <= crowded:
            break
        crowded |= same
    crowd = Counter(map(folded, wanted))
    found: list[NamedNumber] = []
    for name, (s, output, year, entry) in zip(wanted, entries, strict=True):
        if crowd[folded(name)] > 1:  # two thresholds of one outcome, such as 1e+20 and 1e-20
            name = f"{stem_of[s, output]}_{_digest(entry.key)}_{_key(entry, year)}"
        numbers = [("", entry.value)] if entry.se is None else [("", entry.value), ("_se", entry.se)]
        found += [NamedNumber(name + end, s, output, entry, end != "", year, value) for end, value in numbers]
    return found


def stems(record: Record, crowded: Collection[tuple[int, str]] = ()) -> dict[tuple[int, str], str]:
    """What the names of an outcome of a strategy begin with, by the place of the strategy and the outcome's name.

    Whether labels are told apart without digests does not depend on which strategy reports which outcome.  Those in
    ``crowded`` have a digest for another reason.
    """
    outputs = dict.fromkeys((*record.outputs, *record.yearly_outputs))
    pairs = [(s, output) for s in range(len(record.strategies)) for output in outputs]
    labels = [(record.strategies[s], output) for s, output in pairs]
    names = distinct_names(labels, {k for k, pair in enumerate(pairs) if pair in crowded})
    reported = {(s, record.outputs[o]) for s, o in reported_pairs(record)}
    reported |= {(s, record.yearly_outputs[o]) for s, o, _ in yearly_places(record)}
    return {pair: name for pair, name in zip(pairs, names, strict=True) if pair in reported}


def distinct_names(labels: Sequence[tuple[str, ...]], crowded: Collection[int] = ()) -> list[str]:
    """Legal names that Excel tells apart, of labels that are given by their parts: rules 1 to 4.

    ``crowded`` are places of labels that have a digest in any case.
    """
    plain, marked = [excel_name("_".join(parts)) for parts in labels], set(crowded)
    while True:
        names = [f"{name}_{_digest(*labels[k])}" if k in marked else name for k, name in enumerate(plain)]
        same = _shared([(folded(name), k) for k, name in enumerate(names)])
        if same <= marked:
            return names
        marked |= same


def excel_name(text: str) -> str:
    """The legal name that stands for ``text``: rules 1 to 3; other texts may have the same."""
    composed = unicodedata.normalize("NFC", text)
    name = "".join(char if _is_allowed(char) else "_" for char in composed)
    if not name or name[0].isdigit() or name[0] == "." or _ADDRESS.fullmatch(name):
        name = f"_{name}"
    if len(name) > _LONGEST_STEM:
        name = f"{name[: _LONGEST_STEM - _DIGITS_OF_DIGEST - 1]}_{_digest(composed)}"
    return name


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


def _shared(named: Sequence[tuple[str, _Owner]]) -> set[_Owner]:
    """The owners of names that more than one of them has."""
    owners: dict[str, set[_Owner]] = {}
    for name, owner in named:
        owners.setdefault(name, set()).add(owner)
    return {owner for several in owners.values() if len(several) > 1 for owner in several}


def _digest(*parts: str) -> str:
    """A few digits that tell texts apart, given by their parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS_OF_DIGEST]


def _key(entry: Statistic, year: float | None) -> str:
    """The last part of a name: ``P50``, ``std``, ``Y3_P50``."""
    period = "" if year is None else f"Y{level(year)}_"
    key = f"P{entry.key[1:]}" if entry.group == "percentile" else entry.key
    return re.sub(r"[^\w.]", "_", period + key)


def _is_allowed(char: str) -> bool:
    return char in "_." or (ord(char) < 0x10000 and unicodedata.category(char)[0] == "L") or char in "0123456789"
