"""The check that every table of wrong deals is put to."""

from __future__ import annotations

import pytest

from simengine.deal.expand import expand
from simengine.errors import InvalidInput
from simengine.scenario import loads

HEAD = '[scenario]\nname = "test"\nhorizon = 5\n'
DEAL = HEAD + "[inputs]\nV = 1000\n"
RIVAL = DEAL + "[risks.rival]\n"
PARTNERS = "[partners.east]\nshare = 0.6\nrating = 'BB'\n[partners.west]\nrating = 'B'\n"
API = HEAD + "[revenue]\nmodel = 'api'\ncalls = 100\nprice = 2\n"


def check_only_problem(before: str, text: str, key: str, said: str) -> None:
    """The line with ``#<``, if any, has the only problem, which names the key and says each part of ``said``."""
    whole = before + text + "\n"
    with pytest.raises(InvalidInput) as caught:
        expand(loads(whole, file="deal.toml"))
    messages = [str(problem) for problem in caught.value.problems]
    assert len(messages) == 1, messages
    problem = caught.value.problems[0]
    if "#<" in whole:
        line = 1 + whole[: whole.index("#<")].count("\n")
        assert (problem.file, problem.line, problem.severity) == ("deal.toml", line, "error"), messages
    for fragment in (key, *said.split("|")):
        assert fragment in messages[0]
    assert "\n" not in messages[0]
