"""Answers of `risks` and `terms` as Python code sees them: tables, plain values, text and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simengine.analysis.register.question import RegisterQuestion
from simengine.analysis.register.register import Register
from simengine.analysis.terms.compute import TermsFound
from simengine.analysis.terms.payment import Zone
from simengine.analysis.terms.question import TermsQuestion
from simengine.report.deciding_results import Answer
from simengine.report.register import CSV_COLUMNS as RISKS_COLUMNS
from simengine.report.register import register_object, register_report, register_rows
from simengine.report.terms import terms_report
from simengine.report.terms_files import CSV_COLUMNS as TERMS_COLUMNS
from simengine.report.terms_files import terms_object, terms_rows
from simengine.report.text import Style


class RisksResult(Answer):
    """The risk register of a scenario, and what its measures bring; from :func:`simengine.risks`.

    Examples
    --------
    >>> found = simengine.risks("deal.toml")                                 # doctest: +SKIP
    >>> found.expected_losses("licence"), found.rows()                       # doctest: +SKIP
    """

    def __init__(self, found: Register, question: RegisterQuestion):
        self._found, self._question = found, question

    @property
    def strategies(self) -> tuple[str, ...]:
        """Names of the strategies."""
        return tuple(one.strategy for one in self._found.strategies)

    def expected_losses(self, strategy: str) -> Mapping[str, float]:
        """What each risk of a strategy costs in the mean, by its dotted path; the largest first.

        Raises
        ------
        KeyError
            If there is no such strategy.
        """
        register = {one.strategy: one for one in self._found.strategies}[strategy]
        return {line.risk.key: float(line.loss.value) for line in register.lines}

    def net_benefits(self, strategy: str) -> Mapping[str, float]:
        """What each measure adds to the mean of a strategy after its cost, by its name.

        Raises
        ------
        KeyError
            If there is no such strategy.
        """
        register = {one.strategy: one for one in self._found.strategies}[strategy]
        return {effect.name: float(effect.changes.value[0]) for effect in register.measures}

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, of the same shape as `simengine risks --json` prints."""
        return register_object(self._found, self._question)

    def _rows(self) -> tuple[Sequence[str], list[list[str | float]]]:
        return RISKS_COLUMNS, register_rows(self._found, self._question)

    def _report(self, style: Style) -> str:
        return register_report(self._found, self._question, style)


class TermsResult(Answer):
    """What the clauses of a deal are worth to either side, and what could be agreed; from :func:`simengine.terms`.

    Examples
    --------
    >>> found = simengine.terms("deal.toml", by="P50")                       # doctest: +SKIP
    >>> found.prices("licence"), found.zone("licence")                       # doctest: +SKIP
    """

    def __init__(self, found: TermsFound, question: TermsQuestion):
        self._found, self._question = found, question

    @property
    def strategies(self) -> tuple[str, ...]:
        """Names of the strategies."""
        return tuple(one.strategy for one in self._found.strategies)

    def prices(self, strategy: str) -> Mapping[str, float]:
        """What each clause of a strategy adds to our mean npv, by its dotted path.

        Raises
        ------
        KeyError
            If there is no such strategy.
        """
        found = {one.strategy: one for one in self._found.strategies}[strategy]
        return {price.key: float(price.ours.value[0]) for price in found.prices}

    def zone(self, strategy: str) -> Zone | None:
        """The zone of agreement of a strategy; None where the partner's margin is not known.

        Raises
        ------
        KeyError
            If there is no such strategy.
        """
        return {one.strategy: one for one in self._found.strategies}[strategy].zone

    def menu(self, strategy: str) -> Mapping[float, float]:
        """The payment at the signing for each factor on the royalty; NaN where there is none.

        Raises
        ------
        KeyError
            If there is no such strategy.
        """
        found = {one.strategy: one for one in self._found.strategies}[strategy]
        return {offer.scale: float(offer.end.payment.value) for offer in found.menu}

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, of the same shape as `simengine terms --json` prints."""
        return terms_object(self._found, self._question)

    def _rows(self) -> tuple[Sequence[str], list[list[str | float]]]:
        return TERMS_COLUMNS, terms_rows(self._found, self._question)

    def _report(self, style: Style) -> str:
        return terms_report(self._found, self._question, style)
