"""Pictures as PNG: the same bytes, fonts that are there, and what is said where something is missing."""

from __future__ import annotations

import struct
import sys

import pytest
from figure_cases import dossier_of, drawn

from simengine.errors import InvalidInput
from simengine.report.figures import png


@pytest.fixture(scope="module")
def picture():
    return drawn(dossier_of(), "density")


def size_of(content: bytes) -> tuple[int, int]:
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", content[16:24])


def test_a_picture_has_the_same_bytes_twice(picture, tmp_path):
    first = picture.png()
    assert picture.png() == first
    width, height = size_of(first)
    assert width == 1280
    assert 0.4 < height / width < 0.8
    assert picture.save(tmp_path / "x.PNG").read_bytes() == first
    assert size_of(picture.png(width=900, theme="dark"))[0] == 900
    assert picture.png(theme="dark") != first


def test_characters_that_fonts_have_are_not_missing():
    assert png.missing_characters("x 0 –−·≥… P5") == []


def test_chinese_is_drawn_or_refused(monkeypatch):
    """With a font for Chinese the characters leave marks of their own; without it nothing is written."""
    chinese = drawn(dossier_of(), "density", lang="zh")
    if not png.missing_characters("转让价值"):
        assert png._drawn("转") != png._drawn("让")
        assert len(chinese.png()) > 10_000
    box = png._drawn(png._NOBODY)
    real = png._drawn
    monkeypatch.setattr(png, "_drawn", lambda char: box if char in "转让" else real(char))
    with pytest.raises(InvalidInput, match=r"no font of this machine has 让 \(U\+8BA9\), 转 \(U\+8F6C\)") as refused:
        chinese.png()
    assert "fonts-noto-cjk" in str(refused.value)


def test_a_machine_without_fonts_is_noticed(picture, monkeypatch):
    blank = png._drawn(" ")
    monkeypatch.setattr(png, "_drawn", lambda char: blank)
    with pytest.raises(InvalidInput, match="no font of this machine has x"):
        picture.png()


def test_the_missing_wheel_is_named(picture, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(InvalidInput, match=r"simengine\[report\]"):
        picture.save(tmp_path / "x.png")
    assert not list(tmp_path.iterdir())
    assert picture.save(tmp_path / "x.svg").is_file()
