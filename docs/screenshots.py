"""Pictures of the report and the workbook for the documentation: ``make screenshots``.

Runs SCENARIO with all its trials, opens what it leaves in Chromium and LibreOffice, and writes docs/images/.  Chinese
needs a font that has it, such as Noto Sans CJK.  With ``report`` or ``workbook`` only the pictures of that one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SCENARIO = ROOT / "scenarios" / "smart_customer_service.toml"
DEAL = ROOT / "scenarios" / "medical_imaging_licence.toml"
LARGEST = 300_000
"""Bytes of a picture."""

REPORT = (
    ("report", "report.html", "light", (1080, 1500)),
    ("report-dark", "deal.html", "dark", (1080, 1500)),
    ("report-zh", "report-zh.html", "light", (1080, 1500)),
    ("report-phone", "deal.html", "light", (390, 1400)),
)
"""Name of the picture, page, theme, and width and height in pixels."""
SHEETS = ("Summary", "Calculator", "Outcomes", "Tornado")
"""Sheets of the workbook of which the first printed page is shown; each page has the name of its sheet at the foot."""


class Missing(Exception):
    """A program that is needed is not installed."""


def program(*names: str) -> str:
    """The first of these programs that is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise Missing(f"{names[0]} is not installed: it draws the pictures")
    return found


def run(words: Sequence[str | Path]) -> None:
    """Run a program; its complaints are shown where it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{words[0]} failed:\n{done.stderr[-2000:]}")


def simengine(*words: str | Path) -> None:
    """Run the program itself."""
    run([sys.executable, "-m", "simengine", *words])


def chromium(folder: Path, page: Path, *options: str, dark: bool = False) -> None:
    """Open a page in a browser without a window, with a profile of its own."""
    words = [
        program("chromium", "chromium-browser", "google-chrome"),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
    ]
    words += ["--hide-scrollbars", f"--user-data-dir={folder / 'profile'}"]
    words += [f"--blink-settings=preferredColorScheme={0 if dark else 1}", *options, page.as_uri()]
    run(words)


def kept(path: Path) -> Path:
    """A picture that is written: with fewer colours where pngquant is installed, and never too large."""
    quantiser = shutil.which("pngquant")
    if quantiser is not None:
        run([quantiser, "--force", "--skip-if-larger", "--strip", "--output", path, "256", path])
    size = path.stat().st_size
    if size > LARGEST:
        raise SystemExit(f"{path.name} has {size:,} bytes, more than {LARGEST:,}: install pngquant, or show less")
    print(f"{path.relative_to(ROOT)}: {size:,} bytes")
    return path


def pages_of(pdf: Path, folder: Path, first: int, last: int, resolution: int) -> list[Path]:
    """Pages of a printed document as pictures."""
    root = folder / f"{pdf.stem}-page"
    run([program("pdftoppm"), "-png", "-r", str(resolution), "-f", str(first), "-l", str(last), pdf, root])
    return sorted(folder.glob(f"{root.name}-*.png"))


def report_pictures(folder: Path) -> None:
    """The report in both themes, in both languages, on a phone and on paper."""
    for name, page, theme, (width, height) in REPORT:
        target = IMAGES / f"{name}.png"
        options = (f"--window-size={width},{height}", f"--screenshot={target}")
        chromium(folder, folder / page, *options, dark=theme == "dark")
        kept(target)
    printed = folder / "report.pdf"
    chromium(folder, folder / "report.html", "--no-pdf-header-footer", f"--print-to-pdf={printed}")
    shutil.move(pages_of(printed, folder, 1, 1, 80)[0], IMAGES / "report-print.png")
    kept(IMAGES / "report-print.png")


def workbook_pictures(folder: Path) -> None:
    """Sheets of the workbook, as they print."""
    office = program("soffice", "libreoffice")
    profile = (folder / "office").as_uri()
    run([office, f"-env:UserInstallation={profile}", "--headless", "--convert-to", "pdf", "--outdir", folder,
         folder / "out" / "workbook.xlsx"])  # fmt: skip
    printed = folder / "workbook.pdf"
    run([program("pdftotext"), "-layout", printed, folder / "workbook.txt"])
    texts = (folder / "workbook.txt").read_text(encoding="utf-8").split("\f")
    for sheet in SHEETS:
        page = next((k for k, text in enumerate(texts, 1) if f"workbook.xlsx: {sheet}" in text), None)
        if page is None:
            raise SystemExit(f"the workbook has no page of the sheet {sheet}")
        target = IMAGES / f"workbook-{sheet.lower()}.png"
        shutil.move(pages_of(printed, folder, page, page, 80)[0], target)
        kept(target)


def results(folder: Path) -> None:
    """Results of both scenarios, as files in a folder."""
    simengine("run", SCENARIO.relative_to(ROOT), "--quiet", "--out", folder / "out")
    simengine("run", DEAL.relative_to(ROOT), "--quiet", "--out", folder / "deal")
    shutil.copy(folder / "out" / "report.html", folder / "report.html")
    shutil.copy(folder / "deal" / "report.html", folder / "deal.html")
    simengine("export", folder / "out", "-o", folder / "report-zh.html", "--lang", "zh")


def main(asked: Sequence[str]) -> int:
    """Write the pictures that are asked for, all of them by default."""
    makers = {"report": report_pictures, "workbook": workbook_pictures}
    unknown = [name for name in asked if name not in makers]
    if unknown:
        print(f"there are no pictures of {unknown[0]}; there are: {', '.join(makers)}", file=sys.stderr)
        return 2
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            results(folder)
            for name in asked or makers:
                makers[name](folder)
        except Missing as missing:
            print(missing, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
