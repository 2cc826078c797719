"""What may be done to any distribution: shift, scale, and true truncation by mapping probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from simengine.distributions.families.separate import mixture_moments, separate_mixture
from simengine.distributions.marginal import Array, Function, Marginal, Part, Pieces, finite_or_nan, quiet
from simengine.distributions.moments import quantile_moments
from simengine.distributions.pieces import constant, cut, pieces_marginal
from simengine.distributions.values import brief
from simengine.errors import InvalidInput, Problem

LEAST_MASS = 1e-12
"""A truncation that keeps less probability is refused."""
_COARSE = 1e-5
"""Below this share of its tail a slice is so thin that positions inside it lose digits."""


def affine(
    base: Marginal,
    shift: float = 0.0,
    scale: float = 1.0,
    *,
    family: str | None = None,
    parameters: Mapping[str, object] | None = None,
    digest_key: object = None,
) -> Marginal:
    """The distribution of ``shift + scale * X``, for ``scale > 0``."""
    named = base.family if family is None else family
    known = {**base.parameters, "shift": shift, "scale": scale} if parameters is None else parameters
    if base.constant is not None:
        return replace(constant(shift + scale * base.constant, base.notes), family=named, parameters=known)
    if base.pieces is not None:
        old = base.pieces
        moved = Pieces(old.starts, shift + scale * old.values, scale * old.slopes)
        moments = (shift + scale * base.mean, scale * scale * base.variance)
        return pieces_marginal(named, moved, parameters=known, moments=moments, notes=base.notes)
    low, high, cdf, sf, log_low, log_high = (
        base.low,
        base.high,
        base.cdf,
        base.sf,
        base.log_low,
        base.log_high,
    )
    log_scale, keeps_log = math.log(scale), shift == 0 and log_low is not None and log_high is not None
    return replace(
        base,
        family=named,
        low=quiet(lambda q: shift + scale * low(q)),
        high=quiet(lambda q: shift + scale * high(q)),
        cdf=quiet(lambda x: cdf((x - shift) / scale)),
        sf=quiet(lambda x: sf((x - shift) / scale)),
        support=(shift + scale * base.support[0], shift + scale * base.support[1]),
        mean=finite_or_nan(shift + scale * base.mean),
        variance=finite_or_nan(scale * scale * base.variance),
        digest_key=["affine", shift, scale, base.digest_key] if digest_key is None else digest_key,
        positive_tail=base.positive_tail and keeps_log,
        log_low=_plus(log_low, log_scale) if keeps_log else None,
        log_high=_plus(log_high, log_scale) if keeps_log else None,
        parts=tuple(Part(part.start, affine(part.marginal, shift, scale)) for part in base.parts),
        parameters=known,
    )


def truncate(base: Marginal, low: float = -math.inf, high: float = math.inf) -> Marginal:
    """The distribution given that ``low <= X <= high``.

    Raises
    ------
    InvalidInput
        If the interval holds less than :data:`LEAST_MASS` of the probability.
    """
    known = {**base.parameters, "truncate": _limits(low, high)}
    if low <= base.support[0] and high >= base.support[1]:
        reason = "cuts nothing off: no value lies outside"
        note = Problem(reason, "truncate", allowed=None, severity="note")
        return replace(base, notes=(*base.notes, note))
    mass, kept = _restricted(base, low, high)
    if kept is None or not mass >= LEAST_MASS:
        raise _empty(base, low, high, mass)
    return replace(kept, family=base.family, parameters=known)


def inside_of(base: Marginal, low: float, high: float) -> tuple[float, Marginal | None]:
    """The probability of low < X < high, and the distribution given that where it is not negligible."""
    below, above = base.cdf(np.array([low])), base.sf(np.array([low]))
    inner = np.array([np.nextafter(high, -np.inf)])
    window = _Window(low, high, float(below[0]), float(above[0]), float(base.cdf(inner)[0]), float(base.sf(inner)[0]))
    if low == -math.inf:
        window = replace(window, below_low=0.0, above_low=1.0)
    if high == math.inf:
        window = replace(window, below_high=1.0, above_high=0.0)
    return window.mass, _truncated(base, window) if window.mass >= LEAST_MASS else None


def _restricted(base: Marginal, low: float, high: float) -> tuple[float, Marginal | None]:
    """The probability of the interval, and the distribution inside it where that is not negligible."""
    if low <= base.support[0] and high >= base.support[1]:
        return 1.0, base
    if base.parts:
        return _restricted_row(base, low, high)
    if base.pieces is not None:
        pieces, mass = cut(base.pieces, low, high)
        if mass < LEAST_MASS:
            return mass, None
        return mass, pieces_marginal(base.family, pieces, parameters=base.parameters, notes=base.notes)
    window = _window(base, low, high)
    return window.mass, _truncated(base, window) if window.mass >= LEAST_MASS else None


def _restricted_row(base: Marginal, low: float, high: float) -> tuple[float, Marginal | None]:
    """As :func:`_restricted`, for components that lie one behind the other: each is restricted by itself."""
    starts = [part.start for part in base.parts]
    kept: list[tuple[float, Marginal]] = []
    for part, start, end in zip(base.parts, starts, [*starts[1:], 1.0], strict=True):
        share, inside = _restricted(part.marginal, low, high)
        if inside is not None:
            kept.append(((end - start) * share, inside))
    mass = math.fsum(weight for weight, _ in kept)
    if mass < LEAST_MASS:
        return mass, None
    ordered = [(weight / mass, inside) for weight, inside in kept]
    whole = ordered[0][1] if len(ordered) == 1 else separate_mixture(ordered, mixture_moments(ordered))
    return mass, replace(whole, notes=base.notes)


@dataclass(frozen=True)
class _Window:
    """Probabilities of a truncation: below and above each limit, and between them."""

    low: float
    high: float
    below_low: float
    above_low: float
    below_high: float
    above_high: float

    @property
    def mass(self) -> float:
        """P(low <= X <= high), without cancellation between numbers near 1."""
        if self.below_high <= 0.5:
            return self.below_high - self.below_low
        if self.above_low <= 0.5:
            return self.above_low - self.above_high
        return 1.0 - self.below_low - self.above_high


def _window(base: Marginal, low: float, high: float) -> _Window:
    ends = np.array([np.nextafter(low, -np.inf), high])  # an atom on the limit stays
    below, above = base.cdf(ends), base.sf(ends)
    if low == -math.inf:
        below[0], above[0] = 0.0, 1.0
    if high == math.inf:
        below[1], above[1] = 1.0, 0.0
    return _Window(low, high, float(below[0]), float(above[0]), float(below[1]), float(above[1]))


def _truncated(base: Marginal, window: _Window) -> Marginal:
    mass, support = window.mass, _inside(base, window)
    low, high = _mapped(base.low, base.high, window)
    low, high = _clipped(low, support), _clipped(high, support)
    log_low = log_high = None
    if base.log_low is not None and base.log_high is not None:
        log_low, log_high = _mapped(base.log_low, base.log_high, window)
    kinks = tuple(k for k in ((kink - window.below_low) / mass for kink in base.kinks) if 0 < k < 1)
    known_moments = not math.isnan(base.variance) or all(map(math.isfinite, support))
    mean, variance = math.nan, math.nan
    if known_moments:
        mean, variance = quantile_moments(low, high, kinks)
    elif not math.isnan(base.mean):
        mean = quantile_moments(low, high, kinks)[0]
    return replace(
        base,
        low=low,
        high=high,
        cdf=quiet(lambda x: _cdf_inside(base, window, x)),
        sf=quiet(lambda x: _sf_inside(base, window, x)),
        support=support,
        mean=mean,
        variance=variance,
        digest_key=[
            "truncated",
            *(_limits(window.low, window.high).get(k) for k in ("min", "max")),
            base.digest_key,
        ],
        kinks=kinks,
        notes=(*base.notes, *_thin(window)),
        log_low=log_low,
        log_high=log_high,
    )


def _mapped(low: Function, high: Function, window: _Window) -> tuple[Function, Function]:
    """Quantile functions of both tails inside the window, from those of the whole distribution."""

    def at(below: Array, above: Array) -> Array:
        lower = below <= 0.5
        out = np.empty(below.shape)
        out[lower], out[~lower] = low(below[lower]), high(np.minimum(above[~lower], 0.5))
        return out

    def from_below(q: Array) -> Array:
        return at(window.below_low + q * window.mass, window.above_high + (1.0 - q) * window.mass)

    def from_above(q: Array) -> Array:
        return at(window.below_low + (1.0 - q) * window.mass, window.above_high + q * window.mass)

    return quiet(from_below), quiet(from_above)


def _clipped(quantile: Function, support: tuple[float, float]) -> Function:
    return lambda q: np.clip(quantile(q), *support)


def _cdf_inside(base: Marginal, window: _Window, x: Array) -> Array:
    below, above, mass = base.cdf(x), base.sf(x), window.mass
    if window.above_low <= 0.5:
        inside = (window.above_low - above) / mass
    else:
        inside = np.where(below <= 0.5, (below - window.below_low) / mass, 1.0 - (above - window.above_high) / mass)
    return np.where(x < window.low, 0.0, np.where(x >= window.high, 1.0, np.clip(inside, 0.0, 1.0)))


def _sf_inside(base: Marginal, window: _Window, x: Array) -> Array:
    below, above, mass = base.cdf(x), base.sf(x), window.mass
    if window.below_high <= 0.5:
        inside = (window.below_high - below) / mass
    else:
        inside = np.where(above <= 0.5, (above - window.above_high) / mass, 1.0 - (below - window.below_low) / mass)
    return np.where(x < window.low, 1.0, np.where(x >= window.high, 0.0, np.clip(inside, 0.0, 1.0)))


def _inside(base: Marginal, window: _Window) -> tuple[float, float]:
    return max(base.support[0], window.low), min(base.support[1], window.high)


def _limits(low: float, high: float) -> dict[str, float]:
    return {name: limit for name, limit in (("min", low), ("max", high)) if math.isfinite(limit)}


def _plus(function: Function | None, term: float) -> Function | None:
    if function is None:
        return None
    inner = function
    return lambda q: inner(q) + term


def _thin(window: _Window) -> tuple[Problem, ...]:
    tail = min(max(window.below_low, window.below_high), max(window.above_low, window.above_high))
    if window.mass >= _COARSE * tail:
        return ()
    lost = brief(float(f"{1.1e-16 * tail / window.mass:.1g}"))
    reason = f"keeps so thin a slice of the distribution that probabilities inside it are accurate to {lost} only"
    return (Problem(reason, "truncate", severity="warning", hint="a uniform distribution describes it as well"),)


def _empty(base: Marginal, low: float, high: float, mass: float) -> InvalidInput:
    shown = "{" + ", ".join(f"{k} = {brief(v)}" for k, v in _limits(low, high).items()) + "}"
    reason = f"the interval holds {brief(float(f'{max(mass, 0.0):.2g}'))} of the probability"
    if not mass > 0:
        reason = "the interval holds none of the probability"
    middle = base.quantile(np.array([0.05, 0.95])).tolist()
    extent = "90 % of the values lie between {} and {}".format(*(brief(float(f"{v:.6g}")) for v in middle))
    return InvalidInput(Problem(reason, "truncate", shown, f"at least {brief(LEAST_MASS)}", extent))
