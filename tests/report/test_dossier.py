"""A result with the analyses beside it: stored, read back, and drawn into files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import simengine
from simengine.cli.main import main
from simengine.errors import FileProblem, InvalidInput
from simengine.report.result import RESULT_FILES, Result, open_result
from simengine.report.studied import LAYOUTS
from simengine.results import storage
from simengine.results.dataset import to_dataset
from simengine.results.dossier import Dossier

SCENARIO = """\
[scenario]
name = "dossier"
title = "智能 / a deal"
currency = "USD"
[inputs]
V = "600 to 1600"
D = { dist = "pert", min = 0.4, mode = 0.8, max = 1.0 }
R = 0.9
L = 0.05
[risks.competition]
title = "竞争 / a competitor"
probability = 0.3
severity = { dist = "pert", min = 0.05, mode = 0.2, max = 0.6 }
[strategies.licence]
[strategies.sale]
inputs.V = 700
[simulate]
trials = 3000
"""


@pytest.fixture(scope="module")
def deal(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("dossier") / "deal.toml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture(scope="module")
def dossier(deal) -> Dossier:
    found = simengine.run(deal).dossier
    assert found.comparison is not None
    assert found.drivers is not None
    assert found.register is not None
    return replace(found, notes=("the moon is left out: 月",))


@pytest.fixture(scope="module")
def whole(dossier) -> bytes:
    return storage.to_bytes(dossier)


@pytest.fixture
def reread(tmp_path) -> Callable[[bytes], Dossier]:
    def read(content: bytes) -> Dossier:
        path = tmp_path / "results.nc"
        path.write_bytes(content)
        return storage.read_dossier(path, LAYOUTS)

    return read


def same(one: Dossier, other: Dossier) -> bool:
    def digests(dossier: Dossier) -> list[str | None]:
        records = (dossier.record, dossier.comparison, dossier.drivers)
        return [None if record is None else record.digest() for record in records]

    return digests(one) == digests(other) and (one.register, one.notes) == (other.register, other.notes)


def test_a_stored_dossier_reads_back_to_the_bit(dossier, whole, reread):
    back = reread(whole)
    assert same(back, dossier)
    assert list(back.record.attrs.items()) == list(dossier.record.attrs.items())
    assert "竞争 / a competitor" in [risk["title"] for risk in back.register["strategies"][0]["risks"]]
    assert storage.to_bytes(back) == whole


@pytest.mark.parametrize("missing", ["comparison", "drivers", "register", "notes"])
def test_any_part_may_be_missing(dossier, reread, missing):
    fewer = replace(dossier, **{missing: () if missing == "notes" else None})
    assert same(reread(storage.to_bytes(fewer)), fewer)


def test_plain_xarray_sees_the_run_at_the_root_and_the_rest_as_groups(dossier, whole):
    root = xr.open_dataset(io.BytesIO(whole), engine="h5netcdf").load()
    added = {storage.CONTENT_DIGEST, storage.LEFT_OUT}
    xr.testing.assert_identical(root.drop_attrs(deep=False), to_dataset(dossier.record).drop_attrs(deep=False))
    assert {name: value for name, value in root.attrs.items() if name not in added} == dict(dossier.record.attrs)
    for name in ("comparison", "drivers"):
        group = xr.open_dataset(io.BytesIO(whole), engine="h5netcdf", group=name).load()
        expected = to_dataset(getattr(dossier, name))
        xr.testing.assert_equal(group.drop_attrs(), expected.drop_attrs())
        assert group["mean"].attrs == expected["mean"].attrs


def test_a_run_alone_is_stored_as_it_ever_was(dossier, tmp_path):
    """Byte by byte a file without groups; and one that xarray wrote, as earlier versions did, opens."""
    alone = storage.to_bytes(dossier.record)
    assert storage.to_bytes(Dossier(dossier.record)) == alone
    with h5py.File(io.BytesIO(alone)) as file:
        assert not [name for name, entry in file.items() if isinstance(entry, h5py.Group)]
        assert file.attrs[storage.CONTENT_DIGEST] == dossier.record.digest()
    dataset = to_dataset(dossier.record).assign_attrs({storage.CONTENT_DIGEST: dossier.record.digest()})
    path = tmp_path / "old.nc"
    path.write_bytes(bytes(dataset.to_netcdf(engine="h5netcdf")))
    old = open_result(path)
    assert old.record.digest() == dossier.record.digest()
    assert (old.comparison, old.drivers, old.risks, old.left_out) == (None, None, None, ())
    assert open_result(old.to_netcdf(tmp_path / "new.nc")).record.digest() == dossier.record.digest()


# ---- damage ----


def altered(whole: bytes, change: Callable[[h5py.File], None]) -> bytes:
    buffer = io.BytesIO(whole)
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


def change_of(name: str) -> Callable[[h5py.File], None]:
    def next_number(variable: str) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            values = file[variable][...]
            values.flat[0] = np.nextafter(values.flat[0], np.inf)
            file[variable][...] = values

        return change

    def attribute(group: str, key: str, old: str, new: str) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            text = file[group].attrs[key]
            assert old in text
            file[group].attrs[key] = text.replace(old, new)

        return change

    def removed(group: str) -> Callable[[h5py.File], None]:
        return lambda file: file.__delitem__(group)

    return {
        "a number of the run": next_number("mean"),
        "a number of the comparison": next_number("comparison/mean_difference_se"),
        "a number of the drivers": next_number("drivers/spearman"),
        "a text of the register": attribute("risks", "register", "竞争", "竟争"),
        "a note": attribute("/", storage.LEFT_OUT, "moon", "noon"),
        "no comparison": removed("comparison"),
        "no drivers": removed("drivers"),
        "no register": removed("risks"),
        "one group more": lambda file: file.copy("drivers", "more"),
    }[name]


CHANGES = (
    *("a number of the run", "a number of the comparison", "a number of the drivers", "a text of the register"),
    *("a note", "no comparison", "no drivers", "no register", "one group more"),
)


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_altered_or_taken_away_is_noticed(whole, reread, name):
    with pytest.raises(FileProblem, match="damaged"):
        reread(altered(whole, change_of(name)))


def test_a_group_that_is_something_else_is_named(whole, reread):
    def other_kind(file: h5py.File) -> None:
        file.move("drivers", "kept")
        file.move("comparison", "drivers")

    with pytest.raises(
        FileProblem, match=r"results\.nc, group drivers: damaged or altered: it holds a comparison, not drivers"
    ):
        reread(altered(whole, other_kind))

    def newer(file: h5py.File) -> None:
        file["risks"].attrs["schema_version"] = np.array([99])

    with pytest.raises(FileProblem, match="group risks: layout 99 is newer"):
        reread(altered(whole, newer))

    def no_json(file: h5py.File) -> None:
        file["risks"].attrs["register"] = "{"

    with pytest.raises(FileProblem, match="group risks: damaged"):
        reread(altered(whole, no_json))


@pytest.mark.filterwarnings("ignore")
def test_flipped_bits_never_go_unnoticed(dossier, whole, reread):
    """A changed byte either makes the file unreadable, is found by a digest, or lies in unused space."""
    generator = np.random.default_rng(2)
    noticed = 0
    for place in generator.integers(0, len(whole), 30):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(generator.integers(0, 8))
        try:
            assert same(reread(bytes(damaged)), dossier)
        except FileProblem:
            noticed += 1
    assert noticed > 0


def test_a_truncated_dossier_is_refused(whole, reread):
    for share in (0.3, 0.7, 0.99):
        with pytest.raises(FileProblem):
            reread(whole[: int(len(whole) * share)])


# ---- what Python code sees ----


@pytest.fixture
def stored(dossier, tmp_path) -> Iterator[Result]:
    path = tmp_path / "stored.nc"
    path.write_bytes(storage.to_bytes(dossier))
    yield open_result(path)


def test_a_stored_result_has_its_analyses(stored, dossier):
    assert stored.comparison.baseline == "licence"
    assert stored.comparison.record.digest() == dossier.comparison.digest()
    assert "V" in stored.drivers.tornado("T", "licence").index
    assert len(stored.drivers.spider("T", "licence")) > 0
    assert [one["strategy"] for one in stored.risks["strategies"]] == ["licence", "sale"]
    assert stored.left_out == ("the moon is left out: 月",)


def test_all_files_show_the_whole_dossier(stored, dossier, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("simengine.report.page.page_bytes", lambda d, lang="en": seen.append((d, lang)) or b"page")
    assert stored.to_html(tmp_path / "a.html", lang="zh").read_bytes() == b"page"
    assert stored.export(tmp_path / "b.HTML").read_bytes() == b"page"
    files = stored.save(tmp_path / "out", lang="zh")
    assert [file.name for file in files] == list(RESULT_FILES)
    assert [lang for _, lang in seen] == ["zh", "en", "zh"]
    assert all(same(shown, dossier) for shown, _ in seen)
    assert same(open_result(tmp_path / "out").dossier, dossier)
    assert same(open_result(stored.to_netcdf(tmp_path / "copy.nc")).dossier, dossier)


def test_a_language_without_a_page_is_refused_before_anything_is_written(stored, tmp_path):
    for write in (stored.to_html, stored.save, stored.export):
        with pytest.raises(InvalidInput, match="no such language"):
            write(tmp_path / "out.html", lang="fr")
    assert not (tmp_path / "out.html").exists()


def test_the_page_of_a_dossier_is_a_document_in_its_language(stored, tmp_path):
    for lang in ("en", "zh"):
        text = stored.to_html(tmp_path / f"{lang}.html", lang=lang).read_text(encoding="utf-8")
        assert text.startswith("<!DOCTYPE html>")
        assert f'lang="{lang}' in text


def test_a_stored_dossier_opens_without_xarray(dossier, tmp_path):
    import subprocess
    import sys

    (tmp_path / "results.nc").write_bytes(storage.to_bytes(dossier))
    program = (
        "import sys, simengine\nresult = simengine.open_result(sys.argv[1])\n"
        "assert result.comparison.baseline and result.drivers.factors and result.risks\n"
        "print(*[name for name in ('xarray', 'pandas', 'numba', 'h5netcdf') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    root = Path(simengine.__file__).parents[1]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.split() == []


def test_what_was_left_out_is_told_wherever_a_result_is_shown(dossier, tmp_path, capsys):
    folder = tmp_path / "out"
    Result(dossier.record, lambda: dossier).save(folder)
    opened = open_result(folder)
    assert repr(opened).splitlines()[-1] == "note: the moon is left out: 月"
    assert main(["export", str(folder), "-o", str(tmp_path / "deal.xlsx")]) == 0
    assert "note: the moon is left out: 月" in capsys.readouterr().err.splitlines()
    for name in ("report.html", "deal-zh.html"):
        path = opened.to_html(tmp_path / name, lang="zh" if "zh" in name else "en")
        assert "the moon is left out: 月" in path.read_text(encoding="utf-8")


def test_showing_a_result_computes_no_analysis(dossier):
    def analyses() -> Dossier:
        raise AssertionError("not asked for")

    assert "note: " not in repr(Result(dossier.record, analyses))
