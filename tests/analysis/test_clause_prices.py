"""Prices of clauses, both sides of the table, the zone of agreement and the menu: closed forms, and roots that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simengine.analysis.measures import Measure
from simengine.analysis.terms.clauses import DROPPED, NEUTRAL, PARTS
from simengine.analysis.terms.payment import SCALES
from simengine.analysis.terms.question import Terms, terms_question
from simengine.analysis.terms.roots import found, search
from simengine.analysis.terms.sides import MEASURES
from simengine.analysis.variants import DrawsAsked, measured, reporting
from simengine.deal.expand import expand
from simengine.errors import InvalidInput
from simengine.scenario import loads
from simengine.scenario.term_tables import CostPlus, Deal, EarnOut, ProfitShare, Royalty

SURE = """
[scenario]
name = "sure"
horizon = 4
[inputs]
V = 100
[partner]
margin = 0.3
launch_cost = 8
[deal]
mode = "licence"
upfront = 5
milestones = [{ year = 2, amount = 3 }]
royalty = { rate = 0.1 }
[crossborder]
withholding = 0.1
"""
TRIALS = 1 << 12
LEVEL = {"mean": 0, "P10": 1, "P50": 2, "P90": 3, "loss": 4}


def question_of(text, trials=TRIALS, seed=1, sampler=None, by="mean", ours=None, theirs=None, **values):
    scenario = loads(text, set_values=values)
    return terms_question(scenario, Terms(None, by, ours, theirs, DrawsAsked(trials, seed, sampler)))


def terms_of(text, **more):
    answer = question_of(text, **more).answer()
    return answer.strategies[0], answer.batches


def prices_of(text, **more):
    one, _ = terms_of(text, **more)
    return {price.key: float(price.ours.value[0]) for price in one.prices}


# ---- prices ----


def test_prices_of_additive_clauses_add_up_to_the_whole():
    one, _ = terms_of(SURE)
    prices = {price.key: float(price.ours.value[0]) for price in one.prices}
    paid = ("deal.upfront", "deal.milestones[0]", "deal.royalty")
    assert [prices[key] for key in paid] == pytest.approx([4.5, 2.7, 9.0])
    assert sum(prices[key] for key in paid) == pytest.approx(float(one.together.ours.value[0])) == pytest.approx(16.2)
    assert prices["crossborder.withholding"] == pytest.approx(-1.8)
    theirs = {price.key: float(price.theirs.value[0]) for price in one.prices}
    assert [theirs[key] for key in (*paid, "crossborder.withholding")] == pytest.approx([-5, -3, -10, 0])


RISKY = (
    SURE.replace("V = 100", 'V = "60 to 160"')
    + """
[risks.entry]
rate = 0.3
severity = { dist = "pert", min = 0.05, mode = 0.3, max = 0.8 }
"""
)


def test_the_price_of_the_upfront_is_what_arrives_to_the_last_digit():
    one, batches = terms_of(RISKY)
    price = next(price for price in one.prices if price.key == "deal.upfront")
    for place in (0, 1, 2, 3):
        assert float(price.ours.value[place]) == pytest.approx(4.5, rel=1e-14)
        assert float(price.ours.error(batches)[place]) < 1e-13
    assert [price.key for price in one.prices] == [
        *("deal.upfront", "deal.milestones[0]", "deal.royalty", "crossborder.withholding"),
    ]


@pytest.mark.parametrize(
    ("royalty", "key", "price"),
    [
        ("{ tiers = [{ up_to = 10, rate = 0.1 }, { rate = 0.2 }] }", "deal.royalty.tiers", 0.9 * 4 * 15 * 0.1),
        ("{ rate = 0.1, minimum = 4 }", "deal.royalty.minimum", 0.9 * 4 * 1.5),
        ("{ rate = 0.1, cap = 2 }", "deal.royalty.cap", -0.9 * 4 * 0.5),
        ("{ rate = 0.1, lifetime_cap = 7 }", "deal.royalty.lifetime_cap", -0.9 * 3),
        ("{ rate = 0.1, deductions = 0.2 }", "deal.royalty.deductions", -0.9 * 2),
        ("{ rate = 0.1, years = 3 }", "deal.royalty.years", -0.9 * 2.5),
        ("{ rate = 0.1, years = 3 }", "deal.royalty", 0.9 * 7.5),
        ("{ rate = 0.1, minimum = 4 }", "deal.royalty", 0.9 * 16),
    ],
)
def test_clauses_of_a_royalty(royalty, key, price):
    assert prices_of(SURE.replace("{ rate = 0.1 }", royalty))[key] == pytest.approx(price)


@pytest.mark.parametrize(
    ("deal", "key", "price"),
    [
        ('mode = "licence"\nrevenue_share = 0.2', "deal.revenue_share", 20),
        ('mode = "licence"\nfee = 2', "deal.fee", 8),
        ('mode = "licence"\nfee = 2\nminimum_commitment = 5', "deal.minimum_commitment", 12),
        ('mode = "licence"\nprofit_share = { share = 0.5, cost_ratio = 0.6 }', "deal.profit_share.share", 20),
        ('mode = "licence"\ncost_plus = { cost = 3, markup = 0.5 }', "deal.cost_plus.cost", 18),
        ('mode = "licence"\nrevenue_share = 0.2\ndemand_uplift = 1.5', "deal.demand_uplift", 10),
        ('mode = "sale"\nprice = 30', "deal.price", 30),
        ('mode = "sale"\nprice = 30\nearn_out = { share = 0.1, years = 2 }', "deal.earn_out.share", 5),
        ('mode = "sale"\nprice = 30\nearn_out = { share = 0.1, years = 2 }', "deal.earn_out.years", -5),
        ('mode = "joint-venture"\nequity = 0.4\ncapital = 20\nexit_multiple = 2', "deal.equity", 40 - 8 + 20),
        ('mode = "joint-venture"\nequity = 0.4\ncapital = 20\nexit_multiple = 2', "deal.capital", -8),
        ('mode = "joint-venture"\nequity = 0.4\nexit_multiple = 2', "deal.exit_multiple", 20),
        ('mode = "joint-venture"\nequity = 0.4\nmargin = 0.5', "deal.margin", -20),
        ('mode = "joint-venture"\nequity = 0.4\nopex = 5', "deal.opex", -8),
        ('mode = "joint-venture"\nequity = 0.4\ncapital_annual = 5', "deal.capital_annual", -8),
        ('mode = "sharing"\ncost_avoided = 2', "deal.cost_avoided", 8),
    ],
)
def test_clauses_of_every_form_of_deal(deal, key, price):
    text = SURE.partition("[partner]")[0] + f"[deal]\n{deal}\n"
    assert prices_of(text)[key] == pytest.approx(price)


@pytest.mark.parametrize(
    ("tables", "key", "price"),
    [
        ("[tax]\nrate = 0.25", "tax.rate", -4.5),
        ("[tax]\nrate = 0.25\nrelief = { exempt = 2, above = 0.5 }", "tax.relief", 0.25 * 13),
        ("[tax]\nrate = 0.25\n[costs]\nbuild = { annual = 20, years = 1 }", "tax.carry_forward", 0.25 * 10.5),
        ("[crossborder]\nvat = 0.25", "crossborder.vat", -3.6),
    ],
)
def test_clauses_of_the_state(tables, key, price):
    """Receipts are 18: 5 and 2.5 in the first year, 5.5 in the second, 2.5 in each of the others."""
    text = SURE.partition("[crossborder]")[0] + tables + "\n"
    assert prices_of(text)[key] == pytest.approx(price)


def test_clauses_about_a_partner_who_may_not_pay():
    default = 'mode = "survival"\nannual_default = 0.2\nrecovery = 0.5\nreplacement = { years = 1, share = 0.8 }'
    text = SURE.partition("[deal]")[0].replace("[partner]", f"[partner]\n{default}") + "[deal]\nroyalty.rate = 0.1\n"
    text += 'mode = "licence"\n'
    one, batches = terms_of(text, trials=1 << 14)
    prices = {price.key: price.ours[0] for price in one.prices}
    falls = 0.2 * 0.8 ** np.arange(4)
    assert (
        abs(float(prices["partner.recovery"].value) - 2.5 * 0.5 * falls.sum())
        < 5 * float(prices["partner.recovery"].error(batches)) + 1e-9
    )
    assert float(prices["partner.replacement"].value) > 0.0
    leaves = SURE.replace("launch_cost = 8", "launch_cost = 25\nwalk_away = true")
    one, _ = terms_of(leaves.replace("V = 100", "V = { dist = 'discrete', values = [100, 200], weights = [0.5, 0.5] }"))
    price = next(price for price in one.prices if price.key == "partner.walk_away")
    assert float(price.ours.value[0]) == pytest.approx(-0.5 * 0.9 * 13, rel=2e-3)  # no royalty, no milestone


def test_every_key_of_a_deal_is_priced_or_said_to_be_part_of_another():
    known = {*NEUTRAL, *DROPPED, *PARTS}
    tables = {"": Deal, "royalty.": Royalty, "profit_share.": ProfitShare, "cost_plus.": CostPlus, "earn_out.": EarnOut}
    for prefix, table in tables.items():
        for key in table.model_fields:
            assert f"deal.{prefix}{key}" in known, key


def test_a_clause_that_a_formula_needs_is_told():
    text = SURE.replace("{ rate = 0.1 }", "{ rate = 0.1, cap = 2 }") + '[model]\nroom = "deal_royalty_cap - 1"\n'
    found_ = question_of(text).answer()
    assert [problem.key for problem in found_.doubts] == ["deal.royalty.cap"]
    assert "nothing is called deal_royalty_cap" in found_.doubts[0].reason
    keys = [price.key for price in found_.strategies[0].prices]
    assert "deal.royalty.cap" not in keys and "deal.royalty" in keys


# ---- both sides ----


def test_both_sides_of_a_sure_deal():
    one, _ = terms_of(SURE)
    ours, theirs = 16.2, 30 - 8 - 18
    assert one.sides.ours.value == pytest.approx([ours] * 4 + [0])
    assert one.sides.theirs.value == pytest.approx([theirs] * 4 + [0])
    assert one.sides.joint.value[0] == pytest.approx(ours + theirs)
    assert float(one.sides.our_share.value) == pytest.approx(ours / (ours + theirs))
    assert float(one.sides.both_gain.value) == 1.0


def test_both_gain_where_the_market_is_large():
    text = SURE.replace("V = 100", "V = { dist = 'discrete', values = [50, 100, 200], weights = [0.5, 0.25, 0.25] }")
    one, batches = terms_of(text)
    assert abs(float(one.sides.both_gain.value) - 0.5) <= 5 * float(one.sides.both_gain.error(batches)) + 1e-3
    assert float(one.sides.theirs.value[LEVEL["loss"]]) == pytest.approx(0.5, abs=1e-3)  # 15 - 8 - 13 is less than 0
    assert float(one.sides.ours.value[LEVEL["loss"]]) == 0.0


def test_a_zone_in_closed_form():
    zone = terms_of(SURE)[0].zone
    assert (zone.lowest.where, zone.low, zone.now, zone.empty) == ("below", 0.0, 5.0, False)
    assert zone.high == pytest.approx(9.0, rel=1e-14)
    zone = terms_of(SURE, ours=12.6, theirs=2)[0].zone
    assert (zone.low, zone.high) == pytest.approx((1.0, 7.0))
    assert float(zone.width.value) == pytest.approx(6.0)
    empty = terms_of(SURE, ours=17.1, theirs=4)[0].zone
    assert empty.empty and (empty.low, empty.high) == pytest.approx((6.0, 5.0))
    never = terms_of(SURE, theirs=50)[0].zone
    assert never.empty and never.highest.where == "below" and math.isnan(never.high)


def test_a_zone_without_a_payment_so_far():
    zone = terms_of(SURE.replace("upfront = 5\n", ""), ours=12.6)[0].zone
    assert (zone.key, zone.now) == ("deal.upfront", 0.0)
    assert (zone.low, zone.high) == pytest.approx((1.0, 9.0))
    sale = SURE.partition("[deal]")[0] + '[deal]\nmode = "sale"\nprice = 10\n'
    zone = terms_of(sale, ours=12)[0].zone
    assert zone.key == "deal.price" and (zone.low, zone.high) == pytest.approx((12, 22))


@pytest.mark.parametrize(
    ("payment", "now"),
    [('"= ask * share"', 5.0), ("{ dist = 'uniform', min = 4, max = 6 }", None), ('"= 0.05 * V"', None)],
)
def test_a_payment_that_is_no_plain_number(payment, now):
    """It is a plain number in the zone; where decisions and constants give it, it is known what it is now."""
    text = (
        SURE.replace("upfront = 5", f"upfront = {payment}") + "[decisions]\nask = { min = 0, max = 20, value = 10 }\n"
    )
    zone = terms_of(text + "[constants]\nshare = 0.5\n", ours=12.6)[0].zone
    assert (zone.low, zone.high) == pytest.approx((1.0, 9.0))
    assert zone.now == now if now is not None else math.isnan(zone.now)


TAXED = RISKY + "[tax]\nrate = 0.25\nrelief = { exempt = 3, above = 0.5 }\n"


@pytest.mark.parametrize("by", ["mean", "P50", "CE(20)"])
def test_the_ends_of_a_zone_hold_when_they_are_written_into_the_file(by):
    """Tax relief bends the way of the payment; the root does not assume that it is straight."""
    one, batches = terms_of(TAXED, by=by, ours=14, theirs=2)
    zone = one.zone
    for end, wanted, output in ((zone.lowest, 14, "npv"), (zone.highest, 2, "partner_npv")):
        assert end.where == "root" and abs(end.residual) < 1e-9
        value, _ = worth(TAXED, by, output, {"deal.upfront": float(end.payment.value)})
        assert value == pytest.approx(wanted, rel=1e-9)
        assert 0.0 < float(end.payment.error(batches)) < 1.0
    assert 0.6 < zone.lowest.slope < 0.9  # of a payment of 1, after withholding and tax


def worth(text, by, output, values):
    """A statistic of the deal as the file would say it."""
    question = question_of(text, by=by, **values)
    models = {"base": reporting(expand(question.scenario)[0], [output])}
    found_, batches = measured(models, [Measure(question.measure.kind, question.measure.level)], question.draws)
    return float(found_["base"][output].value[0]), float(found_["base"][output].error(batches)[0])


def test_the_error_of_a_zone_is_that_of_repeated_seeds():
    ends = [terms_of(RISKY, ours=14, theirs=2, trials=1024, seed=seed, sampler="random") for seed in range(20)]
    for pick in (lambda zone: zone.lowest.payment, lambda zone: zone.highest.payment, lambda zone: zone.width):
        values = [float(pick(one.zone).value) for one, _ in ends]
        told = np.mean([float(pick(one.zone).error(batches)) for one, batches in ends])
        assert 0.65 < told / np.std(values, ddof=1) < 1.5


# ---- the menu ----


def test_a_menu_in_closed_form():
    offers = {offer.scale: offer for offer in terms_of(SURE)[0].menu}
    assert tuple(offers) == SCALES
    for scale in SCALES[:-1]:
        assert float(offers[scale].end.payment.value) == pytest.approx(5 + 10 * (1 - scale), abs=1e-12)
        assert float(offers[scale].ours.value) == pytest.approx(16.2)
        assert float(offers[scale].their_mean.value) == pytest.approx(4.0)
    assert offers[2.0].end.where == "below" and offers[2.0].ours is None


@pytest.mark.parametrize("by", ["mean", "P50"])
def test_the_offers_of_a_menu_are_worth_the_same_when_they_are_written_into_the_file(by):
    text = TAXED.replace("upfront = 5", "upfront = 9").replace(
        "{ rate = 0.1 }", "{ tiers = [{ up_to = 20, rate = 0.05 }, { rate = 0.1 }], minimum = 0.4 }"
    )
    one, batches = terms_of(text, by=by)
    for offer in one.menu:
        assert offer.end.where == "root"
        tiers = [{"up_to": 20, "rate": 0.05 * offer.scale}, {"rate": 0.1 * offer.scale}]
        changed = {"deal.upfront": float(offer.end.payment.value), "deal.royalty.tiers": tiers}
        value, _ = worth(text, by, "npv", changed)
        assert value == pytest.approx(float(one.statistic.value), rel=1e-9)
        theirs, _ = worth(text, by, "partner_npv", changed)
        assert theirs == pytest.approx(float(offer.theirs.value), rel=1e-9)
        as_now = offer.scale == 1.0
        assert (float(offer.end.payment.error(batches)) < 1e-9) == as_now


def test_there_is_a_menu_without_a_margin_and_none_without_a_royalty():
    one, _ = terms_of(SURE.replace("margin = 0.3\n", ""))
    assert one.zone is None and one.sides is None and one.menu[0].theirs is None
    assert all(price.theirs is None for price in one.prices)
    one, _ = terms_of(SURE.replace("royalty = { rate = 0.1 }\n", ""))
    assert one.menu == () and one.zone is not None


# ---- roots ----


def roots_of(*functions, step=1.0):
    calls = []

    def evaluate(asked):
        calls.append(len(asked))
        return [functions[number](x) for number, x in asked]

    return found([search(step) for _ in functions], evaluate), calls


def test_a_straight_line_takes_three_looks():
    ((root, where),), calls = roots_of(lambda x: 3 * x - 2)
    assert (where, root) == ("root", pytest.approx(2 / 3, rel=1e-15)) and len(calls) <= 4


def test_roots_are_found_together_whatever_the_functions_look_like():
    functions = (
        lambda x: x - 1e6,
        lambda x: x**3 - 2,
        lambda x: math.tanh(20 * (x - 0.3)),
        lambda x: -1.0 if x < 0.7 else 1.0,
        lambda x: x + 1.0,
        lambda _: -1.0,
        lambda x: x,
        lambda x: max(x - 5, 0.1 * (x - 5)),
    )
    ends, calls = roots_of(*functions)
    assert [where for _, where in ends] == ["root"] * 4 + ["below", "above", "root", "root"]
    roots = [root for root, where in ends if where == "root"]
    assert roots == pytest.approx([1e6, 2 ** (1 / 3), 0.3, 0.7, 0.0, 5.0], rel=1e-13, abs=1e-15)
    assert calls[0] == len(functions) and len(calls) < 150


# ---- what cannot be asked ----


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        (SURE, {"by": "P(npv < 0)"}, "does not say what a side gains"),
        (SURE, {"by": "sd"}, "does not say what a side gains"),
        (SURE, {"by": "maen"}, "did you mean mean"),
        (SURE.replace("margin = 0.3\n", ""), {"theirs": 1.0}, "--theirs: what is in it for the partner is not known"),
        (SURE.replace("margin = 0.3\n", ""), {"ours": 1.0}, "--ours: what is in it for the partner is not known"),
        ("[scenario]\nname = 'plain'\n[inputs]\nV = 1\nD = 1\nR = 1\nL = 0\n", {}, "base has no terms to price"),
    ],
)
def test_what_cannot_be_asked_is_said(text, asked, said):
    with pytest.raises(InvalidInput) as refused:
        question_of(text, **asked)
    assert said in str(refused.value).replace(" = 1", "")


def test_a_strategy_that_does_not_exist():
    with pytest.raises(InvalidInput, match="there is no strategy 'bas'"):
        terms_question(loads(SURE), Terms(["bas"]))


def test_what_is_told_of_a_side_is_what_is_told_of_a_clause():
    assert [measure.short for measure in MEASURES[:4]] == ["mean", "P10", "P50", "P90"]
