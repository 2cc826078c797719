"""The findings of ``simengine doctor`` as text."""

from __future__ import annotations

from collections.abc import Sequence

from simengine.analysis.doctor import Finding
from simengine.analysis.warmup import WarmUp
from simengine.report.text import Cell, Column, Style, table


def findings_text(findings: Sequence[Finding], style: Style) -> str:
    """A table of all findings, and a verdict."""
    marks = {"fine": "ok", "note": "note", "wrong": "WRONG"}
    rows: list[list[Cell]] = [[marks[finding.verdict], finding.subject, finding.text] for finding in findings]
    columns = [Column(""), Column("looked at"), Column("found", flexible=True)]
    wrong = sum(finding.verdict == "wrong" for finding in findings)
    verdict = f"{wrong} wrong answers: do not trust this installation" if wrong else "every known answer is right"
    return "\n".join([*table(columns, rows, style), "", verdict])


def warmup_text(done: WarmUp) -> str:
    """One line about what a warm-up compiled and where it is kept."""
    count = len(done.kernels)
    what = (
        f"compiled {done.compiled} of {count} kernels" if done.compiled else f"all {count} kernels were compiled before"
    )
    where = f"kept in {done.folder}" if done.folder else "kept nowhere: the next run compiles again"
    return f"{what}, {done.seconds:.1f} s; {where}\n"
