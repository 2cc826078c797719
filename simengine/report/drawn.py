"""A result that draws itself: the pictures of :mod:`simengine.report.figures`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simengine.report.answer import Answer
from simengine.report.studied import Studied
from simengine.results.record import Record

if TYPE_CHECKING:
    from simengine.report.figures import Figure


class Drawn(Studied):
    """The record of a run, with pictures of it."""

    def plot(
        self,
        kind: str,
        *,
        output: str | None = None,
        strategy: str | None = None,
        strategies: Sequence[str] | None = None,
        other: str | None = None,
        lang: str = "en",
        width: float = 640.0,
        beside: Sequence[str] = (),
        drivers: Answer | Record | None = None,
        data: Sequence[Path] = (),
    ) -> Figure:
        """A picture of the result, which a notebook shows and ``save`` writes as .svg or .png.

        Parameters
        ----------
        kind
            density, cdf, exceedance, ladder, overlay, tornado, spider, fan, scatter, convergence or correlation.
        output, strategy, strategies
            By name; without them the first outcome, and the first strategy or all of them.
        other
            The second outcome, or a second strategy, of a scatter.
        lang
            ``"en"`` or ``"zh"``.
        width
            Width of the drawing in its own unit, 320 to 1200; text keeps its size.
        beside
            Strategies with which a density or a fan is to be compared by eye: their pictures have one scale.
        drivers
            What :func:`simengine.drivers` found, for a tornado or a spider.
        data
            Folders with data files that are too large to be stored with a result, for kinds that draw trials again.

        Raises
        ------
        InvalidInput
            When there is no such kind, outcome, strategy or language, or the result has not what the kind needs.
        FileProblem
            When a data file that is needed is not there.
        Mismatch
            When the stored scenario is not valid any more.

        Examples
        --------
        >>> result.plot("density", output="T").save("density.svg")   # doctest: +SKIP
        """
        from simengine.report.figures.plot import FROM_DRIVERS, plotted
        from simengine.results.dossier import Dossier

        return plotted(
            self.dossier if kind in FROM_DRIVERS and drivers is None else Dossier(self._record),
            kind,
            output=output,
            strategy=strategy,
            strategies=strategies,
            other=other,
            lang=lang,
            width=width,
            beside=beside,
            drivers=drivers.record if isinstance(drivers, Answer) else drivers,
            data=data,
        )
