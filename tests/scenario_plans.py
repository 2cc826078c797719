"""Plans from scenario text, for tests of everything below the command line."""

from __future__ import annotations

from simengine.deal.expand import expand
from simengine.plan.compile import build_plan
from simengine.plan.plan import Plan
from simengine.scenario import loads

REFERENCE_DEAL = """
[scenario]
name = "reference-deal"
[inputs]
V = { dist = "lognormal", mu = 6.907755278982137, sigma = 0.4, source = "test" }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0, source = "test" }
R = { dist = "beta", alpha = 18, beta = 2, source = "test" }
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15, source = "test" }
[risks.competition]
probability = 0.35
severity = { dist = "pert", min = 0.05, mode = 0.2, max = 0.6 }
[risks.ip_leak]
probability = 0.08
severity = { dist = "beta", alpha = 2, beta = 5 }
[[correlations]]
between = ["V", "D"]
normal = 0.5
[[correlations]]
between = ["D", "R"]
normal = 0.3
[outputs]
T = { target = 200 }
"""


def plan_of(text: str, record: str = "outputs", sampler: str = "random", precision: str = "float64") -> Plan:
    """The plan of a scenario given as text; a missing [scenario] table is supplied."""
    if "[scenario]" not in text:
        text = '[scenario]\nname = "test"\n' + text
    return build_plan(expand(loads(text)), record=record, sampler=sampler, precision=precision)
