from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from simengine.report.csv import CsvStyle, percentiles_csv, summary_csv, text_cell
from simengine.report.json import result_json, result_object

PAYLOADS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "=cmd|' /C calc'!A0",
    "<script>",
    "</script>",
    "'x",
    'a"b',
    "a,b",
]


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_percentiles_are_tidy(record):
    rows = rows_of(percentiles_csv(record))
    assert list(rows[0]) == ["strategy", "output", "unit", "percentile", "value", "se"]
    assert len(rows) == 9
    assert rows[1]["percentile"] == "50"
    assert float(rows[1]["value"]) == record["quantiles"][0, 0, 1]
    assert float(rows[1]["se"]) == 1.25


def test_the_summary_holds_every_other_statistic(record):
    rows = rows_of(summary_csv(record))
    found = {(row["strategy"], row["output"], row["statistic"]): row for row in rows}
    assert float(found["sale", "T", "mean"]["value"]) == record["mean"][1, 0]
    assert found["sale", "T", "prob_below_500"]["unit"] == "1"
    assert found["sale", "T", "cvar95_loss"]["unit"] == "USD 10k"
    assert ("sale", "margin", "mean") not in found
    assert not any(row["statistic"] == "p50" for row in rows)


def test_a_byte_order_mark_on_request(record):
    assert not percentiles_csv(record).startswith(b"\xef\xbb\xbf")
    assert percentiles_csv(record, CsvStyle(bom=True)) == b"\xef\xbb\xbf" + percentiles_csv(record)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_can_become_a_formula(record, payload):
    units = np.array([payload, payload], dtype=object)
    record = replace(record, values={**record.values, "unit": units})
    for content in (percentiles_csv(record), summary_csv(record)):
        for row in rows_of(content):
            assert row["unit"][0] not in "=+-@\t\r"
            assert row["unit"].removeprefix("'").replace(" ", "\r") in (
                payload.replace(" ", "\r").removeprefix("'"),
                "1",
            )
            assert float(row["value"]) is not None
    assert text_cell("plain") == "plain"


def test_json_has_the_documented_shape(record):
    found = json.loads(result_json(record))
    expected = {
        "schema",
        "scenario",
        "trials",
        "seed",
        "sampler",
        "device",
        "stream_version",
        "stopping",
        "plan_digest",
        "strategies",
    }
    assert expected <= set(found)
    assert found["schema"] == 1
    assert found["seed"] == 2**63 - 1
    outcome = found["strategies"]["licence"]["T"]
    assert outcome["unit"] == "USD 10k"
    assert set(outcome["mean"]) == {"value", "se"}
    assert list(outcome["percentiles"]) == ["5", "50", "95"]
    assert outcome["percentiles"]["5"] == {"value": record["quantiles"][0, 0, 0], "se": 2.1}
    assert isinstance(outcome["min"], float)
    for key in ("std", "prob_loss", "var95_loss", "cvar95_loss"):
        assert set(outcome[key]) == {"value", "se"}
    assert outcome["prob_below"]["500"]["value"] == pytest.approx(0.024, abs=0.01)
    assert list(found["strategies"]["sale"]) == ["T"]


def test_what_is_no_number_is_null(record):
    broken = {**record.values, "mean": np.full((2, 2), np.nan), "maximum": np.full((2, 2), np.inf)}
    text = result_json(replace(record, values=broken))
    assert "NaN" not in text
    assert "Infinity" not in text
    outcome = json.loads(text)["strategies"]["licence"]["T"]
    assert outcome["mean"]["value"] is None
    assert outcome["max"] is None


def test_json_for_terminals_without_unicode(record_of):
    record = record_of(title="智能客服")
    assert "智能客服" in result_json(record)
    assert result_json(record, ascii_only=True).isascii()
    assert json.loads(result_json(record, ascii_only=True)) == result_object(record)
