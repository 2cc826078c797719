"""What `run --out` finds out besides the run: bounded, stored, told when it is left out, and never in the way."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simengine
from simengine.api import analyses
from simengine.cli.main import main
from simengine.errors import FileProblem
from simengine.results.storage import to_bytes

SCENARIO = """\
[scenario]
name = "deal"
currency = "USD"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[strategies.licence]
[strategies.sale]
inputs.V = 700
[strategies.open]
inputs.D = 1.0
[simulate]
trials = 4000
seed = 5
"""
CALM = SCENARIO.replace('"600 to 1600"', "900").replace('{ dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }', "0.8")
UNLIKE = """\
[scenario]
name = "unlike"
[inputs]
V = "600 to 1600"
[strategies.one.model]
worth = "V * 2"
[strategies.two.model]
value = "V * 3"
[simulate]
trials = 2000
"""
HOLES = """\
[scenario]
name = "holes"
[inputs]
V = "600 to 1600"
[model]
T = "log(V - share)"
[strategies.one]
inputs.share = 500
[strategies.two]
inputs.share = 400
[simulate]
trials = 2000
nonfinite = "exclude"
"""


@pytest.fixture
def deal(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    scenarios = {"deal": SCENARIO, "calm": CALM, "unlike": UNLIKE, "holes": HOLES}
    for name, text in scenarios.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_a_folder_of_results_has_what_the_single_commands_say(deal, capsys):
    assert call(capsys, "run", "deal.toml", "--out", "out", "--percentiles", "5,50", "--seed", "9")[0] == 0
    stored = simengine.open_result("out")
    comparison = simengine.compare("deal.toml", percentiles=[5, 50], seed=9)
    drivers = simengine.drivers("deal.toml", seed=9, sections=["tornado", "evppi", "spider"])
    register = simengine.risks("deal.toml", seed=9)
    for found, alone in ((stored.comparison, comparison), (stored.drivers, drivers)):
        for name, value in alone.record.values.items():
            assert np.array_equal(found.record[name], value, equal_nan=value.dtype == np.float64), name
    assert {name: value for name, value in stored.risks.items() if name != "notes"} == register.to_dict()
    assert stored.left_out == ()
    assert stored.comparison.record.text("command").startswith("simengine run deal.toml --out out")


def test_analyses_have_trials_of_their_own_and_say_so(deal, capsys, monkeypatch):
    monkeypatch.setattr(analyses, "MOST_TRIALS", 1000)
    code, _, err = call(capsys, "run", "deal.toml", "--out", "out")
    assert code == 0
    assert "left out" not in err
    stored = simengine.open_result("out")
    assert stored.record.integer("trials") == 4000
    assert [part.record.integer("trials") for part in (stored.comparison, stored.drivers)] == [1000, 1000]
    assert stored.risks["trials"] == 1000
    said = "1,000 trials, computed beside a run of 4,000: `simengine {} SCENARIO` takes as many as it is asked for"
    assert said.format("compare") in stored.comparison.record.document("notes")
    assert f"{said.format('drivers')}, and ranks inputs over at most 131,072 of them" in stored.drivers.notes
    assert said.format("risks") in stored.risks["notes"]
    assert call(capsys, "run", "deal.toml", "--out", "few", "--trials", "1000")[0] == 0
    assert not any("beside a run" in note for note in simengine.open_result("few").drivers.notes)


def test_the_bound_is_that_of_the_register():
    from simengine.analysis.register.question import MOST_TRIALS

    assert analyses.MOST_TRIALS == MOST_TRIALS == 131_072


def test_nothing_is_computed_that_is_not_written(deal, capsys, monkeypatch):
    monkeypatch.setattr(analyses, "dossier_of", lambda *_: pytest.fail("an analysis was computed"))
    assert call(capsys, "run", "deal.toml")[0] == 0
    assert call(capsys, "run", "deal.toml", "--json")[0] == 0
    code, _, err = call(capsys, "run", "deal.toml", "--out", "out", "--no-analyses")
    assert code == 0
    assert "left out" not in err
    stored = simengine.open_result("out")
    assert (stored.comparison, stored.drivers, stored.risks, stored.left_out) == (None, None, None, ())


def test_an_analysis_that_has_nothing_to_say_is_not_there(deal, capsys):
    code, _, err = call(capsys, "run", "deal.toml", "--strategy", "licence", "--out", "one")
    assert code == 0
    one = simengine.open_result("one")
    assert one.comparison is None
    assert one.drivers.strategies == ("licence",)
    assert [part["strategy"] for part in one.risks["strategies"]] == ["licence"]
    code, _, more = call(capsys, "run", "calm.toml", "--out", "calm")
    assert code == 0
    calm = simengine.open_result("calm")
    assert (calm.drivers, calm.comparison.strategies) == (None, ("licence", "sale", "open"))
    call(capsys, "run", "unlike.toml", "--out", "unlike")
    assert simengine.open_result("unlike").risks is None
    assert (one.left_out, calm.left_out) == ((), ())
    assert "left out" not in err + more


def test_an_analysis_that_cannot_be_computed_is_left_out_and_told(deal, capsys):
    code, out, err = call(capsys, "run", "unlike.toml", "--out", "out")
    assert code == 0
    assert "worth" in out
    reason = "the comparison is left out: no outcome is reported by two strategies"
    assert f"note: {reason}" in err
    stored = simengine.open_result("out")
    assert stored.comparison is None
    assert stored.drivers is not None
    (note,) = stored.left_out
    assert note.startswith(reason)
    assert call(capsys, "verify", "out")[0] == 0
    assert call(capsys, "run", "unlike.toml", "--out", "quiet", "--quiet") == (0, "", "")
    assert simengine.open_result("quiet").left_out == (note,)


def test_trials_without_a_number_leave_the_run_whole(deal, capsys):
    code, _, err = call(capsys, "run", "holes.toml", "--out", "out")
    assert code == 0
    assert "note: the comparison is left out: T of " in err
    stored = simengine.open_result("out")
    assert int(stored.record["faults"].sum()) > 0
    assert stored.comparison is None
    assert any("not finite are left out everywhere" in note for note in stored.drivers.notes)


@pytest.mark.parametrize(("trials", "sampler"), [("1", "sobol"), ("1", "random"), ("2", "lhs"), ("7", "sobol")])
def test_a_run_of_a_few_trials_is_written(deal, capsys, trials, sampler):
    arguments = ("run", "deal.toml", "--trials", trials, "--sampler", sampler, "--out", "out", "--quiet")
    assert call(capsys, *arguments) == (0, "", "")
    assert simengine.open_result("out").record.integer("trials") == int(trials)


def test_float32_runs_are_analysed_in_float64(deal, capsys):
    assert call(capsys, "run", "deal.toml", "--precision", "float32", "--out", "fast", "--quiet")[0] == 0
    assert call(capsys, "run", "deal.toml", "--out", "out", "--quiet", "--threads", "1")[0] == 0
    fast, exact = simengine.open_result("fast"), simengine.open_result("out")
    assert fast.record.text("precision") == "float32"
    for name in ("comparison", "drivers"):
        mine, other = getattr(fast, name).record, getattr(exact, name).record
        assert np.array_equal(mine["mean"], other["mean"], equal_nan=True)
    assert fast.risks == exact.risks


def test_data_are_stored_once(deal, capsys):
    (deal / "values.csv").write_text("v\n" + "".join(f"{900 + k % 90}\n" for k in range(3000)))
    data = SCENARIO.replace('V = "600 to 1600"', 'V = { dist = "empirical", file = "values.csv", column = "v" }')
    (deal / "data.toml").write_text(data)
    code, _, err = call(capsys, "run", "data.toml", "--out", "out", "--quiet")
    assert (code, err) == (0, "")
    stored = simengine.open_result("out")
    assert stored.record.document("sources")[0]["content"]
    (file,) = stored.comparison.record.document("files")
    assert [(source["name"], source["content"]) for source in file["sources"]] == [("values.csv", None)]
    assert call(capsys, "verify", "out")[0] == 0


def test_python_computes_them_when_they_are_asked_for(deal, monkeypatch):
    asked = []
    real = analyses.dossier_of
    monkeypatch.setattr(analyses, "dossier_of", lambda *given: asked.append(1) or real(*given))
    result = simengine.run("deal.toml", trials=2000)
    result.to_csv("a.csv")
    result.percentiles()
    assert asked == []
    assert result.comparison.strategies == ("licence", "sale", "open")
    result.save("out")
    assert asked == [1]
    assert simengine.open_result("out").comparison.record.digest() == result.comparison.record.digest()
    alone = simengine.run("deal.toml", trials=2000, analyses=False)
    alone.save("alone")
    assert asked == [1]
    assert simengine.open_result("alone").dossier.comparison is None


def test_a_copy_in_another_process_has_the_analyses(deal):
    result = simengine.run("deal.toml", trials=500)
    copied = pickle.loads(pickle.dumps(result))
    assert copied.record.digest() == result.record.digest()
    assert copied.comparison.record.digest() == result.comparison.record.digest()


@pytest.mark.parametrize("change", [lambda file: file.write_text("v\n1\n2\n3\n"), Path.unlink], ids=["other", "gone"])
def test_a_file_that_changed_since_the_run_leaves_the_run(deal, change):
    (deal / "values.csv").write_text("v\n900\n950\n1000\n")
    data = SCENARIO.replace('V = "600 to 1600"', 'V = { dist = "empirical", file = "values.csv", column = "v" }')
    (deal / "data.toml").write_text(data)
    result = simengine.run("data.toml", trials=500)
    change(deal / "values.csv")
    result.save("out")
    stored = simengine.open_result("out")
    assert (stored.comparison, stored.drivers, stored.risks) == (None, None, None)
    assert stored.left_out == (
        "a file of the scenario changed since the run, so nothing else was asked of it; hint: run it again",
    )


def test_the_language_of_the_page(deal, capsys, monkeypatch):
    seen = []
    monkeypatch.setattr("simengine.report.page.page_bytes", lambda _, lang="en": seen.append(lang) or b"page")
    assert call(capsys, "run", "deal.toml", "--out", "out", "--quiet")[0] == 0
    assert call(capsys, "run", "deal.toml", "--out", "zh", "--lang", "zh", "--quiet")[0] == 0
    assert call(capsys, "export", "out", "-o", "page.html", "--lang", "zh", "--quiet")[0] == 0
    assert seen == ["en", "zh", "zh"]
    code, _, err = call(capsys, "run", "deal.toml", "--out", "fr", "--lang", "fr")
    assert code == 2
    assert "en" in err
    assert not Path("fr").exists()


@pytest.mark.parametrize("place", ["page.page_bytes", "workbook.workbook_bytes"])
def test_a_page_that_cannot_be_made_leaves_nothing_behind(deal, capsys, monkeypatch, place):
    assert call(capsys, "run", "deal.toml", "--out", "out", "--quiet", "--no-analyses")[0] == 0
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}

    def failing(*_given, **_named):
        raise FileProblem("the disk is gone")

    monkeypatch.setattr(f"simengine.report.{place}", failing)
    table = call(capsys, "run", "deal.toml")[1]
    for folder in ("new", "out"):
        code, out, err = call(capsys, "run", "deal.toml", "--out", folder, "--force")
        assert (code, out) == (5, table)  # what the run found is seen, though it is not stored
        assert "the disk is gone" in err
    assert not Path("new").exists()
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before


DEFECTS = {
    "comparison": "simengine.analysis.compare.build.compare",
    "drivers": "simengine.analysis.drivers.compute.drivers_of",
    "risk register": "simengine.analysis.register.question.register_question",
}


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("comparison", ZeroDivisionError("in a\nstep")),
        ("drivers", MemoryError("too much")),
        ("risk register", RuntimeError("lost")),
    ],
)
def test_a_defect_of_an_analysis_leaves_the_run_whole(deal, capsys, monkeypatch, name, failure):
    def failing(*_given, **_named):
        raise failure

    table = call(capsys, "run", "deal.toml")[1]
    monkeypatch.setattr(DEFECTS[name], failing)
    code, out, err = call(capsys, "run", "deal.toml", "--out", "out")
    assert (code, out) == (0, table)
    verb = "are" if name == "drivers" else "is"
    said = f"the {name} {verb} left out: unexpected {type(failure).__name__}: {'; '.join(str(failure).splitlines())}"
    assert f"note: {said}" in err
    stored = simengine.open_result("out")
    assert stored.left_out == (f"{said}; please report it",)
    assert stored.record.integer("trials") == 4000
    assert [part is None for part in (stored.comparison, stored.drivers, stored.risks)] == [
        name == other for other in DEFECTS
    ]
    if isinstance(failure, ZeroDivisionError):
        status = main(["--debug", "run", "deal.toml", "--out", "other"])
        assert (status, Path("other").exists()) == (1, False)
        assert "Traceback" in capsys.readouterr().err


def test_json_stays_one_object_on_standard_output(deal, capsys):
    code, out, _ = call(capsys, "run", "unlike.toml", "--out", "out", "--json")
    assert code == 0
    assert json.loads(out)["scenario"] == "unlike"


# ---- verify ----


def rewritten(name: str, value: object) -> None:
    """Put a number into the result in the folder `out`, with digests as if it had been computed."""
    stored = simengine.open_result("out").dossier
    if name == "risks":
        register = json.loads(json.dumps(stored.register))
        register["strategies"][1]["risks"][0]["expected_loss"]["value"] = value
        changed = replace(stored, register=register)
    else:
        group, _, variable = name.partition("/")
        record = getattr(stored, group)
        values = record[variable].copy()
        values.flat[1] = value
        changed = replace(stored, **{group: replace(record, values={**record.values, variable: values})})
    Path("out/results.nc").write_bytes(to_bytes(changed))


def test_verify_computes_the_analyses_again(deal, capsys, monkeypatch):
    monkeypatch.setattr(analyses, "MOST_TRIALS", 1000)
    assert call(capsys, "run", "deal.toml", "--out", "out", "--quiet", "--percentiles", "5,50")[0] == 0
    assert call(capsys, "run", "deal.toml", "--out", "alone", "--quiet", "--no-analyses")[0] == 0
    monkeypatch.undo()
    monkeypatch.chdir(deal)
    counts = []
    for folder in ("out", "alone"):
        code, out, err = call(capsys, "verify", folder, "--threads", "1")
        assert code == 0, err
        counts.append(int(out.split("verified; ")[1].split()[0].replace(",", "")))
    assert counts[0] > counts[1] + 500


@pytest.mark.parametrize("name", ["comparison/mean", "drivers/spearman", "risks"])
def test_verify_finds_a_number_that_no_run_gives(deal, capsys, name):
    assert call(capsys, "run", "deal.toml", "--out", "out", "--quiet")[0] == 0
    rewritten(name, 0.125)
    assert simengine.open_result("out").record.integer("trials") == 4000
    code, _, err = call(capsys, "verify", "out")
    assert code == 6
    assert "1 differences" in err
    assert f"{name}" in err
    assert "stored 0.125, computed " in err
