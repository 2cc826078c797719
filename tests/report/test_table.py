from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from simengine.report.cell_names import asked_name, named_numbers
from simengine.report.result import Result
from simengine.report.statistics import statistics_of
from simengine.report.table import run_report, speed
from simengine.report.text import Style, text_width

GOLDEN = """\
A deal
10,000 trials, seed 9223372036854775807, independent draws

T: transfer value [USD 10k]
                           licence              sale
────────────────────────────────────────────────────
mean                 698.77 ± 0.99     498.77 ± 0.99
sd                    99.43 ± 0.70      99.43 ± 0.70
P5                    534.8 ± 2.1       334.8 ± 2.1
P50                   698.7 ± 1.2       498.7 ± 1.2
P95                   863.0 ± 2.1       663.0 ± 2.1
P(T < 500), %          2.40 ± 0.15      50.48 ± 0.50
CVaR 95 % (loss)     -494.0 ± 2.6      -294.0 ± 2.6
shape               ▁▁▁▁▂▄▆██▆▄▂▁▁  ▁▁▃▄▆█▇▆▄▂▁▁▁▁▁
                  230          970  230          970

margin
                           licence
──────────────────────────────────
mean                148.77 ± 0.99
sd                   99.43 ± 0.70
P5                   -15.2 ± 2.1
P50                  148.7 ± 1.2
P95                  313.0 ± 2.1
P(margin < 0), %     6.710 ± 0.015
CVaR 95 % (loss)      56.0 ± 2.6
shape             ▁▁▁▃▄▆▇██▇▅▄▂▁▁▁
                  -120         420

± is one standard error. CVaR is a loss: positive when money is lost.
Quantile tables are exact to 1e-12 in probability.
licence: the licence
sale: the sale
"""


def lines_of(record, **style):
    return run_report(record, Style(**style)).splitlines()


def test_the_table_of_a_run_reads_like_this(record):
    text = run_report(record, Style(width=100))
    assert text.splitlines() == GOLDEN.splitlines()


def test_wide_or_narrow_no_line_is_too_long(record_of):
    record = record_of(strategies=tuple(f"strategy-{k}" for k in range(6)))
    for width in (60, 80, 120):
        assert max(map(text_width, lines_of(record, width=width))) <= width
    assert sum("mean" in line for line in lines_of(record, width=80)) > sum(
        "mean" in line for line in lines_of(record, width=160)
    )


def test_plain_ascii_where_nothing_else_can_be_shown(record):
    text = run_report(record, Style(width=80, unicode=False))
    assert text.isascii()
    assert "+/-" in text


def test_the_row_of_losses_stands_where_it_says_something(record):
    text = run_report(record, Style(width=100))
    assert "P(T < 0)" not in text  # never, and the target says more
    values = {**record.values, "prob_loss": np.where(record["reported"], 0.01, np.nan)}
    assert "P(T < 0)" in run_report(replace(record, values=values), Style(width=100))


def test_a_target_of_zero_is_one_row_with_the_chance_of_a_loss(record):
    """Wherever statistics are listed; it is asked for, so it stands there also where nothing is ever lost."""
    targets = np.where(record["target_value"] == 500.0, 0.0, record["target_value"])
    zero = {name: record[f"prob_loss{end}"][..., None] for name, end in (("prob_below", ""), ("prob_below_se", "_se"))}
    asked = replace(record, values={**record.values, **zero, "target_value": targets})
    assert run_report(asked, Style(width=100)).count("P(T < 0), %") == 1
    entries = [entry for entry in statistics_of(asked, 0, 0) if entry.group == "below"]
    assert [(entry.key, entry.level) for entry in entries] == [("prob_loss", 0.0)]
    names = [number.name for number in named_numbers(asked)]
    assert "licence_T_prob_loss" in names and asked_name("licence_T_prob_below_0") == "licence_t_prob_loss"


def test_trials_that_were_left_out_are_told(record):
    faults, first = record["faults"].copy(), record["first_fault"].copy()
    faults[1, 0], first[1, 0] = 12, 4711
    told = run_report(replace(record, values={**record.values, "faults": faults, "first_fault": first}), Style())
    assert "Left out: 12 trials of sale whose T was not finite; the first is trial 4711." in told


@pytest.mark.parametrize(("unicode", "sign"), [(True, "–"), (False, "-")])
def test_one_trial_has_no_spread(record, unicode, sign):
    one = {name: record[name].copy() for name in ("finite", "std", "std_se", "quantiles_se")}
    one["finite"][record["reported"]] = 1
    one["std"][:], one["std_se"][:], one["quantiles_se"][:] = 0.0, np.nan, np.nan
    text = run_report(replace(record, values={**record.values, **one}), Style(width=100, unicode=unicode))
    assert f"{sign} stands for a number that one trial does not have" in text
    assert "? is a standard error" in text
    row = next(line for line in text.splitlines() if line.startswith("sd "))
    assert set(row.split()[1:]) == {sign}
    assert "stands for" not in run_report(record, Style())


def test_the_rate_leaves_out_what_comes_before_the_trials(record):
    timings = {"scenario": 1.0, "plan": 1.0, "pilot": 8.0, "simulate": 0.2, "percentiles": 0.05}
    attributes = {**record.attrs, "trials": 1_000_000, "timings": json.dumps(timings)}
    timed = replace(record, attrs=attributes)
    assert speed(timed) == "1,000,000 trials in 10 s, simulated at 4 million trials a second"
    assert speed(timed, compiled=True) == "1,000,000 trials in 10 s"


def test_a_result_prints_as_its_table(record):
    assert repr(Result(record)) == run_report(record, Style(width=100))


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "</script>", "<b>x"])
def test_notebooks_show_labels_as_text(record_of, label):
    html = Result(record_of(text=label, title=label))._repr_html_()
    assert "<script" not in html
    assert "</script" not in html
    assert "<b>" not in html
    assert "&lt;" in html
