"""Where a result comes from, and the command that gives it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from simengine.report.numbers import level
from simengine.report.page.markup import Column, Markup, cell, code, join, paragraph, row_head, table, text
from simengine.report.page.subject import Section, Subject
from simengine.report.text import printable
from simengine.report.workbook.provenance import in_words
from simengine.results.record import Record


def provenance(subject: Subject) -> Section:
    """Digests, seed and versions, and the commands that reproduce the digits."""
    said = subject.said
    rows = [[row_head(text(label)), cell(value)] for label, value in _facts(subject)]
    columns = [Column(text(said.fact)), Column(text(said.value), looks="broad")]
    parts = [
        paragraph(text(said.reproduce)),
        _command([shlex.join(part) for part in _parts(subject.record)]),
        paragraph(text(said.check_stored)),
        _command(["simengine verify results.nc"]),
        table("facts", text(said.facts_caption), columns, rows),
    ]
    return Section("provenance", said.provenance, join(parts))


def command_of(record: Record) -> str:
    """The command that computes a result again; the device and the number of threads change no digit."""
    return " ".join(shlex.join(part) for part in _parts(record))


def _parts(record: Record) -> Iterator[list[str]]:
    """The words of the command, those together that belong together."""
    yield ["simengine", "run", _file(record.text("scenario_file"))]
    yield ["--trials", str(record.integer("trials"))]
    yield ["--seed", str(record.integer("seed"))]
    yield ["--sampler", record.text("sampler")]
    yield ["--replicates", str(record.integer("replicates"))]
    yield ["--percentiles", ",".join(level(percent) for percent in record["quantile"].tolist())]
    if record.text("precision") != "float64":
        yield ["--precision", record.text("precision")]
    for strategy in record.document("selected_strategies") or []:
        yield ["--strategy", strategy]
    for path, value in record.document("overrides").items():
        yield ["--set", f"{path}={_toml(value)}"]


def _file(name: str) -> str:
    """A name of a file that is not taken for an option."""
    return f"./{name}" if name.startswith("-") else name


def _toml(value: object) -> str:
    """A value as it can be given to ``--set``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_inner, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inner(part)}" for key, part in value.items()) + " }"
    return str(value)


def _inner(value: object) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return _toml(value)


def _command(parts: list[str]) -> Markup:
    """A command that breaks between its options where it does not fit."""
    return Markup(f"<pre><code>{join([f'<span>{text(part)}</span>' for part in parts], ' ')}</code></pre>")


def _facts(subject: Subject) -> Iterator[tuple[str, Markup]]:
    record, said = subject.record, subject.said
    yield said.scenario, code(record.text("scenario"))
    yield said.scenario_file, code(record.text("scenario_file"))
    chosen = record.document("selected_strategies")
    yield said.strategies_asked, text(said.all_of_them) if chosen is None else join(map(code, chosen), ", ")
    for path, value in record.document("overrides").items():
        yield said.set_for_run, code(f"{path} = {in_words(value)}")
    yield said.number_of_trials, text(f"{record.integer('trials'):,}")
    yield said.seed, text(str(record.integer("seed")))
    yield said.draws, text(said.draws_of(record.text("sampler")))
    yield said.replicates, text(str(record.integer("replicates")))
    yield said.device, code(record.text("device"))
    yield said.precision, code(record.text("precision"))
    yield said.made_by, code(record.text("command"))
    yield said.created, text(record.text("created").replace("T", " ").removesuffix("+00:00"))
    yield said.plan_digest, code(record.text("plan_digest"))
    yield said.summary_digest, code(record.text("summary_digest"))
    yield said.stream_version, text(str(record.integer("stream_version")))
    yield said.schema_version, text(str(record.integer("schema_version")))
    yield said.table_error, text(f"{record.number('worst_table_error'):.1e}")
    versions = record.document("versions").items()
    yield said.versions, join([code(f"{part} {printable(in_words(version))}") for part, version in versions], ", ")
    yield from _studies(subject)
    for source in record.document("sources"):
        yield said.data_file.format(name=printable(source["name"])), code(f"SHA-256 {source['sha256']}")


def _studies(subject: Subject) -> Iterator[tuple[str, Markup]]:
    """On how many trials each analysis beside the run rests, and which could not be computed, and why."""
    dossier, said = subject.dossier, subject.said
    for label, found in ((said.trials_compared, dossier.comparison), (said.trials_drivers, dossier.drivers)):
        if found is not None:
            yield label, text(f"{found.integer('trials'):,}")
    if dossier.register is not None:
        yield said.trials_risks, text(f"{int(dossier.register['trials']):,}")
    for note in dossier.notes:
        yield said.left_out, text(printable(note))
