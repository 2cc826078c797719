"""Chromium without a window, for tests of pages: what it prints, draws, measures and complains about."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = "axe-core@4.10.3"
_SECONDS = 90


def needed() -> None:
    """Skip the test where there is no browser."""
    if PROGRAM is None:
        pytest.skip("NO BROWSER: the page is not looked at; install Chromium (Debian: apt-get install chromium)")


class Browser:
    """A browser with a profile of its own below a folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def run(self, page: bytes, *options: str, dark: bool = False, width: int = 1100) -> tuple[str, str]:
        """What the browser writes to standard output and to its log when it opens a page."""
        assert PROGRAM is not None
        path = self.folder / "page.html"
        path.write_bytes(page)
        words = [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        words += [f"--user-data-dir={self.folder / 'profile'}", f"--window-size={width},1000"]
        words += ["--hide-scrollbars", "--no-first-run"]
        words += [f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--enable-logging=stderr", "--v=0"]
        done = subprocess.run(
            [*words, *options, path.as_uri()], capture_output=True, encoding="utf-8", timeout=_SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout, done.stderr

    def complaints(self, page: bytes, **looks: Any) -> list[str]:
        """What the console says: errors, refusals and warnings."""
        _, log = self.run(page, "--dump-dom", **looks)
        return [line for line in log.splitlines() if "CONSOLE" in line]

    def measured(self, page: bytes, script: str, *, width: int = 1100, dark: bool = False) -> Any:
        """The value of an expression of JavaScript, or of a promise, in a copy of the page that may run it."""
        return self._measured(_without_policy(page), script, width=width, dark=dark)

    def measured_each(self, pages: Sequence[tuple[bytes, int]], script: str) -> list[Any]:
        """The value of an expression in each of several pages, each in a frame of a width: one start of the browser.

        No window is as narrow as a phone, a frame may be.
        """
        frames = "".join(
            f'<iframe width="{width}" height="800" srcdoc="{html.escape(_without_policy(page).decode())}"></iframe>'
            for page, width in pages
        )
        every = f"Array.from({{length: frames.length}}, (_, k) => frames[k].eval({json.dumps(script)}))"
        found = self._measured(f"<!DOCTYPE html><head></head>{frames}".encode(), f"Promise.all({every})", width=1600)
        assert isinstance(found, list) and len(found) == len(pages)
        return found

    def _measured(self, copy: bytes, script: str, *, width: int, dark: bool = False) -> Any:
        program = (
            f"<script>addEventListener('load',async()=>{{let said;try{{said=await({script})}}"
            "catch(error){said={error:String(error)}}"
            "const out=document.createElement('pre');out.id='measured';out.textContent=JSON.stringify(said);"
            "document.documentElement.append(out)})</script>"
        )
        copy = copy.replace(b"</head>", program.encode() + b"</head>", 1)
        out, log = self.run(copy, "--virtual-time-budget=20000", "--dump-dom", width=width, dark=dark)
        found = re.search(r'<pre id="measured">(.*?)</pre>', out, re.DOTALL)
        assert found is not None, log[-2000:]
        value = json.loads(html.unescape(found[1]))
        assert not (isinstance(value, dict) and "error" in value), value
        return value

    def pdf(self, page: bytes, **looks: Any) -> bytes:
        """The page as it is printed."""
        target = self.folder / "page.pdf"
        self.run(page, "--no-pdf-header-footer", f"--print-to-pdf={target}", **looks)
        return target.read_bytes()


def _without_policy(page: bytes) -> bytes:
    return re.sub(rb'<meta http-equiv="Content-Security-Policy"[^>]*>', b"", page)


def axe(folder: Path) -> str:
    """The text of axe-core, fetched by npm; skips the test where that cannot be."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("NO NPM: the page is not checked by axe-core")
    done = subprocess.run(
        [npm, "pack", AXE, "--silent"], cwd=folder, capture_output=True, encoding="utf-8", timeout=_SECONDS, check=False
    )
    if done.returncode:
        pytest.skip(f"axe-core cannot be fetched, the page is not checked by it: {done.stderr[-300:]}")
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as packed:
        content = packed.extractfile("package/axe.min.js")
        assert content is not None
        return content.read().decode("utf-8")
