"""Commands that decide, on every template of a deal over years: they end well and say something."""

import pytest

from simengine.cli.main import main
from simengine.scenario.templates import template

DEALS = (
    *("licence", "sale", "joint-venture", "joint-development", "subscription", "api"),
    *("open-source-vs-proprietary", "cross-border"),
)


@pytest.mark.parametrize("command", ["drivers", "compare", "risks"])
@pytest.mark.parametrize("name", DEALS)
def test_a_template_can_be_asked(name, command, tmp_path, capsys):
    file = tmp_path / "deal.toml"
    file.write_text(template(name, "deal.toml"), encoding="utf-8")
    status = main([command, str(file), "--trials", "1024"])
    said = capsys.readouterr()
    assert status == 0, said.err
    assert "npv" in said.out and "defect" not in said.err
