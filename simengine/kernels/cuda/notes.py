"""What the rows of a plan are about, in the words of its scenario: for comments in the text of a kernel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simengine.plan.ops import DRAWS, OPERANDS, Op
from simengine.plan.plan import Plan
from simengine.sampling.address import stream_of

_LONGEST = 80


@dataclass(frozen=True)
class Notes:
    """Comments by number of a row of the tape, and by number of a constant."""

    rows: Mapping[int, str] = field(default_factory=dict)
    constants: Mapping[int, str] = field(default_factory=dict)


def notes_of(plan: Plan, addresses: Iterable[str]) -> Notes:
    """Draws by their inputs, tables by input and family, constants by value, outcomes by strategy and name.

    addresses: all that the draws of the plan may have; the plan itself has their hashes alone.
    """
    names = {stream_of(address): address for address in addresses}
    drawn: dict[int, str] = {}  # what the word in a register was drawn for
    rows: dict[int, str] = {}
    for row, (op, target, a, _, c) in enumerate(plan.tape.tolist()):
        kind = Op(op)
        if kind is Op.TALLY:
            output = plan.outputs[c]
            rows[row] = safe(f"{output.strategy}: {output.place}")
            continue
        source = drawn.get(a, "") if OPERANDS[kind] else ""
        drawn.pop(target, None)
        if kind in DRAWS:
            drawn[target] = names.get(int(plan.streams[c]), "")
            rows[row] = safe(drawn[target])
        elif kind in (Op.WORD_TO_X, Op.SCORE_TO_X):
            rows[row] = safe(_table(plan, c, source))
        elif kind in (Op.STEP, Op.PIECES):
            rows[row] = safe(source)
    constants = {k: safe(value) for k, value in enumerate(_constants(plan))}
    return Notes(rows, constants)


def safe(text: str) -> str:
    """A text that a comment can hold: one line that ends where it seems to end, whatever it was."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in text)
    shown = shown.replace("\\", "/").replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + "..."


def _table(plan: Plan, table: int, source: str) -> str:
    """Inputs and family of a table; one that is no input's makes scores for a copula."""
    entries = [entry for entry in plan.inputs if entry.table == table]
    if not entries:
        return f"{source}: score" if source else "score"
    own = [entry.name for entry in entries if entry.name == source] or [entry.name for entry in entries]
    return f"{', '.join(dict.fromkeys(own))}: {entries[0].family}"


def _constants(plan: Plan) -> list[str]:
    settable = {place: key for key, place in plan.parameters.items()}
    values = [f"{value:.9g}" for value in plan.constants.tolist()]
    return [f"{value}, {settable[k]}" if k in settable else value for k, value in enumerate(values)]
