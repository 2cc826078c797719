"""A dask.distributed cluster: ranges are computed by its workers, and merged there before they travel.

Tasks are pure, so that a range whose worker dies, or that is computed twice, changes no digit.  Everything a task
needs is itself a task that holds a value: what a dead worker took with it can be made again.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import queue
import re
import time
import uuid
import warnings
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from simengine.engine.devices import warn
from simengine.engine.fingerprint import differences, fingerprint
from simengine.engine.schedule import MOST_FAILURES, Fold, Reporter
from simengine.engine.tasks import Mergeable, Range, Task, Trials, Value
from simengine.engine.workers import Declared, Workers, declared, family_of_worker
from simengine.errors import DeviceError

if TYPE_CHECKING:
    from distributed import Client, Future

    from simengine.plan.plan import Plan

PATIENCE = 5.0
"""Seconds to wait for a scheduler that does not answer, and for the first worker of one that has none."""
DESERTED = 60.0
"""Seconds that a cluster which has lost all its workers may take to bring others."""
BRANCHES = 8
"""Neighbouring ranges that a worker merges before the value is fetched."""
_MOST_AHEAD = 16
"""For each group under way, groups that may be merged ahead of the first one that is missing."""
_TASKS_A_THREAD = 2
"""Tasks submitted for each thread of the cluster: the next one is there when one ends."""


@contextlib.contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the scheduler at an address, closed afterwards.

    Raises
    ------
    DeviceError
        When distributed is not installed, the address is none, or nobody answers.
    """
    try:
        from distributed import Client
        from distributed.versions import VersionMismatchWarning
    except ImportError as error:
        raise DeviceError(
            f"scheduler = {address}: dask.distributed is not installed ({error}); "
            "hint: pip install 'simengine[distributed]'"
        ) from error
    with _unlogged():
        _knock(address)
        with warnings.catch_warnings():  # what must not differ is compared in Cluster
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(address, timeout=PATIENCE, set_as_default=False, name="simengine")
        try:
            yield client
        finally:
            client.close(timeout=PATIENCE)


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    """While this lasts dask's client logs no failures: they are raised, as errors with a remedy."""
    logger = logging.getLogger("distributed.client")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _knock(address: str) -> None:
    """Ask who listens at an address: a client that fails to connect takes longer, and cannot be closed again."""
    from distributed.core import rpc
    from distributed.security import Security

    async def identity() -> Any:
        async with rpc(address, connection_args=Security().get_connection_args("client"), timeout=PATIENCE) as listener:
            return await listener.identity()

    def ask() -> Any:
        return asyncio.run(asyncio.wait_for(identity(), PATIENCE + 1.0))  # to connect, and then to be answered

    try:
        with ThreadPoolExecutor(1) as pool:  # the caller's thread may have an event loop that runs, as in a notebook
            found = pool.submit(ask).result()
    except ValueError as error:
        raise DeviceError(
            f"scheduler = {address}: {error}; allowed: tcp://HOST:PORT, or tls:// or ucx:// where dask is set up for it"
        ) from error
    except TimeoutError as error:
        raise DeviceError(_nobody(address, f"did not answer within {PATIENCE:.0f} s")) from error
    except OSError as error:
        raise DeviceError(_nobody(address, f"cannot be reached ({_reason(error)})")) from error
    except Exception as error:  # whatever dask makes of an answer in another protocol
        raise DeviceError(_nobody(address, "did not answer as one would")) from error
    if found.get("type") != "Scheduler":
        raise DeviceError(_nobody(address, f"is a {found.get('type')}"))


def _reason(error: OSError) -> str:
    """What the system said, without the object of dask's that heard it."""
    heard = error.__cause__ or error
    return re.sub(r"^in <.*>: ", "", str(heard)) or type(heard).__name__


def _nobody(address: str, what: str) -> str:
    return (
        f"scheduler = {address}: a dask scheduler is expected there, which {what}; hint: start one with "
        "`dask scheduler` and workers with `dask worker ADDRESS`, or leave out --scheduler"
    )


class Cluster:
    """The workers that a client reaches."""

    shares_memory = False

    def __init__(self, client: Client, device: str = "cpu", plan: Plan | None = None):
        self._client, self._device = client, device
        self._name = uuid.uuid4().hex[:12]
        self._sent = 0
        self._held: list[Future] = []
        with _as_device_errors(client):
            self.workers, self._found = _checked_workers(client, device, plan)
        self.device, self.tasks_longer = self._found.device, self._found.tasks_longer
        self.notes: tuple[str, ...] = ()
        self._pinned = device

    def start(self, trials: Trials) -> None:
        """Send what all tasks share, once.

        Raises
        ------
        DeviceError
            When some workers have GPUs and others have not, and the plan might not give the same bits on both.
        """
        plan = trials.source.plan
        for note in self._found.failed:
            warn(note)
        self.notes, self._pinned = self._found.notes_on(plan), self._found.pinned(self._device, plan)
        self._held = [self._hold(trials.to_send(), "trials")]

    def fold(self, task: Task[Value], ranges: Sequence[Range], report: Reporter, in_flight: int) -> Value:
        """The value over all ranges, merged eight by eight by the workers and the rest of the way here.

        Raises
        ------
        DeviceError
            When a range was lost too often with its worker, a worker has another version, or the cluster is gone.
        """
        stage = report.stage.replace(" ", "-")
        folded: Fold[Value] = Fold(in_flight)
        groups = deque(enumerate(ranges[start : start + BRANCHES] for start in range(0, len(ranges), BRANCHES)))
        most = max(2, -(-_TASKS_A_THREAD * self.workers // BRANCHES))
        ahead = max(most, min(_MOST_AHEAD * most, in_flight))
        submitted = _Submitted(self._client, self._hold(task, f"task-{stage}"), self._pinned)
        with _as_device_errors(self._client), contextlib.closing(submitted) as tasks:
            while groups or tasks.waiting:
                while groups and tasks.groups < most and groups[0][0] < folded.next + ahead:
                    tasks.submit(*groups.popleft(), self._held[0], f"{stage}-{self._name}-{self._sent}")
                done = tasks.next_done()
                if isinstance(done, Range):
                    report.done(done)
                else:
                    folded.add(*done)
        return folded.result()

    def close(self) -> None:
        """Take back what was sent; the client stays open."""
        _take_back(self._client, self._held)
        self._held = []

    def _hold(self, value: object, name: str) -> Future:
        self._sent += 1
        with warnings.catch_warnings():  # it is sent once, and deliberately
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            return self._client.submit(_same, value, key=f"{name}-{self._name}-{self._sent}", retries=MOST_FAILURES)


class _Submitted:
    """The tasks of one pass that are under way; groups: how many groups of ranges."""

    def __init__(self, client: Client, task: Future, device: str):
        self._client, self._task, self._device = client, task, device
        self._ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._meaning: dict[str, tuple[Future, Range | int]] = {}
        self._deserted: float | None = None
        self.groups = 0

    @property
    def waiting(self) -> bool:
        """Whether anything has yet to be handed out."""
        return bool(self._meaning)

    def submit(self, place: int, group: Sequence[Range], trials: Future, name: str) -> None:
        """Have the ranges of a group computed and merged."""
        leaves = []
        for part in group:
            key, here = f"{name}-{part.first}", fingerprint()
            given = self._task, trials, part, here, self._device
            leaf = self._client.submit(_computed, *given, key=key, retries=MOST_FAILURES)
            self._meaning[key] = leaf, part
            leaves.append(leaf)
        key = f"merged-{name}-{place}"
        merged = self._client.submit(_merged, leaves, key=key, retries=MOST_FAILURES)
        self._meaning[key] = merged, place
        self.groups += 1
        for future in (*leaves, merged):
            future.add_done_callback(self._ended.put)

    def next_done(self) -> Range | tuple[int, Any]:
        """Wait for something to end: a range that was computed, or the place and value of a group."""
        future = self._wait()
        _, meaning = self._meaning.pop(future.key)
        if future.status != "finished":
            future.result()  # raises what went wrong
        if isinstance(meaning, Range):
            return meaning
        self.groups -= 1
        return meaning, future.result()

    def _wait(self) -> Future:
        """The next task that ends; while there is none, look whether the cluster is still there."""
        while True:
            try:
                future = self._ended.get(timeout=PATIENCE)
            except queue.Empty:
                self._look_for_workers()
            else:
                self._deserted = None
                return future

    def _look_for_workers(self) -> None:
        now = time.monotonic()
        if self._client.nthreads():
            self._deserted = None
        elif self._deserted is None:
            self._deserted = now
        elif now - self._deserted > DESERTED:
            raise DeviceError(
                f"scheduler = {self._client.scheduler.address}: all workers are gone, and none came within "
                f"{DESERTED:.0f} s; hint: see their logs, start others, and run it again"
            )

    def close(self) -> None:
        """Take back what has not begun; what runs ends on its own, within seconds."""
        _take_back(self._client, [self._task, *(future for future, _ in self._meaning.values())])
        self._meaning.clear()


def _take_back(client: Client, futures: Sequence[Future]) -> None:
    if client.status == "running":
        with contextlib.suppress(Exception):  # the cluster may be what failed, and that is said elsewhere
            client.cancel(futures, force=True)


@contextlib.contextmanager
def _as_device_errors(client: Client) -> Iterator[None]:
    """What dask raises when a cluster fails, as an error with a remedy."""
    from concurrent.futures import CancelledError as ThreadCancelled

    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    def failed(what: str, error: BaseException) -> NoReturn:
        where = getattr(getattr(client, "scheduler", None), "address", "the scheduler")
        raise DeviceError(f"scheduler = {where}: {what}") from error

    try:
        yield
    except KilledWorker as error:
        failed(f"workers die: one task was lost {MOST_FAILURES + 1} times with the worker that ran it; hint: see the "
               "workers' logs; they may be short of memory", error)  # fmt: skip
    except (CancelledError, ThreadCancelled, CommClosedError, OSError) as error:
        failed(f"the cluster was lost while it computed ({type(error).__name__}); hint: see the scheduler's log, and "
               "run it again", error)  # fmt: skip


def _checked_workers(client: Client, device: str, plan: Plan | None) -> tuple[int, Workers]:
    """How many threads the workers have together, and what they compute plans like this one with.

    Raises
    ------
    DeviceError
        When there are no workers, one could compute other bits than this process, or has no GPU where all should.
    """
    address = client.scheduler.address
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise DeviceError(
            f"scheduler = {address}: it has no workers after {PATIENCE:.0f} s; hint: start some with "
            f"`dask worker {address}`"
        ) from error
    here, problems = fingerprint(), []
    found: dict[str, Declared] = {}
    kind = () if plan is None else (plan.precision, plan.sampler)
    for worker, told in client.run(declared, device, *kind, on_error="return").items():
        if isinstance(told, BaseException):
            problems.append(f"{worker} cannot load simengine ({type(told).__name__}: {told})")
        elif differences(here, told.versions):
            problems.append(f"{worker} has {differences(here, told.versions)}")
        else:
            found[worker] = told
    if problems:
        raise DeviceError(_refusal(address, problems))
    return sum(client.nthreads().values()), Workers.of(address, device, found)


def _refusal(address: str, problems: Sequence[str]) -> str:
    lines = [f"scheduler = {address}: its workers might compute other digits than this machine"]
    lines += [f"worker {problem}" for problem in problems]
    lines.append("hint: install the same versions of simengine, numpy and numba everywhere, and restart the workers")
    return "\n".join(lines)


def _same(value: object) -> object:
    """A value as a task of its own, which other tasks refer to."""
    return value


def _computed(
    task: Task[Mergeable], trials: Trials, part: Range, expected: Mapping[str, str], device: str
) -> Mergeable:
    """The value of one range, with what this worker has; on one that joined since the others were examined, too."""
    different = differences(expected, fingerprint())
    if different:
        raise DeviceError(_refusal("the cluster", [f"that joined has {different}"]))
    plan = trials.source.plan
    return task(replace(trials, family=family_of_worker(device, plan.precision, plan.sampler)), part)


def _merged(values: Sequence[Mergeable]) -> Mergeable:
    """The values of neighbouring ranges, merged in order."""
    return functools.reduce(lambda left, right: left.merge(right), values)
