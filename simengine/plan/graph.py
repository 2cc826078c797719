"""The expression graph of a plan: every value once, constants folded, nothing rounded differently.

A node is an operation on earlier nodes; asking for a node that exists returns it, so equal expressions are
shared across formulas and strategies.  Only rewritings that give the same bits for every operand (infinities,
NaN and the sign of zero included) are made: sums and products are never reassociated.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from simengine.formula.arithmetic import FLOATS
from simengine.plan.ops import Op

MAX_UNROLLED_POWER = 64
"""A constant whole exponent up to this size becomes multiplications."""

_COMMUTATIVE = frozenset({Op.ADD, Op.MULTIPLY, Op.EQUAL, Op.NOT_EQUAL})
_TRUTHS = frozenset({Op.LESS, Op.LESS_EQUAL, Op.EQUAL, Op.NOT_EQUAL, Op.STEP})

_FOLDED: Mapping[Op, Callable[..., float]] = {
    Op.ADD: FLOATS.add,
    Op.SUBTRACT: FLOATS.subtract,
    Op.MULTIPLY: FLOATS.multiply,
    Op.DIVIDE: FLOATS.divide,
    Op.MINIMUM: FLOATS.minimum,
    Op.MAXIMUM: FLOATS.maximum,
    Op.NEGATE: FLOATS.negate,
    Op.ABSOLUTE: FLOATS.absolute,
    Op.LESS: FLOATS.less,
    Op.LESS_EQUAL: FLOATS.less_equal,
    Op.EQUAL: FLOATS.equal,
    Op.NOT_EQUAL: FLOATS.not_equal,
    Op.EXP: FLOATS.exp,
    Op.LOG: FLOATS.log,
    Op.SQRT: FLOATS.sqrt,
    Op.POW: FLOATS.power,
}


@dataclass(frozen=True)
class GraphNode:
    """An operation on earlier nodes, or a constant when ``op`` is None.

    ``immediate`` is the number or index that some operations carry, see ``IMMEDIATE_C`` of the operations.  A constant
    with a ``name`` is a parameter: its value may be set in the finished plan, so nothing is concluded from it.
    """

    op: Op | None
    operands: tuple[int, ...] = ()
    immediate: int = 0
    value: float = 0.0
    name: str = ""


class Graph:
    """Nodes by number, operands before the operations that use them; an arithmetic for formulas."""

    def __init__(self) -> None:
        self.nodes: list[GraphNode] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        self._truths: set[int] = set()  # nodes that are 0 or 1 in every trial
        self.probability_of_score: Callable[[int], int] | None = None
        """Looks up the probability of a normal score; set by what holds the tables."""

    # ---- building ----

    def constant(self, value: float) -> int:
        """The node of a number; equal bits are one node, so 0.0 and -0.0 are two."""
        value = math.nan if math.isnan(value) else float(value)
        return self._node((None, bits_of(value)), GraphNode(None, value=value))

    def parameter(self, name: str, value: float) -> int:
        """The node of a number that may be set in the finished plan; ``value`` is what it is until then."""
        return self._node((None, name), GraphNode(None, value=float(value), name=name))

    def apply(self, op: Op, *operands: int, immediate: int = 0) -> int:
        """The node of an operation as it stands, unless it exists or all operands are constants."""
        fold = _FOLDED.get(op)
        if fold is not None:
            values = [self.value(operand) for operand in operands]
            known = [value for value in values if value is not None]
            if len(known) == len(values):
                return self.constant(fold(*known))
        key = tuple(sorted(operands)) if op in _COMMUTATIVE else operands
        return self._node((op, key, immediate), GraphNode(op, operands, immediate))

    def _node(self, key: tuple[object, ...], node: GraphNode) -> int:
        number = self._numbers.setdefault(key, len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
            branches = node.operands[1:] if node.op is Op.SELECT else ()
            binary = node.op is None and not node.name and node.value in (0.0, 1.0)
            if binary or node.op in _TRUTHS or (branches and self._truths.issuperset(branches)):
                self._truths.add(number)
        return number

    # ---- asking ----

    def value(self, node: int) -> float | None:
        """The number that a node is in every trial, or None."""
        found = self.nodes[node]
        return found.value if found.op is None and not found.name else None

    def uncertain_terms(self, root: int) -> tuple[tuple[int, int], ...]:
        """A node as a sum: its terms that are not constant and how often each is added, in order of their numbers."""
        times: dict[int, int] = {}
        waiting = [(root, 1)]
        while waiting:
            node, sign = waiting.pop()
            found = self.nodes[node]
            if found.op in (Op.ADD, Op.SUBTRACT):
                one, other = found.operands
                waiting += [(one, sign), (other, sign if found.op is Op.ADD else -sign)]
            elif found.op is Op.NEGATE:
                waiting.append((found.operands[0], -sign))
            elif found.op is not None:
                times[node] = times.get(node, 0) + sign
        return tuple(sorted((node, count) for node, count in times.items() if count))

    def live(self, roots: Iterable[int]) -> list[int]:
        """The nodes that the roots depend on, themselves included, in order."""
        seen: set[int] = set()
        waiting = list(roots)
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting.extend(self.nodes[node].operands)
        return sorted(seen)

    def _is(self, node: int, value: float) -> bool:
        found = self.nodes[node]
        return found.op is None and not found.name and bits_of(found.value) == bits_of(value)

    def _operand_of(self, node: int, op: Op) -> int | None:
        """The operand of a node that is this operation of one operand."""
        found = self.nodes[node]
        return found.operands[0] if found.op is op else None

    # ---- the arithmetic of formulas ----

    def add(self, x: int, y: int) -> int:
        """x + y; adding -0.0 changes nothing, adding 0.0 would change the sign of -0.0."""
        if self._is(y, -0.0):
            return x
        if self._is(x, -0.0):
            return y
        opposite = self._operand_of(y, Op.NEGATE)
        return self.apply(Op.ADD, x, y) if opposite is None else self.apply(Op.SUBTRACT, x, opposite)

    def subtract(self, x: int, y: int) -> int:
        """x - y."""
        if self._is(y, 0.0):
            return x
        opposite = self._operand_of(y, Op.NEGATE)
        return self.apply(Op.SUBTRACT, x, y) if opposite is None else self.add(x, opposite)

    def multiply(self, x: int, y: int) -> int:
        """x * y."""
        if self._is(y, 1.0):
            return x
        if self._is(x, 1.0):
            return y
        return self.apply(Op.MULTIPLY, x, y)

    def divide(self, x: int, y: int) -> int:
        """x / y."""
        return x if self._is(y, 1.0) else self.apply(Op.DIVIDE, x, y)

    def negate(self, x: int) -> int:
        """-x."""
        opposite = self._operand_of(x, Op.NEGATE)
        return self.apply(Op.NEGATE, x) if opposite is None else opposite

    def absolute(self, x: int) -> int:
        """The size of x."""
        if self.nodes[x].op is Op.ABSOLUTE:
            return x
        opposite = self._operand_of(x, Op.NEGATE)
        return self.apply(Op.ABSOLUTE, x if opposite is None else opposite)

    def minimum(self, x: int, y: int) -> int:
        """x if x < y, else y."""
        return x if x == y else self.apply(Op.MINIMUM, x, y)

    def maximum(self, x: int, y: int) -> int:
        """x if x > y, else y."""
        return x if x == y else self.apply(Op.MAXIMUM, x, y)

    def less(self, x: int, y: int) -> int:
        """1 if x < y, else 0."""
        return self.apply(Op.LESS, x, y)

    def less_equal(self, x: int, y: int) -> int:
        """1 if x <= y, else 0."""
        return self.apply(Op.LESS_EQUAL, x, y)

    def equal(self, x: int, y: int) -> int:
        """1 if x == y, else 0."""
        return self.apply(Op.EQUAL, x, y)

    def not_equal(self, x: int, y: int) -> int:
        """1 if x != y, else 0."""
        return self.apply(Op.NOT_EQUAL, x, y)

    def truth(self, x: int) -> int:
        """1 if x is not 0, else 0."""
        return x if x in self._truths else self.not_equal(x, self.constant(0.0))

    def select(self, condition: int, x: int, y: int) -> int:
        """x where the condition is not 0, else y."""
        known = self.value(condition)
        if known is not None:
            return x if known != 0.0 else y
        if x == y:
            return x
        test = self.nodes[condition]
        if test.op in (Op.EQUAL, Op.NOT_EQUAL):
            inner = next((a for a, b in (test.operands, test.operands[::-1]) if self.value(b) == 0.0), None)
            if inner is not None:
                return self.select(inner, y, x) if test.op is Op.EQUAL else self.select(inner, x, y)
        if self._is(x, 1.0) and self._is(y, 0.0) and condition in self._truths:
            return condition
        return self.apply(Op.SELECT, condition, x, y)

    def exp(self, x: int) -> int:
        """e to the power x."""
        return self.apply(Op.EXP, x)

    def log(self, x: int) -> int:
        """Natural logarithm."""
        return self.apply(Op.LOG, x)

    def sqrt(self, x: int) -> int:
        """Square root."""
        return self.apply(Op.SQRT, x)

    def power(self, x: int, y: int) -> int:
        """x to the power y; a small whole constant exponent becomes squarings and products."""
        exponent = self.value(y)
        if exponent is None or self.value(x) is not None:
            return self.apply(Op.POW, x, y)
        if not exponent.is_integer() or abs(exponent) > MAX_UNROLLED_POWER:
            return self.apply(Op.POW, x, y)
        if exponent == 0.0:
            return self.constant(1.0)
        product = self._whole_power(x, int(abs(exponent)))
        return product if exponent > 0.0 else self.divide(self.constant(1.0), product)

    def normal_cdf(self, x: int) -> int:
        """The probability that a standard normal number lies below x, by its table; undefined where x is."""
        known = self.value(x)
        if known is not None:
            return self.constant(FLOATS.normal_cdf(known))
        assert self.probability_of_score is not None, "a graph of formulas needs tables"
        # the table has a value for every word of bits, for what is no number too
        return self.select(self.equal(x, x), self.probability_of_score(x), x)

    def _whole_power(self, x: int, exponent: int) -> int:
        """x * x * ... by squaring, from the highest bit of the exponent down."""
        product = x
        for bit in bin(exponent)[3:]:
            product = self.multiply(product, product)
            if bit == "1":
                product = self.multiply(product, x)
        return product


def bits_of(value: float) -> int:
    """The 64 bits of a float."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])
