"""What may be a name, and what a misspelt one was meant to be."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simengine.errors import InvalidInput
from simengine.formula import RESERVED, parse
from simengine.formula.nodes import Name
from simengine.scenario import loads, names


@pytest.mark.parametrize("name", ["V", "ip_leak", "_x", "x1", "价值", "Größe", "σ", "x" * 128])
def test_good_names(name: str) -> None:
    assert names.check_identifier(name, "an input") is None


@pytest.mark.parametrize(
    "name",
    ["", "1x", "a-b", "a b", "a.b", "x" * 129, "ﬁ", "Ｖ", "a\u200bb", "a\u202eb", "\u0000", "e\u0301"],
)
def test_bad_names(name: str) -> None:
    assert names.check_identifier(name, "an input") is not None


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_words_of_the_formula_language(name: str) -> None:
    assert names.check_identifier(name, "an input") is not None


@given(st.text(min_size=1, max_size=8))
def test_a_good_name_is_one_name_in_formulas(name: str) -> None:
    if names.check_identifier(name, "an input") is None:
        tree = parse(name)
        assert isinstance(tree, Name) and tree.name == name


@given(st.text(min_size=1, max_size=8))
def test_hints_are_good_names(name: str) -> None:
    problem = names.check_identifier(name, "an input")
    if problem and problem.hint and problem.hint.startswith("write "):
        meant = problem.hint.removeprefix("write ")
        again = names.check_identifier(meant, "an input")
        assert again is None or again.reason != problem.reason


@pytest.mark.parametrize("name", ["licence", "patent-first", "a_b", "2026", "智能客服", "許可-2"])
def test_good_slugs(name: str) -> None:
    assert names.check_slug(name, "a strategy") is None


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "..", "a.b", "a\nb", "=cmd", "<b>", "a:b", "x" * 129])
def test_bad_slugs(name: str) -> None:
    problem = names.check_slug(name, "a strategy")
    assert problem is not None
    assert problem.allowed


@given(st.text(max_size=6))
def test_slugs_are_safe_in_file_names(name: str) -> None:
    if names.check_slug(name, "a scenario") is None:
        assert not set(name) & set('/\\:*?"<>|.=+@ \t\n\r\0')
        assert unicodedata.normalize("NFKC", name) == name


def test_nearest() -> None:
    assert names.nearest("sgima", ["mu", "sigma"]) == "sigma"
    assert names.nearest("TRIALS", ["trials", "seed"]) == "trials"
    assert names.nearest("nothing", ["mu", "sigma"]) is None
    assert names.suggest("sead", ["seed"]) == "did you mean seed?"
    assert names.suggest("zzz", ["seed"]) is None


def test_same_but_for_capitals() -> None:
    assert names.same_name(["Fee", "fee", "straße", "STRASSE", "x"]) == {"fee": "Fee", "STRASSE": "straße"}


@pytest.mark.parametrize(
    ("given_names", "warned"),
    [
        (["T", "V"], []),
        (["T", "Т"], ["Т"]),
        (["mаrket"], ["mаrket"]),
        (["σ_V", "μ"], []),
        (["价值", "V"], []),
        (["цена"], []),
        (["о", "o"], ["о"]),
    ],
)
def test_look_alikes(given_names: list[str], warned: list[str]) -> None:
    found = names.look_alikes({name: name for name in given_names})
    assert [problem.key for problem in found] == warned
    assert all(problem.severity == "warning" for problem in found)


def test_lists_are_cut() -> None:
    assert names.list_names("abc") == "a, b, c"
    assert names.list_names(map(str, range(20)), most=3) == "0, 1, 2, and 17 more"


def test_keys_by_what_other_programs_call_them() -> None:
    with pytest.raises(InvalidInput, match=r"simulate.iterations = 10000: is not a key .*hint: did you mean trials\?"):
        loads('[scenario]\nname = "a"\n[simulate]\niterations = 10000\n[inputs]\nx = 1\n[model]\nT = "x"\n')
