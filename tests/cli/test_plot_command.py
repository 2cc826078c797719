"""``simengine plot``, and the method ``plot`` of results."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from figure_cases import DEAL

import simengine
from simengine.cli.main import main
from simengine.report.figures import KINDS
from simengine.results.storage import to_bytes


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plots")
    deal = folder / "deal.toml"
    deal.write_text(DEAL.format(title='"licence"', unit='"USD 10k"'), encoding="utf-8")
    out = folder / "results"
    assert main(["run", str(deal), "--trials", "2048", "--out", str(out), "--quiet"]) == 0
    assert main(["drivers", str(deal), "--tornado", "--spider", "--trials", "2048", "--out", str(out)]) == 0
    return out


def call(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["plot", *map(str, arguments)])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


@pytest.mark.parametrize("kind", ["exceedance", "spider", "fan", "correlation", "convergence"])
def test_a_picture_is_written(results, kind, tmp_path, capsys):
    target = tmp_path / f"{kind}.svg"
    code, out, err = call(capsys, results, kind, "-o", target, "--lang", "zh", "--width", 800)
    assert (code, out, err) == (0, "", f"wrote {target}\n")
    root = ElementTree.fromstring(target.read_bytes())
    assert root.get("width") == "800"
    assert root.get("lang") == "zh-CN"


def test_the_help_names_every_kind(capsys):
    assert main(["plot", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    listed = text[text.index("KIND is one of") : text.index("draw trials again")]
    assert all(kind in listed for kind in KINDS)


def test_options_choose_what_is_shown(results, tmp_path, capsys):
    def written(*options: object) -> str:
        target = tmp_path / "x.svg"
        assert call(capsys, results, *options, "-o", target, "--force", "--quiet") == (0, "", "")
        return target.read_text(encoding="utf-8")

    assert "margin" in written("density", "--output", "margin")
    assert "with protection" in written("density", "--strategy", "safe")
    both = written("exceedance", "--strategy", "licence", "--strategy", "safe")
    assert "with protection" in both
    assert "prefers-color-scheme" in both
    assert "prefers-color-scheme" not in written("density", "--theme", "dark")
    assert "rank correlation" in written("scatter", "--strategy", "licence", "--other", "safe")


def test_what_is_wrong_is_said(results, tmp_path, capsys):
    target = tmp_path / "x.svg"
    code, _, err = call(capsys, results, "density", "-o", tmp_path / "x.pdf", "--width", "wide")
    assert code == 2
    assert "--width = wide: not a number" in err
    assert "x.pdf: no picture of type '.pdf' can be written; allowed: .svg, .png" in err
    assert call(capsys, results, "pie", "-o", target)[0] == 2
    code, _, err = call(capsys, results, "density", "-o", target, "--output", "U")
    assert (code, err) == (2, "there is no outcome 'U'; allowed: T, margin\n")
    code, _, err = call(capsys, results, "density", "-o", target, "--strategy", "licens")
    assert (code, err) == (2, "there is no strategy 'licens'; allowed: licence, safe; hint: did you mean licence?\n")
    code, _, err = call(capsys, tmp_path / "nothing", "density", "-o", target)
    assert code == 5
    assert not target.exists()
    target.write_text("mine")
    code, _, err = call(capsys, results, "density", "-o", target)
    assert code == 5
    assert "--force" in err
    assert target.read_text() == "mine"


def test_a_tornado_without_drivers_says_where_they_come_from(results, tmp_path, capsys):
    alone = tmp_path / "alone"
    alone.mkdir()
    record = simengine.open_result(results).record
    (alone / "results.nc").write_bytes(to_bytes(record))  # the run by itself
    code, _, err = call(capsys, alone, "tornado", "-o", tmp_path / "x.svg")
    assert code == 2
    assert "simengine drivers SCENARIO --tornado --out RESULT" in err
    (alone / "drivers.nc").write_bytes(b"no drivers")
    code, _, err = call(capsys, alone, "tornado", "-o", tmp_path / "x.svg")
    assert code == 5
    assert "drivers.nc" in err


def test_results_draw_themselves(results, tmp_path):
    found = simengine.open_result(results)
    picture = found.plot("density", output="T", strategy="safe", width=480)
    assert picture.width == 480.0
    assert picture._repr_svg_().startswith("<svg ")
    assert picture.save(tmp_path / "density.svg").is_file()
    assert found.plot("scatter", strategy="licence", other="safe").rows
    drivers = simengine.open_drivers(results)
    assert found.plot("tornado", drivers=drivers).rows == found.plot("tornado", drivers=drivers.record).rows
