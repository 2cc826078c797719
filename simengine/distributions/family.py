"""What one row of the table of families says: parameters, the forms in which they may be given, how to build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from simengine.distributions.marginal import Marginal
from simengine.distributions.values import ANY, Bounds

Kind = Literal["number", "integer", "numbers", "text", "flag", "choice", "table", "list", "distribution"]
Values = Mapping[str, Any]
"""Typed values by the name of their parameter."""


@dataclass(frozen=True)
class Point:
    """A percentile that a distribution is fitted to: ``level`` in percent, ``below`` + ``above`` = 1."""

    level: float
    below: float
    above: float
    value: float
    key: str


@dataclass(frozen=True)
class Context:
    """Where a specification stands: the folder its files are relative to, and how deep mixtures are nested."""

    folder: Path | None
    resolve: Callable[[object, Context], Marginal]
    depth: int = 0


@dataclass(frozen=True)
class Parameter:
    """One key of a specification.  ``aliases`` are other names that people use for the same parameter."""

    name: str
    doc: str
    bounds: Bounds = ANY
    kind: Kind = "number"
    required: bool = True
    default: object = None
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


def _as_given(**values: object) -> Values:
    return values


@dataclass(frozen=True)
class Form:
    """One way to give a family's parameters.

    ``convert`` takes the parameters by name and returns the canonical ones; it may also return a finished
    :class:`Marginal` (a spread of 0 is a constant) and raises :class:`~simengine.errors.InvalidInput`.
    ``percentiles`` is how many percentiles the form takes, at least and at most; ``convert`` then receives them
    first, as a tuple of :class:`Point` in order of level.
    """

    parameters: tuple[Parameter, ...] = ()
    convert: Callable[..., Values | Marginal] = _as_given
    percentiles: tuple[int, int] | None = None
    doc: str = ""

    def named(self, key: str) -> Parameter | None:
        """The parameter that a key means, by its name or an alias."""
        return next((p for p in self.parameters if key == p.name or key in p.aliases), None)


@dataclass(frozen=True)
class Family:
    """One row of the table of families.

    ``build`` takes the canonical parameters by name (those of the first form, unless ``parameters`` says
    otherwise) and returns the distribution; with ``contextual`` it also takes ``context``.
    ``example`` is a specification as it stands in a scenario.
    """

    name: str
    doc: str
    build: Callable[..., Marginal]
    forms: tuple[Form, ...]
    example: str
    reference: str
    parameters: tuple[Parameter, ...] = field(default=())
    contextual: bool = False

    @property
    def canonical(self) -> tuple[Parameter, ...]:
        """The parameters that ``build`` takes."""
        return self.parameters or self.forms[0].parameters

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that some form knows, aliases included, percentiles not."""
        found = (key for form in self.forms for p in form.parameters for key in (p.name, *p.aliases))
        return tuple(dict.fromkeys(found))

    @property
    def takes_percentiles(self) -> bool:
        """Whether some form takes percentiles."""
        return any(form.percentiles for form in self.forms)
