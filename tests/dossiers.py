"""Dossiers for tests: a run of a scenario with its comparison, its drivers and its register, at few trials."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import simengine
from simengine.errors import InvalidInput
from simengine.results.dossier import Dossier
from simengine.scenario import Scenario, loads

PARTS = ("comparison", "drivers", "register")

DEAL = """
[scenario]
name = "small-deal"
title = "小交易 / a small deal"
currency = "CNY"
unit = 10_000
[inputs]
V = { dist = "lognormal", p10 = 620, p90 = 1600, unit = "CNY 10k", title = "市场价值 / market value" }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }
[risks.leak]
title = "泄露 / the weights leak"
probability = 0.2
severity = { dist = "pert", min = 0.05, mode = 0.2, max = 0.6 }
[strategies.licence]
title = "普通授权 / plain licence"
[strategies.licence-protected]
title = "带保护的授权"
"risks.leak.probability" = 0.05
[strategies."买断"]
title = "一次性买断 / outright sale"
model.T = "price * (1 - L)"
[strategies."买断".inputs.price]
dist = "pert"
min = 380
mode = 470
max = 580
"""
"""Three strategies, one with a Chinese name, and a risk."""

YEARLY = """
[scenario]
name = "licence-by-year"
title = "六年许可 / a licence over six years"
currency = "USD"
unit = 1000
horizon = 6
[inputs]
market = "400 to 900"
growth = { dist = "triangular", min = -0.05, mode = 0.03, max = 0.12 }
upfront = 40
[model]
sales = "market * (1 + growth) ** year"
cash_flow = "0.06 * sales - 30 * (year < 3)"
npv = "upfront + sum(cash_flow * 1.1 ** -year)"
[outputs]
npv = { title = "value of the deal" }
cash_flow = { title = "现金流 / cash flow" }
sales = true
[strategies.licence]
[strategies.open-licence]
inputs.upfront = -5
"""
"""Two strategies with outcomes by year."""


def dossier_of(
    source: str | Path | Scenario, *, trials: int = 4096, seed: int = 7, parts: Collection[str] = PARTS
) -> Dossier:
    """The dossier of a scenario: a file, a scenario that was read, or its text (which has a line break).

    Those of files and texts are made once, and no test changes them.  Parts that a scenario has not, such as the
    comparison of its only strategy, are None.
    """
    if isinstance(source, Scenario):
        return _made(source, trials, seed, parts)
    return _made_once(source, trials, seed, tuple(parts))


@functools.cache
def _made_once(source: str | Path, trials: int, seed: int, parts: tuple[str, ...]) -> Dossier:
    return _made(loads(source) if "\n" in str(source) else source, trials, seed, parts)


def _made(scenario: str | Path | Scenario, trials: int, seed: int, parts: Collection[str]) -> Dossier:
    record = simengine.run(scenario, trials=trials, seed=seed, threads=1).record
    asked = {"trials": trials, "seed": seed, "threads": 1}
    answers: dict[str, Callable[[], Any]] = {
        "comparison": lambda: simengine.compare(scenario, **asked).record,
        "drivers": lambda: simengine.drivers(scenario, sections=["tornado"], **asked).record,
        "register": lambda: simengine.risks(scenario, **asked).to_dict(),
    }
    found: dict[str, Any] = {}
    for part in parts:
        with contextlib.suppress(InvalidInput):  # one strategy, nothing uncertain, no risk
            found[part] = answers[part]()
    return Dossier(record, **found)
