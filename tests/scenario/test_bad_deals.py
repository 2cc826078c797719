"""Bad inputs in tables within tables: the key, its table's keys, and what was meant."""

import pytest

from simengine.errors import InvalidInput
from simengine.scenario import loads

HEAD = '[scenario]\nname = "b"\nhorizon = 3\n[inputs]\nV = 100\n'

CASES = [
    ('[partner]\nrating = "BB+" #<', 'partner.rating = "BB+"', "did you mean BB?"),
    ('[deal]\nmode = "license" #<', 'deal.mode = "license"', "did you mean licence?"),
    ("[deal]\nupfrnt = 3 #<", "deal.upfrnt", "the keys mode, upfront, milestones|did you mean upfront?"),
    ('[deal]\nmode = "licence"\nroyalty = 0.05 #<', "deal.royalty = 0.05", "is not a table|write { rate = 0.05 }"),
    ("[deal]\nmilestones = [{ amount = 3, yaer = 2 }] #<", "deal.milestones[0].yaer", "did you mean year?"),
    ("[tax] #<\nrates = 3", "tax.rate", "is missing|a number, 0 to 1"),
    ("[risks.x]\nrate = 0.3\nrat = 0.2 #<", "risks.x.rat", "did you mean rate?"),
    ("[risks.x]\nrate = 0.3\nseverity = 20 #<", "risks.x.severity", "did you mean 0.2?"),
    ('[risks.x]\nrate = 0.3\nseverity = "= 2 * 1.5" #<', "risks.x.severity", "is 3, which is out of range|0 to 1"),
    ('[constants]\nk = -4\n[deal]\nupfront = "= k" #<', "deal.upfront", "is -4|>= 0"),
    (
        '[development]\nstages = [{ name = "a", years = 1 }, { name = "a", years = 1 }]\n'
        '[deal]\nmode = "licence"\nmilestones = [{ amount = 1, stage = "a" }] #<',
        "deal.milestones[0].stage",
        "2 stages have this name",
    ),
    (
        "[mitigations.nda]\nannual = 1\n[risks.x]\nrate = 0.3\nseverity = 0.2\n"
        '[strategies.s]\nmitigations = ["nda", "nda"] #<',
        "strategies.s.mitigations[1]",
        "is listed twice",
    ),
]


@pytest.mark.parametrize(("text", "key", "said"), CASES, ids=[case[1] for case in CASES])
def test_the_place_and_the_meaning_are_named(text: str, key: str, said: str) -> None:
    whole = HEAD + text
    with pytest.raises(InvalidInput) as caught:
        loads(whole, file="deal.toml")
    line = 1 + whole[: whole.index("#<")].count("\n")
    found = [problem for problem in caught.value.problems if problem.line == line]
    assert found, caught.value
    for fragment in (key, *said.split("|")):
        assert any(fragment in str(problem) for problem in found)


def test_an_exchange_rate_of_no_currency_is_doubted() -> None:
    scenario = loads(HEAD + "[crossborder]\nrate = 0.14\n", file="deal.toml")
    assert ["crossborder.rate" in str(problem) for problem in scenario.warnings] == [True]
