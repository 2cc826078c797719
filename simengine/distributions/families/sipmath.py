"""A distribution taken from a SIPmath library."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simengine.distributions.families.metalog import metalog_of_terms
from simengine.distributions.family import Context, Family, Form, Parameter
from simengine.distributions.marginal import Marginal
from simengine.distributions.pieces import constant
from simengine.distributions.sipmath import read_sip
from simengine.distributions.values import brief
from simengine.errors import Problem


def sipmath(context: Context, file: str, name: str | None = None) -> Marginal:
    """The metalog that a SIPmath 3.0 library holds under a name.

    Raises
    ------
    InvalidInput
        If the library cannot be read, has no such variable, or its coefficients are no distribution.
    """
    sip = read_sip(file, name, folder=context.folder)
    if not sip.coefficients[1:].any() and sip.low is None and sip.high is None:
        value = float(sip.coefficients[0])
        reason = f"all terms but the first are 0, so it is the constant {brief(value)}"
        return constant(value, (*sip.notes, Problem(reason, "name", severity="warning")))
    known: dict[str, Any] = {"file": file, "name": sip.name, "terms": sip.coefficients.size, "sha256": sip.digest}
    known |= {key: bound for key, bound in (("min", sip.low), ("max", sip.high)) if bound is not None}
    marginal = metalog_of_terms("sipmath", sip.coefficients, sip.low, sip.high, known)
    return replace(marginal, notes=(*sip.notes, *marginal.notes))


ROWS = (
    Family(
        "sipmath",
        "a variable of a SIPmath 3.0 library: a metalog that somebody else has fitted",
        sipmath,
        (
            Form(
                (
                    Parameter("file", "library (JSON), relative to the scenario", kind="text"),
                    Parameter(
                        "name", "name of the variable; not needed where there is one only", kind="text", required=False
                    ),
                )
            ),
        ),
        '{ dist = "sipmath", file = "market.sipmath.json", name = "demand" }',
        "probabilitymanagement.org, SIPmath 3.0; Keelin (2016), The metalog distributions, Decision Analysis 13",
        contextual=True,
    ),
)
