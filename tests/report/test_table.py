from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simengine.report.result import Result
from simengine.report.table import run_report
from simengine.report.text import Style, text_width

GOLDEN = """\
A deal
10,000 trials, seed 9223372036854775807, random draws

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


def test_trials_that_were_left_out_are_told(record):
    faults, first = record["faults"].copy(), record["first_fault"].copy()
    faults[1, 0], first[1, 0] = 12, 4711
    told = run_report(replace(record, values={**record.values, "faults": faults, "first_fault": first}), Style())
    assert "Left out: 12 trials of sale whose T was not finite; the first is trial 4711." in told


def test_a_result_prints_as_its_table(record):
    assert repr(Result(record)) == run_report(record, Style(width=100))


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "</script>", "<b>x"])
def test_notebooks_show_labels_as_text(record_of, label):
    html = Result(record_of(text=label, title=label))._repr_html_()
    assert "<script" not in html
    assert "</script" not in html
    assert "<b>" not in html
    assert "&lt;" in html
