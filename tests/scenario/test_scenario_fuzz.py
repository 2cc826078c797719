"""Whatever the text, reading it ends in a scenario or in one InvalidInput, soon, with every problem located."""

from __future__ import annotations

import datetime
import time
import tomllib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simengine.errors import InvalidInput
from simengine.scenario import Scenario, loads, template, templates
from simengine.scenario.document import to_toml
from simengine.scenario.source import decode

LIMIT = 2.0
"""Seconds of one processor that one text may take."""

TEXTS = [template(name) for name in templates()]

relaxed = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(text: str, **options: object) -> None:
    start = time.process_time()
    try:
        scenario = loads(text, file="f", set_values=options or None)
    except InvalidInput as error:
        assert error.problems
        lines = text.count("\n") + 1
        for problem in error.problems:
            assert problem.severity == "error"
            assert problem.file in ("f", "--set")
            assert problem.line is None or 1 <= problem.line <= lines
            assert (
                problem.line is not None
                or "empty" in problem.reason
                or problem.file == "--set"
                or "1 MiB" in str(problem)
            )
            assert "\n" not in str(problem)
            assert "pydantic" not in str(problem) and "Input should" not in str(problem)
    else:
        assert isinstance(scenario, Scenario)
        assert all(problem.line is not None for problem in scenario.warnings if problem.file == "f")
    assert time.process_time() - start < LIMIT


@relaxed
@given(st.binary(max_size=200))
def test_bytes(data: bytes) -> None:
    try:
        read(decode(data, "f"))
    except InvalidInput as error:
        assert error.problems[0].file == "f"


@relaxed
@given(st.text(max_size=100))
def test_any_text(text: str) -> None:
    read(text)


words = (
    """[ ] [[ ]] { } = , . " ' """
    + '""" # \\ 1 - inf nan 1e999 true V inputs risks model T strategies correlations between '
    + 'dist "pert" scenario name 1979-05-27 价 \u202e \x00 "a.b" simulate extends'
)
pieces = st.sampled_from([*words.split(" "), " ", "\n", "\r\n", "\t", '"600 to 1600"'])


@relaxed
@given(st.lists(pieces, max_size=60))
def test_pieces_of_the_language(parts: list[str]) -> None:
    read("".join(parts))


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A template with a few characters or lines removed, doubled or replaced."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(text) - 1, 0)))
        end = min(len(text), at + draw(st.integers(0, 40)))
        change = draw(st.sampled_from(["cut", "twice", "put", "line"]))
        if change == "cut":
            text = text[:at] + text[end:]
        elif change == "twice":
            text = text[:end] + text[at:end] + text[end:]
        elif change == "put":
            text = text[:at] + draw(pieces) + text[at:]
        else:
            lines = text.split("\n")
            number = draw(st.integers(0, len(lines) - 1))
            text = "\n".join(lines[:number] + lines[number + 1 :])
    return text


@relaxed
@given(damaged())
def test_damaged_templates(text: str) -> None:
    read(text)


odd_numbers = [True, 0, -1, 1, 80, 10**30, -(2**63), 0.5, 1e308, -0.0, float("inf"), float("nan")]
odd_texts = ["", "1 to 2", "2 to 1", "80%", "1,5", "V * D", "((", "T", "V", "x" * 300, "\u202e", "normal", "価"]
odd_keys = ["dist", "min", "max", "mode", "mean", "sd", "p10", "title", "T", "V", "a.b", "", "probability"]
odd_values = st.recursive(
    st.sampled_from([*odd_numbers, *odd_texts, datetime.date(2026, 1, 1), datetime.time(1, 2)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(odd_keys), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def odd_documents(draw: st.DrawFn) -> dict[str, object]:
    """A template in which some value, at any depth, is another one, has another name, or is gone."""
    data = tomllib.loads(draw(st.sampled_from(TEXTS)))
    for _ in range(draw(st.integers(1, 3))):
        here: object = data
        while True:
            if not isinstance(here, dict | list) or not here:
                break
            keys = list(here) if isinstance(here, dict) else list(range(len(here)))
            key = draw(st.sampled_from(keys))
            if isinstance(here[key], dict | list) and draw(st.integers(0, 3)):  # type: ignore[index]
                here = here[key]  # type: ignore[index]
                continue
            change = draw(st.sampled_from(["value", "value", "gone", "name"]))
            if change == "gone":
                del here[key]
            elif change == "name" and isinstance(here, dict):
                here[draw(st.text(max_size=5))] = here.pop(key)
            else:
                here[key] = draw(odd_values)  # type: ignore[index]
            break
    return data


@relaxed
@given(odd_documents())
def test_odd_values_anywhere(data: dict[str, object]) -> None:
    read(to_toml(data))


@relaxed
@given(
    st.sampled_from(
        ["inputs.V", "inputs.V.p90", "risks.a.severity", "simulate.trials", "x", "", "..", "strategies.licence"]
    ),
    odd_values | st.text(max_size=20),
)
def test_odd_options(key: str, value: object) -> None:
    read(TEXTS[0], **{key: value})


def test_the_largest_texts_end_in_time() -> None:
    size = 1 << 20
    head = '[scenario]\nname = "x"\n[inputs]\n'
    for text in (
        head + "".join(f"a{i} = 1\n" for i in range(size // 14)),
        head + "".join(f'a{i} = "x"\n' for i in range(1_999)),
        head + "x = [" + "1.5," * (size // 5) + "]",
        head + "V = 1\n[model]\n" + "".join(f'a{i} = "a{i + 1} + V"\n' for i in range(1_900)),
        head + "V = 1\n" + "".join(f"[strategies.s{i}]\ninputs.V = {i}\n" for i in range(20_000)),
        head + "".join(f'[[correlations]]\nbetween = ["a{i}", "b{i}"]\nspearman = 0.5\n' for i in range(5_000)),
        head + "x = { " + ", ".join(f"k{i} = 1" for i in range(size // 14)) + " }",
        head + "V = 1\n[model]\n" + "".join(f'a{i} = "{"V+" * 600}V"\n' for i in range(850)),
        "#" * (size - 1),
        "[" * (size - 1),
        '"' * (size - 1),
        "a." * (size // 2 - 1),
        "\n" * (size - 1),
    ):
        read(text)
