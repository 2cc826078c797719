"""The page report.html: what a result says, in one file."""

from __future__ import annotations

from html import escape

from simengine.report.html import outcome_tables
from simengine.results.dossier import Dossier


def page_bytes(dossier: Dossier, lang: str = "en") -> bytes:
    """The page of a dossier, with the tables of all outcomes."""
    title = escape(dossier.record.text("title") or dossier.record.text("scenario"))
    head = f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title></head>'
    return f"{head}<body>{outcome_tables(dossier.record)}</body></html>\n".encode()
