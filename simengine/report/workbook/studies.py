"""What a workbook says of the analyses beside a run: each has a number of trials, digests and notes of its own."""

from __future__ import annotations

from collections.abc import Iterator

from simengine.results.dossier import Dossier, register_digest
from simengine.results.record import Record

_CONTENT = "SHA-256 of all of it, as results.nc has it"
_DIGESTS = {
    "plan_digest": "SHA-256 of what was compiled",
    "summary_digest": "SHA-256 of counts, sums, order statistics",
}

StudyFact = tuple[str, str | int]
"""Label and value."""


def trials_line(what: str, trials: int, dossier: Dossier) -> str:
    """On how many trials an analysis rests, for the sheet that shows it."""
    run = dossier.record.integer("trials")
    return (
        f"{what} {trials:,} trials drawn beside the run; statistics of outcomes rest on the {run:,} of the run itself."
    )


def study_facts(dossier: Dossier) -> Iterator[StudyFact]:
    """What was computed beside the run, from how many trials, and what could not be computed, and why."""
    for name, record in (("comparison", dossier.comparison), ("drivers", dossier.drivers)):
        if record is not None:
            yield from _of_record(name, record)
    register = dossier.register
    if register is not None:
        yield "risk register: trials", int(register["trials"])
        yield f"risk register: {_CONTENT}", register_digest(register)
        yield from (("risk register: note", str(note)) for note in register.get("notes", ()))
    yield from (("left out", note) for note in dossier.notes)


def _of_record(name: str, record: Record) -> Iterator[StudyFact]:
    yield f"{name}: trials", record.integer("trials")
    for attribute, label in _DIGESTS.items():
        if attribute in record.attrs:
            yield f"{name}: {label}", record.text(attribute)
    yield f"{name}: {_CONTENT}", record.digest()
    yield from ((f"{name}: note", str(note)) for note in record.document("notes"))
