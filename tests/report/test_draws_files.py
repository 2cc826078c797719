"""Files of draws: every digit, constant memory, and whole or not at all."""

from __future__ import annotations

import csv
import errno
import io
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import simengine
from simengine.errors import FileProblem, InvalidInput
from simengine.report import draws_files
from simengine.report.csv import CsvStyle
from simengine.report.draws_files import rows_text
from simengine.report.result import Result
from simengine.results.draws import draws_of
from simengine.scenario import loads

SCENARIO = """\
[scenario]
name = "small"
title = "智能 <b>=1+1"
[inputs]
V = { dist = "normal", mean = 100, sd = 300, unit = "=cmd|x", title = "<script>alert(1)</script>" }
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
[model]
T = "V * D"
[outputs]
T = { title = "\\u202evalue", unit = "-USD" }
[strategies.licence]
[strategies.sale]
"inputs.V" = 700
[simulate]
trials = 3000
"""

YEARS = """\
[scenario]
name = "by-year"
horizon = 3
[inputs]
V = "600 to 1600"
[model]
income = "V * (1 + year)"
T = "sum(income)"
[outputs]
T = {}
income = {}
[simulate]
trials = 2000
"""


@pytest.fixture(scope="module")
def result() -> Result:
    return simengine.run(loads(SCENARIO, file="small.toml"))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "out"
    text = SCENARIO.replace("trials = 3000", "trials = 60_000")
    simengine.run(loads(text, file="small.toml"), analyses=False).save(folder)
    return folder


@pytest.fixture(scope="module")
def values(result):
    return np.concatenate([block for _, block in draws_of(result.record, inputs=True).blocks()], axis=1)


def read(path, delimiter=","):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_csv_has_every_digit(result, values, tmp_path, monkeypatch):
    monkeypatch.setattr("simengine.results.draws._MOST_ROWS", 1024)
    rows = read(result.export_draws(tmp_path / "draws.csv", inputs=True))
    assert rows[0] == ["trial", "licence:T", "sale:T", "V", "D"]
    assert [int(row[0]) for row in rows[1:]] == list(range(3000))
    found = np.array([[float(cell) for cell in row[1:]] for row in rows[1:]]).T
    assert found.tobytes() == values.tobytes()
    again = result.export_draws(tmp_path / "again.csv", inputs=True).read_bytes()
    assert again == (tmp_path / "draws.csv").read_bytes()


def test_csv_as_other_places_write_numbers(result, values, tmp_path):
    path = result.export_draws(tmp_path / "draws.csv", 10, inputs=True, bom=True, decimal_comma=True)
    assert path.read_bytes().startswith(b"\xef\xbb\xbftrial;licence:T;")
    rows = read(path, ";")
    found = np.array([[float(cell.replace(",", ".")) for cell in row[1:]] for row in rows[1:]]).T
    assert found.tobytes() == np.ascontiguousarray(values[:, :10]).tobytes()


EXTREMES = [0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e22, 1e23, 2**53 + 2.0, 1 / 3]


def test_numbers_of_every_size_read_back():
    wild = np.random.default_rng(1).integers(0, 2**63, 20_000, dtype=np.int64).view(np.float64)
    wild = np.concatenate((EXTREMES, wild[np.isfinite(wild)], -wild[np.isfinite(wild)]))
    lines = rows_text(7, np.array([wild, wild])).decode().splitlines()
    assert len(lines) == wild.size and lines[0].startswith("7,")
    found = np.array([float(line.split(",")[2]) for line in lines])
    assert found.tobytes() == wild.tobytes()
    commas = rows_text(7, np.array([wild]), CsvStyle(decimal_comma=True)).decode().splitlines()
    assert np.array([float(line.split(";")[1].replace(",", ".")) for line in commas]).tobytes() == wild.tobytes()


def test_numbers_that_do_not_exist_are_told():
    text = rows_text(0, np.array([[1.5, np.nan, np.inf, -np.inf]]))
    assert text == b"0,1.5\n1,nan\n2,inf\n3,-inf\n"


def test_netcdf_opens_in_plain_xarray(result, values, tmp_path, monkeypatch):
    monkeypatch.setattr("simengine.results.draws._MOST_ROWS", 1024)
    path = result.export_draws(tmp_path / "draws.nc", inputs=True)
    with xr.open_dataset(path) as opened:
        dataset = opened.load()
    assert dataset.draws.dims == ("strategy", "output", "trial")
    assert dataset.draws.sel(strategy="licence", output="T").values.tobytes() == values[0].tobytes()
    assert dataset.input_draws.sel(input="D").values.tobytes() == values[3].tobytes()
    assert dataset.input_title.sel(input="V") == "<script>alert(1)</script>"
    assert dataset.unit.sel(output="T") == "-USD"
    assert dataset.attrs["seed"] == result.record.integer("seed") and dataset.attrs["run_trials"] == 3000
    for name in dataset.variables:
        assert dataset[name].attrs["long_name"]
    assert dataset.draws.attrs["units"] == "-USD" and dataset.trial.attrs["units"] == "1"
    assert "units" not in dataset.input_draws.attrs and dataset.input_unit.values.tolist() == ["=cmd|x", ""]
    assert path.read_bytes() == result.export_draws(tmp_path / "again.nc", inputs=True).read_bytes()


def test_a_unit_that_all_outcomes_have_is_theirs(tmp_path):
    text = YEARS.replace("T = {}", 'T = { unit = "USD" }').replace("income = {}", 'income = { unit = "EUR" }')
    result = simengine.run(loads(text, file="units.toml"), analyses=False)
    with xr.open_dataset(result.export_draws(tmp_path / "draws.nc", 100, years=True)) as dataset:
        assert (dataset.draws.attrs["units"], dataset.yearly_draws.attrs["units"]) == ("USD", "EUR")


def test_where_units_differ_none_is_said(tmp_path):
    text = SCENARIO.replace('T = "V * D"', 'T = "V * D"\nshare = "D"')
    text = text.replace('unit = "-USD" }', 'unit = "-USD" }\nshare = { unit = "%" }')
    result = simengine.run(loads(text, file="units.toml"), analyses=False)
    with xr.open_dataset(result.export_draws(tmp_path / "draws.nc", 100)) as dataset:
        assert dataset.draws.attrs == {"long_name": "outcome of every trial"}
        assert dataset.unit.values.tolist() == ["-USD", "%"]


def test_netcdf_by_period(tmp_path):
    result = simengine.run(loads(YEARS, file="years.toml"))
    with xr.open_dataset(result.export_draws(tmp_path / "draws.nc", 500, years=True)) as dataset:
        total = dataset.yearly_draws.sel(strategy="base", yearly="income").sum("year")
        assert total.values == pytest.approx(dataset.draws.sel(strategy="base", output="T").values)
        assert dataset.year.values.tolist() == [1.0, 2.0, 3.0]


def test_parquet(result, values, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed: Parquet is NOT tested")
    found = parquet.read_table(result.export_draws(tmp_path / "draws.parquet", inputs=True))
    assert found.column_names == ["trial", "licence:T", "sale:T", "V", "D"]
    assert found["V"].to_numpy().tobytes() == values[2].tobytes()
    assert found.schema.field("V").metadata[b"title"] == b"<script>alert(1)</script>"
    assert found.schema.metadata[b"simengine.seed"] == str(result.record.integer("seed")).encode()


def test_parquet_without_pyarrow_says_what_to_do(result, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidInput, match=r"needs the package pyarrow; .* `pip install 'simengine\[parquet\]'`"):
        result.export_draws(tmp_path / "draws.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("draws.xlsx", {}, r"draws cannot be written as '\.xlsx'; allowed: \.csv, \.nc, \.parquet"),
        ("draws", {}, "the name of the file has no suffix"),
        ("draws.nc", {"bom": True}, r"are for text; allowed: \.csv"),
        ("draws.nc", {"decimal_comma": True}, r"are for text; allowed: \.csv"),
    ],
)
def test_what_cannot_be_written_is_refused(result, tmp_path, name, more, message):
    with pytest.raises(InvalidInput, match=message):
        result.export_draws(tmp_path / name, **more)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".nc"])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_on_the_way_leaves_what_was_there(result, tmp_path, monkeypatch, suffix, failure):
    target = tmp_path / f"draws{suffix}"
    target.write_bytes(b"mine")
    real = draws_files.Draws.blocks

    def breaking(self):
        for number, block in enumerate(real(self)):
            if number == 2:
                raise failure
            yield block

    monkeypatch.setattr("simengine.results.draws._MOST_ROWS", 1024)
    monkeypatch.setattr(draws_files.Draws, "blocks", breaking)
    with pytest.raises(FileProblem if isinstance(failure, OSError) else KeyboardInterrupt) as caught:
        result.export_draws(target, force=True)
    if isinstance(failure, OSError):
        assert "free some space" in str(caught.value)
    assert target.read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


_LIMITED = """
import resource, sys
import simengine
from simengine.errors import FileProblem
result = simengine.open_result(sys.argv[1])
if sys.argv[4] == "unreserved":
    import os
    del os.posix_fallocate
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    result.export_draws(sys.argv[2], force=True)
except FileProblem as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not limit the size of files")
@pytest.mark.parametrize("suffix", [".csv", ".nc"])
@pytest.mark.parametrize("limit", [100, 20_000, 700_000])
@pytest.mark.parametrize("way", ["reserved", "unreserved"])
def test_a_disk_that_fills_up_is_told_and_nothing_is_left(stored, tmp_path, suffix, limit, way):
    target = tmp_path / f"draws{suffix}"
    target.write_bytes(b"mine")
    arguments = [str(stored), str(target), str(limit), way]
    done = subprocess.run([sys.executable, "-c", _LIMITED, *arguments], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "File too large; nothing was changed; hint: the size of files is limited" in done.stdout
    assert done.stdout.count("\n") == 1
    assert target.read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_full_disk_is_told_before_anything_is_drawn(result, tmp_path, monkeypatch):
    def full(*_given):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    monkeypatch.setattr(draws_files.Draws, "blocks", lambda _: pytest.fail("something was drawn"))
    with pytest.raises(FileProblem, match=r"No space left on device; nothing was changed; hint: free some space"):
        result.export_draws(tmp_path / "draws.nc")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_cannot_reserve_is_written_all_the_same(result, tmp_path, monkeypatch):
    expected = result.export_draws(tmp_path / "reserved.nc").read_bytes()

    def unable(*_given):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr("os.posix_fallocate", unable, raising=False)
    assert result.export_draws(tmp_path / "draws.nc").read_bytes() == expected


def test_an_existing_file_is_refused_before_anything_is_drawn(result, tmp_path, monkeypatch):
    (tmp_path / "draws.csv").write_bytes(b"mine")
    monkeypatch.setattr("simengine.results.draws.draws_of", lambda *_, **__: pytest.fail("something was drawn"))
    with pytest.raises(FileProblem, match="exists already"):
        result.export_draws(tmp_path / "draws.csv")


_MEASURED = """
import resource, sys
import simengine
from simengine.results.storage import read
from pathlib import Path
result = simengine.open_result(sys.argv[1])
result.export_draws(sys.argv[2], int(sys.argv[3]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the system does not tell the memory of a process like this")
@pytest.mark.parametrize("suffix", [".csv", ".nc"])
def test_memory_does_not_grow_with_the_number_of_draws(tmp_path, suffix):
    scenario = loads(SCENARIO.replace("trials = 3000", "trials = 2_000_000"), file="small.toml")
    simengine.run(scenario).save(tmp_path / "out")

    def peak(count):
        arguments = [str(tmp_path / "out"), str(tmp_path / f"{count}{suffix}"), str(count)]
        done = subprocess.run([sys.executable, "-c", _MEASURED, *arguments], capture_output=True, text=True, check=True)
        return int(done.stdout) / (1 if sys.platform != "darwin" else 1024)

    assert peak(2_000_000) < peak(200_000) + 8 * 1024  # KiB; the outcomes alone would be 32 MiB
