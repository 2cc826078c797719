"""What users get wrong in the market and the partners of a deal over years, one row each.

In each text the comment ``#<`` marks the line that the problem must name; it must be the only problem.
"""

from __future__ import annotations

import pytest
from deal_problems import API, DEAL, HEAD, PARTNERS, check_only_problem

# (what is wrong, text before, text with the mark, the key, what is said besides)
MARKET = [
    ("no value", HEAD + "[inputs] #<\nD = 0.5\n[risks.rival]\nrate = 1\nseverity = 0.1\n", "", "inputs", "needs V"),
    (
        "a list of another length",
        DEAL,
        "[demand]\nmodel = 'table'\nindex = [1, 2] #<",
        "demand.index",
        "has 2 values for 5 periods",
    ),
    (
        "a list where one value is",
        DEAL,
        "[demand]\nmodel = 'growth'\ngrowth = [0.1, 0.1, 0.1, 0.1, 0.1] #<",
        "demand.growth",
        "one value for all",
    ),
    (
        "a word in a list",
        DEAL,
        "[demand]\nmodel = 'table'\nindex = [1, 2, 'x', 4, 5] #<",
        "demand.index",
        "not a list of numbers",
    ),
    (
        "a negative share in a list",
        DEAL,
        "[demand]\nallocation = [0.5, 0.6, -0.1, 0, 0] #<",
        "demand.allocation",
        "-0.1 is out of range",
    ),
    (
        "shares that are not a whole",
        DEAL,
        "[demand]\nallocation = [0.2, 0.2, 0.2, 0.2, 0.1] #<",
        "demand.allocation",
        "add up to 0.9|allowed: 1",
    ),
    (
        "one share for all",
        DEAL,
        "[demand]\nallocation = 0.2 #<",
        "demand.allocation",
        "a list with a share for each period",
    ),
    ("growth in percent", DEAL, "[demand]\nmodel = 'growth'\ngrowth = 250 #<", "demand.growth", "out of range"),
    ("a model that is none", DEAL, "[demand]\nmodel = 'basss' #<", "demand.model", 'did you mean bass?|"gbm"'),
    (
        "a key of another model",
        DEAL,
        "[demand]\nmodel = 'growth'\ngrowth = 0.1\np = 0.03 #<",
        "demand.p",
        "belongs to bass",
    ),
    ("a missing key", DEAL, "[demand] #<\nmodel = 'bass'\np = 0.03", "demand.q", 'missing for model = "bass"'),
    (
        "an unknown key",
        DEAL,
        "[demand]\nmodel = 'gbm'\nvolatilty = 0.2 #<\nvolatility = 0.1",
        "demand.volatilty",
        "did you mean volatility?",
    ),
    ("adoption of calls", API, "[demand]\nmodel = 'bass' #<\np = 0.03\nq = 0.38", "demand.model", "bass(year"),
    (
        "shares of calls",
        API,
        "[demand]\nallocation = [1, 0, 0, 0, 0] #<",
        "demand.allocation",
        "spreads the market value V",
    ),
    ("a value of calls", API, "[inputs]\nV = 100 #<", "inputs.V", "has no effect|follow from the volume"),
    ("segments of calls", API, "[segments.a] #<\nV = 1\nD = 1", "segments", 'no meaning with model = "api"'),
    (
        "a value beside segments",
        HEAD + "[segments.a]\nV = 1\nD = 1\n",
        "[inputs]\nD = 0.5 #<",
        "inputs.D",
        "each segment has its own",
    ),
    ("a segment without demand", HEAD, "[segments.a] #<\nV = 1", "segments.a.D", "is missing"),
    ("a name of a segment", HEAD, "[segments.'a b'] #<\nV = 1\nD = 1", "segments.a b", "write a-b"),
    ("revenue without a price", HEAD, "[revenue] #<\nmodel = 'api'\ncalls = 100", "revenue.price", "is missing"),
    ("a key of other revenue", API, "churn = 0.1 #<", "revenue.churn", "belongs to subscription"),
    (
        "nobody subscribes",
        HEAD,
        "[revenue] #<\nmodel = 'subscription'\nfee = 3",
        "revenue.additions",
        "nobody subscribes",
    ),
    (
        "churn in percent",
        HEAD,
        "[revenue]\nmodel = 'subscription'\nadditions = 5\nfee = 3\nchurn = 20 #<",
        "revenue.churn",
        "did you mean 0.2?",
    ),
    ("falling costs of nothing", API, "cost_decline = 0.1 #<", "revenue.cost_decline", "without cost"),
    (
        "success in percent",
        DEAL,
        "[development]\nstages = [\n{ cost = 5, success = 70 }, #<\n]",
        "development.stages[0].success",
        "did you mean 0.7?",
    ),
    (
        "a distribution in percent",
        DEAL,
        "[development]\nstages = [\n{ success = { dist = 'uniform', min = 50, max = 80 } }, #<\n]",
        "development.stages[0].success",
        "write shares of 1",
    ),
    (
        "an unknown key of a stage",
        DEAL,
        "[development]\nstages = [\n{ cost = 5, probability = 0.7 }, #<\n]",
        "development.stages[0].probability",
        "cost, years, success",
    ),
    (
        "a condition cut short",
        DEAL,
        "[development]\nstages = [\n{ cost = 1 },\n{ proceed_if = 'V >' }, #<\n]",
        "development.stages[1].proceed_if",
        "V >",
    ),
]
PARTNER = [
    (
        "a rating that is none",
        DEAL,
        "[partner]\nmode = 'survival'\nrating = 'BBB-' #<",
        "partner.rating",
        '"BBB" or "BB" or "B" or "CCC"',
    ),
    ("R twice", DEAL + "R = 0.9 #<\n", "[partner]\nmode = 'survival'\nrating = 'BB'", "inputs.R", "used twice"),
    (
        "R of a pool",
        DEAL + "R = 0.9 #<\n",
        "[partner]\nmode = 'pool'\nannual_default = 0.01\ncorrelation = 0.2",
        "inputs.R",
        "used twice",
    ),
    ("R of several partners", DEAL + "R = 0.9 #<\n" + PARTNERS, "share = 0.4", "inputs.R", "used twice"),
    (
        "two ways to default",
        DEAL,
        "[partner]\nmode = 'survival'\nrating = 'BB'\nannual_default = 0.02 #<",
        "partner.annual_default",
        "both rating and annual_default",
    ),
    (
        "survival of nobody knows whom",
        DEAL,
        "[partner] #<\nmode = 'survival'",
        "partner",
        "needs R, a rating or annual_default",
    ),
    ("defaults of a factor", DEAL, "[partner]\nrating = 'BB' #<", "partner.rating", 'no meaning with mode = "factor"'),
    (
        "a correlation with nobody",
        DEAL,
        "[partner]\nmode = 'survival'\nrating = 'BB'\ncorrelation = 0.3 #<",
        "partner.correlation",
        "single partner",
    ),
    (
        "a pool without a correlation",
        DEAL,
        "[partner] #<\nmode = 'pool'\nrating = 'BB'",
        "partner.correlation",
        "is missing",
    ),
    (
        "a correlation of 1",
        DEAL,
        "[partner]\nmode = 'pool'\nrating = 'BB'\ncorrelation = 1 #<",
        "partner.correlation",
        "< 1",
    ),
    (
        "a pool that is replaced",
        DEAL,
        "[partner]\nmode = 'pool'\nrating = 'BB'\ncorrelation = 0.1\nreplacement = { years = 1 } #<",
        "partner.replacement",
        "no meaning for a pool",
    ),
    (
        "a default in percent",
        DEAL,
        "[partner]\nmode = 'survival'\nannual_default = 2 #<",
        "partner.annual_default",
        "did you mean 0.02?",
    ),
    ("shares of partners", DEAL + PARTNERS, "share = 0.5 #<", "partners.west.share", "add up to 1.1"),
    (
        "a partner of unknown standing",
        DEAL,
        "[partners.east] #<\nshare = 1",
        "partners.east",
        "rating or annual_default",
    ),
    (
        "a mode beside partners",
        DEAL,
        "[partner]\nmode = 'survival' #<\n" + PARTNERS + "share = 0.4",
        "partner.mode",
        "say themselves",
    ),
    (
        "a rating beside partners",
        DEAL,
        "[partner]\nrating = 'B' #<\n" + PARTNERS + "share = 0.4",
        "partner.rating",
        "say it of each partner",
    ),
    (
        "walks away from nothing",
        DEAL,
        "[partner]\nmargin = 0.3\nwalk_away = true #<",
        "partner.walk_away",
        "owe us all its sales",
    ),
]
CASES = [*MARKET, *PARTNER]


@pytest.mark.parametrize(("before", "text", "key", "said"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_the_problem_is_named(before, text, key, said):
    check_only_problem(before, text, key, said)
