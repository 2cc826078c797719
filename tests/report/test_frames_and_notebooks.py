"""Results in notebooks: data frames with units and errors, HTML that is safe in any theme, datasets with labels."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import simengine
from simengine.report.html import outcome_tables
from simengine.report.result import Result
from simengine.report.statistics import statistics_of
from simengine.results.dataset import to_dataset
from simengine.results.variables import REGISTRY
from simengine.scenario import loads

YEARS = """\
[scenario]
name = "by-year"
horizon = 2
[inputs]
V = "600 to 1600"
[model]
income = "V * (1 + year)"
T = "sum(income)"
[outputs]
T = {}
income = { unit = "USD" }
[simulate]
trials = 500
"""

PAYLOADS = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202egnp.exe",
    "x" * 200,
    "智能客服技术转让",
    "🚀👩‍💻",
    "&amp;",
]


@pytest.fixture(scope="module")
def yearly() -> Result:
    return simengine.run(loads(YEARS, file="years.toml"))


def test_a_tidy_frame(record):
    frame = Result(record).to_dataframe()
    assert list(frame) == ["strategy", "output", "year", "unit", "statistic", "percentile", "value", "se"]
    median = frame[(frame.strategy == "sale") & (frame.output == "T") & (frame.percentile == 50)]
    assert median.value.item() == record["quantiles"][1, 0, 1] and median.se.item() == 1.25
    assert median.unit.item() == "USD 10k" and np.isnan(median.year.item())
    loss = frame[(frame.strategy == "licence") & (frame.statistic == "prob_loss") & (frame.output == "T")]
    assert loss.unit.item() == "1"
    assert isinstance(frame.strategy.dtype, pd.CategoricalDtype)
    assert list(frame.strategy.cat.categories) == ["licence", "sale"]
    pivot = frame[frame.percentile.notna()].pivot(index=["strategy", "output"], columns="percentile", values="value")
    assert pivot.loc[("licence", "T"), 95.0] == record["quantiles"][0, 0, 2]


def test_a_wide_frame(record):
    frame = Result(record).to_dataframe(wide=True)
    assert frame.index.names == ["strategy", "output"]
    assert list(frame)[:5] == ["unit", "mean", "mean_se", "std", "std_se"]
    assert frame.loc[("sale", "T"), "p50"] == record["quantiles"][1, 0, 1]
    assert np.isnan(frame.loc[("licence", "margin"), "prob_below_500"])


def test_frames_have_the_periods(yearly):
    frame = yearly.to_dataframe()
    assert set(frame.year.dropna()) == {1.0, 2.0}
    entry = frame[(frame.year == 2.0) & (frame.statistic == "mean")]
    assert entry.value.item() == yearly.record["yearly_mean"][0, 0, 1] and entry.unit.item() == "USD"
    wide = yearly.to_dataframe(wide=True)
    assert wide.index.names == ["strategy", "output", "year"]
    assert wide.loc[("base", "income", 2.0), "p50"].item() == yearly.record["yearly_quantiles"][0, 0, 1, 3]


class _Reader(HTMLParser):
    """Tags and attributes, with a check that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


def test_html_shows_key_figures_with_errors_and_everything_on_demand(record):
    reader = read(Result(record)._repr_html_())
    assert {"table", "caption", "details", "summary"} <= reader.tags
    for s, o in ((0, 0), (0, 1), (1, 0)):
        for entry in statistics_of(record, s, o):
            assert entry.estimate.text() in reader.text, entry.key
    assert "10,000 trials" in reader.text and "all statistics" in reader.text
    assert "CVaR 95 % (loss)" in reader.text and "skewness" in reader.text


def test_html_has_no_script_and_no_colour_of_its_own(record, yearly):
    for html in (Result(record)._repr_html_(), yearly._repr_html_()):
        assert "<script" not in html and "http" not in html and "url(" not in html
        colours = re.findall(r"(?:color|background|border[a-z-]*):([^;}]*)", html)
        assert all(re.search(r"none|inherit|currentColor|rgba\(128|collapse|^0$|^1px", colour) for colour in colours)
        assert len(html) < 60_000


@pytest.mark.parametrize("payload", PAYLOADS)
def test_labels_stay_text(record_of, payload):
    reader = read(outcome_tables(record_of(text=payload, title=payload)))
    assert not {"script", "img"} & reader.tags
    assert not any(name.startswith("on") for name in reader.attributes)
    assert "\u202e" not in reader.text
    plain = payload.replace("\u202e", "\ufffd").replace("\u200d", "\ufffd")
    assert plain in reader.text


def test_bars_need_a_range(record):
    record["quantiles"][:] = 5.0
    assert 'class="track"' not in outcome_tables(record)
    record["quantiles"][:] = np.nan
    assert 'class="track"' not in outcome_tables(record)


def test_every_variable_says_what_it_is_and_every_number_its_unit(yearly, tmp_path):
    with xr.open_dataset(yearly.to_netcdf(tmp_path / "a.nc")) as dataset:
        assert set(dataset.variables) == set(REGISTRY)
        for name, variable in REGISTRY.items():
            assert dataset[name].attrs["long_name"] == variable.meaning
            apart = variable.kind == "text" or (variable.unit in ("outcome", "input") and not variable.part)
            assert ("units" in dataset[name].attrs) == (not apart), name
        assert dataset["yearly_mean"].attrs["units"] == "USD"


def test_the_unit_of_all_outcomes_is_said_where_there_is_one(record_of):
    record = record_of()
    assert to_dataset(record)["mean"].attrs == {"long_name": "mean"}  # each has its own, which `unit` lists
    record["unit"][:] = "EUR million"
    assert to_dataset(record)["mean"].attrs["units"] == "EUR million"
    assert to_dataset(record)["prob_loss"].attrs["units"] == "1"
