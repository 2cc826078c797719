"""``simengine doctor``."""

from __future__ import annotations

import click

from simengine.cli.arguments import Command
from simengine.cli.streams import style_of, write
from simengine.errors import Mismatch


@click.command("doctor", cls=Command)
@click.option("--warmup", is_flag=True, help="Compile everything into the cache first, and say how long it took.")
def command(warmup: bool) -> None:
    """Say what this installation runs on, and check it with known answers.

    Versions, processor, threads, cache folder and optional packages; then published random numbers and a small
    deal are computed. The exit status is 6 when an answer is wrong. Nothing is sent anywhere.

    Examples
    --------
      simengine doctor
      simengine doctor --warmup
    """
    from simengine.analysis.doctor import examine
    from simengine.report.doctor import findings_text

    if warmup:
        from simengine.analysis.warmup import warm_up
        from simengine.report.doctor import warmup_text

        write(warmup_text(warm_up()))
    findings = examine()
    write(findings_text(findings, style_of()))
    wrong = [finding.subject for finding in findings if finding.verdict == "wrong"]
    if wrong:
        raise Mismatch(f"this installation computes wrong answers: {', '.join(wrong)}")
