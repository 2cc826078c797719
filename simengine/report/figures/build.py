"""Every kind of picture by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from simengine.errors import InvalidInput, Problem
from simengine.report.figures.asked import Asked
from simengine.report.figures.convergence import convergence
from simengine.report.figures.correlation import correlation
from simengine.report.figures.cumulative import cdf, exceedance
from simengine.report.figures.density import density
from simengine.report.figures.draws import Draws
from simengine.report.figures.fan import fan
from simengine.report.figures.figure import Figure
from simengine.report.figures.frame import WIDTH
from simengine.report.figures.ladder import ladder
from simengine.report.figures.overlay import overlay
from simengine.report.figures.scatter import scatter
from simengine.report.figures.spider import spider
from simengine.report.figures.tornado import tornado
from simengine.report.language import LANGUAGES
from simengine.results.dossier import Dossier

_MAKERS: Mapping[str, Callable[[Asked], Figure]] = {
    "density": density,
    "cdf": cdf,
    "exceedance": exceedance,
    "ladder": ladder,
    "overlay": overlay,
    "tornado": tornado,
    "spider": spider,
    "fan": fan,
    "scatter": scatter,
    "convergence": convergence,
    "correlation": correlation,
}

KINDS: tuple[str, ...] = tuple(_MAKERS)
"""Kinds of pictures, in the order of the documentation."""

NARROWEST, WIDEST = 320.0, 1200.0
"""Widths of a drawing in its own unit: below, labels have no room; above, lines of text are lost."""


def figure(
    dossier: Dossier,
    kind: str,
    *,
    output: str | None = None,
    strategy: str | None = None,
    strategies: Sequence[str] | None = None,
    other: str | None = None,
    lang: str = "en",
    draws: Draws | None = None,
    width: float = WIDTH,
    beside: Sequence[str] = (),
) -> Figure:
    """A picture of a result.

    Parameters
    ----------
    dossier
        The result, and what was computed with it.
    kind
        One of :data:`KINDS`.
    output, strategy, strategies
        By their names in the scenario.  Without them: the first outcome, and the first strategy or all of them.
    other
        The second outcome, or the second strategy, of a scatter.
    lang
        ``"en"`` or ``"zh"``.
    draws
        Trials drawn again, for the kinds that need them: see :mod:`simengine.report.figures.draws`.
    width
        Width of the drawing in its own unit, 320 to 1200: text keeps its size, and a narrow one has fewer ticks.
    beside
        Strategies with which a density or a fan is to be compared by eye: pictures of them have one scale of values.

    Raises
    ------
    InvalidInput
        When there is no such kind, outcome, strategy or language, or the dossier has not what the kind needs.
    """
    problems = []
    if kind not in _MAKERS:
        problems.append(Problem("there is no such kind of picture", "kind", kind, ", ".join(KINDS)))
    if lang not in LANGUAGES:
        problems.append(Problem("there is no such language", "lang", lang, ", ".join(LANGUAGES)))
    if not NARROWEST <= width <= WIDEST:
        problems.append(Problem("out of range", "width", f"{width:g}", f"{NARROWEST:g} to {WIDEST:g}"))
    if problems:
        raise InvalidInput(problems)
    chosen = None if strategies is None else tuple(strategies)
    return _MAKERS[kind](Asked(dossier, kind, output, strategy, chosen, other, lang, draws, width, tuple(beside)))
