"""Tax on the deal, and what crosses a border, against independent loops."""

from __future__ import annotations

import numpy as np
import pytest
from deal_cases import deal, sales_of, scenario
from hypothesis import given, settings
from hypothesis import strategies as st

VALUE = "[deal]\nmode='value'\n"
AMOUNTS = st.lists(st.floats(0, 40), min_size=6, max_size=6)


def taxed(text: str, *tables: str, sales=(), horizon: int = 6, **more):
    return deal(scenario(*tables, f"[tax]\n{text}\n", horizon=horizon, market=sales_of(*map(repr, sales)), **more))


def tax_by_loop(
    income: list[float], rate: float, *, carry: bool, exempt: float = 0.0, above: float = 1.0
) -> list[float]:
    """Losses are kept in a pot and used up by later income."""
    pot, due = 0.0, []
    for earned in income:
        if earned < 0:
            pot += -earned if carry else 0.0
            due.append(0.0)
            continue
        used = min(pot, earned)
        pot -= used
        base = earned - used
        due.append(rate * above * max(base - exempt, 0))
    return due


@settings(max_examples=40, deadline=None)
@given(
    sales=AMOUNTS,
    running=AMOUNTS,
    upfront=st.floats(0, 20),
    start=st.floats(0, 40),
    carry=st.booleans(),
    relief=st.booleans(),
)
def test_losses_are_carried_forward_as_a_loop_says(sales, running, upfront, start, carry, relief):
    text = f"rate = 0.25\ncarry_forward = {str(carry).lower()}\n" + ("relief = { exempt = 5 }\n" if relief else "")
    table = f"{VALUE}upfront = {upfront!r}\n[costs]\nstart = {start!r}\n[costs.support]\nannual = {running!r}\n"
    found = taxed(text, table, sales=sales)
    income = [s - c for s, c in zip(sales, running, strict=True)]
    income[0] += upfront - start
    more = {"exempt": 5.0, "above": 0.5} if relief else {}
    assert found.path("tax") == pytest.approx(tax_by_loop(income, 0.25, carry=carry, **more), abs=1e-9)
    assert min(found.path("tax")) >= 0


def test_a_loss_is_not_paid_back_and_used_once():
    found = taxed("rate = 0.5", VALUE + "[costs]\nstart = 30\n", sales=[10, 10, 20, 10], horizon=4)
    assert found.path("taxable") == [-20, 10, 20, 10]
    assert found.path("tax_base") == [0, 0, 10, 10] and found.path("tax") == [0, 0, 5, 5]
    assert found.one("npv") == 50 - 30 - 10


def test_relief_for_technology_transfer():
    """Five million a year are exempt, and half of what is above them is taxed; the half year left counts whole."""
    found = taxed("rate = 0.25\nrelief = { exempt = 5 }", VALUE, sales=[3, 5, 13], horizon=3)
    assert found.path("tax") == [0, 0, 0.25 * 0.5 * 8]
    halves = taxed("rate = 0.25\nrelief = { exempt = 5 }", VALUE, sales=[3, 5, 13], horizon=3, period=0.5)
    assert halves.path("tax") == pytest.approx([0, 0.25 * 0.5 * 3, 0.25 * 0.5 * 8])
    double = taxed("rate = 0.25\nrelief = { exempt = 5 }", VALUE, sales=[13], horizon=1, period=2.0)
    assert double.path("tax") == pytest.approx([0.25 * 0.5 * 3])
    other = taxed("rate = 0.25\nrelief = { exempt = 5, above = 0.2 }", VALUE, sales=[13], horizon=1)
    assert other.path("tax") == pytest.approx([0.25 * 0.2 * 8])


@settings(max_examples=30, deadline=None)
@given(
    sales=st.lists(st.floats(0, 40), min_size=8, max_size=8),
    running=st.lists(st.floats(0, 40), min_size=8, max_size=8),
    period=st.sampled_from([0.5, 0.25]),
    carry=st.booleans(),
    relief=st.booleans(),
)
def test_tax_is_that_of_the_year_whatever_the_period(sales, running, period, carry, relief):
    text = f"rate = 0.25\ncarry_forward = {str(carry).lower()}\n" + ("relief = { exempt = 5 }\n" if relief else "")
    costs = f"{VALUE}[costs.support]\nannual = {running!r}\n"
    found = taxed(text, costs, sales=sales, horizon=8, period=period)
    in_year = round(1 / period)
    income = (np.array(sales) - np.array(running) * period).reshape(-1, in_year).sum(axis=1)
    more = {"exempt": 5.0, "above": 0.5} if relief else {}
    expected = np.zeros((len(income), in_year))
    expected[:, -1] = tax_by_loop([float(x) for x in income], 0.25, carry=carry, **more)
    assert found.path("tax") == pytest.approx(expected.ravel().tolist(), abs=1e-9)


@pytest.mark.parametrize("carry", ["true", "false"])
def test_a_year_that_loses_money_is_not_taxed_for_its_best_quarter(carry):
    text = f"rate = 0.25\ncarry_forward = {carry}"
    found = taxed(text, VALUE + "[costs.support]\nannual = 12\n", sales=[10, 0, 0, 0], horizon=4, period=0.25)
    assert found.path("taxable") == [7, -3, -3, -3] and found.path("tax") == [0, 0, 0, 0]


def test_the_last_tax_year_ends_with_the_horizon():
    found = taxed("rate = 0.5", VALUE, sales=[1, 2, 3, 4, 5, 6], horizon=6, period=0.25)
    assert found.path("tax") == [0, 0, 0, 5, 0, 5.5]


def test_capital_and_exit_are_not_taxed():
    text = (
        "[deal]\nmode='joint-venture'\nequity=0.5\ncapital=20\ncapital_annual=4\nexit_multiple=3\n[costs]\nfiling=1\n"
    )
    found = taxed("rate = 0.25", text, sales=[10, 20, 30], horizon=3)
    assert found.path("taxable") == [5 - 1, 10, 15]
    assert found.path("cash_flow") == pytest.approx([5 - 2 - 1, 10 - 2 - 2.5, 15 - 2 - 3.75 + 45])
    assert found.one("initial_cash_flow") == -11


def test_recoveries_are_income():
    text = VALUE + "[grants.region]\nupfront = 2\nannual = 4\n"
    assert taxed("rate = 0.5", text, sales=[10, 10], horizon=2).path("taxable") == [16, 14]


# ---- the border ----


def border(terms: str, text: str, *more: str, sales=(100.0, 100.0), trials: int = 1, horizon: int = 2):
    return deal(
        scenario(terms, f"[crossborder]\n{text}\n", *more, horizon=horizon, market=sales_of(*sales)), trials=trials
    )


def test_withholding_and_value_added_tax_on_fees():
    found = border("[deal]\nmode='licence'\nupfront=5\nroyalty={rate=0.1}\n", "withholding = 0.1\nvat = 0.06")
    assert found.one("initial_cash_flow") == pytest.approx(5 / 1.06 * 0.9)
    assert found.path("receipts") == pytest.approx([10 / 1.06 * 0.9] * 2)
    assert found.path("royalty") == [10, 10]  # tiers and minimum are those of the contract, before taxes


def test_legal_share_and_collection_come_before_taxes():
    text = scenario(
        "[deal]\nmode='licence'\nupfront=5\nroyalty={rate=0.1}\n",
        "[crossborder]\nwithholding = 0.1\n",
        market="[inputs]\nV = 300\nD = 1\nR = 0.8\nL = 0.05\n",
    )
    found = deal(text)
    assert found.path("receipts") == pytest.approx([10 * 0.8 * 0.95 * 0.9] * 3)
    assert found.one("initial_cash_flow") == pytest.approx(4.5)  # paid at the signing, in full


def test_distributions_bear_their_own_tax_and_losses_none():
    terms = "[deal]\nmode='joint-venture'\nequity=0.5\nopex=40\ncapital=10\nupfront=2\nroyalty={rate=0.1}\n"
    found = border(terms, "withholding = 0.1\ndividend_withholding = 0.05\nvat = 0.25", sales=(20.0, 100.0))
    assert found.path("distribution") == [-10, 30]
    assert found.path("receipts") == pytest.approx([2 * 0.9 / 1.25 - 10, 10 * 0.9 / 1.25 + 30 * 0.95])
    assert found.one("initial_cash_flow") == pytest.approx(2 * 0.9 / 1.25 - 5)
    alone = border(
        "[deal]\nmode='joint-venture'\nequity=0.5\nopex=40\n", "dividend_withholding = 0.05", sales=(20.0, 100.0)
    )
    assert alone.path("receipts") == pytest.approx([-10, 28.5])
    fees_only = border("[deal]\nmode='joint-venture'\nequity=0.5\n", "withholding = 0.1")
    assert fees_only.path("receipts") == [50, 50]


def test_distributions_after_a_dispute_bear_their_tax():
    text = scenario(
        "[deal]\nmode='joint-venture'\nequity=0.5\nfee=10\n",
        "[crossborder]\nwithholding = 0.1\ndividend_withholding = 0.2\n[risks.dispute]\nprobability=1\nclaim_cut=0.3\n",
    )
    assert deal(text).path("receipts") == pytest.approx([0.7 * (10 * 0.9 + 50 * 0.8)] * 3)


def test_the_exchange_rate_has_its_mean_and_its_spread():
    found = border(
        VALUE + "upfront=3\n",
        "rate = 0.14\ndrift = 0.03\nvolatility = 0.2",
        trials=40_000,
        horizon=4,
        sales=(1, 1, 1, 1),
    )
    rates = found.yearly("exchange_rate")
    for k, t in enumerate((1, 2, 3, 4)):
        mean = 0.14 * np.exp(0.03 * t)
        assert rates[k].mean() == pytest.approx(mean, abs=5 * rates[k].std() / 200)
        assert np.log(rates[k]).std() == pytest.approx(0.2 * np.sqrt(t), rel=0.02)
    steps = np.diff(np.log(rates), axis=0)
    assert abs(np.corrcoef(steps)[0, 1]) < 0.03
    assert np.array_equal(found["initial_cash_flow"], np.full(40_000, 3 * 0.14))
    assert np.array_equal(found.yearly("receipts"), rates)


@pytest.mark.parametrize("period", [0.25, 2.0])
def test_the_spread_of_the_exchange_rate_does_not_depend_on_the_period(period):
    text = scenario(VALUE, "[crossborder]\nrate = 1\nvolatility = 0.2\n", horizon=2, period=period)
    logarithm = np.log(deal(text, trials=20_000).yearly("exchange_rate"))
    assert logarithm.std(axis=1) == pytest.approx(0.2 * np.sqrt([period, 2 * period]), rel=0.03)


def test_a_rate_without_drift_or_spread_and_one_without_a_start():
    assert border(VALUE, "rate = 0.14").path("receipts") == pytest.approx([14, 14])
    found = border(VALUE, "drift = 0.05")
    assert found.path("receipts") == pytest.approx([100 * np.exp(0.05), 100 * np.exp(0.1)])
    centred = border(VALUE, "volatility = 0.3", trials=40_000, sales=(1, 1)).yearly("receipts")
    assert centred.mean(axis=1) == pytest.approx([1, 1], abs=5 * 0.45 / 200)


def test_amounts_of_the_market_are_converted_and_our_own_costs_are_not():
    terms = "[deal]\nmode='joint-venture'\nequity=0.5\ncapital=10\ncapital_annual=2\nexit_multiple=1\n"
    more = "[costs]\nfiling = 1\n[costs.support]\nannual = 3\nshare_of_sales = 0.01\n"
    found = border(terms, "currency = 'EUR'\nrate = 2", more)
    assert found.one("initial_cash_flow") == -(1 + 5 * 2)
    assert found.path("cash_flow") == pytest.approx([100 - 2 - 3 - 2, 100 - 2 - 3 - 2 + 100])
