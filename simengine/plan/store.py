"""Quantile tables kept on disk by the parameters they follow from, so that a scenario is fitted once.

A file is a line that names the format, a line of JSON, and the raw arrays, closed by their SHA-256.  Anything
unexpected about a file (truncated, foreign, damaged) makes the table be built again; a folder that cannot be written
costs time, never a result.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from simengine import settings
from simengine.distributions.marginal import Marginal
from simengine.plan.tables import QuantileTable, ScoreAxis, WordAxis, build_table

FORMAT = b"simengine quantile table 2\n"
"""First line of a file; any change of how tables are fitted or stored changes it."""


def stored_table(marginal: Marginal, axis: WordAxis | ScoreAxis) -> QuantileTable:
    """The table of a marginal, from the cache folder if it is there, else built and stored."""
    folder = settings.cache_folder("tables")
    if folder is None:
        return build_table(marginal, axis)
    path = folder / _name(marginal, axis)
    table = _read(path)
    if table is None:
        table = build_table(marginal, axis)
        _write(path, table)
    return table


def _name(marginal: Marginal, axis: WordAxis | ScoreAxis) -> str:
    kind = ["word"] if isinstance(axis, WordAxis) else ["score", axis.dof]
    facts = [FORMAT.decode(), marginal.digest_key, kind, np.__version__, _scipy_version(), code_digest()]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]


@cache
def _scipy_version() -> str:
    """Looked up once a process, without importing SciPy: that takes longer than reading every table."""
    return version("scipy")


@cache
def code_digest() -> str:
    """Identifies the code that tables follow from: a corrected family must not meet the tables of the old one."""
    state = hashlib.sha256()
    plan = Path(__file__).parent
    sources = sorted((plan.parent / "distributions").rglob("*.py"))
    for source in [*sources, plan / "axes.py", plan / "chebyshev.py", plan / "tables.py"]:
        state.update(source.name.encode() + source.read_bytes())
    return state.hexdigest()


def _write(path: Path, table: QuantileTable) -> None:
    axis = (
        {"sub_bits": table.axis.sub_bits}
        if isinstance(table.axis, WordAxis)
        else {"steps_per_unit": table.axis.steps_per_unit, "dof": table.axis.dof}
    )
    head = {
        "axis": axis,
        "half": table.half,
        "log": table.log,
        "error": table.error,
        "floor": table.floor,
        "ceiling": table.ceiling,
        "kinks": list(table.kink_probabilities),
        "segments": len(table.rows),
    }
    body = json.dumps(head).encode() + b"\n" + table.kinks.tobytes() + table.rows.tobytes()
    beside: str | None = None
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(FORMAT + body + hashlib.sha256(body).digest())
        os.replace(beside, path)
    except OSError:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)


def _read(path: Path) -> QuantileTable | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body, mark = content[len(FORMAT) : -32], content[-32:]
    if not content.startswith(FORMAT) or hashlib.sha256(body).digest() != mark:
        return None
    line, _, arrays = body.partition(b"\n")
    head = json.loads(line)
    kinks, segments = len(head["kinks"]), head["segments"]
    axis = WordAxis(**head["axis"]) if "sub_bits" in head["axis"] else ScoreAxis(**head["axis"], cells=head["half"])
    return QuantileTable(
        axis=axis,
        rows=np.frombuffer(arrays, np.float64, segments * 6, kinks * 8).reshape(segments, 6).copy(),
        kinks=np.frombuffer(arrays, np.int64, kinks).copy(),
        log=head["log"],
        error=head["error"],
        kink_probabilities=tuple(head["kinks"]),
        floor=head["floor"],
        ceiling=head["ceiling"],
    )
