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
20,000 trials, seed 20260101, scrambled Sobol points

T: 转让价值 / transfer value [USD 10k]
                           licence      patent-first
────────────────────────────────────────────────────
mean                 640.97 ± 0.11     646.56 ± 0.10
sd                   322.91 ± 0.51     330.08 ± 0.48
P5                   246.32 ± 0.88      240.7 ± 1.0
P10                   298.5 ± 1.1       295.7 ± 1.0
P25                  409.01 ± 0.62     409.61 ± 0.83
P50                  577.83 ± 0.91     582.72 ± 0.88
P75                   801.9 ± 1.7       810.6 ± 1.2
P90                 1,063.3 ± 2.4     1,081.3 ± 2.4
P95                 1,263.2 ± 3.7     1,277.2 ± 2.4
P(T < 450), %         31.14 ± 0.12      31.02 ± 0.15
CVaR 95 % (loss)    -200.70 ± 0.61    -193.48 ± 0.65
shape             ▂▆██▇▅▄▃▂▁▁▁▁▁▁▁  ▂▆██▇▅▄▃▂▁▁▁▁▁▁▁
                  100        2,000  100        2,000

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
