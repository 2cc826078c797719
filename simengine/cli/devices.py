"""What is said of the device that computes a run: at the end, and only to those whom it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simengine.cli.streams import say

if TYPE_CHECKING:
    from simengine.engine.devices import Choice


class DeviceNotice:
    """Remembers what was chosen; whoever has no GPU and did not ask is told nothing."""

    def __init__(self) -> None:
        self._choice: Choice | None = None

    def __call__(self, choice: Choice) -> None:
        """Note a choice; of a run that looks at itself the last one counts."""
        self._choice = choice

    @property
    def text(self) -> str:
        """``on NVIDIA H200``, or why it is not; empty where nothing is to be said."""
        return self._choice.why if self._choice is not None and self._choice.said else ""

    def say(self) -> None:
        """A line of its own, for commands that have no other to put it on."""
        if self.text:
            say(f"simulated {self.text}")
