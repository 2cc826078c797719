from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from simengine.errors import FileProblem
from simengine.results import storage
from simengine.results.dataset import from_dataset, to_dataset
from simengine.results.record import Record
from simengine.results.variables import ATTRIBUTES, DIMENSIONS, REGISTRY


def test_the_registry_is_complete(record):
    assert record.problems() == []
    assert set(record.values) == {name for name, variable in REGISTRY.items() if not variable.part}
    assert set(record.attrs) == set(ATTRIBUTES)
    assert {dim for variable in REGISTRY.values() for dim in variable.dims} == set(DIMENSIONS)


def test_contradictions_are_named(record):
    def with_values(**values):
        return replace(record, values={**record.values, **values}).problems()

    assert with_values(colour=np.zeros(1)) == ["variable 'colour' is not known"]
    assert "has type float32" in with_values(mean=np.zeros((2, 2), np.float32))[0]
    assert "3 entries along 'strategy'" in with_values(mean=np.zeros((3, 2)))[0]
    assert "1 dimensions, not 2" in with_values(mean=np.zeros(2))[0]
    fewer = {name: value for name, value in record.values.items() if name != "std"}
    assert replace(record, values=fewer).problems() == ["variable 'std' is missing"]
    assert "attribute 'seed' is not of type int" in replace(record, attrs={**record.attrs, "seed": 1.0}).problems()
    assert "attribute 'trials' is missing" in Record(record.values, {}).problems()


def test_the_dataset_has_names_units_and_coordinates(record):
    dataset = to_dataset(record)
    assert float(dataset["quantiles"].sel(strategy="sale", output="T", quantile=50.0)) == pytest.approx(498.66, abs=0.1)
    assert dataset["mean"].attrs == {"long_name": "mean"}
    assert dataset.attrs["seed"] == 2**63 - 1
    assert from_dataset(dataset).digest() == record.digest()


def test_a_stored_result_reads_back_to_the_bit(tmp_path, record_of):
    record = record_of(text=" 智能 \u2028 <b>é", title="x" * 70_000)  # attributes beyond 64 KiB too
    path = tmp_path / "r.nc"
    path.write_bytes(storage.to_bytes(record))
    back = storage.read(path)
    assert back.digest() == record.digest()
    assert back.problems() == []
    assert dict(back.attrs) == dict(record.attrs)
    assert back.outputs == record.outputs
    assert np.isnan(back["mean"][1, 1])
    assert storage.to_bytes(back) == storage.to_bytes(record)


def test_a_folder_stands_for_its_result(tmp_path, record):
    (tmp_path / "results.nc").write_bytes(storage.to_bytes(record))
    assert storage.read(tmp_path).digest() == record.digest()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path, record, share):
    whole = storage.to_bytes(record)
    path = tmp_path / "r.nc"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FileProblem, match=re.escape(str(path))):
        storage.read(path)


@pytest.mark.filterwarnings("ignore")
def test_flipped_bits_never_go_unnoticed(tmp_path, record):
    """A changed byte either makes the file unreadable, is found by the digest, or lies in unused space."""
    whole = storage.to_bytes(record)
    path = tmp_path / "r.nc"
    generator = np.random.default_rng(1)
    noticed = 0
    for place in generator.integers(0, len(whole), 40):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(generator.integers(0, 8))
        path.write_bytes(bytes(damaged))
        try:
            assert storage.read(path).digest() == record.digest()
        except FileProblem:
            noticed += 1
    assert noticed > 0


def test_an_altered_number_is_noticed(tmp_path, record):
    mean = record["mean"].copy()
    mean[0, 0] = np.nextafter(mean[0, 0], np.inf)
    altered = to_dataset(replace(record, values={**record.values, "mean": mean}))
    path = tmp_path / "r.nc"
    altered.assign_attrs(content_digest=record.digest()).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(FileProblem, match="does not match the digest"):
        storage.read(path)
    found, intact = storage.read_unchecked(path)
    assert not intact
    assert found["mean"][0, 0] == mean[0, 0]


def test_other_files_are_refused(tmp_path, record):
    import xarray as xr

    with pytest.raises(FileProblem, match="no such file"):
        storage.read(tmp_path / "none.nc")
    with pytest.raises(FileProblem, match=r"holds no results\.nc"):
        storage.read(tmp_path)
    path = tmp_path / "other.nc"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FileProblem, match="not a NetCDF 4 file"):
        storage.read(path)
    path.write_bytes(bytes(xr.Dataset({"x": ("t", [1.0])}).to_netcdf(engine="h5netcdf")))
    with pytest.raises(FileProblem, match="not a result of simengine"):
        storage.read(path)
    newer = to_dataset(record).assign_attrs(content_digest="", schema_version=99)
    path.write_bytes(bytes(newer.to_netcdf(engine="h5netcdf")))
    with pytest.raises(FileProblem, match="newer"):
        storage.read(path)
