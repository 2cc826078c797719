"""Deciding on deals over years: every number of their tables can be varied, and of costs less is better."""

import numpy as np
import pytest

from simengine.analysis.compare.build import answer
from simengine.analysis.compare.gather import gather
from simengine.analysis.compare.question import Question
from simengine.analysis.decisions.best import Wanted, search_for
from simengine.analysis.decisions.path import number_at
from simengine.analysis.decisions.walk_away import Sought, search_for_tie
from simengine.analysis.direction import less_is_better
from simengine.analysis.drivers.compute import Question as DriversQuestion
from simengine.analysis.drivers.compute import drivers
from simengine.analysis.register.question import register_question
from simengine.analysis.variants import DrawsAsked
from simengine.api.decide import optimize
from simengine.deal.expand import expand
from simengine.errors import InvalidInput
from simengine.report.comparison_table import comparison_report
from simengine.report.drivers_table import drivers_report
from simengine.report.text import Style
from simengine.results.compute import Request
from simengine.scenario import loads

DEAL = """
[scenario]
name = "years"
currency = "USD"
horizon = 3
discount = { rate = 0.10, timing = "end" }
[inputs]
V = "20 to 60"
D = 0.5
[risks.leak]
rate = 0.3
severity = 0.2
[risks.fines]
frequency = 0.5
loss = { dist = "lognormal", mean = 2, sd = 1 }
[deal]
mode = "licence"
upfront = 5
milestones = [{ name = "a", year = 1, amount = 2 }, { name = "b", year = 2, amount = 3 }]
royalty = { tiers = [{ up_to = 4, rate = 0.05 }, { rate = 0.08 }], minimum = 0.5 }
[costs.support]
annual = 1
[costs.start]
upfront = 6
[mitigations.guard]
annual = 0.1
reduces = { "risks.leak.severity" = 0.5 }
[strategies.licence]
mitigations = ["guard"]
[strategies.sale]
deal = { mode = "sale", price = 9 }
"risks.leak.rate" = 0
"risks.fines.frequency" = 0
[outputs]
npv = true
cash_flow = true
peak_funding = true
"""
DRAWS = DrawsAsked(trials=512, sampler="random", threads=1)


def test_a_risk_that_a_strategy_rules_out_by_its_frequency_is_no_line_of_its_register():
    found = register_question(loads(DEAL), None, DRAWS).answer()
    keys = {one.strategy: {line.risk.name for line in one.lines} for one in found.strategies}
    assert "fines" in keys["licence"]
    assert "fines" not in keys["sale"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("deal.upfront", 5.0),
        ("deal.royalty.tiers[1].rate", 0.08),
        ("deal.royalty.tiers[0].up_to", 4.0),
        ("deal.milestones[1].amount", 3.0),
        ("mitigations.guard.annual", 0.1),
        ("strategies.sale.deal.price", 9.0),
        ("scenario.discount.rate", 0.1),
    ],
)
def test_numbers_of_deals_are_found_by_the_paths_that_messages_print(path, value):
    assert number_at(loads(DEAL), path).value == value


def test_a_number_in_a_list_that_does_not_exist_is_refused():
    with pytest.raises(InvalidInput, match="no such number"):
        number_at(loads(DEAL), "deal.milestones[7].amount")


def test_a_tie_in_a_milestone_is_found_beyond_twice_its_value_with_the_unit_of_the_deal():
    """What is paid at the end of year 2 counts 1 / 1.1^2: the gap of the means times 1.21 is what closes it."""
    sought = Sought("deal.milestones[1].amount", between=("licence", "sale"), draws=DRAWS)
    search = search_for_tie(loads(DEAL), sought)
    found = search.answer()
    assert search.unit == "USD"
    gap = float(np.interp(3.0, found.at, found.differences))
    (root,) = found.roots
    assert root.value == pytest.approx(3.0 - gap * 1.1**2, rel=1e-6)
    assert (root.value > 6.0) == (found.bounds[1] > 6.0)


def test_a_range_is_widened_only_where_nobody_gave_one():
    far = DEAL.replace("price = 9", "price = 90")
    sought = Sought("deal.upfront", between=("licence", "sale"), draws=DRAWS)
    assert search_for_tie(loads(far), sought).answer().bounds == (0.0, 500.0)
    given = Sought("deal.upfront", between=("licence", "sale"), high=10.0, draws=DRAWS)
    assert search_for_tie(loads(far), given).answer().roots == ()


def test_a_probability_is_no_target_above_1():
    sought = Sought("deal.upfront", strategy="licence", target=10.0, statistic="P(npv < 0)", draws=DRAWS)
    with pytest.raises(InvalidInput, match="did you mean 10 %"):
        search_for_tie(loads(DEAL), sought)


@pytest.mark.parametrize(
    ("path", "low", "high", "change"),
    [
        ("deal.upfront", 1.0, 5.0, 4.0),
        ("mitigations.guard.annual", 0.0, 1.0, -(1 / 1.1 + 1 / 1.1**2 + 1 / 1.1**3)),
        ("deal.milestones[0].amount", 1.0, 3.0, 2.0 / 1.1),
    ],
)
def test_plain_numbers_of_deals_are_optimised_and_do_what_they_say(path, low, high, change):
    wanted = Wanted(ranges=[f"{path}={low}:{high}:{(high - low) / 2}"], output="npv", draws=DRAWS)
    found = search_for(loads(DEAL), wanted).answer()
    means = {one.setting[path]: float(one.measured.value[0]) for one in found.candidates if one.strategy == "licence"}
    assert sorted(means) == [low, (low + high) / 2, high]
    assert means[high] - means[low] == pytest.approx(change, rel=1e-9)
    assert [one.setting for one in found.candidates if one.strategy == "sale"] == [{}]  # it has no such term


def test_a_candidate_is_what_the_scenario_with_its_values_is():
    """The steps of a tier change formulas; the optimum is that of a scenario that was written so."""
    wanted = Wanted(ranges=["deal.royalty.tiers[1].rate=0.1,0.2"], strategies=["licence"], draws=DRAWS)
    found = search_for(loads(DEAL), wanted).answer()
    written = DEAL.replace("{ rate = 0.08 }", "{ rate = 0.2 }")
    other = search_for(
        loads(written), Wanted(ranges=["deal.upfront=5,6"], strategies=["licence"], draws=DRAWS)
    ).answer()
    same = next(one for one in other.candidates if one.setting["deal.upfront"] == 5.0)
    assert found.best.setting == {"deal.royalty.tiers[1].rate": 0.2}
    assert float(found.best.measured.value[0]) == pytest.approx(float(same.measured.value[0]), rel=1e-12)


def test_less_is_better_of_costs_of_deals_and_not_of_formulas_of_the_same_name():
    models = expand(loads(DEAL))
    assert less_is_better(models, "peak_funding") and not less_is_better(models, "npv")
    plain = '[scenario]\nname = "p"\n[constants]\nx = 1\n[model]\npeak_funding = "x"\n'
    assert not less_is_better(expand(loads(plain)), "peak_funding")


def test_the_best_by_peak_funding_is_the_least():
    found = optimize(loads(DEAL), vary="deal.upfront=1:5:1", objective="mean of peak_funding", trials=256)
    assert found.best.get("deal.upfront", 5.0) == 5.0 or found.strategy == "sale"
    search = search_for(loads(DEAL), Wanted(objective="mean of peak_funding", ranges=["deal.upfront=1,5"]))
    assert search.aim.minimise


def test_a_comparison_takes_the_outcome_of_which_less_is_better_as_a_negative_number():
    question = Question(outputs=["peak_funding"], trials=512)
    record = answer(gather([loads(DEAL)], question), question)
    assert record.outputs == ("-peak_funding",)
    assert (record["mean"] <= 0.0).all()
    assert "negative, for less is better" in comparison_report(record, Style())


def test_drivers_choose_by_no_outcome_of_which_less_is_better_and_join_the_draws_of_periods():
    record = drivers(loads(DEAL), Request(trials=2048, threads=1), DriversQuestion.of([], [], None))
    assert np.isfinite(record["evpi"][record.outputs.index("npv")])
    assert np.isnan(record["evpi"][record.outputs.index("peak_funding")])
    text = drivers_report(record, Style(width=200))
    assert "Less of it is better" in text
    tornado = text.partition("what to find out")[0]
    assert "fines_loss of each period" in tornado and "fines_loss_1" not in tornado
    assert "time of leak" in text and "leak_clock" not in text


def test_a_frequency_over_many_years_does_not_use_up_the_memory():
    """A risk of 30 draws would have 2**30 cells."""
    long = DEAL.replace("horizon = 3", "horizon = 30")
    record = drivers(loads(long), Request(trials=512, threads=1), DriversQuestion.of([], [], None))
    assert "fines" not in record["factor"].tolist() and "fines_loss_30" in record["factor"].tolist()
