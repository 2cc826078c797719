"""Columns of numbers from CSV files: what is accepted, and what is said of files that are not."""

from __future__ import annotations

import codecs
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from simengine.distributions import csv_column, data_file, resolve
from simengine.errors import InvalidInput


def read(folder, content, column="x", **more):
    """Resolve an empirical distribution of a file with this content, text or bytes."""
    path = folder / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    spec = {"dist": "empirical", "file": "data.csv", **more}
    return resolve(spec if column is None else {**spec, "column": column}, folder=folder)


def values_of(marginal):
    return marginal.pieces.values.tolist()


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ("x\n1\n2.5\n-3e2\n", {}),
        ("name,x\na,1\nb,2.5\nc,-300\n", {}),
        ("name;x;y\na;1;0\nb;2.5;0\nc;-300;0\n", {}),
        ("name\tx\na\t1\nb\t2.5\nc\t-300\n", {}),
        ("name;x\na;1\nb;2,5\nc;-300\n", {"decimal": ","}),
        (' x ,"y, z"\r\n 1 ,2\r\n2.5,3\r\n+-300,0\r\n'.replace("+-", "-"), {}),
        (codecs.BOM_UTF8 + b"x\n1\n2.5\n-300\n", {}),
        ("\n\nx\n1\n2.5\n-300\n", {}),
        ("名,x\n值,1\n值,2.5\n值,-300\n".encode("gb18030"), {"encoding": "gb18030"}),
        ("x\n1\n2.5\n-300\n".encode("utf-16"), {"encoding": "utf-16"}),
    ],
    ids=["one", "comma", "semicolon", "tab", "decimal", "quoted", "bom", "blank-top", "gbk", "utf-16"],
)
def test_accepted(tmp_path, content, more):
    assert values_of(read(tmp_path, content, **more)) == [-300, 1, 2.5]


def test_the_only_column_needs_no_name(tmp_path):
    assert values_of(read(tmp_path, "rate\n1\n2\n", column=None)) == [1, 2]


def test_blank_cells_are_counted(tmp_path):
    marginal = read(tmp_path, "x,y\n1,a\n,b\n\n  ,c\n3,d\n")
    assert values_of(marginal) == [1, 3]
    assert [(note.severity, note.key) for note in marginal.notes] == [("note", "column")]
    assert "3 blank cells were skipped" in marginal.notes[0].reason


def test_one_distinct_value_is_a_constant_with_a_warning(tmp_path):
    marginal = read(tmp_path, "x\n4\n4\n4\n")
    assert marginal.constant == 4
    assert [note.severity for note in marginal.notes] == ["warning"]


def test_the_content_is_identified(tmp_path):
    first = read(tmp_path, "x\n1\n2\n")
    assert first.parameters["sha256"] == hashlib.sha256(b"x\n1\n2\n").hexdigest()
    assert first.parameters["values"] == 2
    same_data = read(tmp_path, "y,x\n0,2\n0,1\n")
    assert same_data.digest_key == first.digest_key
    assert read(tmp_path, "x\n1\n3\n").digest_key != first.digest_key


def test_many_values_are_identified_by_a_hash(tmp_path):
    numbers = np.random.default_rng(1).normal(size=500)
    first = read(tmp_path, "x\n" + "\n".join(map(repr, numbers.tolist())))
    assert len(str(first.digest_key)) < 120
    numbers[250] += 1e-12
    assert read(tmp_path, "x\n" + "\n".join(map(repr, numbers.tolist()))).digest_key != first.digest_key


# (what is wrong, content, parts of the message, further keys)
REFUSED = [
    ("empty", "", ["file", "is empty"], {}),
    ("blank", " \n\n", ["file", "is empty"], {}),
    ("header only", "x,y\n", ["data.csv: the column has no numbers"], {}),
    ("no header", "1,2\n3,4\n", ["first line holds numbers", "add a header line"], {}),
    ("gbk", "名称,x\n市场,1\n".encode("gb18030"), ["data.csv:1", "not UTF-8", 'encoding = "gb18030"'], {}),
    ("latin", "x,é\n1,2\n".encode("cp1252"), ["not UTF-8", "cp1252"], {}),
    ("utf-16", "x\n1\n2\n".encode("utf-16"), ["not UTF-8", 'encoding = "utf-16"'], {}),
    ("wrong encoding", "名,x\n值,1\n".encode("gb18030"), ['encoding = "ascii"', "not ascii"], {"encoding": "ascii"}),
    ("no encoding", "x\n1\n", ['encoding = "klingon"', "not the name of an encoding"], {"encoding": "klingon"}),
    ("codec for bytes", "x\n1\n", ['encoding = "hex"'], {"encoding": "hex"}),
    ("decimal comma", "x;y\n1,5;2\n", ['data.csv:2: column "x" holds "1,5"', "write 1.5", 'decimal = ","'], {}),
    ("split by decimal comma", "x,y\n1,5,2\n", ["data.csv:2: 3 cells where the header has 2", "decimal"], {}),
    ("text", "x\n1\nabc\n", ['data.csv:3: column "x" holds "abc", which is not a number'], {}),
    ("error value", "x\n#DIV/0!\n", ['data.csv:2: column "x" holds "#DIV/0!", a spreadsheet\'s error value'], {}),
    ("percent", "x\n80%\n", ['holds "80%"', "write 0.8"], {}),
    ("thousands", 'x,y\n"1,234",2\n', ['holds "1,234"', "write 1234"], {}),
    ("currency", "x\n€ 300\n", ['holds "€ 300"', "write 300; leave the currency out"], {}),
    ("currency behind", "x\n300 EUR\n", ["write 300; leave the currency out"], {}),
    ("underscore", "x\n1_000\n", ['holds "1_000"'], {}),
    ("full width", "x\n１２\n", ['holds "１２"', "half width"], {}),
    ("nan", "x\n1\nNaN\n", ["data.csv:3", '"NaN", which is not a finite number'], {}),
    ("infinite", "x\n-inf\n1e999\n", ["data.csv:2", "data.csv:3", "not a finite number"], {}),
    ("ragged", "x,y\n1,2\n3\n", ["data.csv:3: 1 cells where the header has 2"], {}),
    ("twice", "x,x\n1,2\n", ['column = "x": data.csv: 2 columns have this name'], {}),
    ("no such column", "rate,y\n1,2\n", ['column = "x"', 'allowed: "rate", "y"'], {}),
    ("misspelt", "rate,y\n1,2\n", ['did you mean "rate"?'], {"column": "rtae"}),
    ("NUL", b"x\n1\n\x002\n", ["data.csv:3: contains a NUL character"], {}),
    ("UTF-16 without mark", "x\n1\n".encode("utf-16-le"), ["NUL", "utf-16-le"], {}),
    ("open quote", 'x\n"1\n2\n', ["data.csv:"], {}),
]  # fmt: skip


@pytest.mark.parametrize(("content", "expected", "more"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused(tmp_path, content, expected, more):
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, content, **more)
    for part in expected:
        assert part in str(refused.value), str(refused.value)


def test_a_column_must_be_named_where_there_are_several(tmp_path):
    with pytest.raises(InvalidInput, match='column: is missing; allowed: "x", "y"'):
        read(tmp_path, "x,y\n1,2\n", column=None)


def test_many_bad_cells_are_counted_and_only_some_listed(tmp_path):
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, "x,y\n" + "a,1\n" * 100 + "1\n" * 30)
    assert "100 cells that are no numbers in all" in str(refused.value)
    assert "30 rows of another length in all" in str(refused.value)
    assert len(refused.value.problems) == 12


def refuse_file(folder, name):
    with pytest.raises(InvalidInput) as refused:
        resolve({"dist": "empirical", "file": str(name), "column": "x"}, folder=folder)
    assert all(problem.key == "file" for problem in refused.value.problems)
    return str(refused.value)


def test_files_that_are_not_files(tmp_path):
    (tmp_path / "rates.csv").write_text("x\n1\n")
    assert 'did you mean "rates.csv"?' in refuse_file(tmp_path, "rate.csv")
    assert "does not exist" in refuse_file(tmp_path, "nowhere/rate.csv")
    (tmp_path / "folder").mkdir()
    assert "is a directory" in refuse_file(tmp_path, "folder")
    assert "cannot be read" in refuse_file(tmp_path, "a" * 5000)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "is a device, pipe or socket" in refuse_file(tmp_path, "pipe")
    if Path("/dev/zero").exists():
        assert "is a device, pipe or socket" in refuse_file(tmp_path, "/dev/zero")


def test_a_name_with_nul_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="NUL"):
        resolve({"dist": "empirical", "file": "a\0b", "column": "x"}, folder=tmp_path)


def test_a_huge_file_is_refused_without_being_read(tmp_path):
    with open(tmp_path / "huge.csv", "wb") as stream:
        stream.truncate(20 * 2**30)  # sparse: takes no room
    assert "at most 256 MiB" in refuse_file(tmp_path, "huge.csv")


def test_no_permission(tmp_path, monkeypatch):
    (tmp_path / "secret.csv").write_text("x\n1\n")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(data_file.os, "open", refuse)
    assert "no permission" in refuse_file(tmp_path, "secret.csv")


def test_too_many_values(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_column, "MOST_VALUES", 10)
    with pytest.raises(InvalidInput, match="more than 10 values"):
        read(tmp_path, "x\n" + "1\n2\n" * 6)


def test_paths_are_relative_to_the_folder_of_the_scenario(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rates.csv").write_text("x\n1\n2\n")
    spec = {"dist": "empirical", "file": "data/rates.csv", "column": "x"}
    assert values_of(resolve(spec, folder=tmp_path)) == [1, 2]
    monkeypatch.chdir(tmp_path)
    assert values_of(resolve(spec)) == [1, 2]


def test_a_component_of_a_mixture_reads_its_file(tmp_path):
    (tmp_path / "rates.csv").write_text("x\n1\n2\n")
    spec = {"weight": 0.5, "dist": "empirical", "file": "rates.csv"}
    mixture = {"dist": "mixture", "components": [spec, {"weight": 0.5, "dist": "constant", "value": 5}]}
    assert values_of(resolve(mixture, folder=tmp_path)) == [1, 2, 5]
