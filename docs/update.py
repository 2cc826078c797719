"""Write the generated parts of README and docs again: ``make docs``; ``--check`` only says which are stale.

A generated part stands between ``<!-- generated: NAME ARGUMENTS -->`` and ``<!-- end -->``.  Tables come from
the tables that the program itself uses, and output of commands from running them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simengine.distributions.family import Form

ROOT = Path(__file__).resolve().parent.parent
PART = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z-]+)(?: (?P<arguments>[^\n]*?))? -->\n)"
    r"(?P<body>.*?)(?P<end><!-- end -->)",
    re.DOTALL,
)
WIDTH = 100
"""Columns of the terminal in which the commands of the documentation run."""


class Missing(Exception):
    """What a generated part is made from does not exist (yet)."""


def pages() -> list[Path]:
    """The pages that may hold generated parts."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def updated(text: str, missing: list[str] | None = None) -> str:
    """The text with every generated part written again; one that cannot be is kept, and ``missing`` says why.

    Raises
    ------
    Missing
        When what a part is made from does not exist, and there is no list to say so.
    """

    def written(part: re.Match[str]) -> str:
        try:
            body = GENERATORS[part["name"]](part["arguments"] or "")
        except Missing as error:
            if missing is None:
                raise
            missing.append(str(error))
            return part[0]
        return f"{part['begin']}{body.rstrip()}\n{part['end']}"

    return PART.sub(written, text)


def _simengine(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command away from any terminal."""
    return subprocess.run(
        [sys.executable, "-m", "simengine", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(WIDTH), "NO_COLOR": "1", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def _output(arguments: str) -> str:
    """What a command prints to its standard output, run in the repository."""
    done = _simengine(arguments.split(), ROOT)
    assert done.returncode == 0, done.stderr
    lines = "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())
    return f"```text\n{lines}\n```"


def _exit_codes(_: str) -> str:
    from simengine.errors import EXIT_CODES

    return _table(("exit status", "meaning"), ((str(code), meaning) for code, meaning in EXIT_CODES.items()))


def _operators(_: str) -> str:
    from simengine.formula.functions import OPERATORS

    rows = [
        (f"`{o.symbol}x`" if not o.symbol.isalpha() else f"`{o.symbol} x`") if o.operands == 1 else f"`x {o.symbol} y`"
        for o in OPERATORS.values()
    ]
    return _table(("written", "value"), zip(rows, (o.doc for o in OPERATORS.values()), strict=True))


def _functions(_: str) -> str:
    """All functions in one table, group by group, and the constants."""
    from simengine.formula.functions import CONSTANTS, FUNCTIONS

    rows: list[tuple[str, ...]] = []
    for group in dict.fromkeys(function.group for function in FUNCTIONS.values()):
        listed = [function for function in FUNCTIONS.values() if function.group == group]
        rows += [(f"`{function.usage}`", function.doc, group) for function in listed]
    rows += [(f"`{name}`", f"{value!r}", "constants") for name, value in CONSTANTS.items()]
    return _table(("written", "value", "group"), rows)


def _distributions(_: str) -> str:
    """One entry a family: what it is, an example, every way to give its parameters and what each means."""
    from simengine.distributions import FAMILIES

    parts = []
    for family in FAMILIES.values():
        parts += [f"### {family.name}", f"{family.doc[0].upper()}{family.doc[1:]}. `{family.example}`"]
        meanings: dict[str, str] = {}
        forms = [_form(form, meanings) for form in family.forms]
        rows = [(", or ".join(f"`{key}`" for key in keys.split()), doc) for keys, doc in meanings.items()]
        parts += ["\n".join(f"- {form}" for form in forms)]
        parts += [_table(("parameter", "meaning"), rows)] if rows else []
        parts += [f"Reference: {family.reference}."] if family.reference else []
    return "\n\n".join(parts)


def _form(form: Form, meanings: dict[str, str]) -> str:
    """One way to give a family's parameters; the meaning of each is added to ``meanings``."""
    keys = []
    if form.percentiles:
        least, most = form.percentiles
        count = f"{least}" if least == most else f"{least} to {most}"
        keys.append(f"{count} percentile{'s' if most > 1 else ''}")
    for parameter in form.parameters:
        default = f" (default {parameter.default:g})" if isinstance(parameter.default, float) else " (optional)"
        keys.append(f"`{parameter.name}`{'' if parameter.required else default}")
        allowed = str(parameter.bounds) if parameter.kind in ("number", "integer", "numbers") else ""
        limits = f"; {allowed}" if allowed and allowed != "any finite number" else ""
        meanings[" ".join((parameter.name, *parameter.aliases))] = parameter.doc + limits
    return ", ".join(keys) + (f": {form.doc}" if form.doc else "")


def _problems(page: str) -> str:
    """What ``simengine check`` says of the scenario marked ``toml invalid`` on a page of docs/."""
    block = re.search(r"^```toml invalid\n(.*?)^```$", (ROOT / "docs" / page).read_text("utf-8"), re.DOTALL | re.M)
    assert block, page
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "broken.toml").write_text(block[1], encoding="utf-8")
        done = _simengine(["check", "broken.toml"], Path(folder))
    assert done.returncode == 2, done.stderr
    return f"```text\n{done.stderr.rstrip()}\n```"


def _variables(kind: str) -> str:
    """The variables of a result or a comparison, without those that only say how sure another one is."""
    from simengine.analysis.compare.variables import VARIABLES
    from simengine.results.variables import REGISTRY

    beside = ("_se", "_low", "_high") if kind else ()
    listed = [v for v in (VARIABLES if kind else REGISTRY).values() if not v.name.endswith(beside)]
    rows = ((f"`{v.name}`", ", ".join(v.dims), v.unit, v.meaning) for v in listed)
    return _table(("variable", "dimensions", "unit", "meaning"), rows)


def _benchmark(title: str) -> str:
    """A section of the newest report in benchmarks/results/, with the machine and the day of the measurement."""
    newest = max((ROOT / "benchmarks" / "results").glob("[0-9]*.md"), default=None)
    if newest is None:
        raise Missing("benchmarks/results has no report: measure one with make bench")
    report = newest.read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", report, re.DOTALL | re.M)
    if section is None:
        raise Missing(f"benchmarks/results/{newest.name} has no section {title!r}: measure it with make bench")
    day, about = report.split("\n")[0].removeprefix("# Benchmarks, "), report.split("\n\n")[1].split(";")[0]
    return f"{section[1].strip()}\n\nMeasured {day}: {about}."


def _driver_variables(_: str) -> str:
    from simengine.analysis.drivers.variables import REGISTRY

    rows = ((f"`{v.name}`", ", ".join(v.dims), v.unit, v.meaning) for v in REGISTRY.values())
    return _table(("variable", "dimensions", "unit", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    """Text of a table cell, in which Markdown would take ``|`` and ``*`` for its own; code is left alone."""
    if text.startswith("`"):
        return text.replace("|", "\\|")
    return re.sub(r"([|*])", r"\\\1", text)


GENERATORS: dict[str, Callable[[str], str]] = {
    "benchmark": _benchmark,
    "distributions": _distributions,
    "driver-variables": _driver_variables,
    "exit-codes": _exit_codes,
    "functions": _functions,
    "operators": _operators,
    "output": _output,
    "problems": _problems,
    "variables": _variables,
}
"""What writes a generated part, by its name."""


def main(arguments: list[str]) -> int:
    """Update all pages, or with ``--check`` only name those that are not current.

    1 where a page is not current, or stays so because what a part is made from is missing.
    """
    sys.path.insert(0, str(ROOT))
    check = "--check" in arguments
    stale, kept = [], False
    for page in pages():
        text = page.read_text(encoding="utf-8")
        missing: list[str] = []
        new = updated(text, missing)
        kept = kept or bool(missing)
        for reason in missing:
            print(f"{page.relative_to(ROOT)} has a stale part: {reason}")
        if new != text:
            stale.append(page.relative_to(ROOT))
            if not check:
                page.write_text(new, encoding="utf-8")
    for page in stale:
        print(f"{page} {'is not current: run make docs' if check else 'was written again'}")
    return 1 if kept or (check and stale) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
