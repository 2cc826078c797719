"""The report on one page: its parts, its structure, and that its numbers are those of the result."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from dossiers import DEAL, PARTS, YEARLY, dossier_of
from pages import ALLOWED, Element, parsed, rows_of, sections, table_called

import simengine
from simengine.cli.main import main
from simengine.errors import InvalidInput
from simengine.report.comparison_rows import of_pair
from simengine.report.page import page_bytes
from simengine.report.page.provenance import command_of
from simengine.report.statistics import statistics_of
from simengine.results.dossier import Dossier

SCENARIOS = sorted((Path(__file__).resolve().parents[2] / "scenarios").glob("*.toml"))
ALWAYS = {"key-figures", "distribution", "exceedance", "verdict", "assumptions", "formulas", "provenance"}


@pytest.fixture(scope="module")
def deal() -> Dossier:
    return dossier_of(DEAL)


@pytest.fixture(scope="module")
def yearly() -> Dossier:
    return dossier_of(YEARLY)


@pytest.fixture(scope="module")
def page(deal) -> Element:
    return parsed(page_bytes(deal))


def test_a_whole_dossier_has_every_section_and_a_bare_result_only_its_own(deal, yearly, page):
    assert set(sections(page)) == ALWAYS | {"drivers", "strategies", "risks"}
    assert set(sections(parsed(page_bytes(yearly)))) == ALWAYS | {"drivers", "years", "strategies"}
    assert set(sections(parsed(page_bytes(Dossier(deal.record))))) == ALWAYS
    for part, section in (("comparison", "strategies"), ("drivers", "drivers"), ("register", "risks")):
        without = parsed(page_bytes(replace(deal, **{part: None})))
        assert set(sections(without)) == set(sections(page)) - {section}


def test_outcomes_by_period_alone_make_a_page():
    text = YEARLY.replace('npv = { title = "value of the deal" }\n', "")
    record = simengine.run(simengine.scenario.loads(text), trials=500, threads=1).record
    found = set(sections(parsed(page_bytes(Dossier(record)))))
    assert found == {"years", "assumptions", "formulas", "provenance"}


def test_a_scenario_without_uncertainty_makes_a_page():
    text = '[inputs]\nV = 100\nD = 0.5\nR = 1\nL = 0\n[scenario]\nname = "fixed"\n'
    found = parsed(page_bytes(Dossier(simengine.run(simengine.scenario.loads(text), trials=100, threads=1).record)))
    assert "nothing is uncertain" in sections(found)["verdict"].text
    assert "distribution" not in sections(found)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_structure_can_be_walked_by_keyboard_and_read_aloud(deal, yearly, lang):
    for dossier in (deal, yearly):
        page = parsed(page_bytes(dossier, lang))
        assert page.attributes["lang"] == {"en": "en", "zh": "zh-Hans"}[lang]
        ids = [one.attributes["id"] for one in page.walk() if "id" in one.attributes]
        assert len(ids) == len(set(ids))
        for tag in ("header", "nav", "main", "footer", "h1", "title"):
            assert len([one for one in page.all(tag) if one.parent.tag in ("body", "header", "head")]) == 1, tag
        levels = [int(one.tag[1]) for one in page.all("h1", "h2", "h3", "h4")]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        for one in page.walk():
            for name in ("aria-labelledby", "aria-describedby"):
                assert set(one.attributes.get(name, "").split()) <= set(ids)
            if one.attributes.get("href"):
                assert one.attributes["href"].removeprefix("#") in ids
        first = next(one for one in page.one("body").walk() if one.tag == "a")
        assert first.classes == {"skip"}


def test_every_table_has_a_caption_and_scopes_and_every_picture_words_and_numbers(deal, yearly):
    for dossier in (deal, yearly):
        page = parsed(page_bytes(dossier))
        captions = [table.one("caption").text for table in page.all("table")]
        assert len(captions) > 8 and all(captions)
        for table in page.all("table"):
            assert all(head.attributes["scope"] in ("col", "colgroup", "row") for head in table.all("th"))
            width = [sum(int(c.attributes.get("colspan", "1")) for c in row.all("th", "td")) for row in table.all("tr")]
            assert len(set(width)) == 1
            assert table.parent.attributes["tabindex"] == "0"
        for svg in page.all("svg"):
            assert svg.attributes["role"] == "img"
            assert svg.all("title")
        for figure in page.all("figure"):
            assert figure.all("h3", "h4")
            behind = figure.one("details")
            assert len(behind.one("p").text) > 20
            assert behind.one("table").all("td")


def test_nothing_can_run_and_nothing_is_fetched(deal):
    content = page_bytes(deal)
    page = parsed(content)
    assert {one.tag for one in page.walk()} <= ALLOWED
    for one in page.walk():
        assert not {name for name in one.attributes if name.startswith("on")}
        assert not {"src", "style", "srcdoc", "action", "xlink:href", "data", "poster"} & set(one.attributes)
        assert one.attributes.get("href", "#").startswith("#")
    style = re.search(r"<style>(.*?)</style>", content.decode(), re.DOTALL)
    assert style is not None and "url(" not in style[1] and "@import" not in style[1]
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(one for one in page.all("meta") if one.attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.attributes["content"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert b"http:" not in content.replace(b"http://www.w3.org/2000/svg", b"") and b"https:" not in content


def test_the_same_dossier_gives_the_same_bytes(deal):
    assert page_bytes(deal) == page_bytes(deal)
    assert page_bytes(deal, "zh") == page_bytes(deal, "zh") != page_bytes(deal)
    again = replace(deal, record=replace(deal.record, attrs={**deal.record.attrs, "title": "another"}))
    assert page_bytes(again) != page_bytes(deal)


def test_an_unknown_language_is_refused(deal):
    with pytest.raises(InvalidInput, match="no such language"):
        page_bytes(deal, "de")


def test_all_statistics_are_those_of_the_result(deal, page):
    record = deal.record
    head = [
        one.text for one in sections(page)["key-figures"].all("details")[0].all("th") if "colspan" in one.attributes
    ]
    assert head == ["Plain licence licence", "带保护的授权 licence-protected", "Outright sale 买断"]
    table = sections(page)["key-figures"].one("details").one("table")
    for place in range(3):
        wanted = [entry.estimate for entry in statistics_of(record, place, 0)]
        cells = [(row[1 + 2 * place], row[2 + 2 * place].removeprefix("± ")) for row in rows_of(table)]
        assert cells == [(one.value.replace("-", "−"), one.error) for one in wanted]


def number(text: str) -> tuple[float, float]:
    """A number of a cell, and half a unit of its last digit."""
    shown = text.split(maxsplit=1)[0].replace(",", "").replace("−", "-").rstrip("%")
    decimals = len(shown.partition(".")[2])
    zeros = len(shown) - len(shown.rstrip("0")) if not decimals else 0
    return float(shown), 0.5001 * 10.0 ** (-decimals if decimals else zeros)


def test_key_figures_are_the_statistics_rounded(deal, page):
    table = sections(page)["key-figures"].all("table")[0]
    heads = [one.text for one in table.one("thead").all("th")]
    assert heads[2:] == ["Mean", "P10", "P50", "P90", "Chance of less than 0", "Mean of the worst 5 %"]
    for place, row in enumerate(rows_of(table)):
        found = {entry.key: entry for entry in statistics_of(deal.record, place, 0)}
        for cell, key in zip(row[2:], ("mean", "p10", "p50", "p90", "prob_loss", "cvar95_loss"), strict=True):
            shown, half = number(cell)
            factor = {"prob_loss": 100.0, "cvar95_loss": -1.0}.get(key, 1.0)
            assert abs(shown - factor * found[key].value) <= half, (key, cell)
            assert len(re.sub(r"[^0-9]", "", cell.split()[0])) >= 2 or shown == 0.0
            error = float(cell.partition("± ")[2])
            assert abs(error - float(found[key].estimate.error)) <= 0.1 * error


def test_differences_are_those_of_the_comparison(deal, page):
    record = deal.comparison
    table = table_called(sections(page)["strategies"], "Difference from plain licence")
    heads = [one.text for one in table.one("thead").all("th")]
    for place, row in zip((1, 2), rows_of(table), strict=True):
        found = {one.key: one for one in of_pair(record, place, 0, 0)}
        for head, key in (("Mean", "mean_difference"), ("P10", "p10_difference"), ("P90", "p90_difference")):
            shown, half = number(row[heads.index(head)])
            assert abs(shown - found[key].value) <= half
            assert row[heads.index(head)].startswith("+") == (found[key].value > 0.0)
        shown, half = number(row[heads.index("Beats it")])
        assert abs(shown - 100.0 * found["prob_beats"].value) <= half


def test_the_register_is_that_of_the_dossier(deal, page):
    risks = deal.register["strategies"][0]["risks"]
    table = table_called(sections(page)["risks"], "Risks of plain licence")
    rows = rows_of(table)
    assert rows[-1][0] == "All risks together"
    leak = next(line for line in risks if line["key"] == "risks.leak")
    row = next(row for row in rows if row[0].startswith("The weights leak"))
    heads = [one.text for one in table.one("thead").all("th")]
    for head, value in (
        ("P, %", 100.0 * leak["probability"]["value"]),
        ("Expected loss", leak["expected_loss"]["value"]),
        ("Effect on P90", leak["effects"]["P90"]["value"]),
    ):
        shown, half = number(row[heads.index(head)])
        assert abs(shown - value) <= half, head
    assert "No risk reaches outright sale" in sections(page)["risks"].text


def test_the_verdict_names_the_strategy_that_leads_and_the_safer_one(deal, page):
    lead = next(one for one in sections(page)["verdict"].all("p") if "lead" in one.classes)
    means = deal.record["mean"][:, 0]
    leader = ("plain licence", "带保护的授权", "outright sale")[int(means.argmax())]
    assert lead.text.lower().startswith(f"{leader} has the highest mean")
    low = deal.record["quantiles"][:, 0, deal.record["quantile"].tolist().index(10.0)]
    assert int(low.argmax()) == 2
    assert "In the bad case (P10) outright sale is the better choice" in lead.text
    assert len(lead.text) < 500


def test_the_command_gives_the_same_digits(tmp_path):
    path = tmp_path / "deal of ours.toml"
    path.write_text(DEAL, encoding="utf-8")
    options = {"trials": 1000, "seed": 11, "strategies": ["licence"], "overrides": {"risks.leak.probability": 0.4}}
    record = simengine.run(path, threads=1, percentiles=[5, 10, 50, 97.5], **options).record
    program, verb, *rest = shlex.split(command_of(record))
    assert (program, verb) == ("simengine", "run")

    out = tmp_path / "out"
    assert main(["run", *rest, "--quiet", "--out", str(out)]) == 0
    again = simengine.open_result(out).record
    for name in ("plan_digest", "summary_digest", "selected_strategies"):
        assert again.attrs[name] == record.attrs[name]


def many(count: int) -> str:
    """A deal over ten years with many strategies, all of them different."""
    text = YEARLY.replace("horizon = 6", "horizon = 10").partition("[strategies.licence]")[0]
    return text + "".join(f"[strategies.way-{k:02d}]\ninputs.upfront = {10 * k}\n" for k in range(count))


def test_a_page_stays_small_with_many_strategies_and_says_what_it_leaves_out():
    dossier = dossier_of(many(14), trials=500)
    content = page_bytes(dossier)
    assert len(content) < 500_000
    page = parsed(content)
    assert "further strategies are left out" in sections(page)["distribution"].text
    assert "way-13" in [one.text for one in sections(page)["distribution"].all("h4")]  # the one that leads stays


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_shipped_scenario_makes_a_page(path):
    parts = [part for part in PARTS if part != "drivers" or path.stem != "base_arithmetic"]  # nothing drives that one
    dossier = dossier_of(path, trials=2000, parts=parts)
    for lang in ("en", "zh"):
        content = page_bytes(dossier, lang)
        assert len(content) < 500_000
        assert {one.tag for one in parsed(content).walk()} <= ALLOWED
