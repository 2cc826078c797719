"""Order statistics inside bins: the values of each bin gathered, and its n-th smallest found by counting."""

from __future__ import annotations

import numpy as np

from simengine.kernels.arithmetic import float_of
from simengine.kernels.jit import inline, kernel
from simengine.kernels.tally import bin_of, key_of

_TOGETHER = 512


@kernel
def gather_bins(values, centre, scale, places, out):
    """Put finite values behind each other by bin.

    places: (bins,) where the values of each bin begin in ``out``; moved on to where they end.
    """
    bins = np.empty(_TOGETHER, np.int64)
    for start in range(0, values.size, _TOGETHER):
        part = values[start : start + _TOGETHER]
        for j in range(part.size):
            bins[j] = bin_of(part[j], centre, scale)
        for j in range(part.size):
            b = np.uint64(bins[j])
            out[np.uint64(places[b])] = part[j]
            places[b] += 1


@inline
def value_of(key):
    """The float that a key stands for, see aggregate.order."""
    return float_of(key ^ ((key >> 63) & np.int64(2**63 - 1)))


@kernel
def nth_smallest(values, begins, ends, ranks, out):
    """out[k] = the value of rank ranks[k] among values[begins[k]:ends[k]], by narrowing an interval that holds it.

    A few vectorised counts find a rank among some hundred values, with nothing to mispredict.  Cuts are taken in turn
    where values spread evenly would have the rank, and halfway between the keys, which always ends.
    """
    for k in range(ranks.size):
        group = values[begins[k] : ends[k]]
        wanted = ranks[k]
        least, most = group[0], group[0]
        for j in range(group.size):
            least = group[j] if group[j] < least else least
        for j in range(group.size):
            most = group[j] if group[j] > most else most
        low, high = key_of(least), key_of(most)  # the key of the answer is one of low ... high
        under, reached = 0, group.size  # values below low, values up to high
        even = True
        while low < high and reached > wanted + 1:
            first, last = value_of(low), value_of(high)
            cut = first + (last - first) * ((wanted - under + 0.5) / (reached - under))
            if not (even and cut >= first and cut < last):
                cut = value_of((low >> 1) + (high >> 1) + (low & high & 1))
            even = not even
            count = 0
            for j in range(group.size):
                count += group[j] <= cut
            if count > wanted:
                high, reached = key_of(cut), count
            else:
                low, under = key_of(cut) + 1, count
        limit, answer = value_of(high), least
        for j in range(group.size):
            inside = (group[j] <= limit) & (group[j] > answer)
            answer = group[j] if inside else answer
        out[k] = answer
