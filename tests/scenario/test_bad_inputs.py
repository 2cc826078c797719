"""What users get wrong in a scenario, one row each: the line, the key, and what must be said.

In each text the comment ``#<`` marks the line that the problem must name; it must be the only problem.
"""

from __future__ import annotations

import pytest

from simengine.errors import InvalidInput
from simengine.scenario import loads

HEAD = '[scenario]\nname = "test"\n'
PLAIN = (
    HEAD
    + """[inputs]
V = { dist = "lognormal", mean = 1000, sd = 300 }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1 }
R = { dist = "beta", mean = 0.9, sd = 0.05 }
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }
"""
)
RISK = "[risks.rival]\nprobability = 0.35\nseverity = 0.2\n"
PAIR = '[[correlations]]\nbetween = ["V", "D"]\n'
MODEL = '[model]\nT = "V * D * R * L"\n'

# (what is wrong, text before, text with the mark, key = value as shown, what is said besides)
CORRELATION = [
    (
        "47 not positive semidefinite",
        PLAIN + '[[correlations]]\nbetween = ["V", "D", "R"]\nkind = "normal"\n',
        "matrix = [[1, 0.9, 0.7], [0.9, 1, 0.3], [0.7, 0.3, 1]] #<",
        "correlations[V, D, R].matrix[V][D] = 0.9",
        "eigenvalue -0.00735|V, D contributes most|D-V 0.8946 (for 0.9)|at most 0.00542|repair = true",
    ),
    (
        "47 not positive semidefinite by pairs",
        PLAIN + PAIR + 'spearman = 0.6\n[[correlations]]\nbetween = ["R", "V"]\nspearman = 0.6\n',
        '[[correlations]]\nbetween = ["D", "R"]\nspearman = -0.9 #<',
        "correlations[D, R].spearman = -0.9",
        "D, R, V contradict each other|eigenvalue -|repair = true",
    ),
    (
        "48 not symmetric",
        PLAIN + PAIR,
        "matrix = [[1, 0.2], [0.3, 1]] #<",
        "correlations[V, D].matrix[D][V] = 0.3",
        "not symmetric: D and V have 0.2 above",
    ),
    (
        "49 diagonal",
        PLAIN + PAIR,
        "matrix = [[1, 0.2],\n [0.2, 0.9]] #<",
        "correlations[V, D].matrix[D][D] = 0.9",
        "D must have correlation 1 with itself|allowed: 1 on the diagonal",
    ),
    ("50 above 1", PLAIN + PAIR, "normal = -1.5 #<", "correlations[V, D].normal = -1.5", "allowed: -1 to 1"),
    ("50 in a matrix", PLAIN + PAIR, "matrix = [[1,\n 2], #<\n[0.5, 1]]", "matrix[V][D] = 2", "allowed: -1 to 1"),
    ("51 percent", PLAIN + PAIR, "kendall = 80 #<", "correlations[V, D].kendall = 80", "did you mean 0.8?"),
    (
        "52 unknown name",
        PLAIN + RISK.replace("0.2", '{ dist = "uniform", min = 0, max = 1 }'),
        '[[correlations]]\nbetween = ["V", "rival_severty"] #<\nspearman = 0.5',
        "correlations[V, rival_severty].between = rival_severty",
        "is not an input that is drawn|did you mean rival_severity?",
    ),
    (
        "52 a risk itself",
        PLAIN + RISK,
        '[[correlations]]\nbetween = ["V", "rival"] #<\nspearman = 0.5',
        "correlations[V, rival].between = rival",
        "allowed: V, D, R, L, rival_strikes;|write rival_strikes",
    ),
    (
        "53 pair with another value",
        PLAIN + PAIR + "spearman = 0.5\n",
        '[[correlations]]\nbetween = ["D", "V"]\nspearman = 0.4 #<',
        "correlations[D, V].spearman = 0.4",
        "already have the spearman correlation 0.5",
    ),
    (
        "54 a constant",
        PLAIN + 'price = 7\n[model]\nT = "V * price * D * R * L"\n',
        '[[correlations]]\nbetween = ["V", "price"] #<\nspearman = 0.5',
        "correlations[V, price].between = price",
        "price is a fixed number and cannot be correlated",
    ),
    (
        "55 self pair",
        PLAIN,
        '[[correlations]]\nbetween = ["V", "V"] #<\nspearman = 0.5',
        "correlations[V, V].between",
        'names "V" twice',
    ),
    (
        "two coefficients",
        PLAIN + PAIR,
        "spearman = 0.5\nkendall = 0.3 #<",
        "correlations[V, D].kendall",
        "both spearman and kendall are given|allowed: one of spearman, kendall, normal and matrix",
    ),
    (
        "no coefficient",
        PLAIN,
        '[[correlations]] #<\nbetween = ["V", "D"]',
        "correlations[V, D]",
        "no correlation is given",
    ),
    (
        "one number for three",
        PLAIN,
        '[[correlations]]\nbetween = ["V", "D", "R"] #<\nspearman = 0.5',
        "correlations[V, D, R].between",
        "3 are named|give a matrix",
    ),
    (
        "matrix of another size",
        PLAIN + '[[correlations]]\nbetween = ["V", "D", "R"]\n',
        "matrix = [[1, 0.5], [0.5, 1]] #<",
        "correlations[V, D, R].matrix",
        "2 rows of 2 numbers for 3 names|allowed: 3 rows of 3 numbers",
    ),
    (
        "t copula without dof",
        PLAIN,
        '[[correlations]] #<\nbetween = ["V", "D"]\nkendall = 0.5\ncopula = "t"',
        "correlations[V, D].dof",
        'is missing for copula = "t"|allowed: a number above 0',
    ),
    (
        "t copula with dof 0",
        PLAIN + PAIR,
        'kendall = 0.5\ncopula = "t"\ndof = 0 #<',
        "correlations[V, D].dof = 0",
        "must be greater than 0|allowed: 0.25 to 1e4",
    ),
    ("dof of no t copula", PLAIN + PAIR, "kendall = 0.5\ndof = 4 #<", "correlations[V, D].dof", 'add copula = "t"'),
    (
        "two copulas in a group",
        PLAIN + PAIR + "kendall = 0.5\n",
        '[[correlations]] #<\nbetween = ["D", "R"]\nkendall = 0.5\ncopula = "t"\ndof = 4',
        "correlations[D, R]",
        "a group has one copula",
    ),
    (
        "unknown copula",
        PLAIN + PAIR,
        'kendall = 0.5\ncopula = "gausian" #<',
        'correlations[V, D].copula = "gausian"',
        'allowed: "gaussian" or "t"|did you mean gaussian?',
    ),
    (
        "a fixed name is not offered",
        PLAIN + RISK.replace("0.2", '{ dist = "uniform", min = 0, max = 1 }').replace("rival", "competition"),
        '[[correlations]]\nbetween = ["V", "competition_prob"] #<\nspearman = 0.5',
        "correlations[V, competition_prob].between = competition_prob",
        "allowed: V, D, R, L, competition_strikes, competition_severity;",
    ),
    (
        "a table without names",
        PLAIN + PAIR + "spearman = 0.5\n",
        "[[correlations]] #<\nspearman = 0.5",
        "correlations[#2].between",
        "is missing",
    ),
    ("one table instead of a list", PLAIN, "[correlations] #<\nV = 1", "correlations", "[[correlations]]"),
]

STRUCTURE = [
    ("57 two values for a name", PLAIN, "V = 900 #<", "V = 900", "this name is given twice in one table"),
    ("57 two things of one name", PLAIN, "[constants]\nV = 900 #<", "constants.V", "V is already an input"),
    (
        "57 a name that a risk makes",
        PLAIN + "rival_severity = 2\n",
        "[risks.rival] #<\nprobability = 0.35\nseverity = 0.1",
        "risks.rival",
        "rival_severity is already an input",
    ),
    (
        "58 equal but for capitals",
        PLAIN + "fee = 2\n",
        'Fee = 3 #<\n[model]\nT = "V * D * R * L * fee * Fee"',
        "inputs.Fee",
        "Fee differs from fee (an input) only in capitals",
    ),
    ("58 not in plain form", PLAIN, '"Ｖ２" = 3 #<', "inputs.Ｖ２", "plain Unicode form (NFKC)|write V2"),
    ("59 bidirectional mark", PLAIN, '"a\\u202Eb" = 3 #<', "inputs.", "invisible character|U+202E"),
    ("59 zero width", PLAIN, '"a\\u200Bb" = 3 #<', "inputs.", "invisible character|U+200B"),
    ("59 control", PLAIN, '"a\\u0007b" = 3 #<', "inputs.", "invisible character|U+0007"),
    ("61 long name", PLAIN, f"{'x' * 129} = 3 #<", "inputs.xxx", "the name has 129 characters|at most 128"),
    ("61 endless name", PLAIN, f"{'x' * 5000} = 3 #<", "", "a name of 5,000 characters|at most 320"),
    ("62 a function", PLAIN, "sqrt = 3 #<", "inputs.sqrt = sqrt", "a word of the formula language|write sqrt_"),
    ("62 a keyword", PLAIN, "and = 3 #<", "inputs.and", "a word of the formula language"),
    ("a minus in a name", PLAIN, "net-fee = 3 #<", "inputs.net-fee", "may not stand in the name of an input|net_fee"),
    (
        "a digit first",
        PLAIN,
        "2nd = 3 #<",
        "inputs.2nd",
        "'2' may not begin the name of an input|write _2nd",
    ),
    ("an empty name", PLAIN, '"" = 3 #<', "inputs", "the name is empty|allowed: 1 to 128 characters"),
    (
        "64 cycle",
        PLAIN,
        '[model]\na = "b + 1" #<\nb = "c * 2"\nc = "a - 1"\nT = "V * D * R * L * a"',
        'model.a = "b + 1"',
        "a -> b -> c -> a",
    ),
    (
        "65 unknown name in a formula",
        PLAIN + MODEL + 'fee_total = "1 + T"\n',
        'margin = "T - fees_total" #<',
        'model.margin = "T - fees_total"',
        "nothing is called fees_total|fee_total",
    ),
    (
        "a name like no other in a formula",
        PLAIN + MODEL,
        'worth = "V * Demand" #<',
        'model.worth = "V * Demand"',
        "nothing is called Demand; allowed: V, D, R, L",
    ),
    ("67 empty", "", "", "deal.toml: the scenario is empty", "simengine init"),
    ("67 nothing is defined", "", '[scenario] #<\nname = "x"\n', "inputs", "needs V, D, R, L|define T in [model]"),
    ("an input is missing", HEAD, "[inputs] #<\nV = 5\nD = 1", "inputs", "needs R, L too|define T in [model]"),
    ("68 no output", "outputs = [] #<\n", PLAIN, "outputs", "no outcome is asked for|allowed: at least one of T"),
    ("68 outputs all off", PLAIN, "[outputs] #<\nT = false", "outputs", "no outcome is asked for"),
    ("an output that is not there", PLAIN, "[outputs]\nTT = true #<", "outputs.TT", "is not an outcome|mean T?"),
    ("an output that is a number", PLAIN, "[outputs]\nT = 5 #<", "outputs.T = 5", "neither true nor a table"),
    ("an output named twice", 'outputs = ["T", "T"] #<\n', PLAIN, 'outputs[1] = "T"', "is named twice"),
    ("target as text", PLAIN, '[outputs]\nT = { target = "500" } #<', "outputs.T.target", "write 500 without quotes"),
    (
        "unknown table",
        PLAIN,
        "[riks.a] #<\nprobability = 1",
        "riks",
        "is not a table of a scenario|did you mean risks?",
    ),
    ("unknown key", PLAIN, "[simulate]\ntrails = 5 #<", "simulate.trails", "not a key|did you mean trials?"),
    ("no name", "", "[scenario] #<\n" + PLAIN.split('"test"\n')[1], "scenario.name", "is missing|letters, digits"),
    (
        "a name with spaces",
        "[scenario]\n",
        'name = "a b" #<\n' + PLAIN.split('"test"\n')[1],
        "scenario.name",
        "write a-b",
    ),
    ("a table that is a number", "inputs = 5 #<\n", HEAD + '[model]\nT = "1"\n', "inputs", "is not a table"),
    ("a unit of 0", HEAD, "unit = 0 #<\n" + PLAIN[len(HEAD) :], "scenario.unit = 0", "allowed: > 0"),
    (
        "too many periods",
        HEAD,
        "horizon = 801 #<\n" + PLAIN[len(HEAD) :],
        "scenario.horizon = 801",
        "allowed: a whole number, 1 to 600",
    ),
    ("escape codes in a title", HEAD, 'title = "\\u001B[2J" #<\n' + PLAIN[len(HEAD) :], "scenario.title", "U+001B"),
    ("risk without severity", PLAIN, "[risks.a] #<\nprobability = 0.5", "risks.a.severity", "is missing|a number"),
    (
        "probability in percent",
        PLAIN + RISK,
        "[risks.b]\nprobability = 8 #<\nseverity = 1",
        "= 8",
        "did you mean 0.08?",
    ),
    (
        "severity above 1",
        PLAIN + RISK.replace("0.2", '{ dist = "uniform", min = 0, max = 60 }').replace("}", "} #<"),
        "",
        "risks.rival.severity",
        "reach from 0 to 60|shares of 1, not percent",
    ),
    ("legal share in percent", PLAIN.split("L =")[0], "L = 5 #<", "inputs.L = 5", "did you mean 0.05?"),
    ("a formula that is a number", PLAIN, "[model]\nT = 5 #<", "model.T", "is not a text|[constants]"),
    ("a constant that is uncertain", PLAIN, '[constants]\nk = "1 to 2" #<', "constants.k", "text where a number"),
    ("16 within a distribution", PLAIN.replace("max = 1 }", 'max = "1" } #<'), "", "inputs.D.max", "1 without quotes"),
    (
        "44 within a distribution",
        PLAIN.replace("mode = 0.8", "mod = 0.8").replace("1 }", "1 } #<"),
        "",
        "inputs.D.mod",
        "mode",
    ),
]

SETTINGS = [
    ("109 no trials", "trials = 0 #<", "simulate.trials = 0", "a whole number, 1 to 1e12"),
    ("109 negative trials", "trials = -1 #<", "simulate.trials = -1", "a whole number, 1 to 1e12"),
    ("109 half a trial", "trials = 1.5 #<", "simulate.trials = 1.5", "is not a whole number|1 to 1e12"),
    ("109 too many trials", "trials = 1e18 #<", "simulate.trials = 1e+18", "a whole number, 1 to 1e12"),
    ("109 trials as text", 'trials = "1e6" #<', 'simulate.trials = "1e6"', "write 1e6 without quotes"),
    ("112 negative seed", "seed = -1 #<", "simulate.seed = -1", "allowed: a whole number, 0 to"),
    ("112 half a seed", "seed = 1.5 #<", "simulate.seed = 1.5", "is not a whole number"),
    ("112 true as seed", "seed = true #<", "simulate.seed = true", "where a number is expected"),
    ("112 text as seed", 'seed = "abc" #<', 'simulate.seed = "abc"', "where a number is expected"),
    ("112 endless seed", f"seed = {2**128} #<", "simulate.seed", "64 bits"),
    ("a date as seed", "seed = 2026-01-01 #<", "simulate.seed = 2026-01-01", "is a date or time"),
    ("percentile 100", "percentiles = [5,\n100] #<", "simulate.percentiles[1] = 100", "> 0 and < 100"),
    ("a percentile twice", "percentiles = [5, 50, 5] #<", "simulate.percentiles", "names 5"),
    ("no percentiles", "percentiles = [] #<", "simulate.percentiles", "has 0 percentiles|1 to 1000"),
    ("one percentile", "percentiles = 5 #<", "simulate.percentiles = 5", "is not a list"),
    ("tail level in percent", "tail_levels = [95] #<", "simulate.tail_levels[0] = 95", "did you mean 0.95?"),
    ("an unknown sampler", 'sampler = "randm" #<', 'simulate.sampler = "randm"', '"random"|did you mean random?'),
    ("an unknown policy", 'nonfinite = "ignore" #<', "simulate.nonfinite", '"error" or "exclude"'),
]

FORMULAS = [
    ("71 import", "__import__(V)", "unknown function"),
    ("72 attribute", "V.real", "attribute"),
    ("77 parentheses", "(" * 5000 + "V" + ")" * 5000, "deep"),
    ("79 arity", "sqrt(V, D)", "sqrt"),
    ("82 one equals sign", "where(V = 1, D, R)", "=="),
    ("84 power sign", "V ^ 2", "**"),
]

CASES = CORRELATION + STRUCTURE
CASES += [(name, PLAIN + "[simulate]\n", text, key, said) for name, text, key, said in SETTINGS]
CASES += [(name, PLAIN + "[model]\n", f'T = "{text}" #<', "model.T", said) for name, text, said in FORMULAS]


@pytest.mark.parametrize(("before", "text", "key", "said"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_the_problem_is_named(before: str, text: str, key: str, said: str) -> None:
    whole = before + text
    with pytest.raises(InvalidInput) as caught:
        loads(whole, file="deal.toml")
    messages = [str(problem) for problem in caught.value.problems]
    assert len(messages) == 1, messages
    problem = caught.value.problems[0]
    line = 1 + whole[: whole.index("#<")].count("\n") if "#<" in whole else None
    assert (problem.file, problem.line, problem.severity) == ("deal.toml", line, "error")
    for fragment in (key, *said.split("|")):
        assert fragment in messages[0]
    assert "\n" not in messages[0]
