"""Compound distributions: the total of a random number of losses, and what an insurance layer makes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from simengine.distributions.families.aggregate import aggregate
from simengine.distributions.families.common import collapsed
from simengine.distributions.families.frequency import Frequency, frequency_of, poisson_frequency
from simengine.distributions.families.layer import Layer
from simengine.distributions.families.severity import Severity, severity_of
from simengine.distributions.family import Context, Family, Form, Parameter
from simengine.distributions.marginal import Marginal, Pieces, finite_or_nan
from simengine.distributions.pieces import piece_moments, pieces_marginal
from simengine.distributions.values import NOT_NEGATIVE, POSITIVE, Bounds, read_number, show
from simengine.errors import InvalidInput, Problem

DEEPEST = 4
_LARGEST_RATE = 1e6
_LAYERS = ("insured", "retained")


def compound(
    context: Context,
    frequency: object,
    severity: object,
    layer: str | None,
    deductible: float | None,
    limit: float | None,
    event_deductible: float | None,
    event_limit: float | None,
) -> Marginal:
    """The sum of N independent losses, N from ``frequency`` and each loss from ``severity``.

    Raises
    ------
    InvalidInput
        With the problems of both, their keys under ``frequency`` and ``severity``, and those of the layers.
    """
    limits = {
        "deductible": deductible,
        "limit": limit,
        "event_deductible": event_deductible,
        "event_limit": event_limit,
    }
    problems: list[Problem] = []
    found = base = None
    try:
        found = _frequency(context, frequency)
    except InvalidInput as error:
        problems.extend(error.problems)
    try:
        base = _severity(context, severity)
    except InvalidInput as error:
        problems.extend(error.problems)
    problems.extend(_layer_problems(layer, limits))
    if problems or found is None or base is None:
        raise InvalidInput(problems)
    law, notes = found
    of_event = _layer(layer, event_deductible, event_limit)
    of_year = _layer(layer, deductible, limit)
    loss = severity_of(base, of_event)
    notes = (*notes, *(problem.under("severity") for problem in base.notes))
    if law.mean == 0 or (loss.support[1] == 0 and not loss.mass):
        key = "frequency" if law.mean == 0 else "severity"
        return _with(collapsed(0.0, key), notes)
    pieces, own = aggregate(law, loss)
    moments = _sum_moments(law, loss)
    if of_year is not None:
        moments = _layered_moments(of_year, pieces, moments)
        pieces = of_year.of_pieces(pieces)
    known = {"frequency": law.description, "severity": base.description, **_given(layer, limits)}
    return pieces_marginal("compound", pieces, parameters=known, moments=moments, notes=(*notes, *own))


def _with(marginal: Marginal, notes: tuple[Problem, ...]) -> Marginal:
    return replace(marginal, notes=(*notes, *marginal.notes))


def _frequency(context: Context, raw: object) -> tuple[Frequency, tuple[Problem, ...]]:
    if not isinstance(raw, Mapping):
        try:
            return poisson_frequency(read_number(raw, "frequency", Bounds(0, _LARGEST_RATE))), ()
        except InvalidInput as error:
            if not isinstance(raw, str) or " to " not in raw:
                raise
            reason = "is an interval where the mean number of events is expected"
            hint = "give the mean number of events; one that is itself uncertain is an input of its own in a formula"
            raise InvalidInput(Problem(reason, "frequency", show(raw), hint=hint)) from error
    inner = _within(context, raw, "frequency")
    return frequency_of(inner), tuple(problem.under("frequency") for problem in inner.notes)


def _severity(context: Context, raw: object) -> Marginal:
    inner = _within(context, raw, "severity")
    if inner.support[0] < 0:
        reason = "takes negative values, and a loss cannot be negative"
        hint = "add truncate = { min = 0 } to the severity, or use a distribution of positive values such as lognormal"
        raise InvalidInput(Problem(reason, "severity", show(raw), ">= 0", hint))
    return inner


def _within(context: Context, raw: object, key: str) -> Marginal:
    if context.depth >= DEEPEST:
        raise InvalidInput(Problem("distributions are nested too deeply", key, allowed=f"{DEEPEST} levels"))
    try:
        return context.resolve(raw, replace(context, depth=context.depth + 1))
    except InvalidInput as error:
        raise InvalidInput([problem.under(key) for problem in error.problems]) from error


def _layer_problems(layer: str | None, limits: Mapping[str, float | None]) -> list[Problem]:
    """Limits without a layer, and a layer without limits."""
    given = _given(None, limits)
    if layer is None:
        reason = "says where a layer begins or ends, and it is not said which part of the loss is meant"
        hint = 'add layer = "retained" for what you bear yourself, or "insured" for what the insurer pays'
        return [Problem(reason, key, show(value), hint=hint) for key, value in given.items()]
    if not given:
        listed = "deductible, limit, event_deductible or event_limit"
        return [Problem("is given without its limits", "layer", show(layer), f"with {listed}")]
    return []


def _given(layer: str | None, limits: Mapping[str, float | None]) -> dict[str, object]:
    named: dict[str, object] = {} if layer is None else {"layer": layer}
    return {**named, **{key: value for key, value in limits.items() if value is not None}}


def _layer(layer: str | None, deductible: float | None, limit: float | None) -> Layer | None:
    """The layer between these limits; None where there is none."""
    if layer is None or (deductible is None and limit is None):
        return None
    return Layer(deductible or 0.0, math.inf if limit is None else limit, layer == "insured")


def _sum_moments(law: Frequency, loss: Severity) -> tuple[float, float]:
    """Mean and variance of the sum."""
    return law.mean * loss.mean, law.mean * loss.variance + law.variance * loss.mean * loss.mean


def _layered_moments(layer: Layer, pieces: Pieces, whole: tuple[float, float]) -> tuple[float, float]:
    """Mean and variance of the part of the sum that a layer keeps.

    The bounded part of a sum is integrated; the mean of the unbounded one is what remains of the mean of the sum.
    """
    mean, variance = piece_moments(layer.of_pieces(pieces))
    insured, unlimited = layer.insured, math.isinf(layer.limit)
    if insured != unlimited:
        return mean, variance
    rest = piece_moments(replace(layer, insured=not insured).of_pieces(pieces))[0]
    return whole[0] - rest, (variance if math.isfinite(finite_or_nan(whole[1])) else math.nan)


_NUMBERS = {
    "deductible": ("what of the total the insured bears first", NOT_NEGATIVE),
    "limit": ("the most that is paid of the total beyond the deductible", POSITIVE),
    "event_deductible": ("what of each loss the insured bears first", NOT_NEGATIVE),
    "event_limit": ("the most that is paid of each loss beyond its deductible", POSITIVE),
}

ROWS = (
    Family(
        "compound",
        "the total of a random number of losses: how many strike, what each costs, and which part an insurer pays",
        compound,
        (
            Form(
                (
                    Parameter(
                        "frequency",
                        "mean number of events (they are Poisson distributed), or a distribution of whole numbers",
                        kind="distribution",
                    ),
                    Parameter("severity", "loss of one event: any distribution >= 0", kind="distribution"),
                    Parameter(
                        "layer",
                        "the part that counts: what the insurer pays, or what is retained",
                        kind="choice",
                        required=False,
                        choices=_LAYERS,
                    ),
                    *(Parameter(name, doc, bounds, required=False) for name, (doc, bounds) in _NUMBERS.items()),
                )
            ),
        ),
        '{ dist = "compound", frequency = 0.3, severity = "100 to 1000" }',
        "Panjer (1981), ASTIN Bulletin 12; Grübel and Hermesmeier (1999), ASTIN Bulletin 29; "
        "Klugman, Panjer and Willmot (2012), Loss Models, 4th edition, chapter 9",
        contextual=True,
    ),
)
