"""Compiled kernels on disk: planted damage never runs, other people's folders are never trusted."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numba
import pytest

from simengine import settings
from simengine.errors import CacheWarning
from simengine.kernels.cache import BUILDS_KEPT, SUFFIX, KernelCache, prune_builds, read_checked, write_checked

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")
administrator = pytest.mark.skipif(getattr(os, "getuid", lambda: 1)() != 0, reason="only root can give folders away")

PROGRAM = """
from tiny import doubled
print(doubled(21.0), sum(doubled.stats.cache_misses.values()))
"""
"""Prints a result and how often its kernel was compiled."""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder for this test; what was said once may be said again."""
    monkeypatch.setenv("SIMENGINE_CACHE", str(tmp_path / "cache"))
    settings.warn_of_cache.cache_clear()
    yield tmp_path / "cache"
    settings.warn_of_cache.cache_clear()


@pytest.fixture(scope="module")
def module(tmp_path_factory) -> Path:
    """A folder with a module of one small kernel."""
    folder = tmp_path_factory.mktemp("module")
    text = "from simengine.kernels.jit import kernel\n\n@kernel\ndef doubled(x):\n    return 2.0 * x\n"
    (folder / "tiny.py").write_text(text)
    return folder


def start(module: Path, folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-W", "always::UserWarning", "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{module}", "SIMENGINE_CACHE": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> tuple[str, int, str]:
    """The result, the number of compilations, and what was said."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    result, compiled = out.split()
    return result, int(compiled), err


def kernel_file(folder: Path) -> Path:
    (path,) = folder.glob(f"**/*{SUFFIX}")
    return path


def tripled(x):
    return 3.0 * x


def called(folder: Path) -> tuple[float, int]:
    """What a kernel with this cache folder answers, and how often it had to be compiled."""
    compiled = numba.njit(nogil=True)(tripled)
    compiled._cache = KernelCache(tripled, folder)
    return compiled(14.0), sum(compiled.stats.cache_misses.values())


@posix
def test_a_second_process_compiles_nothing_and_the_folders_are_closed_to_others(module, tmp_path):
    assert finish(start(module, tmp_path)) == ("42.0", 1, "")
    assert finish(start(module, tmp_path)) == ("42.0", 0, "")
    path = kernel_file(tmp_path)
    for folder in (tmp_path / "kernels", path.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not path.stat().st_mode & 0o077


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"numba" + data,
        lambda data: data[: len(data) // 3] + bytes([data[len(data) // 3] ^ 1]) + data[len(data) // 3 + 1 :],
    ],
    ids=["half", "empty", "one byte short", "one byte more", "foreign", "one bit"],
)
def test_a_damaged_kernel_is_compiled_again_and_mended(cache, damage):
    cache.mkdir()
    assert [called(cache), called(cache)] == [(42.0, 1), (42.0, 0)]
    path = kernel_file(cache)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(CacheWarning, match="is damaged and is compiled again") as said:
        assert called(cache) == (42.0, 1)
    assert len(said) == 1
    assert called(cache) == (42.0, 0)


def test_a_whole_file_that_holds_something_else_is_compiled_again(cache):
    cache.mkdir()
    called(cache)
    write_checked(kernel_file(cache), b"no kernel")
    with pytest.warns(CacheWarning, match="cannot be loaded"):
        assert called(cache) == (42.0, 1)
    assert called(cache) == (42.0, 0)


def test_a_folder_that_is_gone_costs_time_only(cache):
    with pytest.warns(CacheWarning, match="cannot be kept"):
        assert called(cache) == (42.0, 1)


def test_every_flipped_bit_is_noticed(cache):
    cache.mkdir()
    path = cache / "x"
    write_checked(path, b"machine code")
    whole = path.read_bytes()
    assert read_checked(path) == b"machine code"
    with pytest.warns(CacheWarning, match="damaged"):
        for bit in range(8 * len(whole)):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(bytes(flipped))
            assert read_checked(path) is None
    assert [entry.name for entry in cache.iterdir()] == ["x"]  # nothing temporary stays


def test_a_kernel_that_cannot_be_written_leaves_nothing(cache):
    cache.mkdir()
    (cache / "x").mkdir()  # in the way
    with pytest.raises(OSError):
        write_checked(cache / "x", b"machine code")
    assert [entry.name for entry in cache.iterdir()] == ["x"]


@pytest.mark.slow
def test_twenty_first_runs_at_once_compile_once(module, tmp_path):
    results = [finish(process) for process in [start(module, tmp_path) for _ in range(20)]]
    assert {(result, err) for result, _, err in results} == {("42.0", "")}
    assert sum(count for _, count, _ in results) == 1


@posix
def test_waiting_for_another_process_ends(cache, monkeypatch):
    import fcntl

    cache.mkdir()
    monkeypatch.setattr("simengine.kernels.cache._PATIENCE", 0.2)
    with open(cache / "lock", "wb") as stopped:  # as a process holds it that was stopped while it compiled
        fcntl.flock(stopped, fcntl.LOCK_EX)
        assert called(cache) == (42.0, 1)
    assert called(cache) == (42.0, 0)


def refused(names=("kernels",)) -> str:
    """Why there is no folder; said once, however often it is asked for."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert settings.cache_folder(*names) is None
        assert settings.cache_folder(*names) is None
    (one,) = said
    assert one.category is CacheWarning
    assert "SIMENGINE_CACHE" in str(one.message)
    return str(one.message)


def test_a_fresh_cache_folder_is_made(cache):
    folder = settings.cache_folder("kernels", "abc")
    assert folder == cache / "kernels" / "abc"
    assert folder.is_dir()


@posix
def test_an_open_folder_of_ours_is_closed(cache):
    (cache / "kernels").mkdir(parents=True)
    (cache / "kernels").chmod(0o777)
    assert settings.cache_folder("kernels") == cache / "kernels"
    assert stat.S_IMODE((cache / "kernels").stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("inner", [False, True])
def test_a_symbolic_link_is_not_followed(cache, tmp_path, inner):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if inner:
        cache.mkdir()
    (cache / "kernels" if inner else cache).symlink_to(elsewhere)
    assert "is a symbolic link" in refused()
    assert not list(elsewhere.iterdir())


@posix
def test_a_folder_that_everybody_may_change_is_refused_unless_it_is_like_tmp(cache):
    cache.mkdir()
    cache.chmod(0o777)
    assert "every user" in refused()
    cache.chmod(0o1777)
    assert settings.cache_folder("kernels") == cache / "kernels"


@posix
@administrator
@pytest.mark.parametrize("inner", [False, True])
def test_a_folder_of_another_user_is_refused(cache, inner):
    folder = cache / "kernels" if inner else cache
    folder.mkdir(parents=True)
    os.chown(folder, 65534, 65534)
    assert "belongs to another user" in refused()


def test_a_file_in_the_way_and_a_full_path_are_said(cache, monkeypatch):
    cache.write_text("a file")
    assert "File exists" in refused() or "Not a directory" in refused()
    monkeypatch.setenv("SIMENGINE_CACHE", "off")
    assert settings.cache_folder("kernels") is None  # silently: it was asked for


@posix
@administrator
def test_a_user_who_cannot_write_is_told_and_served(tmp_path):
    """As another user, with a cache that belongs to root: quantile tables and results are computed all the same."""
    tmp_path.chmod(0o755)
    program = """
import os, warnings
from simengine import settings
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    print(settings.cache_folder("tables"), [str(one.message) for one in said])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SIMENGINE_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.match(
        r"""None \[.nothing is kept for the next run: .*(Permission denied|cannot be written)""", done.stdout
    )


@posix
def test_the_command_line_says_it_in_one_line_and_goes_on(tmp_path):
    deal = tmp_path / "deal.toml"
    deal.write_text(
        '[scenario]\nname = "small"\n[inputs]\nV = { dist = "lognormal", mu = 6, sigma = 0.4, source = "test" }\n'
        "D = 0.5\nR = 0.9\nL = 0.05\n"
    )
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").symlink_to("elsewhere")
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "SIMENGINE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "simengine", "check", str(deal)]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: nothing is kept for the next run: ")
    assert "is a symbolic link; hint: set SIMENGINE_CACHE" in line
    assert not list((tmp_path / "elsewhere").iterdir())


def test_old_builds_are_pruned(tmp_path):
    now = time.time()
    for age in range(6):
        folder = tmp_path / f"build{age}"
        folder.mkdir()
        (folder / f"a{SUFFIX}").write_bytes(b"")
        os.utime(folder, (now - 100 * age,) * 2)
    (tmp_path / "build1" / "killed.new").write_bytes(b"")
    os.utime(tmp_path / "build1" / "killed.new", (now - 10_000,) * 2)
    os.utime(tmp_path / "build1", (now - 100,) * 2)
    prune_builds(tmp_path / "build4")  # the one in use stays, whatever its age
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build0", "build1", "build4"]
    assert len(list(tmp_path.iterdir())) == BUILDS_KEPT
    assert not (tmp_path / "build1" / "killed.new").exists()
