"""Exact mean and variance of formulas over independent inputs, where a closed form is known.

Sums, differences and products of quantities that share no input, multiples, and choices by an independent event:
that covers the plain model T = V * D * R * (1 - L) * (1 - risk) * ... - costs.  For independent X and Y,
E XY = E X E Y and Var XY = Var X Var Y + Var X (E Y)**2 + Var Y (E X)**2.

Reference: L. A. Goodman, "On the exact variance of products", Journal of the American Statistical Association 55,
1960.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simengine.deal.model import Model, UncertainInput
from simengine.formula.nodes import Name, Node, Number, Operation, postorder


@dataclass(frozen=True)
class Moments:
    """Mean and variance of a quantity, and the names of all inputs that it depends on, also through a copula.

    ``event`` says that the quantity is 0 or 1.
    """

    mean: float
    variance: float
    inputs: frozenset[str] = frozenset()
    event: bool = False

    @property
    def second(self) -> float:
        """The mean of the square."""
        return self.variance + self.mean**2


def exact_moments(model: Model) -> dict[str, Moments]:
    """Moments of every input and of every formula that has a closed form, by name.

    Means and variances are NaN or infinite where a distribution has none.
    """
    together = {name: frozenset(group.names) for group in model.dependences for name in group.names}
    known = {name: _of_input(entry, together.get(name, frozenset({name}))) for name, entry in model.inputs.items()}
    for name, formula in model.formulas.items():
        found = _of_formula(formula.expression, known, model.inputs)
        if found is not None:
            known[name] = found
    return known


def _of_input(entry: UncertainInput, inputs: frozenset[str]) -> Moments:
    marginal = entry.marginal
    if marginal.constant is not None:
        return Moments(marginal.constant, 0.0, event=marginal.constant in (0.0, 1.0))
    event = marginal.discrete and marginal.pieces is not None and set(marginal.pieces.values.tolist()) <= {0.0, 1.0}
    return Moments(marginal.mean, marginal.variance, inputs, event)


def _of_formula(expression: Node, known: Mapping[str, Moments], inputs: Mapping[str, UncertainInput]) -> Moments | None:
    stack: list[Moments | None] = []
    for node in postorder(expression):
        match node:
            case Number(value):
                stack.append(Moments(value, 0.0, event=value in (0.0, 1.0)))
            case Name(name):
                stack.append(known.get(name))
            case Operation(symbol, operands):
                taken = [stack.pop() for _ in operands][::-1]
                complete = [entry for entry in taken if entry is not None]
                if len(complete) == len(taken):
                    stack.append(_strike(node, known, inputs) or _operation(symbol, complete))
                else:
                    stack.append(None)
    return stack.pop()


def _operation(symbol: str, operands: list[Moments]) -> Moments | None:
    match (symbol, operands):
        case ("+", [one]):
            return one
        case ("-", [one]):
            return Moments(-one.mean, one.variance, one.inputs)
        case ("+" | "-", [one, other]) if not one.inputs & other.inputs:
            sign = 1.0 if symbol == "+" else -1.0
            mean, variance = one.mean + sign * other.mean, one.variance + other.variance
            return Moments(mean, variance, one.inputs | other.inputs)
        case ("*", [one, other]) if not one.inputs & other.inputs:
            spread = one.variance * other.second + other.variance * one.mean**2
            event = one.event and other.event
            return Moments(one.mean * other.mean, spread, one.inputs | other.inputs, event)
        case ("/", [one, other]) if not other.inputs and other.mean != 0.0:
            return Moments(one.mean / other.mean, one.variance / other.mean**2, one.inputs)
        case ("where", [event, one, other]) if event.event and not event.inputs & (one.inputs | other.inputs):
            return _choice(event, one, other)
    return None


def _choice(event: Moments, one: Moments, other: Moments) -> Moments:
    p = event.mean
    mean = p * one.mean + (1.0 - p) * other.mean
    spread = p * one.variance + (1.0 - p) * other.variance + p * (1.0 - p) * (one.mean - other.mean) ** 2
    return Moments(mean, spread, event.inputs | one.inputs | other.inputs)


def _strike(node: Operation, known: Mapping[str, Moments], inputs: Mapping[str, UncertainInput]) -> Moments | None:
    """The event ``chance > 1 - probability`` of a risk of uncertain probability: its mean is that of probability."""
    if node.symbol != ">":
        return None
    match node.operands:
        case (Name(chance), Operation("-", (Number(1.0), Name(probability)))):
            drawn, share = inputs.get(chance), inputs.get(probability)
            if drawn is None or share is None or known[chance].inputs & known[probability].inputs:
                return None
            uniform = drawn.marginal.family == "uniform" and drawn.marginal.support == (0.0, 1.0)
            low, high = share.marginal.support
            if uniform and low >= 0.0 and high <= 1.0:
                p = known[probability].mean
                return Moments(p, p * (1.0 - p), known[chance].inputs | known[probability].inputs, event=True)
    return None
