"""LibreOffice for tests: opens a workbook, computes every formula anew, and writes it in another format."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link" oor:op="fuse">
<value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="SecureURL" oor:op="fuse">
<value><it>{folder}</it></value></prop></item>
</oor:items>
"""
"""Recalculate on load, follow links to other workbooks, and trust the folder that both are in."""


def recalculated(book: Path, target: str = "xlsx", *, filter_: str = "") -> Path:
    """``book`` after LibreOffice has computed it anew: a file of type ``target`` in the folder ``office`` beside it.

    Skips the test, and says so, where LibreOffice is missing.
    """
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice (soffice) is not installed: the workbook was NOT opened by an office program")
    profile = book.parent / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    settings = _SETTINGS.format(folder=book.parent.as_uri())
    (profile / "user" / "registrymodifications.xcu").write_text(settings, encoding="utf-8")
    to = f"{target}:{filter_}" if filter_ else target
    subprocess.run(
        [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", to,
         "--outdir", str(book.parent / "office"), str(book)],
        cwd=book.parent, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return book.parent / "office" / f"{book.stem}.{target}"
