"""Scenarios that build on others: what is merged, where problems stand, which paths are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simengine.errors import InvalidInput
from simengine.scenario import load, loads

BASE = """[scenario]
name = "base"
currency = "USD"
[inputs]
V = { dist = "lognormal", p10 = 620, p90 = 1600 }
D = { dist = "empirical", values = [0.5, 0.6, 0.8] }
R = 0.9
L = 0.05
[simulate]
trials = 1000
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder / "main.toml"


def refused(path: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        load(path)
    assert len(caught.value.problems) == 1, str(caught.value)
    return str(caught.value)


def test_a_file_changes_what_it_says(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        base=BASE,
        main='extends = "base.toml"\n[scenario]\nname = "variant"\n[inputs]\nV.p90 = 1300\nR = "0.8 to 0.9"\n'
        "[strategies.a]\ncosts.fee = 2\n",
    )
    scenario = load(path)
    assert (scenario.name, scenario.header.currency, scenario.simulate.trials) == ("variant", "USD", 1000)
    a = scenario.strategies["a"]
    assert a.inputs["V"].spec == {"dist": "lognormal", "p10": 620, "p90": 1300}
    assert a.inputs["R"].spec == "0.8 to 0.9"
    assert scenario.files == (str(tmp_path / "base.toml"),)
    assert loads(scenario.merged_text).strategies["a"].inputs["V"].spec == a.inputs["V"].spec
    assert "extends" not in scenario.merged_text


def test_extends_inside_the_scenario_table(tmp_path: Path) -> None:
    path = write(tmp_path, base=BASE, main='[scenario]\nextends = "base.toml"\n')
    assert load(path).name == "base"


def test_strategies_of_both_files(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        base=BASE + '[strategies.a]\n"costs.fee" = 1\n[strategies.b]\n',
        main='extends = "base.toml"\n[strategies.a]\ncosts.fee = 2\n[strategies.c]\n',
    )
    found = load(path).strategies
    assert list(found) == ["a", "b", "c"]
    assert found["a"].costs["fee"].marginal.constant == 2


def test_problems_stand_where_they_are_written(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        base=BASE.replace("trials = 1000", "trials = 0"),
        main='extends = "base.toml"\n[inputs]\nV.p90 = "x"\nR = 5\n',
    )
    with pytest.raises(InvalidInput) as caught:
        load(path)
    places = [(Path(str(problem.file)).name, problem.line) for problem in caught.value.problems]
    assert sorted(places) == [("base.toml", 10), ("main.toml", 3), ("main.toml", 4)]


def test_a_chain_through_folders_and_its_data(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "d.csv").write_text("d\n0.5\n0.7\n", encoding="utf-8")
    write(
        tmp_path / "sub", base=BASE.replace("values = [0.5, 0.6, 0.8]", 'file = "d.csv"'), mid='extends = "base.toml"\n'
    )
    path = write(tmp_path, main='extends = "sub/mid.toml"\n')
    scenario = load(path)
    assert scenario.strategies["base"].inputs["D"].marginal.mean == pytest.approx(0.6)
    again = loads(scenario.merged_text, folder=tmp_path)
    assert again.strategies["base"].inputs["D"].marginal.mean == pytest.approx(0.6)


def test_a_cycle_is_printed(tmp_path: Path) -> None:
    path = write(tmp_path, main='extends = "a.toml"\n', a='extends = "b.toml"\n', b='\nextends = "a.toml"\n')
    said = refused(path)
    assert "b.toml:2:11: extends" in said
    a, b = tmp_path / "a.toml", tmp_path / "b.toml"
    assert f"{path} -> {a} -> {b} -> {a}" in said
    assert "extend each other" in refused(write(tmp_path, main='extends = "main.toml"\n'))


def test_a_chain_that_is_too_long(tmp_path: Path) -> None:
    files = {f"f{i}": f'extends = "f{i + 1}.toml"\n' for i in range(8)} | {"f8": BASE}
    write(tmp_path, **files)
    assert load(tmp_path / "f0.toml").name == "base"
    write(tmp_path, f8='extends = "f9.toml"\n', f9=BASE)
    assert "allowed: at most 8" in refused(tmp_path / "f0.toml")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('"/etc/passwd"', "is an absolute path"),
        ("'C:\\x.toml'", "is an absolute path"),
        ("'sub\\x.toml'", "write sub/x.toml"),
        ('"../main.toml"', "leads out of the folder"),
        ('"sub/../../x.toml"', "leads out of the folder"),
        ('"nosuch.toml"', "there is no such file"),
        ('"basee.toml"', "did you mean 'base.toml'?"),
        ('"."', "this is a folder"),
        ("5", "is not the path of a file"),
        ('["base.toml"]', "is not the path of a file"),
        ('""', "is not the path of a file"),
        ('"a\\u0000b"', "invisible character"),
    ],
)
def test_paths_that_are_refused(tmp_path: Path, value: str, said: str) -> None:
    found = refused(write(tmp_path, base=BASE, main=f"# a comment\nextends = {value}\n"))
    assert f"{tmp_path / 'main.toml'}:2:11: extends = " in found
    assert said in found


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside.toml").write_text(BASE, encoding="utf-8")
    (tmp_path / "inside" / "link.toml").symlink_to(tmp_path / "outside.toml")
    path = write(tmp_path / "inside", main='extends = "link.toml"\n')
    assert "symbolic link" in refused(path)
    (tmp_path / "inside" / "real.toml").write_text(BASE, encoding="utf-8")
    (tmp_path / "inside" / "good.toml").symlink_to("real.toml")
    assert load(write(tmp_path / "inside", main='extends = "good.toml"\n')).name == "base"


def test_a_text_has_nothing_to_extend() -> None:
    with pytest.raises(InvalidInput, match="not a file"):
        loads('extends = "base.toml"\n')


def test_given_twice(tmp_path: Path) -> None:
    path = write(tmp_path, base=BASE, main='extends = "base.toml"\n[scenario]\nextends = "base.toml"\n')
    assert "is given twice" in refused(path)


def test_syntax_errors_of_the_other_file(tmp_path: Path) -> None:
    path = write(tmp_path, base=BASE + "oops\n", main='extends = "base.toml"\n')
    assert f"{tmp_path / 'base.toml'}:11:" in refused(path)
