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
20,000 trials, seed 20260101, sobol draws

T: 转让价值 / transfer value [USD 10k]
                           licence      patent-first
────────────────────────────────────────────────────
mean                 641.05 ± 0.12     646.60 ± 0.11
sd                   323.73 ± 0.52     330.79 ± 0.50
P5                   246.76 ± 0.88     241.86 ± 0.96
P10                   298.2 ± 1.0      294.75 ± 0.69
P25                  409.06 ± 0.88     409.24 ± 0.81
P50                  576.95 ± 0.79      583.3 ± 1.1
P75                   799.0 ± 1.5       812.7 ± 1.5
P90                 1,067.6 ± 3.2     1,083.5 ± 2.5
P95                 1,257.0 ± 5.0     1,275.6 ± 3.9
P(T < 450), %         31.24 ± 0.14      31.03 ± 0.12
CVaR 95 % (loss)    -201.72 ± 0.68    -194.16 ± 0.56
shape             ▂▆██▇▅▄▂▂▁▁▁▁▁▁▁  ▂▆██▇▅▄▃▂▁▁▁▁▁▁▁
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
