"""Kernel families for tests: the processors' kernels under another name, counted, disturbed or wrong."""

from __future__ import annotations

from collections import Counter

from simengine.errors import DeviceLost
from simengine.kernels import cpu
from simengine.kernels.family import CPU

FUNCTIONS = ("values", "trial_values", "summarise", "pick", "narrow", "pick_from_windows")
"""What a family computes."""


class Fake:
    """Computes as the processors do, in ranges and with a place for outcomes of its own, and counts its calls.

    fails_in: the function that fails, always or after so many calls.  wrong: whether outcomes are a bit off.
    """

    def __init__(self, name="a device", *, fails_in=None, after=0, wrong=False, keeps=True, range_trials=1 << 16):
        self.name, self.calls = name, Counter()
        self.releases = 0
        self._fails_in, self._after, self._wrong, self._keeps = fails_in, after, wrong, keeps
        self._range_trials = range_trials
        self._real = {function: getattr(cpu, function) for function in FUNCTIONS}
        self._real["trial_values"] = self._trial_values

    def unit(self, source):
        return CPU.unit(source)

    def range_trials(self, source):
        return self._range_trials

    def room(self, source, budget):
        return CPU.room(source, budget) if self._keeps else None

    def kept_in(self, room, source, first_trial, n_trials):
        return CPU.kept_in(room, source, first_trial, n_trials)

    def outcomes(self, source, kept):
        self._count("outcomes")
        return CPU.outcomes(source, kept)

    def differences(self, source, outcomes):
        self._count("differences")
        return CPU.differences(source, outcomes)

    def release(self):
        self.releases += 1

    def __getattr__(self, function):
        if function not in FUNCTIONS:
            raise AttributeError(function)

        def call(*arguments):
            self._count(function)
            found = self._real[function](*arguments)
            if self._wrong and function == "values":
                found[0, 0] += 1.0
            return found

        return call

    def _trial_values(self, source, trial):
        first = trial // cpu.BLOCK * cpu.BLOCK
        return self._real["values"](source, first, trial - first + 1)[:, -1]

    def _count(self, function):
        self.calls[function] += 1
        if function == self._fails_in and self.calls[function] > self._after:
            raise DeviceLost(f"{self.name}: unspecified launch failure")
