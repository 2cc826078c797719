"""Distributions in SIPmath 3.0 libraries: metalogs by their coefficients, read carefully from JSON of others.

References: probabilitymanagement.org, SIPmath 3.0 standard; Keelin (2016), The metalog distributions, Decision
Analysis 13.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simengine.distributions.data_file import read_data_file
from simengine.distributions.marginal import Array
from simengine.distributions.values import brief, show
from simengine.errors import InvalidInput, Problem

METALOG = "Metalog_1_0"
MOST_TERMS = 30
"""Coefficients that a metalog of somebody else may have."""
_LARGEST_LIBRARY = 64 * 2**20
_WHAT = "SIPmath 3.0 library (JSON)"


@dataclass(frozen=True)
class Sip:
    """A variable of a library: coefficients in Keelin's order, bounds, and the SHA-256 of the file's bytes.

    notes: what the library says that is not used, such as correlations.
    """

    name: str
    coefficients: Array
    low: float | None
    high: float | None
    digest: str
    notes: tuple[Problem, ...]


def read_sip(file: str, name: str | None, *, folder: Path | None) -> Sip:
    """One variable of a library; ``name`` may be left out where there is one only.

    Raises
    ------
    InvalidInput
        With every problem of the file, or of the variable; keys are ``file`` and ``name``.
    """
    path = Path(file) if folder is None else folder / file
    content = read_data_file(path, file, _WHAT)
    if len(content) > _LARGEST_LIBRARY:
        raise InvalidInput(Problem("is larger than any library of metalogs", "file", show(file), "at most 64 MiB"))
    library = _library(content, file)
    entry = _entry(library, name, file)
    digest = hashlib.sha256(content).hexdigest()
    found = str(entry["name"])
    function = entry.get("function")
    if function != METALOG:
        hint = 'sample it elsewhere and use the numbers as data: dist = "empirical"'
        what = f"is given by {_brief(function)}" if function is not None else "has no function"
        raise InvalidInput(Problem(f"{what}, which is not read", "name", show(found), METALOG, hint))
    coefficients, low, high = _arguments(entry.get("arguments"), found)
    return Sip(found, coefficients, low, high, digest, _unused(library, entry, found))


def _library(content: bytes, file: str) -> Mapping[str, Any]:
    try:
        found = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise InvalidInput(Problem("is not UTF-8, so no JSON", "file", show(file), f"a {_WHAT}")) from None
    except RecursionError:
        raise InvalidInput(Problem("is nested too deeply", "file", show(file), f"a {_WHAT}")) from None
    except ValueError as error:
        raise InvalidInput(Problem(f"is no JSON: {error}", "file", show(file), f"a {_WHAT}")) from None
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict) or not isinstance(found.get("sips"), list):
        raise InvalidInput(Problem("is JSON, but has no list of sips", "file", show(file), f"a {_WHAT}"))
    kind = found.get("libraryType")
    if kind != "SIPmath_3_0":
        said = f"is a library of type {_brief(kind)}" if kind is not None else "does not say its libraryType"
        raise InvalidInput(Problem(said, "file", show(file), "SIPmath_3_0"))
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")


def _entry(library: Mapping[str, Any], name: str | None, file: str) -> Mapping[str, Any]:
    entries = [entry for entry in library["sips"] if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
    names = [entry["name"] for entry in entries]
    listed = ", ".join(show(n) for n in names[:8]) + (", ..." if len(names) > 8 else "")
    if not names:
        raise InvalidInput(Problem("has no variable", "file", show(file), f"a {_WHAT}"))
    if name is None:
        if len(names) > 1:
            raise InvalidInput(Problem("is missing", "name", allowed=listed))
        return entries[0]
    if names.count(name) > 1:
        raise InvalidInput(Problem(f"{names.count(name)} variables of the library have this name", "name", show(name)))
    if name not in names:
        close = difflib.get_close_matches(name[:200], [n[:200] for n in names[:2000]], n=1)
        hint = f"did you mean {show(close[0])}?" if close else None
        raise InvalidInput(Problem("the library has no such variable", "name", show(name), listed, hint))
    return entries[names.index(name)]


def _arguments(raw: object, name: str) -> tuple[Array, float | None, float | None]:
    problems = []
    given = raw if isinstance(raw, dict) else {}
    listed = given.get("aCoefficients")
    terms = [_number(entry) for entry in listed] if isinstance(listed, list) else []
    if not 2 <= len(terms) <= MOST_TERMS or None in terms:
        problems.append(
            Problem("its aCoefficients are no metalog", "name", show(name), f"2 to {MOST_TERMS} finite numbers")
        )
    bounds: dict[str, float | None] = {}
    for key in ("lowerBound", "upperBound"):
        bound = given.get(key)
        bounds[key] = None if bound is None else _number(bound)
        if bound is not None and bounds[key] is None:
            problems.append(Problem(f"its {key} is {_brief(bound)}", "name", show(name), "a finite number"))
    low, high = bounds["lowerBound"], bounds["upperBound"]
    if low is not None and high is not None and not low < high:
        reason = f"its lowerBound {brief(low)} is not below its upperBound {brief(high)}"
        problems.append(Problem(reason, "name", show(name)))
    if problems:
        raise InvalidInput(problems)
    return np.array(terms, dtype=np.float64), low, high


def _unused(library: Mapping[str, Any], entry: Mapping[str, Any], name: str) -> tuple[Problem, ...]:
    """What the library says of the variable that a scenario says itself."""
    reference = entry.get("ref")
    if not isinstance(reference, dict) or reference.get("source") != "copula":
        return ()
    hint = "say it in [[correlations]]"
    reason = "the library correlates it with others, which is not read"
    return (Problem(reason, "name", show(name), hint=hint, severity="note"),)


def _number(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    try:
        value = float(raw)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _brief(raw: object) -> str:
    text = json.dumps(raw, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:37] + "..."
