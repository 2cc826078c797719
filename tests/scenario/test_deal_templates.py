"""The templates of deals over years: they run, they teach every key, and each alternative that they offer works.

In a template a line ``#? key = value`` may be used as it stands without the mark, with the ``#+`` lines below it;
``# instead of a, b`` behind it names the keys of its table, or the tables, that it replaces.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

import pytest
from pydantic import BaseModel

from simengine.deal.expand import expand
from simengine.deal.model import Model
from simengine.engine.run import run
from simengine.plan.compile import build_plan
from simengine.scenario import loads, template, templates
from simengine.scenario.deal_tables import Deals, Discount
from simengine.scenario.risk_tables import CostItem, Event

PLAIN = ("deal", "formulas", "data")
NAMES = [name for name in templates() if name not in PLAIN]
TRIALS = 20_000

PARAMETERS = {"min", "mode", "max", "mean", "sd"}
"""Parameters of distributions, explained on the line of the family."""


@dataclass(frozen=True)
class Alternative:
    """Lines ``first`` to ``last`` (from 0, the last one excluded) of a template, and what they replace."""

    first: int
    last: int
    replaces: tuple[str, ...]
    label: str


def alternatives(text: str) -> list[Alternative]:
    """All alternatives that a template offers, in order."""
    lines = text.splitlines()
    found = []
    for index, line in enumerate(lines):
        if not line.startswith("#? "):
            continue
        last = index + 1
        while last < len(lines) and lines[last].startswith("#+ "):
            last += 1
        instead = re.search(r"#\s*instead of ([^#]*)$", line[3:])
        replaces = tuple(part.strip() for part in instead[1].split(",")) if instead else ()
        found.append(Alternative(index, last, replaces, line[3:].partition("#")[0].strip()))
    return found


def taken(text: str, one: Alternative) -> str:
    """The template with one alternative in use."""
    lines: list[str | None] = list(text.splitlines())
    table = next(line for line in reversed(lines[: one.first]) if line and line.startswith("["))
    assert table is not None
    tables = [part for part in one.replaces if part.startswith("[")]
    keys = [part for part in one.replaces if not part.startswith("[")]
    here = ""
    gone: set[str] = set()
    for index, line in enumerate(lines):
        assert line is not None
        if line.startswith("["):
            here = line.strip()
        key = re.match(r"([\w.]+) = ", line)
        if here in tables or (key and here == table and key[1] in keys):
            gone.add(here if here in tables else key[1] if key else "")
            lines[index] = None
    assert gone == set(one.replaces), f"{one.label} replaces {one.replaces}, of which there are {sorted(gone)}"
    for index in range(one.first, one.last):
        lines[index] = template_line(text, index)[3:]
    return "\n".join(line for line in lines if line is not None)


def template_line(text: str, index: int) -> str:
    return text.splitlines()[index]


ALTERNATIVES = [(name, one) for name in NAMES for one in alternatives(template(name))]


def meaning(models: tuple[Model, ...]) -> str:
    """What strategies are, as formulas and inputs."""
    formulas = [[(formula.name, formula.text) for formula in model.formulas.values()] for model in models]
    return repr([(model.inputs, found, model.grid) for model, found in zip(models, formulas, strict=True)])


@cache
def meaning_of_template(name: str) -> str:
    return meaning(expand(loads(template(name))))


@cache
def statistics(name: str):
    plan = build_plan(expand(loads(template(name))), years=True)
    return run(plan, trials=TRIALS, seed=1, percentiles=(5.0, 50.0, 95.0), threads=1)


def test_alternatives_are_found_and_taken():
    text = "[a]\nx = 1\ny = 2   # why\n#? z = 3   # instead of x\n#+ w = 4\n#? v = 5\n[b]\nx = 6\n"
    first, second = alternatives(text)
    assert first.replaces == ("x",) and second.replaces == ()
    assert taken(text, first) == "[a]\ny = 2   # why\nz = 3   # instead of x\nw = 4\n#? v = 5\n[b]\nx = 6"
    assert "v = 5\n[b]" in taken(text, second) and "#? z" in taken(text, second)
    whole = Alternative(5, 6, ("[b]",), "v = 5")
    assert taken(text, whole).endswith("v = 5")
    with pytest.raises(AssertionError, match=r"of which there are \[\]"):
        taken(text, Alternative(5, 6, ("q",), "v = 5"))


@pytest.mark.parametrize(
    ("name", "one"), [pytest.param(*case, id=f"{case[0]}: {case[1].label}") for case in ALTERNATIVES]
)
def test_each_alternative_loads_without_a_word_and_means_something(name: str, one: Alternative):
    scenario = loads(taken(template(name), one))
    assert scenario.warnings == ()
    models = expand(scenario)
    assert meaning(models) != meaning_of_template(name), "nothing changes"
    result = run(build_plan(models, years=True), trials=256, seed=1, percentiles=(50.0,), threads=1)
    assert all(outcome.faults == 0 and math.isfinite(outcome.mean) for outcome in result.outcomes)


def test_every_mark_is_an_alternative():
    for name in NAMES:
        text = template(name)
        marked = [line for line in text.splitlines() if re.match(r"#[?+] ", line)]
        assert len(marked) == sum(one.last - one.first for one in alternatives(text)), name
        assert not re.search(r"^#[?+](?! )", text, re.MULTILINE), name


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_explained_where_it_first_stands(name: str):
    """By a comment on its line or above it in its paragraph; what was said once need not be said again."""
    said: set[str] = set()
    unexplained = []
    introduced = False
    for number, line in enumerate(template(name).splitlines(), 1):
        bare = re.sub(r"^#[?+] ", "", line)
        key = re.match(r"([\w.-]+) = ", bare)
        if not line.strip():
            introduced = False
        elif line.startswith("# ") and not line.startswith("# ----"):
            introduced = True
        elif key and not (line.startswith("#") and bare == line):
            explained = introduced or "#" in re.sub(r'"[^"]*"', "", bare)
            if not explained and key[1] not in said | PARAMETERS | {"title", "source"}:
                unexplained.append(f"{number}: {line}")
            said.add(key[1])
    assert unexplained == []


@pytest.mark.parametrize("name", NAMES)
def test_strategies_differ_and_are_plausible(name: str):
    result = statistics(name)
    npv = [outcome for outcome in result.outcomes if outcome.output == "npv"]
    assert 3 <= len(npv) <= 5
    assert len({f"{outcome.mean:.5g}" for outcome in npv}) == len(npv)
    sales = [o.mean for o in result.outcomes if o.output == "sales"]
    for outcome in result.outcomes:
        assert outcome.faults == 0 and math.isfinite(outcome.mean), (outcome.strategy, outcome.output)
    best = max(npv, key=lambda outcome: outcome.mean)
    assert best.mean > 0, "nobody would do it"
    assert max(abs(outcome.mean) for outcome in npv) < 20 * best.std + 20 * abs(best.mean)
    assert all(mean > 0 for mean in sales)


@pytest.mark.parametrize("name", NAMES)
def test_no_strategy_is_the_best_whatever_happens(name: str):
    """A template is a decision: none of its strategies has the highest mean and the highest P5."""
    npv = [outcome for outcome in statistics(name).outcomes if outcome.output == "npv"]
    assert max(npv, key=lambda o: o.mean) is not max(npv, key=lambda o: o.quantiles[0])


@pytest.mark.parametrize("name", NAMES)
def test_every_uncertain_entry_has_a_source(name: str):
    for definition in loads(template(name)).strategies.values():
        for spec in definition.inputs.values():
            assert spec.source or spec.key.count(".") != 1, spec.key
        assert definition.terms is not None
        for table in (definition.terms.events, definition.terms.costs, definition.terms.tables.mitigations):
            for entry, found in table.items():
                assert found.source, entry


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_in_its_head_work(name: str, tmp_path, monkeypatch, capsys):
    from simengine.cli.main import main

    monkeypatch.chdir(tmp_path)
    assert main(["init", name]) == 0
    assert main(["init", name, "my-own.toml"]) == 0
    commands = re.findall(r"^#   simengine (\w+) (\S+)", template(name, "my-own.toml"), re.MULTILINE)
    assert [command for command, _ in commands] == ["check", "explain", "run", "compare"]
    capsys.readouterr()
    for command, file in commands:
        assert main([command, file, *(["--trials", "2000"] if command in ("run", "compare") else [])]) == 0, command
        said = capsys.readouterr()
        assert "warning" not in said.err, command
        assert said.out and "Traceback" not in said.err


def keys_of(table: type[BaseModel]):
    """All keys of a table and of the tables in it, as ``Table.key``."""
    for key, info in table.model_fields.items():
        yield f"{table.__name__}.{key}"
        words = set(re.findall(r"simengine\.scenario\.\w+\.(\w+)", str(info.annotation)))
        for inner in tables():
            if inner.__name__ in words:
                yield from keys_of(inner)


def tables() -> list[type[BaseModel]]:
    from simengine.scenario.tables import Table

    found, todo = [], [Table]
    while todo:
        todo += (subclasses := todo.pop().__subclasses__())
        found += subclasses
    return found


def test_the_templates_teach_the_whole_language():
    """Every key of a deal over years stands in some template, in use or as an alternative."""
    text = "\n".join(template(name) for name in NAMES)
    used = re.sub(r"^#[?+] ", "", text, flags=re.MULTILINE)
    words = set(re.findall(r"[\w-]+", "\n".join(line.partition("# ")[0] for line in used.splitlines())))
    wanted = {key for table in (Deals, Discount, Event, CostItem) for key in keys_of(table)}
    missing = {key for key in wanted if key.partition(".")[2] not in words | {"unit", "note"}}
    assert missing == set()
