"""What users get wrong in the risks and measures of a deal over years, one row each.

In each text the comment ``#<`` marks the line that the problem must name; it must be the only problem.
"""

from __future__ import annotations

import pytest
from deal_problems import DEAL, HEAD, RIVAL, check_only_problem

from simengine.cli.main import main
from simengine.scenario import loads

# (what is wrong, text before, text with the mark, the key, what is said besides)
RISKS = [
    ("never happens", DEAL, "[risks.rival] #<\ncost = 5", "risks.rival", "never happens|annual_probability"),
    (
        "a rate and a probability",
        RIVAL,
        "rate = 0.1\nprobability = 0.2 #<\nseverity = 0.1",
        "risks.rival.probability",
        "both rate and probability",
    ),
    (
        "two rates",
        RIVAL,
        "rate = 0.1\nannual_probability = 0.2 #<\nseverity = 0.1",
        "risks.rival.annual_probability",
        "both rate and annual_probability",
    ),
    ("a negative rate", RIVAL, "rate = -0.1 #<\nseverity = 0.1", "risks.rival.rate", "out of range"),
    (
        "a negative rate in a list",
        RIVAL,
        "rate = [0.1, 0.1, -0.2, 0.1, 0.1] #<\nseverity = 0.1",
        "risks.rival.rate",
        "-0.2 is out of range",
    ),
    (
        "rates of too few periods",
        RIVAL,
        "rate = [0.1] #<\nseverity = 0.1",
        "risks.rival.rate",
        "has 1 values for 5 periods",
    ),
    (
        "a probability in percent",
        RIVAL,
        "annual_probability = 20 #<\nseverity = 0.1",
        "risks.rival.annual_probability",
        "did you mean 0.2?",
    ),
    (
        "a severity in percent",
        RIVAL,
        "rate = 0.1\nseverity = '10 to 30' #<",
        "risks.rival.severity",
        "write shares of 1",
    ),
    (
        "a ramp that ends",
        RIVAL,
        "rate = 1\nseverity = 0.1\nramp_years = 2 #<\nduration_years = 1",
        "risks.rival.ramp_years",
        "cannot end|leave out duration_years",
    ),
    ("a ramp of nothing", RIVAL, "rate = 1\ncost = 3\nramp_years = 2 #<", "risks.rival.ramp_years", "without severity"),
    (
        "entrants of a probability",
        RIVAL,
        "probability = 0.1\nseverity = 0.1\nentrants = 2 #<",
        "risks.rival.entrants",
        "no meaning for a risk with a probability",
    ),
    (
        "no entrants",
        RIVAL,
        "rate = 0.1\nseverity = 0.1\nentrants = 0 #<",
        "risks.rival.entrants",
        "a whole number, 1 to 20",
    ),
    (
        "a time of a rate",
        RIVAL,
        "rate = 0.1\nseverity = 0.1\ntime = 2 #<",
        "risks.rival.time",
        "starts is its earliest time",
    ),
    ("a shape of 0", RIVAL, "rate = 0.1\nseverity = 0.1\nshape = 0 #<", "risks.rival.shape", "above 0"),
    (
        "losses without a size",
        DEAL,
        "[risks.rival] #<\nfrequency = 2",
        "risks.rival.loss",
        "a frequency a year and a size",
    ),
    ("losses without a frequency", RIVAL, "rate = 1\ncost = 1\nloss = 5", "risks.rival.frequency", "is missing"),
    (
        "losses that take sales",
        RIVAL,
        "frequency = 2\nloss = 5\nseverity = 0.1 #<",
        "risks.rival.severity",
        "losses of a frequency only",
    ),
    (
        "losses of an unknown family",
        RIVAL,
        "frequency = 2\nloss = { dist = 'lognorml', mean = 5, sd = 1 } #<",
        "risks.rival.loss.dist",
        "did you mean",
    ),
    (
        "two entrants that end the deal",
        RIVAL,
        "rate = 1\nentrants = 2\nterminates = 1 #<",
        "risks.rival.terminates",
        "happens once",
    ),
    (
        "a suit about nothing",
        RIVAL,
        "rate = 1\ncost = 1\nlitigation = { recovery = 0.5 } #<",
        "risks.rival.litigation",
        "nothing is lost",
    ),
    (
        "a suit without a result",
        RIVAL,
        "rate = 1\nseverity = 0.1\nlitigation = { probability = 0.5 } #<",
        "risks.rival.litigation",
        "neither what is recovered nor",
    ),
    (
        "a suit about own sales",
        DEAL + "[model]\nsales = 'V / horizon'\n[risks.rival]\n",
        "rate = 1\nseverity = 0.1\nlitigation = { recovery = 0.5 } #<",
        "risks.rival.litigation",
        "formula market",
    ),
    ("nothing follows", DEAL, "[risks.rival] #<\nrate = 1", "risks.rival", "happens and does nothing"),
    (
        "what others call it",
        RIVAL,
        "hazard = 0.1 #<\nrate = 0.1\nseverity = 0.1",
        "risks.rival.hazard",
        "did you mean rate?",
    ),
    ("a formula cut short", RIVAL, "rate = '= 0.1 *' #<\nseverity = 0.1", "risks.rival.rate", "0.1 *"),
]
MEASURES = [
    (
        "an unknown value",
        RIVAL + "rate = 1\nseverity = 0.1\n",
        "[mitigations.nda]\nreduces = { 'risks.rival.rte' = 0.5 } #<",
        "reduces.risks.rival.rte",
        "did you mean risks.rival.rate?",
    ),
    (
        "a reduction in percent",
        RIVAL + "rate = 1\nseverity = 0.1\n",
        "[mitigations.nda]\nreduces = { 'risks.rival.rate' = 50 } #<",
        "reduces.risks.rival.rate",
        "did you mean 0.5?",
    ),
    (
        "a negative factor",
        RIVAL + "rate = 1\nseverity = 0.1\n",
        "[mitigations.nda]\nmultiplies = { 'risks.rival.rate' = -1 } #<",
        "multiplies.risks.rival.rate",
        "out of range",
    ),
    (
        "an unknown risk",
        RIVAL + "rate = 1\nseverity = 0.1\n",
        "[mitigations.nda]\navoids = ['rivals'] #<",
        "avoids[0]",
        "did you mean rival?",
    ),
    (
        "insurance of what costs nothing",
        RIVAL + "rate = 1\nseverity = 0.1\n",
        "[mitigations.nda]\ninsurance = { covers = ['rival'] } #<",
        "insurance.covers[0]",
        "costs no money",
    ),
    (
        "insurance of nothing",
        RIVAL + "rate = 1\nseverity = 0.1\n",
        "[mitigations.nda]\ninsurance = { limit = 5 } #<",
        "insurance.covers",
        "is missing",
    ),
    (
        "an unknown key",
        RIVAL + "rate = 1\nseverity = 0.1\n",
        "[mitigations.nda]\ncost = 5 #<",
        "mitigations.nda.cost",
        "upfront, annual",
    ),
    (
        "an unknown measure",
        RIVAL + "rate = 1\nseverity = 0.1\n[mitigations.nda]\nannual = 1\n",
        "[strategies.a]\nmitigations = ['ndaa'] #<",
        "mitigations[0]",
        "did you mean nda?",
    ),
    (
        "an unknown value of a loss",
        RIVAL + "rate = 1\nseverity = 0.1\n",
        "[mitigations.nda]\nreduces = { 'risks.rival.loss' = 0.5 } #<",
        "reduces.risks.rival.loss",
        "no such value",
    ),
]
CASES = [*RISKS, *MEASURES]


@pytest.mark.parametrize(("before", "text", "key", "said"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_the_problem_is_named(before, text, key, said):
    check_only_problem(before, text, key, said)


def test_all_problems_are_listed_at_once_with_exit_status_2(tmp_path, capsys):
    file = tmp_path / "deal.toml"
    file.write_text(
        HEAD + "[inputs]\nD = 0.5\n[risks.rival]\nrate = -1\nseverity = 40\n[partner]\nmode = 'survivl'\n"
        "[mitigations.nda]\nreduces = { 'risks.rival.rate' = 50 }\n[demand]\nmodel = 'gbm'\n",
        encoding="utf-8",
    )
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main(["run", str(file)]))
    said = capsys.readouterr().err
    assert ended.value.code == 2
    for key in ("risks.rival.rate", "risks.rival.severity", "partner.mode", "mitigations.nda.reduces"):
        assert key in said
    assert "Traceback" not in said


@pytest.mark.parametrize("text", ["discount = { rate = 0.2 }\n", ""])
def test_a_premium_for_what_is_simulated_is_doubted(text):
    deal = (
        HEAD
        + text
        + "[inputs]\nV = 1000\n[risks.rival]\nrate = 0.3\nseverity = 0.2\n[partner]\nmode = 'survival'\nrating = 'BB'\n"
    )
    warnings = [problem for problem in loads(deal).warnings if "count them twice" in problem.reason]
    assert len(warnings) == bool(text) and all("rival, the partner's default are" in str(one) for one in warnings)
