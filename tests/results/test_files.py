from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from simengine.errors import FileProblem
from simengine.results import files

NAMES = {"a.csv": b"a", "b.xlsx": b"b" * 100_000, "results.nc": b"c"}
OLD = {"a.csv": b"old a", "b.xlsx": b"old b", "results.nc": b"old c"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} if folder.exists() else {}


def test_a_new_folder_holds_all_files(tmp_path):
    files.write_folder(tmp_path / "deep" / "out", NAMES)
    assert content(tmp_path / "deep" / "out") == NAMES
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_other_files_of_a_folder_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    files.write_folder(tmp_path, NAMES)
    assert content(tmp_path) == {**NAMES, "notes.txt": b"mine"}


def test_existing_results_need_force(tmp_path):
    out = tmp_path / "out"
    files.write_folder(out, OLD)
    with pytest.raises(FileProblem, match="exists already"):
        files.write_folder(out, NAMES)
    assert content(out) == OLD
    files.write_folder(out, NAMES, force=True)
    assert content(out) == NAMES


@pytest.mark.parametrize("existing", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("call", ["write", "fsync", "replace", "rename", "mkdir", "open"])
@pytest.mark.parametrize("number", range(1, 8))
def test_whichever_system_call_fails_nothing_is_changed(tmp_path, monkeypatch, existing, call, number):
    out = tmp_path / "out"
    if existing:
        files.write_folder(out, OLD)
    calls = 0
    real = getattr(os, call)

    def failing(*arguments, **named):
        nonlocal calls
        calls += 1
        if calls == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **named)

    monkeypatch.setattr(os, call, failing)
    failure = None
    try:
        files.write_folder(out, NAMES, force=True)
    except FileProblem as error:
        failure = error
    monkeypatch.undo()
    if failure is not None:
        assert "No space left" in str(failure)
        assert "free some space" in str(failure)
    assert content(out) == ((OLD if existing else {}) if failure else NAMES)
    if call != "open":  # removing the staging folder opens it, too
        assert not list(tmp_path.rglob("*.partial"))


class Interrupted:
    """`os.replace`, interrupted before or just after it does what its call of a number asks for."""

    def __init__(self, monkeypatch, numbers: set[int], *, after: bool):
        self.real, self.calls, self.numbers, self.after = os.replace, 0, numbers, after
        monkeypatch.setattr(os, "replace", self)

    def __call__(self, source, target):
        self.calls += 1
        if self.calls not in self.numbers:
            return self.real(source, target)
        if self.after:
            self.real(source, target)
        raise KeyboardInterrupt


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 9))
def test_an_interrupt_while_files_are_swapped_restores_the_old_ones(tmp_path, monkeypatch, number, after):
    out = tmp_path / "out"
    old = {"years.csv": b"old years", **OLD}
    files.write_folder(out, old)
    replace = Interrupted(monkeypatch, {number}, after=after)
    try:
        files.write_folder(out, {"years.csv": None, **NAMES}, force=True)
    except KeyboardInterrupt:
        assert content(out) == old
        assert number <= 7
    else:
        assert (content(out), replace.calls) == (NAMES, 7)
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_interrupt_leaves_a_file_whole_old_or_new(tmp_path, monkeypatch, after):
    target = tmp_path / "x.csv"
    for write in (
        lambda: files.write_file(target, b"new", force=True),
        lambda: files.write_streamed(target, lambda made: made.write_bytes(b"new") and None, force=True),
    ):
        target.write_bytes(b"old")
        replace = Interrupted(monkeypatch, {1}, after=after)
        with pytest.raises(KeyboardInterrupt):
            write()
        monkeypatch.undo()
        assert replace.calls == 1
        assert content(tmp_path) == {"x.csv": b"new" if after else b"old"}
        assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("number", range(1, 7))
def test_a_second_interrupt_destroys_no_old_file(tmp_path, monkeypatch, number):
    out = tmp_path / "out"
    files.write_folder(out, OLD)
    Interrupted(monkeypatch, {number, number + 1}, after=False)
    with pytest.raises(KeyboardInterrupt):
        files.write_folder(out, NAMES, force=True)
    found = {path.name.removesuffix(".before"): path.read_bytes() for path in out.rglob("*.before")}
    assert {**found, **content(out)} == OLD


def test_the_valid_set_is_announced_last_and_withdrawn_first(tmp_path, monkeypatch):
    out = tmp_path / "out"
    files.write_folder(out, OLD)
    moved = []
    real = os.replace

    def watching(source, target):
        moved.append((Path(source).parent == out, Path(source).name))
        real(source, target)

    monkeypatch.setattr(os, "replace", watching)
    files.write_folder(out, NAMES, force=True)
    assert moved[0] == (True, "results.nc")
    assert moved[-1] == (False, "results.nc")


def test_links_and_devices_are_neither_followed_nor_replaced(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"keep")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.csv").symlink_to(victim)
    with pytest.raises(FileProblem, match="symbolic link"):
        files.write_folder(out, NAMES, force=True)
    with pytest.raises(FileProblem, match="symbolic link"):
        files.write_file(out / "a.csv", b"x", force=True)
    (tmp_path / "link").symlink_to(out)
    with pytest.raises(FileProblem, match="symbolic link"):
        files.write_folder(tmp_path / "link", NAMES, force=True)
    with pytest.raises(FileProblem, match="not a regular file"):
        files.write_file(Path("/dev/null"), b"x", force=True)
    assert victim.read_bytes() == b"keep"
    assert [path.name for path in out.iterdir()] == ["a.csv"]


def test_targets_that_cannot_be(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileProblem, match="is a file"):
        files.check_folder(tmp_path / "file", ("a",), force=False)
    with pytest.raises(FileProblem, match="not a folder"):
        files.check_folder(tmp_path / "file" / "out", ("a",), force=False)
    with pytest.raises(FileProblem, match="is a folder"):
        files.write_file(tmp_path, b"")
    with pytest.raises(FileProblem, match="there is no folder"):
        files.write_file(tmp_path / "no" / "file.csv", b"")


def test_one_file(tmp_path):
    target = tmp_path / "x.csv"
    files.write_file(target, b"1")
    with pytest.raises(FileProblem, match="--force"):
        files.write_file(target, b"2")
    files.write_file(target, b"2", force=True)
    assert content(tmp_path) == {"x.csv": b"2"}


def test_the_mask_of_the_user_decides_who_may_read(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_folder(tmp_path / "out", NAMES)
        files.write_file(tmp_path / "x.csv", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "out" / "a.csv").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "x.csv").stat().st_mode & 0o777 == 0o640


def test_runs_into_the_same_folder_do_not_mix(tmp_path):
    out = tmp_path / "out"
    sets = [{name: f"{k}".encode() * 1000 for name in NAMES} for k in range(6)]

    def write(contents):
        files.write_folder(out, contents, force=True)

    files.write_folder(out, NAMES)
    threads = [threading.Thread(target=write, args=(contents,)) for contents in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert content(out) in sets


def test_only_one_of_many_runs_creates_a_folder(tmp_path):
    out = tmp_path / "out"
    outcomes = []

    def write(k):
        try:
            files.write_folder(out, {name: bytes([k]) for name in NAMES})
            outcomes.append(k)
        except FileProblem as error:
            assert "exists already" in str(error)

    threads = [threading.Thread(target=write, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert content(out) == {name: bytes(outcomes) for name in NAMES}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_run_left_is_removed_a_day_later(tmp_path):
    old, fresh, other = (tmp_path / name for name in (".out.aa.partial", ".out.bb.partial", ".mine.partial"))
    for folder in (old, fresh, other):
        folder.mkdir()
        (folder / "x").write_bytes(b"")
    for folder in (old, other):
        os.utime(folder, (1e9, 1e9))
    files.write_folder(tmp_path / "out", NAMES)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mine.partial", ".out.bb.partial", "out"]


WRITER = """
import itertools, sys
from pathlib import Path
from simengine.results.files import write_folder
print("ready", flush=True)
for k in itertools.count():
    write_folder(Path(sys.argv[1]), {n: b"%d" % k * 5000 for n in ("a.csv", "b.xlsx", "results.nc")}, force=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_run_that_is_killed_leaves_no_set_that_looks_complete_and_is_not(tmp_path):
    out = tmp_path / "out"
    generator = random.Random(1)
    root = str(Path(files.__file__).parents[2])
    whole = 0
    for _ in range(25):
        command = [sys.executable, "-c", WRITER, str(out)]
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": root}, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(generator.uniform(0.0, 0.02))
            process.kill()
        found = content(out)
        if "results.nc" in found:
            whole += 1
            assert set(found) == {"a.csv", "b.xlsx", "results.nc"}
            assert len(set(found.values())) == 1
        for value in found.values():
            assert len(value) % 5000 == 0
            assert value
    assert whole > 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs to become another user")
def test_a_folder_without_permission():
    folder = Path(tempfile.mkdtemp())
    os.chmod(folder, 0o755)
    try:
        os.setresuid(65534, 65534, 0)
        with pytest.raises(FileProblem, match="no permission"):
            files.check_folder(folder / "out", ("a",), force=False)
        with pytest.raises(FileProblem, match="no permission"):
            files.check_folder(folder, ("a",), force=False)
        with pytest.raises(FileProblem, match="Permission denied"):
            files.write_file(folder / "x.csv", b"")
    finally:
        os.setresuid(0, 0, 0)
        shutil.rmtree(folder)


def test_a_file_that_the_new_set_does_not_have_goes_with_the_old_one(tmp_path):
    out = tmp_path / "out"
    files.write_folder(out, {"years.csv": b"old years", **OLD})
    with pytest.raises(FileProblem, match="exists already"):
        files.write_folder(out, {"years.csv": None, **NAMES})
    assert content(out) == {"years.csv": b"old years", **OLD}
    files.write_folder(out, {"years.csv": None, **NAMES}, force=True)
    assert content(out) == NAMES
    assert not list(tmp_path.rglob("*.partial"))


def test_a_file_of_that_name_that_belongs_to_no_set_stays(tmp_path):
    (tmp_path / "years.csv").write_text("mine")
    files.write_folder(tmp_path, {"years.csv": None, **NAMES})
    assert content(tmp_path) == {"years.csv": b"mine", **NAMES}
    (tmp_path / "years.csv").unlink()
    (tmp_path / "years.csv").mkdir()
    files.write_folder(tmp_path, {"years.csv": None, **NAMES}, force=True)
    assert (tmp_path / "years.csv").is_dir()


@pytest.mark.parametrize("number", range(1, 8))
def test_a_failure_puts_the_old_set_back_with_all_its_files(tmp_path, monkeypatch, number):
    old = {"years.csv": b"old years", **OLD}
    files.write_folder(tmp_path, old)
    calls, real = 0, os.replace

    def failing(*arguments, **named):
        nonlocal calls
        calls += 1
        if calls == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **named)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(FileProblem, match="nothing was changed"):
        files.write_folder(tmp_path, {"years.csv": None, **NAMES}, force=True)
    monkeypatch.undo()
    assert content(tmp_path) == old
