"""Commands that decide, on every template of a deal over years: they end well and say something."""

import pytest
from click.testing import CliRunner

from simengine.cli.main import main
from simengine.scenario.templates import template

DEALS = (
    *("licence", "sale", "joint-venture", "joint-development", "subscription", "api"),
    *("open-source-vs-proprietary", "cross-border"),
)


@pytest.mark.parametrize("command", ["drivers", "compare", "risks"])
@pytest.mark.parametrize("name", DEALS)
def test_a_template_can_be_asked(name: str, command: str, tmp_path) -> None:
    file = tmp_path / "deal.toml"
    file.write_text(template(name, "deal.toml"), encoding="utf-8")
    found = CliRunner().invoke(main, [command, str(file), "--trials", "1024"])
    assert found.exit_code == 0, found.output
    assert "npv" in found.stdout and "defect" not in found.output
