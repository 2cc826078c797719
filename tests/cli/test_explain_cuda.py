"""``simengine explain --cuda``: the program that a GPU runs, annotated."""

from pathlib import Path

import pytest

from simengine.cli.main import main

SCENARIO = str(Path(__file__).parents[2] / "scenarios" / "smart_customer_service.toml")


@pytest.fixture
def explained(capsys):
    def run(*arguments):
        assert main(["explain", SCENARIO, *arguments]) == 0
        return capsys.readouterr().out

    return run


def test_the_program_is_printed_with_the_names_of_the_scenario(explained):
    text = explained("--cuda")
    assert text.startswith("// CUDA C of this scenario, float64, sobol draws")
    assert 'extern "C" __global__ void' in text
    assert "// V: lognormal" in text
    assert "// licence: T" in text


def test_a_strategy_alone(explained):
    text = explained("--cuda", "--strategy", "sale")
    assert "// sale: T" in text
    assert "licence" not in text


def test_without_the_option_formulas_are_printed(explained):
    assert "__global__" not in explained()
