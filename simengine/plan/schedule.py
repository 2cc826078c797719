"""The order in which a graph is computed, and the registers that hold its values.

Values are computed just before they are needed and consumed early, so that few registers are in use at once and
all of them stay in the cache.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from simengine.plan.graph import Graph


@dataclass(frozen=True)
class Step:
    """Compute a node, or (when ``outcome`` is given) tally it as that outcome."""

    node: int
    outcome: int | None = None


def schedule(graph: Graph, outcomes: Sequence[int]) -> list[Step]:
    """Steps that compute and tally the outcomes, in their order; constants need no step.

    Operands that need more registers come first (Sethi and Ullman), so that their results wait in one register
    while the simpler ones are computed.
    """
    needs = registers_needed(graph, outcomes)
    done: set[int] = set()
    steps: list[Step] = []
    for outcome, root in enumerate(outcomes):
        waiting = [(root, False)]
        while waiting:
            node, opened = waiting.pop()
            if node in done or needs[node] == 0:
                continue
            if opened:
                done.add(node)
                steps.append(Step(node))
                continue
            waiting.append((node, True))
            operands = sorted(graph.nodes[node].operands, key=lambda operand: needs[operand])
            waiting.extend((operand, False) for operand in operands)
        steps.append(Step(root, outcome))
    return steps


def registers_needed(graph: Graph, outcomes: Sequence[int]) -> dict[int, int]:
    """Registers that computing a node takes when nothing is shared; 0 for constants."""
    needs: dict[int, int] = {}
    for node in graph.live(outcomes):  # operands come before the operations that use them
        found = graph.nodes[node]
        ordered = sorted((needs[operand] for operand in set(found.operands)), reverse=True)
        held = [need + place for place, need in enumerate(ordered) if need]
        needs[node] = 0 if found.op is None else max([1, *held])
    return needs


@dataclass(frozen=True)
class Registers:
    """The register of every node (constants follow the others) and how many hold values that are computed."""

    of: dict[int, int]
    computed: int
    constants: tuple[float, ...]
    parameters: dict[str, int]
    """The place among the constants of each that has a name."""


def allocate(graph: Graph, steps: Sequence[Step]) -> Registers:
    """Registers by linear scan: the lowest that is free while its operands are still held.

    A result never takes the place of an operand: loops over the same memory fail the check for overlap that compilers
    put before vector code, and run one trial at a time.
    """
    last: dict[int, int] = {}
    for position, step in enumerate(steps):
        for node in _read(graph, step):
            last[node] = position
    of: dict[int, int] = {}
    constants: list[int] = []
    free: list[int] = []
    computed = 0
    for position, step in enumerate(steps):
        if step.outcome is None:
            if not free:
                heapq.heappush(free, computed)
                computed += 1
            of[step.node] = heapq.heappop(free)
        for node in _read(graph, step):
            if graph.nodes[node].op is None:
                if node not in of:
                    of[node] = -1  # numbered once all others are
                    constants.append(node)
            elif last[node] == position:
                heapq.heappush(free, of[node])
    of.update((node, computed + place) for place, node in enumerate(constants))
    named = {graph.nodes[node].name: place for place, node in enumerate(constants) if graph.nodes[node].name}
    return Registers(of, computed, tuple(graph.nodes[node].value for node in constants), named)


def _read(graph: Graph, step: Step) -> tuple[int, ...]:
    """The nodes whose registers a step reads, each once."""
    operands = (step.node,) if step.outcome is not None else graph.nodes[step.node].operands
    return tuple(dict.fromkeys(operands))
