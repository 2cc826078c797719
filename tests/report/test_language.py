"""The languages of a report: every phrase in both, bilingual titles, and how numbers are said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dossiers import DEAL

import simengine
from simengine.errors import InvalidInput
from simengine.report.figures.wording import PictureWords
from simengine.report.language import is_chinese, localised, strategy_names, words
from simengine.report.phrases import Phrase
from simengine.report.titles import AROUND, CHINESE
from simengine.results.compute import expanded
from simengine.scenario import load, loads
from simengine.scenario.templates import template, templates

ROOT = Path(__file__).resolve().parents[2]
PHRASES = {
    name: phrase for kind in PictureWords.__mro__ for name, phrase in vars(kind).items() if isinstance(phrase, Phrase)
}
SAME = {"percent_heading", "list_comma", "comma", "semicolon", "stop", "unit_form"}
"""Phrases without a Chinese word."""


def test_every_phrase_is_in_both_languages_with_the_same_gaps():
    assert len(PHRASES) > 200
    held = [name for kind in PictureWords.__mro__ for name, phrase in vars(kind).items() if isinstance(phrase, Phrase)]
    assert len(held) == len(PHRASES)  # no phrase hides another
    for name, phrase in PHRASES.items():
        gaps = [sorted(re.findall(r"\{(\w+)\}", said)) for said in (phrase.en, phrase.zh)]
        gaps = [[gap for gap in found if gap not in ("month", "number")] for found in gaps]
        assert gaps[0] == gaps[1], name
        assert phrase.zh and (phrase.en or name == "notes_language"), name
        assert not is_chinese(phrase.en), name
        assert is_chinese(phrase.zh) or name in SAME, name
        assert not re.search(r"[,;:] ?$|(?<=[\u4e00-\u9fff])[,;:](?=[\u4e00-\u9fff])", phrase.zh), name


def test_every_phrase_is_used():
    sources = (ROOT / "simengine" / "report").rglob("*.py")
    used = "\n".join(path.read_text(encoding="utf-8") for path in sources if path.name != "phrases.py")
    found = set(re.findall(r"(?m)\b\w+\b(?! = Phrase\()", used))
    unused = set(PHRASES) - found
    assert not unused


def test_titles_in_both_languages_are_told_apart():
    assert localised("转让价值 / transfer value", "en") == "transfer value"
    assert localised("转让价值 / transfer value", "zh") == "转让价值"
    assert localised("transfer value / 转让价值", "zh") == "转让价值"
    assert localised("cost / benefit", "zh") == localised("cost / benefit", "en") == "cost / benefit"
    assert localised("仅中文", "en") == "仅中文"
    assert localised("a/b", "zh") == "a/b"
    assert localised("甲 / a / b", "en") == "a / b"
    assert localised("", "zh") == ""


def test_titles_of_the_engine_around_names_of_a_scenario():
    assert localised("failure of 取得注册 / regulatory clearance", "zh") == "“取得注册”失败"
    assert localised("failure of 取得注册 / regulatory clearance", "en") == "failure of regulatory clearance"
    assert localised("whether 认证 / certification begins", "en") == "whether certification begins"
    assert localised("default of the partner", "zh") == "合作方违约"
    for before, behind, chinese in AROUND:
        assert chinese.count("{}") == 1 and is_chinese(chinese)
        assert localised(f"{before}X{behind}", "zh") == chinese.format("X")
    assert all(is_chinese(chinese) and not is_chinese(title) for title, chinese in CHINESE.items())


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.toml")), ids=lambda path: path.stem)
def test_no_title_that_the_engine_gives_is_without_chinese(path):
    assert_titles_are_known(load(path))


@pytest.mark.parametrize("name", templates())
def test_no_title_that_the_engine_gives_to_a_template_is_without_chinese(name):
    folder = ROOT / "simengine" / "scenario" / "templates"
    assert_titles_are_known(loads(template(name), file=f"{name}.toml", folder=folder))


def assert_titles_are_known(scenario) -> None:
    found = {
        title
        for model in expanded(scenario)
        for title in (*(one.title for one in model.inputs.values()), *(one.title for one in model.formulas.values()))
        if title and title not in scenario.merged_text
    }
    unknown = {title for title in found if not is_chinese(localised(title, "zh"))}
    assert not unknown


def test_numbers_are_said_as_each_language_says_them():
    en, zh = words("en"), words("zh")
    assert (en.count_of_trials(1_000_000), zh.count_of_trials(1_000_000)) == ("1,000,000 trials", "100 万次试验")
    assert (en.count_of_trials(1), zh.count_of_trials(12_345)) == ("1 trial", "12,345 次试验")
    assert (en.percent("3.2"), zh.percent("3.2")) == ("3.2 %", "3.2%")
    moment = "2026-03-05T09:08:07+00:00"
    assert (en.day_of(moment), zh.day_of(moment), en.day_of("soon")) == ("5 March 2026", "2026年3月5日", "soon")
    assert [zh.unit_of(unit) for unit in ("USD 10k", "CNY million", "EUR", "years", "kg")] == [
        *("万美元", "百万元", "欧元", "年", "kg")
    ]
    assert (en.unit_of("USD 10k"), en.amount("5", ""), zh.amount("5", "USD 10k")) == ("USD 10k", "5", "5 万美元")
    assert (en.listed(["a", "b", "c"]), zh.listed(["a", "b", "c"])) == ("a, b and c", "a、b和c")
    assert en.listed(["a"]) == "a"


def test_an_unknown_language_is_refused():
    with pytest.raises(InvalidInput, match="no such language"):
        words("fr")


def test_strategies_are_called_by_their_titles_and_told_apart():
    text = DEAL.replace('title = "带保护的授权"', 'title = "普通授权 / plain licence"')
    record = simengine.run(loads(text), trials=100, threads=1).record
    assert strategy_names(record, "en") == (
        "plain licence (licence)",
        "plain licence (licence-protected)",
        "outright sale",
    )
    assert strategy_names(record, "zh")[2] == "一次性买断"
