"""Verification: a stored result is computed again from what it stores, and every number is compared.

The comparison is to the bit: the same scenario, seed and number of trials give the same bits on every machine,
by processors and by GPUs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simengine.engine.limits import device_problem, scheduler_problem
from simengine.errors import InvalidInput, Mismatch
from simengine.plan.plan import STREAM_VERSION
from simengine.results.compute import Prepared, Progress, Request, prepare, simulate, versions
from simengine.results.dossier import Dossier
from simengine.results.record import AttributeValue, Record
from simengine.results.sources import Source, data_folder, data_names
from simengine.results.storage import read_dossier_unchecked
from simengine.results.variables import NOT_REPRODUCED, Layout
from simengine.scenario import loads

if TYPE_CHECKING:
    from simengine.engine.schedule import Scheduler

MOST_LISTED = 50

Again = Callable[[Prepared, Record, Dossier], Dossier]
"""Computes the analyses beside a run again, given the run and the dossier that is stored."""


@dataclass(frozen=True)
class Verification:
    """What a verification found: how many numbers were compared, and what differs."""

    numbers: int
    differences: tuple[Difference, ...]
    other_versions: tuple[str, ...]
    """Programs whose version is not the one that made the result, as text."""

    def raise_if_different(self) -> None:
        """Raise when anything differs.

        Raises
        ------
        Mismatch
            With the list of differences.
        """
        if self.differences:
            lines = [f"the result could not be reproduced: {len(self.differences)} differences"]
            lines += [str(entry) for entry in self.differences[:MOST_LISTED]]
            if len(self.differences) > MOST_LISTED:
                lines.append(f"and {len(self.differences) - MOST_LISTED} more")
            if self.other_versions:
                lines.append(f"note: the result was made with other versions: {', '.join(self.other_versions)}")
            raise Mismatch("\n".join(lines))


def verify(
    path: Path,
    *,
    data: Sequence[Path] = (),
    threads: int | None = None,
    memory: int | None = None,
    scheduler: Scheduler | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    layouts: Mapping[str, Layout] | None = None,
    again: Again | None = None,
) -> Verification:
    """Compute the stored result at ``path`` again and compare every number.

    ``data`` are folders in which data files are looked for that are too large to be stored with a result.  ``layouts``
    are those of the groups beside the run, and ``again`` computes what stands in them: without it they are passed over.

    Raises
    ------
    InvalidInput
        When there is no such scheduler or device.
    DeviceError
        When a cluster or a GPU cannot be reached or used.
    FileProblem
        When the result cannot be read, or a data file that it needs is not there.
    Mismatch
        When what is stored is no longer a valid scenario, or asks for another stream version.
    """
    problem = scheduler_problem(scheduler, threads) or device_problem(device, scheduler)
    if problem is not None:
        raise InvalidInput(problem)
    dossier, intact = read_dossier_unchecked(path, layouts or {})
    stored = dossier.record
    if stored.integer("stream_version") != STREAM_VERSION:
        raise Mismatch(f"{path}: made with stream version {stored.attrs['stream_version']}, not {STREAM_VERSION}")
    with prepared_again(
        stored, data=data, threads=threads, memory=memory, scheduler=scheduler, device=device
    ) as prepared:
        computed = Dossier(_simulated(prepared, progress))
        if again is not None and (dossier.comparison or dossier.drivers or dossier.register):
            computed = again(prepared, computed.record, dossier)
    found, numbers = differences(stored, computed.record), numbers_compared(stored)
    if again is not None:
        more, others = _beside(dossier, computed)
        found, numbers = [*found, *more], numbers + others
    if not intact and not found:
        found.append(Difference("content digest", "that of other content", "another"))
    made_with = stored.document("versions")
    changed = [f"{name} {made_with.get(name)} (here {here})" for name, here in versions().items()
               if made_with.get(name) != here]  # fmt: skip
    return Verification(numbers, tuple(found), tuple(changed))


def _simulated(prepared: Prepared, progress: Progress | None) -> Record:
    try:
        return simulate(prepared, progress)
    except (InvalidInput, ValueError, TypeError) as error:
        raise _not_runnable(error) from error


@contextmanager
def prepared_again(
    stored: Record,
    *,
    data: Sequence[Path] = (),
    threads: int | None = None,
    memory: int | None = None,
    scheduler: Scheduler | None = None,
    device: str | None = None,
) -> Iterator[Prepared]:
    """What the scenario, seed and settings stored in a record compile to now; its data are there until the block ends.

    Raises
    ------
    FileProblem
        When a data file is not stored with the result and not found in ``data``.
    Mismatch
        When the stored scenario is not valid.
    """
    text = stored.text("resolved_text")
    sources = [Source(**entry) for entry in stored.document("sources")]
    request = Request(
        trials=stored.integer("trials"),
        seed=stored.integer("seed"),
        sampler=stored.text("sampler"),
        replicates=stored.integer("replicates"),
        precision=stored.text("precision"),
        strategies=stored.document("selected_strategies"),
        percentiles=stored["quantile"].tolist(),
        threads=threads,
        memory=memory,
        scheduler=scheduler,
        device=device,
    )
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(data_folder(sources, data_names(text), data))
            prepared = prepare(loads(text, file=stored.text("scenario_file"), folder=folder), request)
        except (InvalidInput, ValueError, TypeError) as error:
            raise _not_runnable(error) from error
        yield prepared


def _not_runnable(error: Exception) -> Mismatch:
    return Mismatch(f"the scenario stored in the result cannot be run: {error}")


@dataclass(frozen=True)
class Difference:
    """One thing that differs: where, what is stored, and what was computed again."""

    place: str
    stored: str
    computed: str

    def __str__(self) -> str:
        return f"{self.place}: stored {self.stored}, computed {self.computed}"


def differences(stored: Record, computed: Record) -> list[Difference]:
    """Every attribute and every array entry that differs, bit for bit; times and versions are not compared."""
    found = [
        Difference(f"attribute {name}", _brief(stored.attrs[name]), _brief(computed.attrs[name]))
        for name in stored.attrs
        if name not in NOT_REPRODUCED and not _same_attribute(stored.attrs[name], computed.attrs[name])
    ]
    for name in stored.layout.variables:
        if name in stored.values or name in computed.values:
            found += _array_differences(name, stored, computed)
    return found


def _beside(stored: Dossier, computed: Dossier) -> tuple[list[Difference], int]:
    """What differs in the analyses that are stored beside a run, and how many numbers they hold."""
    found, numbers = [], 0
    for group in ("comparison", "drivers"):
        one, other = getattr(stored, group), getattr(computed, group)
        if one is not None:
            listed = [Difference("", "there", "none")] if other is None else differences(one, other)
            found += [replace(entry, place=f"{group}/{entry.place}") for entry in listed]
            numbers += numbers_compared(one)
    if stored.register is not None:
        found += _plain_differences("risks", stored.register, computed.register)
        numbers += _plain_numbers(stored.register)
    return found, numbers


def _plain_differences(place: str, stored: object, computed: object) -> list[Difference]:
    """Every entry of plain values, within lists and mappings, that differs."""
    if isinstance(stored, Mapping) and isinstance(computed, Mapping):
        pairs = [(str(key), stored.get(key), computed.get(key)) for key in {**stored, **computed}]
    elif isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        pairs = [(str(k), *entries) for k, entries in enumerate(zip(stored, computed, strict=True))]
    else:
        return [] if stored == computed else [Difference(place, _brief(stored), _brief(computed))]
    return [entry for key, one, other in pairs for entry in _plain_differences(f"{place}/{key}", one, other)]


def _plain_numbers(value: object) -> int:
    """How many numbers plain values hold."""
    if isinstance(value, Mapping):
        return sum(map(_plain_numbers, value.values()))
    if isinstance(value, list):
        return sum(map(_plain_numbers, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def numbers_compared(record: Record) -> int:
    """How many numbers a comparison covers."""
    return sum(int(value.size) for name, value in record.values.items() if record.layout.variables[name].kind != "text")


def _array_differences(name: str, stored: Record, computed: Record) -> list[Difference]:
    one, other = stored.values.get(name), computed.values.get(name)
    if one is None or other is None:  # a part that only one of them has
        return [Difference(name, *("none" if value is None else f"shape {value.shape}" for value in (one, other)))]
    if one.shape != other.shape:
        return [Difference(name, f"shape {one.shape}", f"shape {other.shape}")]
    places = np.argwhere(~_same(one, other))
    return [
        Difference(_label(name, tuple(place), stored), _brief(one[tuple(place)]), _brief(other[tuple(place)]))
        for place in places
    ]


def _same_attribute(one: AttributeValue, other: AttributeValue) -> bool:
    return one == other or (one != one and other != other)  # NaN stands for a number that was not given


def _same(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    if one.dtype == np.float64:
        equal: NDArray[np.bool_] = (one.view(np.int64) == other.view(np.int64)) | (np.isnan(one) & np.isnan(other))
        return equal
    same: NDArray[np.bool_] = np.equal(one, other).astype(np.bool_)
    return same


def _label(name: str, place: tuple[int, ...], record: Record) -> str:
    """``mean[strategy=licence, output=T]``."""
    parts = []
    for dim, index in zip(record.layout.variables[name].dims, place, strict=True):
        labels = record.values.get(dim)
        parts.append(f"{dim}={labels[index] if labels is not None else int(index)}")
    return f"{name}[{', '.join(parts)}]"


def _brief(value: object) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    text = repr(plain) if isinstance(plain, float) else str(plain)
    return text if len(text) <= 60 else text[:57] + "..."
