"""Every kind of picture: it says what the numbers say, in well-formed markup, for every label."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from figure_cases import DEAL, HOSTILE, SVG, axis, dossier_of, drawn, of_class, parsed, path_points, texts

import simengine
from simengine.errors import FileProblem, InvalidInput
from simengine.report.figures import KINDS, figure
from simengine.report.figures.palette import DARK, LIGHT
from simengine.report.figures.plot import plotted
from simengine.report.numbers import estimate
from simengine.results.dossier import Dossier
from simengine.scenario import loads

NEED_DRAWS = ("scatter", "convergence", "correlation")


@pytest.fixture(scope="module")
def dossier() -> Dossier:
    return dossier_of()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_and_described(dossier, kind, lang):
    found = drawn(dossier, kind, lang=lang)
    assert found.kind == kind
    assert found.title
    assert re.search(r"\d", found.description), "key numbers are part of the description"
    assert "  " not in found.description
    assert found.rows
    assert all(len(row) == len(found.header) for row in found.rows)
    for theme in ("light", "dark", "auto"):
        root = parsed(found, theme=theme)
        assert root.get("role") == "img"
        title, about = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert (title.text, about.text) == (found.title, found.description)
        assert root.get("aria-labelledby").split() == [title.get("id"), about.get("id")]
    assert (root.get("lang") == "zh-CN") == (lang == "zh")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_leaves_the_drawing(dossier, kind):
    for width in (320, 640, 1200):
        found = drawn(dossier, kind, width=width)
        root = parsed(found)
        left, top, wide, high = map(float, root.get("viewBox").split())
        for node in root.iter():
            for x in ("x", "x1", "x2", "cx"):
                assert left - 0.5 <= float(node.get(x, left)) <= left + wide + 0.5, (width, node.attrib)
            for y in ("y", "y1", "y2", "cy"):
                assert top - 0.5 <= float(node.get(y, top)) <= top + high + 0.5, (width, node.attrib)
            for x, y in path_points(node.get("d", "")):
                assert left <= x <= left + wide
                assert top <= y <= top + high


@pytest.mark.parametrize("kind", KINDS)
def test_colours_are_those_of_the_theme_or_of_the_page(dossier, kind):
    found = drawn(dossier, kind)
    light, dark, auto = (found.svg(theme=theme) for theme in ("light", "dark", "auto"))
    assert set(re.findall(r"#[0-9a-f]{6}", light)) <= {LIGHT.ink, LIGHT.muted, LIGHT.grid, LIGHT.paper, *LIGHT.series}
    assert set(re.findall(r"#[0-9a-f]{6}", dark)) <= {DARK.ink, DARK.muted, DARK.grid, DARK.paper, *DARK.series}
    assert "prefers-color-scheme:dark" in auto
    assert "<style" not in light + dark
    inline = found.svg(inline=True)
    assert inline.startswith("<svg ")
    assert "#" not in re.sub(r"<desc.*?</desc>", "", inline)
    used = set(re.findall(r"var\(--sim-(\w+)\)", inline))
    assert used <= {"ink", "muted", "grid", "paper", *"12345678"}
    assert found.title in "".join(parsed(found).itertext())


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_result_gives_the_same_bytes(dossier, kind):
    again = drawn(replace(dossier), kind)
    assert again.svg() == drawn(dossier, kind).svg()
    assert again.svg(inline=True) == drawn(dossier, kind).svg(inline=True)


def test_names_of_elements_differ_between_pictures(dossier):
    found = [drawn(dossier, kind, output=output) for kind in ("density", "cdf") for output in ("T", "margin")]
    names = [name for one in found for name in re.findall(r' id="([^"]+)"', one.svg(inline=True))]
    assert len(set(names)) == len(names) == 8


@pytest.mark.parametrize("kind", KINDS)
def test_units_and_percent_are_said_in_the_language(dossier, kind):
    said = {}
    for lang in ("en", "zh"):
        found = drawn(dossier, kind, lang=lang)
        said[lang] = " ".join([found.subtitle, found.description, *found.header, *parsed(found).itertext()])
    assert "USD" not in said["zh"]
    assert not re.search(r"\d %", said["zh"])
    assert not re.search(r"\d%", said["en"])
    assert ("USD 10k" in said["en"]) == ("万美元" in said["zh"])
    assert ("USD 10k" in said["en"]) or kind == "correlation"


def test_strategies_that_look_the_same_have_other_names_of_elements(dossier):
    one, other = drawn(dossier, "density"), replace(drawn(dossier, "density"), subtitle="another")
    assert len(set(re.findall(r' id="([^"]+)"', one.svg(inline=True) + other.svg(inline=True)))) == 4


@pytest.mark.parametrize(("kind", "name"), [("density", "x-axis"), ("fan", "y-axis")])
def test_pictures_beside_each_other_have_one_scale(kind, name):
    text = DEAL.format(title='"x"', unit='"USD"') + 'inputs.V = { dist = "lognormal", p10 = 900, p90 = 4000 }\n'
    dossier = Dossier(simengine.run(loads(text), trials=1024).record)
    ways = dossier.record.strategies
    alone = [axis(parsed(figure(dossier, kind, strategy=one)), name) for one in ways]
    beside = [axis(parsed(figure(dossier, kind, strategy=one, beside=ways)), name) for one in ways]
    assert alone[0] != pytest.approx(alone[1], rel=0.1)
    assert beside[0] == pytest.approx(beside[1], rel=1e-3)
    with pytest.raises(InvalidInput, match="no strategy 'gift'"):
        figure(dossier, kind, beside=["gift"])


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_text_and_never_markup(kind):
    plain = drawn(dossier_of(), kind)
    found = drawn(dossier_of(HOSTILE, HOSTILE), kind)
    tags = [{node.tag for node in parsed(one).iter()} for one in (plain, found)]
    assert tags[1] <= tags[0] | {f"{SVG}title"}
    assert not list(parsed(found).iter(f"{SVG}script"))
    for markup in (found.svg(), found.svg(inline=True)):
        assert "<script" not in markup


def test_control_and_bidi_characters_become_visible(record_of):
    record = record_of(text="\x07\u202e\ud800\uffff<b>")
    for kind in ("density", "exceedance", "ladder", "overlay"):
        markup = figure(Dossier(record), kind).svg()
        assert not re.search("[\x07\u202e\ud800\uffff]|<b>", markup)
        assert "\N{REPLACEMENT CHARACTER}&lt;b&gt;" in markup
        markup.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_long_labels_are_cut_and_whole_in_a_tooltip(kind):
    long = "许可证与技术服务合同" * 20
    root = parsed(drawn(dossier_of(long, "USD"), kind))
    assert max(len(text) for text in texts(root)) < 90
    titles = [node.text for node in root.iter(f"{SVG}title")]
    shown = [text for text in texts(root) if text.startswith(long[:6])]
    if shown:
        assert all("…" in text or text in long for text in shown)
        assert any(title and long in title for title in titles)


# ---- marks agree with the numbers ----


def test_percentiles_of_a_density_stand_where_they_are(dossier):
    record = dossier.record
    root = parsed(drawn(dossier, "density", output="T", strategy="licence"))
    intercept, slope = axis(root, "x-axis")
    (marks,) = of_class(root, "marks")
    rules = [node for node in marks.iter(f"{SVG}line") if (node.findtext(f"{SVG}title") or "").startswith("P")]
    levels = record["quantile"].tolist()
    assert len(rules) == 3
    for node in rules:
        level = float(re.match(r"P(\d+)", node.findtext(f"{SVG}title"))[1])
        value = float(record["quantiles"][0, 0, levels.index(level)])
        assert intercept + slope * float(node.get("x1")) == pytest.approx(value, abs=0.5)
        assert node.get("x1") == node.get("x2")


def test_the_area_of_a_density_is_the_share_of_its_range(dossier):
    """Heights of bars and of the curve have one scale, whose unit is a share of the trials."""
    found = drawn(dossier, "density", output="T", strategy="licence")
    root = parsed(found)
    _, slope = axis(root, "x-axis")
    bars = list(of_class(root, "bars")[0].iter(f"{SVG}rect"))
    drawn_area = sum(float(bar.get("width")) * float(bar.get("height")) for bar in bars) * slope
    told = {bar.findtext(f"{SVG}title") for bar in bars}  # a bar may have two parts
    shares = sum(float(re.search(r": about ([\d.]+) %", text)[1]) for text in told) / 100.0
    tallest = max(bars, key=lambda bar: float(bar.get("height")))
    share = float(re.search(r": about ([\d.]+) %", tallest.findtext(f"{SVG}title"))[1]) / 100.0
    unit = share / (float(tallest.get("height")) * float(tallest.get("width")) * slope)
    assert drawn_area * unit == pytest.approx(shares, rel=0.05)
    curves = of_class(root, "curve")[0]
    points = [place for path in curves.iter(f"{SVG}path") for place in path_points(path.get("d"))]
    base = max(float(bar.get("y")) + float(bar.get("height")) for bar in bars)
    x, y = np.array(sorted(points)).T
    assert np.trapezoid(base - y, x) * slope * unit == pytest.approx(shares, rel=0.05)


@pytest.mark.parametrize(("kind", "sign"), [("cdf", 1.0), ("exceedance", -1.0)])
def test_a_curve_of_probabilities_goes_through_the_percentiles(dossier, kind, sign):
    record = dossier.record
    root = parsed(drawn(dossier, kind, output="T", strategy="licence"))
    (across, slope), (up, rise) = axis(root, "x-axis"), axis(root, "y-axis")
    (path,) = of_class(root, "curves")[0].iter(f"{SVG}path")
    x, y = np.array(path_points(path.get("d"))).T
    values, shares = across + slope * x, (up + rise * y) / 100.0
    for level, value in zip(record["quantile"], record["quantiles"][0, 0], strict=True):
        expected = level / 100.0 if sign > 0 else 1.0 - level / 100.0
        assert np.interp(value, values, shares) == pytest.approx(expected, abs=0.005)
    for value, below in zip(record["target_value"][0, 0], record["prob_below"][0, 0], strict=True):
        expected = below if sign > 0 else 1.0 - below
        assert np.interp(value, values, shares) == pytest.approx(expected, abs=0.01)


def test_bars_of_a_tornado_end_at_the_change_of_the_mean(dossier):
    drivers = dossier.drivers
    found = drawn(dossier, "tornado", output="T", strategy="licence")
    root = parsed(found)
    intercept, slope = axis(root, "x-axis")
    zero = -intercept / slope
    changes = sorted((float(v) for v in drivers["mean_change"][0, 0] if np.isfinite(v) and v), key=lambda v: -abs(v))
    rows = of_class(root, "row")
    assert len(rows) == len(found.rows)
    for row, change in zip(rows, changes, strict=False):
        (bar,) = row.iter(f"{SVG}rect")
        left, width = float(bar.get("x")), float(bar.get("width"))
        end = left + width if change > 0.0 else left
        assert intercept + slope * end == pytest.approx(change, rel=0.02)
        assert min(abs(left - zero), abs(left + width - zero)) < 0.5


def test_an_input_without_a_swing_is_named():
    text = """
    [scenario]
    name = "approval"
    [inputs]
    V = "600 to 1600"
    approved = { dist = "bernoulli", p = 0.95 }
    [model]
    T = "V * approved"
    """
    scenario = loads(text)
    drivers = simengine.drivers(scenario, trials=4096, sections=["tornado"]).record
    found = figure(Dossier(simengine.run(scenario, trials=4096).record, drivers=drivers), "tornado")
    assert [row[0] for row in found.rows] == ["V"]
    said = re.search(r"The same at P10 and P90.*: approved \((0\.\d\d)\)\.", found.description)
    assert float(said[1]) == pytest.approx(float(drivers["spearman"][0, 0, 1]), abs=0.005)
    assert said[0] in " ".join(texts(parsed(found)))


def test_a_fan_has_the_percentiles_of_each_year(dossier):
    record = dossier.record
    root = parsed(drawn(dossier, "fan", strategy="licence"))
    up, rise = axis(root, "y-axis")
    (lines,) = of_class(root, "lines")
    median = path_points(next(lines.iter(f"{SVG}path")).get("d"))
    middle = record["quantile"].tolist().index(50.0)
    reported = record["yearly_reported"][0, 0]
    expected = record["yearly_quantiles"][0, 0, reported, middle]
    assert [up + rise * y for _, y in median] == pytest.approx(expected.tolist(), rel=0.01)
    assert len(list(of_class(root, "bands")[0].iter(f"{SVG}path"))) == 3


def test_a_ladder_has_a_row_for_each_strategy(dossier):
    record = dossier.record
    root = parsed(drawn(dossier, "ladder", output="T"))
    intercept, slope = axis(root, "x-axis")
    rows = of_class(root, "row")
    assert len(rows) == 2
    for s, row in enumerate(rows):
        outermost = next(row.iter(f"{SVG}rect"))
        low = intercept + slope * float(outermost.get("x"))
        high = low + slope * float(outermost.get("width"))
        assert (low, high) == pytest.approx((record["quantiles"][s, 0, 0], record["quantiles"][s, 0, -1]), rel=0.01)


def test_points_of_a_scatter_are_trials_of_the_run(dossier):
    found = drawn(dossier, "scatter", output="T", other="margin", strategy="licence")
    assert "the first 2,000 of 4,096 trials" in found.subtitle
    (points,) = of_class(parsed(found), "points")
    assert 1900 < len(path_points(next(points.iter(f"{SVG}path")).get("d"))) <= 2000
    rivals = drawn(dossier, "scatter", output="T", other="safe", strategy="licence")
    assert "rank correlation" in " ".join(texts(parsed(rivals)))


def test_a_correlation_that_was_asked_for_is_drawn(dossier):
    found = drawn(dossier, "correlation", output="T", strategy="safe")
    asked = [row for row in found.rows if row[2]]
    assert len(asked) == 1
    assert float(asked[0][3]) == pytest.approx(float(asked[0][2]), abs=0.05)


def test_the_last_look_of_convergence_is_the_run(dossier):
    found = drawn(dossier, "convergence", output="T", strategy="licence")
    assert [row[0] for row in found.rows] == ["256", "512", "1,024", "2,048", "4,096"]
    mean, error = dossier.record["mean"][0, 0], dossier.record["mean_se"][0, 0]
    assert found.rows[-1][2] == estimate(float(mean), float(error)).text().replace("-", "−")


@pytest.mark.parametrize("percentiles", [[50.0], [10.0, 30.0], [0.1, 5.0, 60.0, 99.9]])
def test_other_percentiles_are_drawn_as_they_are(percentiles):
    text = DEAL.format(title='"x"', unit='"USD"')
    record = simengine.run(loads(text), trials=1024, percentiles=percentiles).record
    for kind in KINDS:
        if kind not in ("tornado", "spider"):
            parsed(plotted(Dossier(record), kind))


@pytest.mark.parametrize("trials", [2, 3, 20])
def test_few_trials_are_drawn(trials):
    dossier = dossier_of(trials=trials)
    for kind in ("density", "cdf", "exceedance", "ladder", "overlay", "fan", "scatter"):
        parsed(drawn(dossier, kind))
    with pytest.raises(InvalidInput, match="too short"):
        drawn(dossier, "convergence")


def test_more_strategies_than_there_is_room_for_are_counted(record_of):
    record = record_of(strategies=tuple(f"s{k}" for k in range(20)))
    for kind, most in (("overlay", 8), ("exceedance", 8), ("ladder", 16)):
        found = figure(Dossier(record), kind)
        assert f"the first {most} of 20 strategies" in found.subtitle
        parsed(found)


# ---- what cannot be drawn ----


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"kind": "pie"}, "kind = pie: there is no such kind of picture; allowed: density"),
        ({"kind": "density", "output": "U"}, "there is no outcome 'U'; allowed: T, margin"),
        ({"kind": "density", "output": "sales"}, "the kind fan shows 'sales' period by period"),
        ({"kind": "fan", "output": "T"}, "'T' is one number, not one for each period; allowed: sales"),
        ({"kind": "density", "strategy": "gift"}, "there is no strategy 'gift'; allowed: licence, safe"),
        ({"kind": "density", "lang": "fr"}, "lang = fr: there is no such language; allowed: en, zh"),
        ({"kind": "density", "width": 20}, "width = 20: out of range; allowed: 320 to 1200"),
        ({"kind": "scatter"}, "a stored result has not"),
        ({"kind": "scatter", "other": "x"}, "a stored result has not"),
    ],
)
def test_what_is_wrong_is_said(dossier, asked, says):
    with pytest.raises(InvalidInput) as refused:
        figure(dossier, **asked)
    assert says in str(refused.value)


def test_all_that_is_wrong_is_said_at_once(dossier):
    with pytest.raises(InvalidInput) as refused:
        figure(dossier, "pie", lang="fr", width=1)
    assert len(refused.value.problems) == 3


@pytest.mark.parametrize("kind", ["tornado", "spider"])
def test_drivers_that_are_missing_are_asked_for(dossier, kind):
    alone = Dossier(dossier.record)
    with pytest.raises(InvalidInput, match=f"--{kind} --out RESULT"):
        figure(alone, kind)
    assert plotted(alone, kind, drivers=dossier.drivers).rows == drawn(dossier, kind).rows
    other = dossier_of("another title")
    with pytest.raises(InvalidInput, match="another scenario"):
        plotted(alone, kind, drivers=other.drivers)


def test_a_result_made_by_hand_is_drawn(record):
    """Percentiles of the fixture are 5, 50 and 95; nothing else is there."""
    for kind in ("density", "cdf", "exceedance", "ladder", "overlay"):
        assert parsed(figure(Dossier(record), kind)) is not None
    with pytest.raises(InvalidInput, match="period by period"):
        figure(Dossier(record), "fan")
    with pytest.raises(InvalidInput, match="does not report 'margin'"):
        figure(Dossier(record), "density", output="margin", strategy="sale")


# ---- files ----


def test_a_picture_is_saved_once(dossier, tmp_path):
    found = drawn(dossier, "density")
    path = found.save(tmp_path / "density.svg")
    assert path.read_bytes() == found.svg().encode()
    with pytest.raises(FileProblem, match="exists already"):
        found.save(path)
    found.save(path, theme="dark", width=900, force=True)
    root = parsed(found, theme="dark", width=900)
    assert root.get("width") == "900"
    assert path.read_bytes() == found.svg(theme="dark", width=900).encode()
    with pytest.raises(InvalidInput, match=r"allowed: .svg, .png"):
        found.save(tmp_path / "density.pdf")
    with pytest.raises(InvalidInput, match="160 to 8,000") as refused:
        found.svg(theme="sepia", width=5)
    assert len(refused.value.problems) == 2
    assert found._repr_svg_().startswith("<svg ")
