"""What a manager may not misread on the page: draws, events, cuts, trials, dominance, tolerance, zero and labels."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from dossiers import dossier_of
from figure_cases import SVG, draws_for, of_class, texts
from figure_cases import parsed as picture
from pages import Element, parsed, rows_of, sections, table_called

from simengine.report.figures import figure
from simengine.report.figures.density import spread_out
from simengine.report.figures.distribution import Distribution
from simengine.report.figures.inputs import probability_of
from simengine.report.language import is_chinese
from simengine.report.page import page_bytes
from simengine.report.page.markup import named, sentence, signs
from simengine.results.dossier import Dossier

VISION = """
[scenario]
name = "vision"
title = "视觉许可 / a vision model"
currency = "USD"
unit = 10_000
[inputs]
V = { dist = "lognormal", p10 = 500, p90 = 2000, title = "市场价值 / market value" }
D = { dist = "pert", min = 0.3, mode = 0.7, max = 1.0, title = "需求 / demand" }
R = 0.9
L = { dist = "triangular", min = 0.02, mode = 0.05, max = 0.15 }
[risks.ip_leak]
probability = { dist = "pert", min = 0.02, mode = 0.06, max = 0.2 }
severity = { dist = "beta", alpha = 2, beta = 5 }
title = "权重泄露 / weights leak"
[[correlations]]
between = ["V", "D"]
spearman = 0.4
[model]
T = "0.6 * V * D * R * (1 - ip_leak) * (1 - L)"
[strategies.licence]
title = "许可 / licence"
[strategies.sale]
title = "出售 / outright sale"
model.T = "price * (1 - L)"
[strategies.sale.inputs.price]
dist = "pert"
min = 340
mode = 360
max = 380
"""


@pytest.fixture(scope="module")
def vision() -> Dossier:
    return dossier_of(VISION, trials=20_000)


@pytest.fixture(scope="module")
def page(vision) -> Element:
    return parsed(page_bytes(vision))


@pytest.fixture(scope="module")
def chinese(vision) -> Element:
    return parsed(page_bytes(vision, "zh"))


def test_a_draw_of_the_engine_is_no_assumption(page):
    names = [row[0] for row in rows_of(table_called(page, "Uncertain inputs"))]
    assert not [name for name in names if "ip_leak_chance" in name]
    assert [name for name in names if "probability" in name and "ip_leak_probability" in name]
    ((first, *_),) = rows_of(table_called(page, "Draws of the engine itself"))
    assert first.startswith("Draw behind “weights leak”")


def test_a_clock_is_no_assumption():
    text = VISION.replace("probability = { dist", "annual_probability = { dist")
    text = text.replace('name = "vision"', 'name = "vision"\nhorizon = 3').replace(
        "(1 - ip_leak)", "sum(1 - ip_leak_now) / 3"
    )
    shown = parsed(page_bytes(dossier_of(text, trials=500, parts=())))
    names = [row[0] for row in rows_of(table_called(shown, "Uncertain inputs"))]
    assert not [name for name in names if "clock" in name or "azard used up" in name]
    ((first, *_),) = rows_of(table_called(shown, "Draws of the engine itself"))
    assert first.startswith("Draw behind the time of “weights leak”")


def test_correlations_are_of_inputs_that_the_strategy_uses(vision):
    found = picture(figure(vision, "correlation", strategy="licence", draws=draws_for(vision, "correlation")))
    listed = " | ".join(texts(of_class(found, "names")[0]))
    assert "market value" in listed and "probability" in listed
    assert "weights leak |" not in listed and "draw behind" not in listed and "price" not in listed


def test_an_event_says_that_it_strikes_and_how_probable_that_is(vision):
    drawn = figure(vision, "tornado", strategy="licence")
    exact = float(vision.record["input_mean"][vision.record["input_name"].tolist().index("ip_leak_probability")])
    assert probability_of(vision.record, 0, "ip_leak_strikes") == exact
    assert f"strikes ({100.0 * exact:.1f} %)" in texts(picture(drawn))
    assert any(text.startswith("Bars of events go from") for text in texts(picture(drawn)))
    assert [row[0] for row in drawn.rows if "weights leak" in row[0] and "”" not in row[0]] == ["weights leak"]


def test_a_tornado_says_what_it_leaves_out():
    inputs = "\n".join(f'x{k} = {{ dist = "uniform", min = 0, max = {k + 1} }}' for k in range(17))
    model = " + ".join(f"x{k}" for k in range(17))
    text = f'[scenario]\nname = "many"\n[inputs]\nV = 1\nD = 1\nR = 1\nL = 0\n{inputs}\n[model]\nT = "{model}"\n'
    drawn = figure(dossier_of(text, trials=500, parts=("drivers",)), "tornado")
    assert "the 12 largest of 17" in drawn.subtitle and len(drawn.rows) == 17
    few = figure(dossier_of(VISION, trials=20_000), "tornado", strategy="licence")
    assert "largest" not in few.subtitle


def test_shares_in_the_table_of_a_density_are_counted(vision):
    record = vision.record
    found = figure(vision, "density", strategy="licence")
    edges, counts = record["histogram_edges"][0, 0], record["histogram_counts"][0, 0]
    assert sum(float(row[1]) for row in found.rows) == pytest.approx(100.0, abs=0.2)
    for name, share in found.rows:
        ends = [float(text.replace(",", "").replace("−", "-")) for text in name.split(" – ")]
        a, b = (int(np.nanargmin(np.abs(edges - end))) for end in ends)
        assert float(share) == pytest.approx(100.0 * counts[a:b].sum() / counts.sum(), abs=0.006)
    bars = of_class(picture(found), "bars")[0].iter(f"{SVG}rect")
    assert all(": about " in bar.findtext(f"{SVG}title") for bar in bars)


def test_a_wide_outermost_bin_is_no_flat_tail():
    """Half of what the last bin holds lies in its first quarter or so, and all of it within."""
    edges = np.append(np.linspace(0.0, 10.0, 101), 40.0)
    counts = np.append(np.rint(1000.0 * np.exp(-np.linspace(0.05, 9.95, 100) / 2.5)), 180).astype(np.int64)
    total = counts.sum()
    record = {
        "histogram_edges": edges[None, None],
        "histogram_counts": counts[None, None],
        "quantiles": np.full((1, 1, 0), 0.0),
        "quantile": np.array([]),
        "minimum": np.zeros((1, 1)),
        "maximum": np.full((1, 1), 40.0),
        "prob_loss": np.zeros((1, 1)),
        "target_value": np.empty((1, 1, 0)),
        "prob_below": np.empty((1, 1, 0)),
    }
    found = Distribution.of(record, 0, 0)
    beyond = 1.0 - found.probability([10.0, 17.0, 40.0])
    assert beyond[0] == pytest.approx(180 / total) and beyond[2] == 0.0
    assert beyond[1] < 0.3 * beyond[0]
    near, far = found.density(np.array([12.0, 36.0]))
    assert far < 0.02 * near


def test_a_density_stays_where_the_outcomes_are(vision):
    for s in range(2):
        found = Distribution.of(vision.record, s, 0)
        assert found.minimum > 0.0 == vision.record["prob_loss"][s, 0]
        assert found.support == (found.minimum, found.maximum)
        step = found.radius / 50.0
        assert found.density(np.array([found.minimum - step, found.maximum + step])).tolist() == [0.0, 0.0]
    drawn = figure(vision, "density", strategy="licence").svg(inline=True)
    assert 'class="sim-curve"' in drawn
    curve = re.search(r'<g class="sim-curve">(.*?)</g>', drawn)
    assert curve is not None and curve[1].count("<path") == 1


def test_zero_is_no_percentile(vision):
    marks = of_class(picture(figure(vision, "density", strategy="licence")), "marks")[0]
    (zero,) = [node for node in marks.iter(f"{SVG}line") if node.get("stroke-dasharray") == "6 4"]
    assert "0" in texts(marks)
    assert zero.find(f"{SVG}title") is None


def test_labels_that_stand_aside_are_near_and_joined_to_their_lines(vision):
    places = spread_out([(300.0, 60.0), (310.0, 60.0), (320.0, 60.0)], 0.0, 640.0)
    assert places == pytest.approx([240.0, 310.0, 380.0])
    beside = figure(vision, "density", strategy="sale", width=440.0, beside=vision.record.strategies)
    marks = of_class(picture(beside), "marks")[0]
    slanted = [node for node in marks.iter(f"{SVG}line") if node.get("x1") != node.get("x2")]
    assert slanted


def test_a_ladder_has_all_labels_and_its_zero_beside_no_name(vision):
    root = picture(figure(vision, "ladder"))
    for row in of_class(root, "row"):
        assert [text.split()[0] for text in texts(row) if text.startswith("P")] == ["P5", "P50", "P95"]


def test_the_section_of_strategies_says_its_trials(vision):
    fewer = dossier_of(VISION, trials=2_000)
    mixed = replace(vision, comparison=fewer.comparison)
    said = "This section rests on 2,000 trials, all others on 20,000 trials"
    assert said in sections(parsed(page_bytes(mixed)))["strategies"].text
    assert said not in sections(parsed(page_bytes(fewer)))["strategies"].text


def test_the_verdict_is_for_managers_and_its_errors_are_in_the_fold(page):
    shown = sections(page)["verdict"]
    bullets = [one.text for one in shown.all("ul")[0].all("li")]
    fold = shown.one("details").text
    assert len(bullets) == 2
    assert not any("±" in line for line in bullets) and "±" in fold
    assert all(re.fullmatch(r"\d+(\.\d)?", share) for line in bullets for share in re.findall(r"in ([\d.]+) %", line))
    assert "order" not in fold and "?" not in fold


def test_the_best_most_often_is_held_against_the_best_on_average(vision, page, chinese):
    comparison = vision.comparison
    mean, best = comparison["mean"][:, 0], comparison["prob_best"][:, 0]
    assert np.argmax(mean) != np.argmax(best), "the case is made for this"
    assert sections(page)["verdict"].all("li")[0].text.startswith("But ")
    assert sections(chinese)["verdict"].all("li")[0].text.startswith("但")


def test_the_risk_tolerance_says_where_it_comes_from(page, chinese):
    assert "as none was given, half of the mean of licence" in sections(page)["strategies"].text
    assert "未指定，取许可均值的一半" in sections(chinese)["strategies"].text


def test_a_chinese_page_names_strategies_and_copulas_in_chinese(chinese):
    shown = sections(chinese)["assumptions"]
    assert "高斯 Copula" in shown.text and "Gaussian" not in shown.text
    for small in table_called(shown, "不确定输入").all("small"):
        assert is_chinese(small.text), small.text


def test_minus_signs_are_one_sign(page):
    assert signs("-3.2e-05, a-1 and licence-2 (-7)") == "−3.2e−05, a-1 and licence-2 (−7)"
    assert sentence(f"{named('-1 plan')} loses -2") == "<strong>-1 plan</strong> loses −2"
    for cell in page.all("td"):
        assert not ("n" in cell.classes and re.match(r"[-]\d", cell.text)), cell.text


def test_english_pictures_have_no_wide_quotes(vision, monkeypatch):
    seen: list[str] = []
    monkeypatch.setattr("simengine.report.figures.png.rendered", lambda svg, width: seen.append(svg) or b"")
    figure(vision, "tornado", strategy="licence").png()
    figure(vision, "tornado", strategy="licence", lang="zh").png()
    assert "“" not in seen[0] and "&quot;weights leak&quot;" in seen[0]
    assert "“权重泄露”" in seen[1]
