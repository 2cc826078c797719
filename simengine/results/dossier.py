"""A result and the answers that belong to it: all that a page or a workbook can show."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simengine.results.record import Record


@dataclass(frozen=True)
class Dossier:
    """The record of a run, and what else was asked of the same scenario; None where it was not, or says nothing.

    comparison: the strategies against each other, as `simengine compare` stores it.  drivers: what drives the
    outcomes, as `simengine drivers` stores it.  register: the risks and measures, as `simengine risks --json` prints
    them.  Each has a number of trials of its own.  notes: which of them could not be computed, and why.
    """

    record: Record
    comparison: Record | None = None
    drivers: Record | None = None
    register: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


def register_text(register: Mapping[str, Any]) -> str:
    """A risk register as the text that is stored."""
    return json.dumps(register, ensure_ascii=False, allow_nan=False)


def register_digest(register: Mapping[str, Any]) -> str:
    """The SHA-256 of a risk register, which is stored beside it."""
    return text_digest(register_text(register))


def text_digest(text: str) -> str:
    """The SHA-256 of a text; a damaged one may hold what is no character."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
