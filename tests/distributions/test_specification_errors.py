"""What users get wrong in numbers and distributions: each names the key, the value, the allowed range and a hint."""

from __future__ import annotations

import datetime
import math

import pytest

from simengine.distributions import FAMILIES, resolve
from simengine.errors import InvalidInput


def spec(dist, **parameters):
    return {"dist": dist, **parameters}


def cumulative(values, probabilities):
    return spec("cumulative", values=values, probabilities=probabilities)


MIXED = [{"weight": 0.5, "dist": "normal", "mean": 1, "sd": 1}, {"weight": 0.2, "dist": "1 to 3"}]
LEAKY = [{"weight": 0.5, "dist": "normal", "mean": 1, "sd": -1}, {"weight": 0.5, "dist": "uniform", "min": 2}]

# (what is wrong, specification, the parts that its messages must contain)
REFUSED = [
    ("triangular min above max", spec("triangular", min=5, mode=3, max=1), ["min = 5", "< 1", "exchange"]),
    ("mode outside", spec("triangular", min=0, mode=3, max=1), ["mode = 3", "allowed: 0 to 1"]),
    ("pert mode outside", spec("pert", min=0, mode=-3, max=1), ["mode = -3", "allowed: 0 to 1"]),
    ("uniform reversed", spec("uniform", min=4, max=3), ["min = 4", "< 3", "exchange min and max"]),
    ("uniform of one value", spec("uniform", min=3, max=3), ["min = 3", 'dist = "constant"']),
    ("sigma below 0", spec("lognormal", mu=0, sigma=-1), ["sigma = -1: is negative", ">= 0"]),
    ("sd below 0", spec("normal", mean=0, sd=-1), ["sd = -1: is negative", ">= 0"]),
    ("lognormal mean 0", spec("lognormal", mean=0, sd=1), ["mean = 0: must be greater than 0", "> 0"]),
    ("lognormal mean below 0", spec("lognormal", mean=-5, sd=1), ["mean = -5", "> 0"]),
    ("beta shape 0", spec("beta", alpha=0, beta=1), ["alpha = 0: must be greater than 0", "1e-8 to 1e8"]),
    ("gamma shape below 0", spec("gamma", shape=-1, scale=1), ["shape = -1: is negative", "1e-8 to 1e8"]),
    ("weibull shape 0", spec("weibull", shape=0, scale=1), ["shape = 0", "1e-8 to 1e8"]),
    ("weibull scale 0", spec("weibull", shape=1, scale=0), ["scale = 0", "> 0"]),
    ("shape too small", spec("gamma", shape=1e-9, scale=1), ["shape = 1e-09: is too small", "1e-8 to 1e8"]),
    ("shape too large", spec("beta", alpha=1e9, beta=1), ["alpha = 1000000000.0: is too large", "1e-8 to 1e8"]),
    ("shape follows too large", spec("beta", mean=0.5, sd=1e-6), ["alpha = 1.25e11, which follows from mean, sd"]),
    ("pert lambda 0", spec("pert", min=0, mode=1, max=2, **{"lambda": 0}), ["lambda = 0", "1e-8 to 1e8"]),
    ("pert shape below 0", spec("pert", min=0, mode=1, max=2, shape=-4), ["shape = -4: is negative"]),
    ("dof 0", spec("student-t", dof=0), ["dof = 0", "0.25 to 1e8"]),
    ("dof below 0", spec("student-t", dof=-3), ["dof = -3: is negative"]),
    ("sd of a heavy t", spec("student-t", dof=2, mean=0, sd=1), ["dof = 2", "> 2 where sd is given"]),
    ("binomial p above 1", spec("binomial", n=10, p=1.5), ["p = 1.5: is too large", "0 to 1"]),
    ("percent for p", spec("bernoulli", p=80), ["p = 80", "0 to 1", "did you mean 0.8?"]),
    ("percent for a mean", spec("beta", mean=90, sd=5), ["mean = 90", "between 0 and 1", "did you mean 0.9?"]),
    ("p below 0", spec("bernoulli", p=-0.1), ["p = -0.1: is negative", "0 to 1"]),
    ("n not whole", spec("binomial", n=10.5, p=0.5), ["n = 10.5: is not a whole number", "write 10 or 11"]),
    ("n below 0", spec("binomial", n=-1, p=0.5), ["n = -1: is negative"]),
    ("poisson below 0", spec("poisson", mean=-1), ["mean = -1: is negative", "0 to 1e15"]),
    ("poisson too large", spec("poisson", mean=2e15), ["mean = 2000000000000000.0: is too large", "0 to 1e15"]),
    ("weights do not sum", spec("discrete", values=[1, 2], weights=[0.5, 0.6]), ["sum to 1.1", "normalise = true"]),
    ("weight below 0", spec("discrete", values=[1, 2], weights=[-0.5, 1.5]), ["weights[0] = -0.5: is negative"]),
    ("lengths differ", spec("discrete", values=[1, 2], weights=[1]), ["weights", "1 numbers where values has 2"]),
    ("no values", spec("discrete", values=[]), ["values = []: is empty"]),
    ("all weights 0", spec("discrete", values=[1, 2], weights=[0, 0]), ["weights", "all 0"]),
    ("truncated to nothing", spec("normal", mean=0, sd=1, truncate={"min": 9}), ["1.1e-19", "at least 1e-12"]),
    ("truncated outside", spec("uniform", min=0, max=1, truncate={"min": 2}), ["none of the probability"]),
    ("counts cut away", spec("bernoulli", p=0.5, truncate={"min": 0.2, "max": 0.4}), ["none of the probability"]),
    ("limits reversed", spec("normal", mean=0, sd=1, truncate={"min": 2, "max": 1}), ["truncate.min = 2", "exchange"]),
    ("unknown limit", spec("normal", mean=0, sd=1, truncate={"low": 2}), ["truncate.low", "min or max"]),
    ("limits no table", spec("normal", mean=0, sd=1, truncate=3), ["truncate = 3", "truncate = { min = 0"]),
    ("percentiles fall", spec("normal", p10=5, p50=3), ["p50 = 3: is not above p10 = 5", "> 5", "exchange"]),
    ("percentiles equal", spec("normal", p10=5, p50=5), ["p50 = 5: is not above p10 = 5", "constant"]),
    ("level 0 and 100", spec("normal", p0=1, p100=3), ["p0 = 1", "p100 = 3", "above 0 and below 100"]),
    ("level beyond 100", spec("normal", p10=1, p950=3), ["p950 = 3", "above 0 and below 100"]),
    ("level twice", spec("normal", p10=1, **{"p10.0": 2}), ['"p10.0" = 2: is the same percentile as p10']),
    ("median twice", spec("normal", median=1, p50=1), ["is the same percentile"]),
    ("level without quotes", spec("normal", p10=1, p99={"9": 3}), ['write "p99.9" in quotes']),
    ("no normal fits", spec("normal", p10=1, p50=5, p90=6), ["p50 = 5: no normal", "has 3.5 here", "metalog"]),
    ("no lognormal fits", spec("lognormal", p10=1, p50=5, p90=6), ["p50 = 5: no lognormal", "< 3.5", "metalog"]),
    ("no triangle fits", spec("triangular", p10=1, p50=1.1, p90=6), ["p50 = 1.1", "closest has 2.90983"]),
    ("no metalog fits", spec("metalog", p10=1, p50=1.05, p90=100), ["no metalog passes", "terms = 2"]),
    ("metalog beyond bounds", spec("metalog", p10=1, p50=3, min=2), ["p10 = 1: lies outside", "between 2 and inf"]),
    ("metalog of one", spec("metalog", p10=1), ["needs another percentile"]),
    ("percentile of positives", spec("gamma", p10=-1, p90=3), ["p10 = -1: must be positive", "> 0"]),
    ("nan", spec("normal", mean=math.nan, sd=1), ["mean = nan: is not a number"]),
    ("infinite", spec("normal", mean=0, sd=math.inf), ["sd = inf: is infinite", "1.8e308"]),
    ("number as text", spec("normal", mean="1.5", sd=1), ['mean = "1.5": is text', "write 1.5 without quotes"]),
    ("percent as text", spec("bernoulli", p="80%"), ['p = "80%": is text', "write 0.8"]),
    ("decimal comma", spec("normal", mean="1,5", sd=1), ['"1,5"', "write 1.5: the decimal sign is a point"]),
    ("thousands", spec("normal", mean="1,234", sd=1), ['"1,234"', "write 1234 without separators"]),
    ("thousands and decimals", spec("normal", mean="1.234,5", sd=1), ["write 1234.5"]),
    ("full width", spec("normal", mean="１２", sd=1), ["half width", "write", "12"]),
    ("true as number", spec("normal", mean=True, sd=1), ["mean = true: is true or false", "write 1"]),
    ("date as number", spec("normal", mean=datetime.date(2026, 1, 2), sd=1), ["mean = 2026-01-02: is a date"]),
    ("list as number", spec("normal", mean=[1], sd=1), ["mean = [1]: is a list"]),
    ("table as number", spec("normal", mean={"a": 1}, sd=1), ["mean = {a = 1}: is a table"]),
    ("whole number too long", spec("normal", mean=2**63, sd=1), ["9223372036854775808", "64 bits", "1e19"]),
    ("5000 digits", spec("normal", mean=10**5000, sd=1), ["64 bits"]),
    ("overflow in the tails", spec("lognormal", mu=1000, sigma=1), ["1.8e308"]),
    ("overflow of the scale", spec("normal", mean=0, sd=1e308), ["1.8e308"]),
    ("overflow by shift", spec("pareto", alpha=0.01, min=1, shift=1), ["1.8e308"]),
    ("sure and beyond all numbers", spec("lognormal", mu=800, sigma=0), ["mu = 800", "1.8e308"]),
    ("misspelt family", spec("nromal", mean=1, sd=2), ['dist = "nromal"', "lognormal, ", 'did you mean "normal"?']),
    ("another name", spec("Gaussian", mean=1, sd=2), ['did you mean "normal"?']),
    ("another writing", spec("Student_T", dof=3), ['did you mean "student-t"?']),
    ("family no text", spec(3), ["dist = 3"]),
    ("no family", {"mean": 1, "sd": 2}, ["dist", 'write dist = "normal"']),
    ("no family for percentiles", {"p10": 1, "p90": 2}, ['write dist = "lognormal"']),
    ("no family for limits", {"min": 1, "mode": 2, "max": 3}, ['write dist = "pert"']),
    ("misspelt key", spec("lognormal", mu=1, sgima=2), ["sgima = 2: is not a parameter", 'did you mean "sigma"?']),
    *(
        (f"{name} of a normal", spec("normal", mean=1, **{name: 2}), [f"{name} = 2", 'did you mean "sd"?'])
        for name in ("stdev", "stddev", "sigma", "std_dev", "StDev")
    ),
    ("a and b of a beta", spec("beta", a=1, b=2), ['did you mean "alpha"?', 'did you mean "beta"?']),
    ("a and b of a uniform", spec("uniform", a=1, b=2), ['did you mean "min"?', 'did you mean "max"?']),
    ("likeliest", spec("pert", min=1, most_likely=2, max=3), ['did you mean "mode"?']),
    ("currency", spec("normal", mean="$ 1,500.25", sd=1), ["write 1500.25 without separators; leave the currency out"]),
    ("bounds of a normal", spec("normal", mean=1, sd=2, min=0), ["min = 0", "truncate = { min = 0 }"]),
    ("percentiles of counts", spec("poisson", p10=1, p90=3), ["p10 = 1: is not a parameter of poisson"]),
    ("missing key", spec("normal", mean=1), ["sd: normal needs sd", "mean, sd | "]),
    ("missing everything", spec("normal"), ["normal needs parameters", "mean, sd"]),
    ("two sets at once", spec("lognormal", mean=1, sd=2, mu=1, sigma=2), ["not go together", "mu, sigma | mean, sd"]),
    ("two sets mixed", spec("lognormal", mean=1, sigma=2), ["mean, sigma do not go together"]),
    ("percentiles and a parameter", spec("normal", p10=1, p90=2, sd=3), ["do not go together"]),
    ("four percentiles", spec("normal", p5=1, p10=2, p50=3, p90=4), ["4 percentiles are more", "at most 3", "metalog"]),
    ("one under two names", spec("logistic", loc=1, mean=2, scale=1), ["mean = 2: is the same parameter as loc"]),
    ("scale below 0", spec("normal", mean=1, sd=1, scale=-2), ["scale = -2: is negative", "> 0"]),
    ("shift is text", spec("normal", mean=1, sd=1, shift="x"), ['shift = "x": is text']),
    ("beta sd too large", spec("beta", mean=0.5, sd=0.6), ["sd = 0.6", "< 0.5"]),
    ("beta limits reversed", spec("beta", alpha=1, beta=1, min=2, max=1), ["min = 2: is not below max", "< 1"]),
    ("negative binomial sd", spec("negative-binomial", mean=5, sd=1), ["sd = 1: is too small", "poisson", "binomial"]),
    ("ratio 1", spec("lognormal", median=5, ratio=1), ["ratio = 1", "> 1"]),
    ("cumulative in percent", cumulative([1, 2], [0, 100]), ["probabilities[1] = 100", "fractions"]),
    ("cumulative falls", cumulative([1, 2, 1.5], [0, 0.5, 1]), ["values[2] = 1.5", ">= 2"]),
    ("probabilities fall", cumulative([1, 2, 3], [0, 0.5, 0.4]), ["probabilities[2] = 0.4", ">= 0.5"]),
    ("cumulative of one", cumulative([1], [1]), ["probabilities[0] = 1"]),
    ("cumulative of two lengths", cumulative([1, 2], [0, 0.5, 1]), ["3 numbers where values has 2"]),
    ("method misspelt", spec("empirical", values=[1, 2], method="linaer"), ['"linear"', 'did you mean "linear"?']),
    ("bandwidth of steps", spec("empirical", values=[1, 2], bandwidth=1), ["bandwidth = 1", "smoothed"]),
    ("flag is text", spec("discrete", values=[1], normalise="yes"), ['normalise = "yes"', "true or false"]),
    ("mixture weights", spec("mixture", components=MIXED), ["components", "sum to 0.7", "normalise = true"]),
    ("faults of components", spec("mixture", components=LEAKY), ["components[0].sd = -1", "components[1].max"]),
    ("component no table", spec("mixture", components=[3]), ["components[0] = 3: is not a table"]),
    ("no weight", spec("mixture", components=[{"dist": "1 to 2"}]), ["components[0].weight: is missing"]),
    ("no components", spec("mixture", components=[]), ["components = []"]),
    ("interval reversed", "5 to 1", ['"5 to 1"', 'write "1 to 5"']),
    ("interval of one value", "5 to 5", ['"5 to 5"', "write one number"]),
    ("interval with words", "1 to x", ['"x" is not a number']),
    ("interval in percent", "5% to 10%", ['"5%" is not a number', "write 0.05"]),
    ("interval by a dash", "600-1600", ['"600-1600"', 'write "600 to 1600"']),
    ("interval with decimal commas", "1,5 to 3", ["write 1.5"]),
    ("infinite interval", "1 to 1e999", ["1e999", "1.8e308"]),
    ("a word", "hello", ['"hello"', "600 to 1600"]),
    ("a family as text", "normal", ['dist = "normal"']),
    ("percent alone", "80%", ["write 0.8"]),
    ("nothing", None, ["number"]),
    ("a flag", True, ["true", "write 1"]),
    ("a list", [1, 2], ["[1, 2]", 'dist = "discrete"']),
    ("infinity", math.inf, ["inf: is infinite"]),
    ("nested too deeply", None, ["nested too deeply"]),
]  # fmt: skip


def nested(depth):
    inner = 1
    for _ in range(depth):
        inner = {"dist": "mixture", "components": [{"weight": 1, "dist": inner}]}
    return inner


@pytest.mark.parametrize(("value", "expected"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused_with_reason_range_and_hint(value, expected):
    if expected == ["nested too deeply"]:
        value = nested(6)
    with pytest.raises(InvalidInput) as refused:
        resolve(value)
    text = str(refused.value)
    for part in expected:
        assert part in text, text
    assert all(problem.severity == "error" for problem in refused.value.problems)
    assert all(len(problem.value or "") <= 80 for problem in refused.value.problems)


def test_all_problems_of_one_distribution_are_listed():
    wrong = spec("normal", mean="x", sd=-1, scale=0, shift=math.nan, truncate={"min": "y", "top": 1})
    with pytest.raises(InvalidInput) as refused:
        resolve(wrong)
    keys = [problem.key for problem in refused.value.problems]
    assert keys == ["mean", "sd", "shift", "scale", "truncate.min", "truncate.top"]


def test_known_values_are_checked_beside_unknown_keys():
    with pytest.raises(InvalidInput) as refused:
        resolve(spec("lognormal", mu=1, sgima=2, sigma=-3))
    assert [problem.key for problem in refused.value.problems] == ["sgima", "sigma"]


# (what is doubtful, specification, severity, key, the constant it becomes)
NOTED = [
    ("one point", spec("triangular", min=2, mode=2, max=2), "note", "mode", 2),
    ("pert of one point", spec("pert", min=2, mode=2, max=2), "note", "mode", 2),
    ("sd 0", spec("normal", mean=3, sd=0), "note", "sd", 3),
    ("sigma 0", spec("lognormal", mu=0, sigma=0), "note", "sigma", 1),
    ("beta sd 0", spec("beta", mean=0.3, sd=0), "note", "sd", 0.3),
    ("sure event", spec("bernoulli", p=1), "note", "p", 1),
    ("no event", spec("poisson", mean=0), "note", "mean", 0),
    ("one distinct value", spec("empirical", values=[4, 4, 4]), "warning", "values", 4),
    ("log and linear mixed up", spec("lognormal", mu=1000, sigma=300), "warning", "sigma", None),
    ("no mean", spec("pareto", alpha=0.9, min=1), "warning", "alpha", None),
    ("no mean of a Cauchy", spec("cauchy", loc=0, scale=1), "warning", "dist", None),
    ("interval from 0", "0 to 5", "warning", "", None),
    ("cuts nothing", spec("uniform", min=0, max=1, truncate={"min": -1}), "note", "truncate", None),
    ("thin slice", spec("normal", mean=0, sd=1, truncate={"min": 0, "max": 1e-9}), "warning", "truncate", None),
    ("below 0", spec("empirical", values=[1, 2, 3], method="smoothed"), "warning", "method", None),
]


@pytest.mark.parametrize(("value", "severity", "key", "constant"), [n[1:] for n in NOTED], ids=[n[0] for n in NOTED])
def test_doubtful_is_accepted_with_a_note(value, severity, key, constant):
    marginal = resolve(value)
    assert [(note.severity, note.key) for note in marginal.notes] == [(severity, key)]
    assert marginal.constant == constant


def test_notes_of_components_name_the_component():
    marginal = resolve(spec("mixture", components=[{"weight": 1, "dist": "cauchy", "loc": 0, "scale": 1}]))
    assert [note.key for note in marginal.notes] == ["components[0].dist"]


def test_descriptive_keys_change_nothing():
    plain = spec("normal", mean=1, sd=2)
    described = {**plain, "title": "市场价值", "unit": "USD", "source": "judgement", "note": "x"}
    assert resolve(described).digest_key == resolve(plain).digest_key


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_names_an_unknown_key_and_what_is_missing(family):
    with pytest.raises(InvalidInput) as refused:
        resolve(spec(family, zzz=1))
    assert next(problem.key for problem in refused.value.problems) == "zzz"
    if family != "student-t":
        with pytest.raises(InvalidInput, match="needs"):
            resolve(spec(family))
