"""Files that cannot be a scenario, and texts that are not TOML."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from simengine.errors import InvalidInput
from simengine.scenario import load, loads
from simengine.scenario.source import MAX_BYTES, parse_text, parse_value, read_file

GOOD = '[scenario]\nname = "智能"\n[inputs]\nx = 1\n[model]\ny = "x"\n'


def message(path: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        load(path)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].file == str(path)
    return str(caught.value)


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "deal.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load(path).name == "智能"
    assert loads("\ufeff" + GOOD).name == "智能"


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("gbk", "GBK"), ("gb18030", "GBK"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE")],
)
def test_other_encodings_are_named(tmp_path: Path, encoding: str, named: str) -> None:
    path = tmp_path / "deal.toml"
    path.write_bytes(GOOD.encode(encoding))
    said = message(path)
    assert f"not UTF-8: it looks like {named}" in said
    assert "allowed: UTF-8" in said
    assert f"iconv -f {named} -t UTF-8" in said


@pytest.mark.parametrize("text", ["# für alle", "# Überschlägig: 300 € „für“ alle", '[scenario]\ntitle = "Société"'])
def test_windows_text_of_the_west_is_not_taken_for_chinese(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deal.toml"
    path.write_bytes(text.encode("cp1252"))
    assert "iconv -f CP1252 -t UTF-8" in message(path)


@pytest.mark.parametrize(("encoding", "named"), [("gbk", "GBK"), ("big5", "GBK|big5")])
def test_chinese_between_latin_letters_is_not_taken_for_windows_text(tmp_path: Path, encoding: str, named: str) -> None:
    path = tmp_path / "deal.toml"
    path.write_bytes("# V是市場價值, a market丂value, R是合作方資信".encode(encoding, "ignore"))
    assert any(f"it looks like {name}" in message(path) for name in named.split("|"))


def test_bytes_of_no_encoding_are_located(tmp_path: Path) -> None:
    path = tmp_path / "deal.toml"
    path.write_bytes("# ok\nä = ".encode() + b"\xff\xff = 1\n")
    with pytest.raises(InvalidInput) as caught:
        load(path)
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (2, 5)
    assert "byte 0xff" in str(caught.value)


def test_a_missing_file_and_the_name_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "smart_service.toml").write_text(GOOD, encoding="utf-8")
    said = message(tmp_path / "smart_servise.toml")
    assert "no such file" in said
    assert "did you mean 'smart_service.toml'?" in said


def test_a_folder(tmp_path: Path) -> None:
    assert "this is a folder" in message(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX systems")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe.toml"
    os.mkfifo(path)
    start = time.monotonic()
    assert "a pipe or a device" in message(path)
    assert time.monotonic() - start < 1


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero")
def test_a_device() -> None:
    assert "a pipe or a device" in message(Path("/dev/zero"))


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "deal.toml"
    path.write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr(os, "open", refuse)
    assert "may not be read" in message(path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "deal.toml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "allowed: at most 1 MiB" in message(path)


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    assert "cannot be opened" in message(tmp_path / "a\0b.toml")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = " + "[" * 100_000, 1, "nested more than 16 deep"),
        ("\nx" + ".x" * 20_000 + " = 1", 2, "a key of more than 16 parts"),
        ("\n[x" + ".x" * 20_000 + "]", 2, "a key of more than 16 parts"),
        ("x = 1\ny = " + "9" * 5_000, 2, "a number of 5,000 characters"),
        ("x = 1\ny = '\0'", 2, "NUL"),
        ("x = [" + "[]," * 30_000 + "]", 1, "more than 20,000 tables and lists"),
        ("x = 1\n" + "".join(f"a{i} = 1\n" for i in range(40_000)), 20_001, "more than 20,000 values"),
        ("x = '\ud800'", 1, "half a character"),
    ],
)
def test_what_would_choke_the_parser(text: str, line: int, said: str) -> None:
    start = time.monotonic()
    with pytest.raises(InvalidInput, match=said) as caught:
        parse_text(text, "deal.toml", None)
    assert caught.value.problems[0].line == line
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a = 1\nV = 1,5", 2, "write 1.5 with a decimal point"),
        ("V = 1,234", 1, "write 1_234 without commas"),
        ("V = 80%", 1, "write 0.8 for 80%"),
        ("V = .5", 1, "digits on both sides"),
        ("V = 05", 1, "may not begin with a 0"),
        ("V = 500 to 900", 1, 'V = "500 to 900"'),
        ("T = V * D", 1, 'T = "V * D"'),
        ("价值 = 5", 1, 'must stand in quotes: "价值" = 5'),
        ("V ＝ 5", 1, "full-width character: write ="),
        ("V = １２", 1, "full-width digit: write 1"),
        ("V = “a”", 1, 'full-width character: write "'),
        ("V = 1\n\nV = 2", 3, "this name is given twice"),
        ("[a]\n[a]", 2, "this table is written twice"),
        ("x = [1 2]", 1, "a comma is missing"),
        ("x = { a = 1\nb = 2 }", 1, "is not closed on its line"),
        ("x = 'abc", 1, "the closing ' is missing: x = 'abc'"),
        ("x = 'abc\ny = 2\nz = 3", 1, "a text is not closed"),
        ('x = "abc\ny = 2', 1, 'a text is not closed; hint: the closing " is missing: x = "abc"'),
        ('x = "abc # d\ny = 2', 1, 'the closing " is missing: x = "abc"'),
        ('x = ["V, "D"]', 1, 'the closing " is missing'),
        ('x = """abc\n\n', 1, "a text is not closed"),
        ("V", 1, "no '=' after the name"),
        ("= 1", 1, "neither 'name = value' nor a [table]"),
        ("[a", 1, "not closed by ']'"),
        ('x = "a\\qb"', 1, "a backslash"),
    ],
)
def test_syntax_errors_in_plain_words(text: str, line: int, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_text(text, "deal.toml", None)
    problem = caught.value.problems[0]
    assert problem.line == line
    assert said in str(problem)
    assert "not valid TOML" in problem.reason


def test_values_of_options() -> None:
    assert parse_value("500") == 500
    assert parse_value("500 to 900") == "500 to 900"
    assert parse_value('"500"') == "500"
    assert parse_value("{ dist = 'normal', mean = 5 }") == {"dist": "normal", "mean": 5}
    assert parse_value("true") is True
    assert parse_value("1\nother = 2") == "1\nother = 2"
    assert parse_value("") == ""
    with pytest.raises(InvalidInput, match="nested"):
        parse_value("[" * 1000)


def test_a_source_knows_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "deal.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert read_file(path).folder == tmp_path
