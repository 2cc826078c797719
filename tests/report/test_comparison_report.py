"""The screen of a comparison: every number on it is in the dataset, the CSV and the JSON; it fits the line."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from comparisons import LICENCES, PAIR, comparison_of

from simengine.analysis.compare.variables import COMPARISON, DIMENSIONS
from simengine.report.comparison import Comparison
from simengine.report.comparison_files import comparison_csv, comparison_object
from simengine.report.comparison_rows import numbers_of
from simengine.report.comparison_table import comparison_report
from simengine.report.numbers import estimate, plain
from simengine.report.text import Style, text_width


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return comparison_of(LICENCES, wealth=500.0, risk_aversion=3.0, percentiles=[5.0])


def flat(value: object) -> list[float]:
    if isinstance(value, dict):
        return [number for entry in value.values() for number in flat(entry)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_every_number_on_the_screen_is_in_every_form(comparison):
    """Each estimate of the screen is the rounding of a number that dataset, CSV and JSON hold to all digits."""
    screen = comparison_report(comparison.record, Style(width=100))
    shown = set(re.findall(r"-?\d[\d,]*(?:\.\d+)? ± \d[\d,]*(?:\.\d+)?", screen))
    assert len(shown) > 50
    entries = list(numbers_of(comparison.record))
    texts: dict[str, list] = {}
    for entry in entries:
        texts.setdefault(entry.estimate.text(), []).append(entry)
        if entry.key.endswith(("difference",)):
            texts.setdefault(estimate(abs(entry.value), entry.se).text(), []).append(entry)
    assert shown <= set(texts), shown - set(texts)
    rows = list(csv.DictReader(comparison_csv(comparison.record).decode().splitlines()))
    written = {(r["strategy"], r["against"], r["output"], r["statistic"]): r for r in rows}
    in_json = set(flat(comparison_object(comparison.record)["outputs"]))
    stored = {float(v) for name in comparison.record.values for v in np.ravel(comparison.dataset[name].values)
              if comparison.dataset[name].dtype.kind in "fb"}  # fmt: skip
    for entry in entries:
        row = written[entry.strategy, entry.against, entry.output, entry.key]
        assert float(row["value"]) == entry.value in stored or np.isnan(entry.value)
        if entry.kind == "estimate":
            known = {number for number in (entry.value, entry.se, entry.low, entry.high) if not np.isnan(number)}
            assert row["se"] == ("" if np.isnan(entry.se) else plain(entry.se)) and known <= in_json
            assert known <= stored


def test_it_fits_lines_of_any_width_and_plain_ascii(comparison):
    for width in (60, 72, 100, 140):
        lines = comparison_report(comparison.record, Style(width=width)).splitlines()
        assert max(map(text_width, lines)) <= width
    plain = comparison_report(comparison.record, Style(width=100, unicode=False))
    assert plain.isascii()
    coloured = comparison_report(comparison.record, Style(width=100, color=True))
    assert re.sub(r"\x1b\[\dm", "", coloured) == comparison_report(comparison.record, Style(width=100))


def test_the_verdict_says_what_the_numbers_say(comparison):
    verdict = comparison.verdict.splitlines()
    assert verdict[0] == "patent has the highest mean, beyond the error of its lead over every other."
    line = next(line for line in verdict if line.startswith("sale beats licence"))
    assert re.fullmatch(
        r"sale beats licence in [\d.]+ ± [\d.]+ % of trials; its mean is [\d.]+ ± [\d.]+ lower; "
        r"at P10 it is better by [\d.]+ ± [\d.]+, at P90 it is worse by [\d.]+ ± [\d.]+\.",
        line,
    )
    assert any(line.startswith("On these trials patent dominates licence within") for line in verdict)


def test_a_verdict_never_claims_what_an_interval_leaves_open(comparison):
    """With errors made large, nothing is told apart."""
    values = dict(comparison.record.values)
    for name in ("mean_difference", "quantiles_difference"):
        values[f"{name}_se"] = np.full_like(values[name], 1e6)
        values[f"{name}_low"], values[f"{name}_high"] = values[name] - 1e6, values[name] + 1e6
    values["different"] = np.zeros_like(values["different"])
    verdict = Comparison(replace(comparison.record, values=values)).verdict
    assert "differs by no more than these trials can tell" in verdict
    assert not re.search("its mean is|it is better|it is worse|beyond the error", verdict)
    assert verdict.count("no difference can be told") == 4


def test_tables_of_python(comparison):
    pairs, numbers = comparison.pairs(), comparison.numbers()
    assert list(pairs.columns) == ["strategy", "against", "output", "unit", "statistic", "value", "se", "low", "high"]
    assert len(numbers) > len(pairs) == 3 * 2 * pairs["statistic"].nunique()
    row = pairs.query("strategy == 'sale' and against == 'licence' and statistic == 'mean_difference'").iloc[0]
    assert row["value"] == comparison.dataset["mean_difference"].sel(strategy="sale", against="licence", output="T")
    assert json.loads(comparison.to_json())["baseline"] == comparison.baseline == "licence"


def test_the_registry_is_whole(comparison):
    assert {dim for variable in COMPARISON.variables.values() for dim in variable.dims} == set(DIMENSIONS)
    assert not comparison.record.problems()
    broken = replace(comparison.record, values={**comparison.record.values, "mean": np.zeros(3)})
    assert any("'mean'" in problem for problem in broken.problems())
    for name, variable in COMPARISON.variables.items():
        assert comparison.dataset[name].attrs["long_name"] == variable.meaning


def test_a_comparison_is_written_and_read_again(comparison, tmp_path):
    from simengine import open_comparison
    from simengine.errors import FileProblem, InvalidInput

    comparison.save(tmp_path / "out")
    again = open_comparison(tmp_path / "out")
    assert str(again) == str(comparison) and again.to_json() == comparison.to_json()
    for suffix in ("csv", "json", "nc"):
        assert comparison.export(tmp_path / f"copy.{suffix}").stat().st_size > 1000
    with pytest.raises(InvalidInput, match=r"allowed: \.csv, \.json, \.nc"):
        comparison.export(tmp_path / "copy.xlsx")
    content = bytearray((tmp_path / "out" / "comparison.nc").read_bytes())
    content[content.index(comparison.record["mean"].tobytes())] ^= 1
    (tmp_path / "bad.nc").write_bytes(content)
    with pytest.raises(FileProblem, match="damaged or altered"):
        open_comparison(tmp_path / "bad.nc")


def test_two_strategies_need_no_table_of_pairs():
    text = str(comparison_of(PAIR))
    assert "row beats column" not in text and "less A" in text


def test_the_screen_of_many_strategies_does_not_list_every_dominance():
    more = "".join(f'[strategies.s{k}]\nmodel.T = "x + {k} + 0.0{k} * y"\n' for k in range(8))
    found = comparison_of(PAIR.replace("[strategies.B]", more + "[strategies.B]"), trials=500)
    assert re.search(r"; \d\d more with\s+--all", str(found))
    assert len(found.verdict.splitlines()) > 28
    everything = comparison_report(found.record, Style(width=100), everything=True)
    assert "with --all" not in everything and everything.count("dominates") > 28
    for name in found.strategies:
        assert f"less {name}" in everything


def test_the_answer_of_a_shipped_scenario_is_one_screen():
    """Verdict, strategies, differences from the baseline and all pairs, with no loss that a file does not hold."""
    from simengine import compare

    found = compare(Path(__file__).parents[2] / "scenarios" / "smart_customer_service.toml", trials=20_000)
    lines = comparison_report(found.record, Style(width=100)).splitlines()
    assert len(lines) <= 47 and max(map(text_width, lines)) <= 100
    text = " ".join(" ".join(lines).split())
    for part in ("patent-first has the highest mean", "On these trials", "P50", "efficient", "less licence",
                 "row beats column", "EVPI", "risk tolerance 310 USD 10k",
                 "--risk-tolerance sets it", "leaves out 0"):  # fmt: skip
        assert part in text
