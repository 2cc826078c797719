"""The risk register: closed forms, common draws to the bit, errors that are true, and what measures bring."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from simengine.aggregate.batches import Batches
from simengine.analysis.measures import Measure
from simengine.analysis.pinned import NEVER, as_written, pinned
from simengine.analysis.register.conditional import Tail, quantile_where
from simengine.analysis.register.question import register_question
from simengine.analysis.register.register import PLACES
from simengine.analysis.register.risks import risks_of
from simengine.analysis.variants import Draws, DrawsAsked, measured, reporting, sampled
from simengine.deal.expand import expand
from simengine.errors import InvalidInput
from simengine.plan.draws import addresses_of
from simengine.report.register import register_report
from simengine.report.text import Style
from simengine.scenario import loads

VALUE = """
[scenario]
name = "value"
horizon = 5
[inputs]
V = 100
"""
ENTRY = VALUE + "[risks.entry]\nrate = 0.25\nseverity = 0.4\n"
RATE, YEARS, TAKEN = 0.25, 5.0, 40.0
TRIALS = 1 << 14


def register(text, trials=TRIALS, seed=1, sampler=None, **values):
    question = register_question(loads(text, set_values=values), None, DrawsAsked(trials, seed, sampler))
    return question.answer()


def lines_of(text, **more):
    found = register(text, **more)
    (one,) = found.strategies
    return {line.risk.key: line for line in one.lines}, one, found.batches


def close(found, expected, batches, slack=1e-9):
    error = float(found.error(batches))
    assert abs(float(found.value) - expected) <= 5.0 * error + slack, (float(found.value), expected, error)


def test_a_single_event_is_the_closed_form():
    lines, one, batches = lines_of(ENTRY)
    line = lines["risks.entry"]
    happens = 1.0 - math.exp(-RATE * YEARS)
    close(line.probability, happens, batches)
    close(line.loss, TAKEN * (1.0 - happens / (RATE * YEARS)), batches)  # 1 - 0.828318 of the value
    close(line.mean_time, 1.0 / RATE - YEARS * math.exp(-RATE * YEARS) / happens, batches)
    for found, level in ((line.early, 0.1), (line.late, 0.9)):
        close(found, -math.log(1.0 - level * happens) / RATE, batches)
    first = -math.log(0.95) / RATE  # the worst 5 % are the earliest entries
    mean_first = 1.0 / RATE - first * 0.95 / 0.05
    close(line.tail_loss, TAKEN * (1.0 - mean_first / YEARS), batches)
    assert line.tail_share is None  # no money is lost in the worst 5 %
    close(line.effects[PLACES["mean"]], -float(line.loss.value), batches)
    assert one.together is None
    assert float(one.base.value[PLACES["mean"]]) == pytest.approx(100.0 * 0.828318, abs=0.01)


def test_risks_that_act_on_the_same_value_do_not_add_up():
    text = VALUE.replace("horizon = 5\n", "").replace(
        "V = 100", 'V = { dist = "uniform", min = 50, max = 150 }\nD = 1\nR = 1\nL = 0'
    )
    text += "[risks.a]\nprobability = 0.5\nseverity = 0.4\n[risks.b]\nprobability = 0.25\nseverity = 0.8\n"
    lines, one, batches = lines_of(text)
    close(lines["risks.a"].loss, 100 * 0.2 * (1 - 0.2), batches)
    close(lines["risks.b"].loss, 100 * 0.2 * (1 - 0.2), batches)
    close(one.together.loss, 100 * (1 - 0.8 * 0.8), batches)
    assert [float(line.loss.value) for line in one.lines] == sorted(
        (float(line.loss.value) for line in one.lines), reverse=True
    )
    assert one.outcome == "T" and lines["risks.a"].mean_time is None
    close(lines["risks.a"].probability, 0.5, batches)


def test_losses_of_a_frequency():
    text = VALUE + '[risks.leak]\nfrequency = 0.3\nloss = { dist = "exponential", mean = 20 }\n'
    lines, _, batches = lines_of(text)
    line = lines["risks.leak"]
    assert line.risk.kind == "losses"
    close(line.loss, 0.3 * 5 * 20, batches, slack=2e-3)
    close(line.probability, 1.0 - math.exp(-1.5), batches, slack=1e-3)
    periods = np.arange(5)
    weights = np.exp(-0.3 * periods) * (1.0 - math.exp(-0.3))
    close(line.mean_time, float(weights @ (periods + 0.5) / weights.sum()), batches, slack=2e-3)


def test_the_partner_pays_or_does_not():
    survival = '[partner]\nmode = "survival"\nannual_default = 0.1\n'
    alive = np.cumprod(np.full(5, 0.9))
    lines, _, batches = lines_of(VALUE + survival)
    close(lines["partner"].loss, 20.0 * float(np.sum(1.0 - alive)), batches)
    close(lines["partner"].probability, 1.0 - float(alive[-1]), batches)
    lines, _, batches = lines_of(VALUE.replace("V = 100", "V = 100\nR = 0.9"))
    line = lines["inputs.R"]
    assert float(line.loss.value) == pytest.approx(10.0) and line.probability is None and line.mean_time is None
    pool = '[partner]\nmode = "pool"\nannual_default = 0.1\ncorrelation = 0.2\n'
    lines, _, batches = lines_of(VALUE + pool)
    close(lines["partner"].probability, 1.0 - float(alive[-1]), batches)
    close(lines["partner"].loss, 20.0 * float(np.sum(1.0 - alive)), batches)
    two = "[partners.near]\nshare = 0.7\nannual_default = 0.1\n[partners.far]\nshare = 0.3\nannual_default = 0.2\n"
    lines, _, batches = lines_of(VALUE + two)
    close(lines["partners.near"].loss, 0.7 * 20.0 * float(np.sum(1.0 - alive)), batches)
    close(lines["partners.far"].loss, 0.3 * 20.0 * float(np.sum(1.0 - np.cumprod(np.full(5, 0.8)))), batches)


def test_development_may_fail_and_authorities_may_refuse():
    text = (
        VALUE
        + '[development]\nstages = [{ name = "trial", success = 0.6, years = 1 }, { success = 0.5 }]\n'
        + "[crossborder]\napproval = 0.8\n"
        + "[demand]\nallocation = [0, 0.25, 0.25, 0.25, 0.25]\n"
    )
    lines, one, batches = lines_of(text)
    first, second, approval = (
        lines[key] for key in ("development.stages[0]", "development.stages[1]", "crossborder.approval")
    )
    close(first.probability, 0.4, batches)
    close(second.probability, 0.6 * 0.5, batches)
    close(approval.probability, 0.2, batches)
    close(first.loss, 100 * 0.4 * 0.5 * 0.8, batches)
    close(second.loss, 100 * 0.6 * 0.5 * 0.8, batches)
    close(approval.loss, 100 * 0.6 * 0.5 * 0.2, batches)
    close(one.together.loss, 100 * (1 - 0.6 * 0.5 * 0.8), batches)
    assert float(first.mean_time.value) == float(first.early.value) == 1.0
    assert float(first.early.error(batches)) == 0.0
    assert first.risk.title == "failure of trial"


def test_a_risk_with_a_probability():
    lines, _, batches = lines_of(VALUE + "[risks.ban]\nprobability = 0.3\nduration_years = 2.5\nseverity = 1\n")
    line = lines["risks.ban"]
    close(line.loss, 0.3 * 50.0, batches)
    close(line.probability, 0.3, batches)
    assert float(line.mean_time.value) == float(line.late.value) == 0.0


# ---- common draws ----

MIXED = """
[scenario]
name = "mixed"
horizon = 4
[inputs]
V = "80 to 140"
[risks.leak]
rate = 0.3
severity = { dist = "beta", alpha = 2, beta = 5 }
cost = "2 to 20"
[risks.entry]
rate = 0.2
severity = { dist = "pert", min = 0.05, mode = 0.2, max = 0.6 }
entrants = 2
[risks.ban]
probability = { dist = "beta", alpha = 2, beta = 5 }
severity = 0.5
[costs]
fee = { upfront = "1 to 3" }
[mitigations.drop]
avoids = ["leak"]
[strategies.as-is]
[strategies.dropped]
mitigations = ["drop"]
[strategies.zero]
"risks.leak.rate" = 0
"""


def trials_of(models, addresses, sampler="sobol"):
    draws = Draws(2048, 3, sampler, addresses)
    reported = {name: reporting(model, ["npv"]) for name, model in models.items()}
    ((keys, outcomes),) = sampled(reported, draws)
    return {key: outcomes.of(place) for place, key in enumerate(keys)}


@pytest.mark.parametrize("sampler", ["sobol", "random", "lhs"])
def test_all_other_draws_stay_in_place_to_the_bit(sampler):
    models = {model.strategy: model for model in expand(loads(MIXED))}
    models["pinned"] = pinned(models["as-is"], {"leak_time": NEVER})
    addresses = addresses_of(list(models.values())[:3])
    found = trials_of(models, addresses, sampler)
    assert np.array_equal(found["pinned"], found["dropped"]) and np.array_equal(found["pinned"], found["zero"])
    assert not np.array_equal(found["pinned"], found["as-is"])


EVENT = """
[scenario]
name = "event"
horizon = 4
discount = { rate = 0.1 }
[inputs]
V = "80 to 140"
L = 0.1
[deal]
mode = "licence"
royalty = { rate = 0.1, minimum = 1 }
[risks.other]
rate = 0.3
severity = "0.05 to 0.4"
[risks.leak]
"""


@pytest.mark.parametrize(
    "said",
    [
        'rate = 0.3\nseverity = "0.1 to 0.6"\nentrants = 3\nramp_years = 1\nprice_erosion = 0.1',
        'rate = [0.1, 0.3, 0.2, 0.5]\nseverity = 0.4\nduration_years = 1.5\ncost = "1 to 4"',
        "annual_probability = 0.2\nshape = 1.5\nstarts = 1\nterminates = 0.5\nseverity = 0.1",
        "rate = 0.4\nseverity = 0.5\ncost = 2\n"
        "litigation = { probability = 0.6, cost = 1, win = 0.7, recovery = 0.5, delay_years = 1 }",
        'probability = "0.2 to 0.5"\nclaim_cut = 0.3\nlegal_share = 0.2\nfine = 0.04',
    ],
)
def test_whatever_an_event_does_is_gone_without_it(said):
    """The same as with a measure that rules it out, which leaves its formulas out of the deal."""
    measure = "[mitigations.drop]\navoids = ['leak']\n[strategies.a]\n[strategies.b]\nmitigations = ['drop']\n"
    text = f"{EVENT}{said}\n{measure}"
    scenario = loads(text)
    a, b = expand(scenario)
    (risk,) = [risk for risk in risks_of(scenario.strategies["a"], a) if risk.name == "leak"]
    assert [risk.name for risk in risks_of(scenario.strategies["b"], b)] == ["other"]
    found = trials_of({"as": a, "pinned": pinned(a, risk.absent), "dropped": b}, addresses_of([a, b]))
    assert found["pinned"] == pytest.approx(found["dropped"], rel=1e-14)
    assert np.mean(found["pinned"] != found["as"]) > 0.2


def test_draws_that_move_would_be_seen():
    """The check can fail: a file without the risk gives its dimensions to others."""
    (model, *_) = expand(loads(MIXED))
    text = re.sub(r"\[risks.leak\]\n(.+\n)+?\[risks.entry\]", "[risks.entry]", MIXED).partition("[mitigations")[0]
    (other,) = expand(loads(text))
    kept = trials_of({"kept": pinned(model, {"leak_time": NEVER})}, addresses_of([model]))["kept"]
    moved = trials_of({"moved": other}, addresses_of([other]))["moved"]
    assert not np.array_equal(kept, moved)
    assert np.array_equal(kept, trials_of({"kept": other}, addresses_of([model]))["kept"])


@pytest.mark.parametrize("copula", ["", 'copula = "t"\ndof = 5\n'])
def test_a_risk_that_is_drawn_with_others_leaves_their_copula_alone(copula):
    text = MIXED.replace('probability = { dist = "beta", alpha = 2, beta = 5 }', "probability = 0.3")
    text += '[strategies.unsevere]\n"risks.ban.severity" = 0\n'
    text += f'[[correlations]]\nbetween = ["ban_strikes", "V"]\nspearman = -0.6\n{copula}'
    models = {model.strategy: model for model in expand(loads(text))}
    addresses = addresses_of(list(models.values()))
    assert set(models["as-is"].dependences[0].names) == {"ban_strikes", "V"}
    models["without"] = pinned(models["as-is"], {"ban_strikes": 0.0, "ban": 0.0})
    models["kept"] = pinned(models["as-is"], {"V": as_written("V")})
    found = trials_of(models, addresses)
    assert np.array_equal(found["without"], found["unsevere"]) and np.array_equal(found["kept"], found["as-is"])
    assert not np.array_equal(found["without"], found["as-is"])


def test_pinning_keeps_the_shape_of_yearly_quantities():
    (model, *_) = expand(loads(MIXED))
    changed = pinned(model, {"leak_age": 0.0, "V": 3.0})
    assert changed.formulas["leak_age"].yearly and not changed.formulas["V"].yearly
    assert list(changed.formulas)[-1] in model.formulas
    with pytest.raises(KeyError):
        pinned(model, {"nothing": 0.0})


def test_the_register_of_a_run_has_the_digits_of_the_run():
    scenario = loads(MIXED)
    found = register(MIXED, trials=2048, seed=3)
    models = {model.strategy: reporting(model, ["npv"]) for model in expand(scenario)}
    plain, _ = measured(models, [Measure("mean")], Draws(2048, 3, "sobol", addresses_of(list(models.values()))))
    for one in found.strategies:
        assert float(one.base.value[PLACES["mean"]]) == float(plain[one.strategy]["npv"].value[0])
    risks = {one.strategy: {line.risk.key for line in one.lines} for one in found.strategies}
    assert risks["as-is"] - risks["dropped"] == {"risks.leak"}


# ---- errors ----


def test_errors_are_those_that_repeated_seeds_show():
    runs = [lines_of(MIXED.partition("[strategies.dropped]")[0], trials=4096, seed=seed, sampler="random")
            for seed in range(30)]  # fmt: skip
    for pick in (
        lambda line: line.loss,
        lambda line: line.tail_loss,
        lambda line: line.mean_time,
        lambda line: line.late,
        lambda line: line.effects[PLACES["P10"]],
    ):
        found = [pick(lines["risks.leak"]) for lines, _, _ in runs]
        spread = np.std([float(one.value) for one in found], ddof=1)
        told = np.mean([float(one.error(batches)) for one, (_, _, batches) in zip(found, runs, strict=True)])
        assert 0.65 < told / spread < 1.55, (told, spread)


def test_the_tail_counts_ties_in_equal_parts():
    batches = Batches(np.array([0, 50, 100]))
    values = np.repeat([0.0, 1.0], 50)
    tail = Tail.of(values, 0.05)
    assert tail.weights[:50] == pytest.approx(0.1) and not tail.weights[50:].any()
    losses = np.where(np.arange(100) % 2, 4.0, 0.0)
    assert float(tail.mean(losses, batches).value) == pytest.approx(2.0)
    assert float(tail.mean(-values, batches).value) == 0.0
    uneven = Tail.of(np.arange(30.0), 0.05)  # one and a half trials
    assert uneven.weights[:2] == pytest.approx([1.0, 0.5])


def test_a_risk_that_never_happens_has_no_time():
    batches = Batches(np.array([0, 50, 100]))
    nothing = quantile_where(np.zeros(100), np.zeros(100), 0.1, batches)
    assert math.isnan(float(nothing.value))
    lines, _, batches = lines_of(ENTRY.replace("rate = 0.25", "rate = 0"))
    line = lines["risks.entry"]
    assert float(line.loss.value) == float(line.probability.value) == 0.0
    assert math.isnan(float(line.mean_time.value))


# ---- measures ----

MEASURED = (
    ENTRY
    + """
[mitigations.patent]
upfront = 1
annual = [0.5, 0.5, 0, 0, 0]
reduces = { "risks.entry.rate" = 0.6 }
[mitigations.courtesy]
reduces = { "risks.entry.severity" = 0.5 }
[strategies.bare]
[strategies.both]
mitigations = ["patent", "courtesy"]
"""
)


def lost(rate, taken=TAKEN):
    return taken * (1.0 - (1.0 - math.exp(-rate * YEARS)) / (rate * YEARS))


def test_measures_are_paired_and_have_their_closed_forms():
    found = register(MEASURED)
    effects = {one.strategy: {effect.name: effect for effect in one.measures} for one in found.strategies}
    batches = found.batches
    patent, courtesy = effects["bare"]["patent"], effects["bare"]["courtesy"]
    assert (patent.used, effects["both"]["patent"].used) == (False, True)
    close(patent.cost, 2.0, batches)
    close(patent.benefit, lost(0.25) - lost(0.1), batches)
    close(patent.changes[0], lost(0.25) - lost(0.1) - 2.0, batches)
    close(patent.per_cost, (lost(0.25) - lost(0.1) - 2.0) / 2.0, batches)
    close(courtesy.benefit, lost(0.25) / 2, batches)
    assert float(courtesy.cost.value) == 0.0 and courtesy.per_cost is None
    close(effects["both"]["patent"].benefit, (lost(0.25) - lost(0.1)) / 2, batches)
    close(effects["both"]["courtesy"].benefit, lost(0.1) / 2, batches)
    for effect in (patent, courtesy):
        assert float(effect.benefit.error(batches)) < 0.02


def test_a_measure_against_what_does_not_act_has_no_effect():
    """In a strategy whose risk cannot strike a measure costs and brings nothing; elsewhere its numbers stand."""
    text = MEASURED + '[strategies.alone]\n"risks.entry.rate" = 0\nmitigations = ["patent"]\n'
    question = register_question(loads(text), None, DrawsAsked(512, 1, None))
    report = register_report(question.answer(), question, Style(width=120))
    alone = report[report.index("alone: ") :]
    patent = next(line for line in alone.splitlines() if line.startswith("patent"))
    assert re.fullmatch(r"patent +yes +2 +no effect here +-2 +– +-2 +[+]2", patent), patent
    assert "no effect here" not in report[: report.index("alone: ")]


def test_a_formula_of_a_risk_that_a_measure_rules_out_stays_valid():
    text = MIXED.replace("[strategies.as-is]", '[model]\nwhen = "leak_time"\n[strategies.as-is]').replace(
        '[strategies.dropped]\nmitigations = ["drop"]\n', ""
    )
    found = register(text, trials=512)
    assert found.doubts == ()
    assert [effect.name for effect in found.strategies[0].measures] == ["drop"] and found.strategies[0].lines


def test_there_must_be_a_risk():
    with pytest.raises(InvalidInput, match="there is no risk"):
        register(VALUE)
    with pytest.raises(InvalidInput, match="did you mean bare"):
        register_question(loads(MEASURED), ["bere"], DrawsAsked(512))
