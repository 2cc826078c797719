"""The whole output of a small run, digit for digit.

It changes only when the draws change (a new stream version) or when the table is meant to look different; then
write the new text here and say so in the changelog.
"""

from __future__ import annotations

import difflib

from simengine.cli.main import main

SCENARIO = """\
[scenario]
name = "golden"
title = "智能客服 / a small deal"
currency = "USD"
unit = 10_000
[inputs]
V = { dist = "lognormal", p10 = 620, p90 = 1600 }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = { dist = "beta", mean = 0.9, sd = 0.05 }
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }
[risks.competition]
probability = 0.35
severity = { dist = "pert", min = 0.05, mode = 0.2, max = 0.6 }
[[correlations]]
between = ["V", "D"]
spearman = 0.5
[outputs]
T = { title = "转让价值 / transfer value", target = 450 }
[strategies.licence]
[strategies.patent-first]
"risks.competition.probability" = 0.2
costs.upfront = 20
[simulate]
trials = 20_000
seed = 20260101
"""

EXPECTED = """\
智能客服 / a small deal
20,000 trials, seed 20260101, random draws

T: 转让价值 / transfer value [USD 10k]
                           licence      patent-first
────────────────────────────────────────────────────
mean                  643.8 ± 2.3       649.6 ± 2.3
sd                    323.2 ± 2.7       330.3 ± 2.7
P5                    246.1 ± 2.0       241.6 ± 2.1
P10                   299.6 ± 1.9       296.8 ± 1.9
P25                   411.7 ± 2.0       413.2 ± 2.2
P50                   579.1 ± 2.4       586.2 ± 2.7
P75                   807.9 ± 3.8       817.4 ± 4.5
P90                 1,066.9 ± 5.7     1,079.2 ± 5.4
P95                 1,251.9 ± 8.2     1,268.6 ± 9.5
P(T < 450), %         30.73 ± 0.33      30.43 ± 0.33
CVaR 95 % (loss)     -201.1 ± 1.8      -191.8 ± 1.9
shape             ▂▆██▇▅▄▃▂▁▁▁▁▁▁▁  ▂▆██▇▅▄▃▂▁▁▁▁▁▁▁
                  100        1,900  100        1,900

± is one standard error. CVaR is a loss: positive when money is lost.
Quantile tables are exact to 1e-13 in probability.
"""


def test_a_run_prints_exactly_this(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    path = tmp_path / "golden.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    assert main(["run", str(path)]) == 0
    found = capsys.readouterr().out
    difference = difflib.unified_diff(EXPECTED.splitlines(), found.splitlines(), "expected", "found", lineterm="")
    assert found == EXPECTED, "\n" + "\n".join(difference)
