"""Ranges are covered once and in order, whatever fits the device."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simengine.errors import DeviceError
from simengine.kernels.cuda.chunks import Division, Kept
from simengine.kernels.cuda.device import DeviceMemory
from simengine.sampling.design import TILE

DEVICE = SimpleNamespace(name="a device")


class Covered(tuple):
    """Ranges of trials, in the order in which they were merged."""

    def merge(self, other):
        return Covered(self + other)


@settings(deadline=None)
@given(
    first=st.integers(0, 1000).map(lambda tile: tile * TILE),
    trials=st.integers(1, 10**6),
    chunk=st.integers(12, 20).map(lambda bits: 1 << bits),
    section=st.integers(12, 22).map(lambda bits: 1 << bits),
    most_chunk=st.integers(TILE, 1 << 20),
    most_section=st.integers(TILE, 1 << 20),
)
def test_a_range_is_covered_once(first, trials, chunk, section, most_chunk, most_section):
    division = Division(DEVICE, chunk, section, 3)

    def work(begin, size):
        if min(division.chunk, size) > most_chunk or size > most_section:
            raise DeviceMemory("no room")
        return Covered([(begin, size)])

    covered = division.over(first, trials, work)
    ends = [begin + size for begin, size in covered]
    assert [begin for begin, _ in covered] == [first, *ends[:-1]]
    assert ends[-1] == first + trials
    assert all(begin % TILE == 0 for begin, _ in covered)


@settings(deadline=None)
@given(trials=st.integers(1, 10**6), sections=st.integers(12, 22))
def test_where_nothing_fits_it_ends(trials, sections):
    def work(begin, size):
        raise DeviceMemory("0 bytes free")

    with pytest.raises(
        DeviceError, match="a device has no room for 4,096 trials of 3 outcomes at a time: 0 bytes free"
    ):
        Division(DEVICE, 1 << 20, 1 << sections, 3).over(0, trials, work)


def test_another_error_passes():
    def work(begin, size):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Division(DEVICE, 1 << 20, 1 << 20, 3).over(0, 5000, work)


@settings(deadline=None)
@given(
    piece=st.integers(12, 16).map(lambda bits: 1 << bits),
    trials=st.integers(1, 200_000),
    first=st.integers(0, 48),
    most=st.integers(12, 17).map(lambda bits: 1 << bits),
)
def test_kept_pieces_are_walked_in_order(piece, trials, first, most):
    whole = -(-trials // TILE) * TILE
    pieces = tuple(range(begin, min(begin + piece, whole)) for begin in range(0, whole, piece))
    kept = Kept(pieces, tuple(map(len, pieces)), piece)
    first = min(first * TILE, (trials - 1) // TILE * TILE)
    seen = [trial for part in kept.parts(first, trials - first, most) for trial in part.values[: part.size]]
    assert seen == list(range(first, trials))
