"""The page in a browser: nothing refused, no scrolling sideways, legible in both themes, fit for reading aloud."""

from __future__ import annotations

import re

import pytest
from browser import Browser, axe, needed
from dossiers import DEAL, YEARLY, dossier_of

from simengine.report.page import page_bytes


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Browser:
    needed()
    return Browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    deal, yearly = dossier_of(DEAL), dossier_of(YEARLY)
    return {"deal": page_bytes(deal), "deal-zh": page_bytes(deal, "zh"), "yearly": page_bytes(yearly)}


@pytest.mark.parametrize("name", ["deal", pytest.param("deal-zh", marks=pytest.mark.slow), "yearly"])
def test_the_console_has_nothing_to_say(browser, pages, name):
    assert browser.complaints(pages[name]) == []


def test_a_script_that_slips_in_is_refused_and_noticed(browser, pages):
    slipped = b"<script>document.title='x'</script><p style='color:red'><img src='https://example.invalid/x'></p>"
    said = browser.complaints(pages["deal"].replace(b"</main>", slipped + b"</main>"))
    for refused in ("inline script", "inline style", "https://example.invalid/x"):
        assert any("Content Security Policy" in line and refused in line for line in said), refused


SIDEWAYS = """(() => ({
  inner: innerWidth, width: document.documentElement.scrollWidth,
  wide: [...document.querySelectorAll('body *')].filter(one => !one.closest('.scroll') && !one.closest('svg') &&
    one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.tagName + '.' + one.className)
}))()"""


def test_nothing_scrolls_sideways_and_long_words_do_not_widen_a_phone(browser, pages):
    text = DEAL.replace("普通授权 / plain licence", "x" * 180).replace("小交易 / a small deal", "y" * 180)
    long = page_bytes(dossier_of(text, trials=500))
    shown = [(pages["deal"], 390), (pages["yearly"], 390), (pages["deal-zh"], 768), (long, 390)]
    for (_, width), found in zip(shown, browser.measured_each(shown, SIDEWAYS), strict=True):
        assert found["inner"] == width
        assert found["width"] <= width
        assert found["wide"] == []


AXE_RUN = """axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa',
  'wcag22aa', 'best-practice']}).then(found => ({rules: found.passes.length,
  violations: found.violations.map(one => [one.id, one.nodes.slice(0, 4).map(node => node.html.slice(0, 160))])}))"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dark"), [("deal", True), ("deal-zh", False), ("yearly", False)])
def test_axe_finds_nothing(browser, pages, name, dark, tmp_path_factory):
    script = axe(tmp_path_factory.mktemp("axe")).encode()
    page = pages[name].replace(b"</head>", b"<script>" + script + b"</script></head>")
    opened = "document.querySelectorAll('details').forEach(one => one.open = true)"
    found = browser.measured(page, f"({opened}, {AXE_RUN})", dark=dark)
    assert found["rules"] > 20
    assert found["violations"] == []


COLOURS = "(() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor])()"


def test_the_theme_follows_the_reader(browser, pages):
    light = browser.measured(pages["deal"], COLOURS)
    dark = browser.measured(pages["deal"], COLOURS, dark=True)
    assert light == ["rgb(27, 33, 40)", "rgb(255, 255, 255)"]
    assert dark[0] > dark[1] and dark != light


def test_it_prints_on_a4(browser, pages):
    printed = browser.pdf(pages["yearly"], dark=True)
    boxes = set(re.findall(rb"/MediaBox \[([\d. ]+)\]", printed))
    sizes = {tuple(round(float(number)) for number in box.split()) for box in boxes}
    assert sizes == {(0, 0, 595, 842)} or sizes == {(0, 0, 594, 842)}


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_stands_out_from_its_paper_in_both_themes(pages):
    """WCAG 2.2, 1.4.3 and 1.4.11: a contrast of 4.5 for text and of 3 for what has to be seen."""
    style = re.search(r"<style>(.*?)</style>", pages["deal"].decode(), re.DOTALL)
    assert style is not None
    themes = re.findall(r":root\{([^}]*--page[^}]*)\}", style[1])
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", theme))
        for paper in ("page", "panel"):
            for ink in ("sim-ink", "sim-muted", "link"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
        assert contrast(colours["mark"], colours["page"]) >= 3.0
        assert contrast(colours["sim-1"], colours["page"]) >= 3.0
