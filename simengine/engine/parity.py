"""Where a GPU gives the bits of the processors: the rule by which both may work on one run."""

from __future__ import annotations

from simengine.plan.ops import Op
from simengine.plan.plan import Plan

INEXACT_OPS: frozenset[Op] = frozenset()
"""Operations whose values may differ in the last bits between a GPU and the processors.

There are none: words are integers, every polynomial and every ``fma`` is written out in both texts, and the remaining
operations (+, -, *, /, square root, comparisons) are rounded as IEEE 754 says on both.  An operation that came to use a
library function of CUDA would have to stand here.
"""


def inexact(plan: Plan) -> tuple[Op, ...]:
    """The operations of a plan for which a GPU may give other bits; none means that digests are equal."""
    used = {int(op) for op in plan.tape[:, 0]}
    return tuple(sorted(op for op in INEXACT_OPS if int(op) in used))
