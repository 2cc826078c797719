"""Which entries of a document belong to the plain model, and which to a deal over years: told by their keys."""

from __future__ import annotations

from collections.abc import Mapping

from simengine.scenario.deal_tables import Deals
from simengine.scenario.document import Document
from simengine.scenario.risk_tables import COST_KEYS, EVENT_KEYS


def is_deal(document: Document) -> bool:
    """Whether a document has any table, risk or cost of a deal over years, or periods and no formulas of its own."""
    data = document.data
    if any(data.get(name) for name in Deals.model_fields):
        return True
    header = data.get("scenario")
    if isinstance(header, dict) and ("discount" in header or (_several(header) and not data.get("model"))):
        return True
    return any(_keys_of(data, "risks", name) & EVENT_KEYS for name in _entries(data, "risks")) or any(
        _keys_of(data, "costs", name) & COST_KEYS and "dist" not in _keys_of(data, "costs", name)
        for name in _entries(data, "costs")
    )


def _several(header: Mapping[str, object]) -> bool:
    horizon = header.get("horizon", 1)
    return isinstance(horizon, int) and horizon > 1


def _entries(data: Mapping[str, object], table: str) -> list[str]:
    found = data.get(table)
    return list(found) if isinstance(found, dict) else []


def _keys_of(data: Mapping[str, object], table: str, name: str) -> frozenset[str]:
    found = data.get(table)
    entry = found.get(name) if isinstance(found, dict) else None
    return frozenset(entry) if isinstance(entry, dict) else frozenset()


def events_of(document: Document) -> frozenset[str]:
    """Names of the risks that are events of a deal over years."""
    return frozenset(n for n in _entries(document.data, "risks") if _keys_of(document.data, "risks", n) & EVENT_KEYS)


def cost_items_of(document: Document) -> frozenset[str]:
    """Names of the costs that run over years."""
    data = document.data
    return frozenset(
        n for n in _entries(data, "costs") if (keys := _keys_of(data, "costs", n)) & COST_KEYS and "dist" not in keys
    )
