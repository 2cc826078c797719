"""`simengine watch`: every save is simulated and held against the one before it, on the same draws."""

import os
import re
from pathlib import Path

import pytest

from simengine.cli import watch
from simengine.cli.main import main

DEAL = """
[scenario]
name = "deal"
currency = "USD"
[inputs]
V = { dist = "normal", mean = 100, sd = 10 }
W = { dist = "empirical", file = "w.csv" }
[model]
T = "V + 0 * W"
U = "2 * W"
[outputs]
T = {}
U = {}
[strategies.licence]
[strategies.sale]
"model.T" = "50 + 0 * V"
"""


@pytest.fixture
def edits(tmp_path, monkeypatch):
    """Runs a list of edits, one at every time the command waits for a save; ends like Ctrl-C when there is no more."""
    monkeypatch.chdir(tmp_path)
    Path("deal.toml").write_text(DEAL, encoding="utf-8")
    Path("w.csv").write_text("value\n1\n2\n3\n4\n")
    planned = []
    real = watch.saves_of
    clock = iter(range(1, 1000))

    def wait(seconds):
        if wait.pause:  # the look that makes sure that a save is over
            wait.pause = False
            return
        if not planned:
            raise KeyboardInterrupt
        name, text = planned.pop(0)
        Path(name).write_text(text, encoding="utf-8")
        os.utime(name, ns=(0, next(clock) * 10**9))
        wait.pause = True

    wait.pause = False
    monkeypatch.setattr(watch, "saves_of", lambda files: real(files, wait))
    return planned


def call(capsys, *arguments):
    code = main(["watch", "deal.toml", "--trials", "2000", *arguments])
    found = capsys.readouterr()
    assert "Traceback" not in found.err
    return code, found.out, found.err


def test_a_step_that_is_the_same_in_every_trial_is_shown_exactly(edits, capsys):
    edits.append(("deal.toml", DEAL.replace("mean = 100", "mean = 110")))
    code, out, _ = call(capsys)
    assert code == 130  # Ctrl-C
    first, second = out.split("saved ")[1:]
    assert "moved" not in first and "inputs.V.mean: 100 -> 110" in second
    lines = second.splitlines()
    moved = lines[next(k for k, line in enumerate(lines) if line.startswith("licence")) + 1]
    assert [float(number) for number in re.findall(r"\+(\d+(?:\.\d+)?) ?", moved)] == [10.0] * 4, moved
    assert "sale" in second and second.count("  moved") == 1  # nothing else depends on V


def test_what_is_wrong_is_said_and_waited_for(edits, capsys):
    edits += [("deal.toml", DEAL.replace("sd = 10", "sd = -1")), ("deal.toml", DEAL.replace("sd = 10", "sd = 20"))]
    code, out, _ = call(capsys)
    assert code == 130
    first, wrong, mended = out.split("saved ")[1:]
    assert "inputs.V" in wrong and "deal.toml:6" in wrong and "tried again at the next save" in wrong
    assert "inputs.V.sd: 10 -> 20" in mended and "moved" in mended  # against the last save that could be simulated
    assert "strategy" in first


def test_a_file_that_is_wrong_at_the_start_ends_the_command(edits, capsys):
    Path("deal.toml").write_text("x = [", encoding="utf-8")
    code, out, err = call(capsys)
    assert code == 2 and out == "" and "deal.toml:1" in err


def test_data_are_watched_too(edits, capsys):
    edits.append(("w.csv", "value\n11\n12\n13\n14\n"))
    code, out, _ = call(capsys, "--output", "U", "--saves", "1")
    assert code == 0
    second = out.split("saved ")[2]
    assert "Nothing differs from the last save but the data" in second and "+20" in second


def test_since_start_adds_up_and_last_does_not(edits, capsys):
    steps = [("deal.toml", DEAL.replace("mean = 100", f"mean = {mean}")) for mean in (110, 120)]
    edits += steps
    _, since_start, _ = call(capsys, "--since", "start", "--saves", "2")
    Path("deal.toml").write_text(DEAL, encoding="utf-8")
    edits += steps
    _, since_last, _ = call(capsys, "--saves", "2")
    assert "100 -> 120" in since_start.split("saved ")[3]
    assert "110 -> 120" in since_last.split("saved ")[3]


def test_the_first_page_is_no_save(edits, capsys):
    edits.append(("deal.toml", DEAL.replace("mean = 100", "mean = 110")))
    code, out, _ = call(capsys, "--saves", "0")
    assert code == 0 and out.count("saved ") == 1 and len(edits) == 1  # it did not wait for the planned edit
    code, out, _ = call(capsys, "--saves", "1")
    assert code == 0 and out.count("saved ") == 2


@pytest.mark.parametrize("columns", ["60", "80"])
def test_names_are_not_broken(edits, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    venture = DEAL.replace("strategies.sale", "strategies.joint-venture").replace("mean = 100", "mean = 12345.678")
    Path("deal.toml").write_text(venture, encoding="utf-8")
    edits.append(("deal.toml", venture.replace("sd = 10", "sd = 1234")))
    code, out, _ = call(capsys, "--output", "T", "--saves", "1")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    names = [line.split()[0] for line in lines if line.startswith(("joint", "licence"))]
    assert set(names) == {"joint-venture", "licence"}
    second = out.split("saved ")[2]
    assert all(re.search(rf"\b{heading}\b", second) for heading in ("mean", "P10", "P50", "P90"))


def test_what_is_gone_is_named_and_what_is_new_has_not_moved(edits, capsys):
    edits.append(("deal.toml", DEAL.replace("strategies.sale", "strategies.venture")))
    _, out, _ = call(capsys, "--saves", "1")
    second = out.split("saved ")[2]
    assert "gone: strategy sale" in second and "  new" in second


def test_other_money_is_not_compared(edits, capsys):
    edits.append(("deal.toml", DEAL.replace("USD", "EUR").replace("mean = 100", "mean = 90")))
    _, out, _ = call(capsys, "--saves", "1")
    second = out.split("saved ")[2]
    assert "moved" not in second and "->" not in second


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--output", "V"), "no strategy reports"), (("--saves", "-1"), "--saves"), (("--trials", "1"), "--trials")],
)
def test_mistakes_end_with_status_2(edits, capsys, arguments, said):
    code, out, err = call(capsys, *arguments)
    assert code == 2 and out == "" and said in err


def test_a_file_that_is_being_replaced_is_waited_for(tmp_path):
    path = tmp_path / "deal.toml"
    path.write_text("one")
    steps = iter([path.unlink, lambda: None, lambda: path.write_text("two"), lambda: path.write_text("three, longer")])
    waited = []

    def wait(seconds):
        waited.append(seconds)
        next(steps, lambda: None)()

    counted = watch.saves_of(lambda: [path], wait)
    assert next(counted) == 0
    assert next(counted) == 1
    assert path.read_text() == "three, longer"  # not in the middle of the writes
    assert len(waited) >= 4
