"""Results that pictures are drawn of, and what is read back from their markup."""

from __future__ import annotations

import json
import re
from functools import cache
from xml.etree import ElementTree

import simengine
from simengine.report.figures import Figure, figure
from simengine.report.figures.draws import Draws, redrawn
from simengine.results.dossier import Dossier
from simengine.scenario import loads

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '=1+1</text><script>alert("x")</script>&amp;]]>{0}{x}%s'

DEAL = """
[scenario]
name = "sample"
title = "示例 / A sample"
horizon = 3

[inputs.V]
dist = "lognormal"
p10 = 620
p90 = 1600
title = "市场价值 / market value"

[inputs.D]
dist = "pert"
min = 0.4
mode = 0.8
max = 1.0
title = {title}

[[correlations]]
between = ["V", "D"]
spearman = 0.5

[risks.leak]
probability = 0.3
severity = "0.1 to 0.5"

[model]
T = "V * D * (1 - leak) - 400"
margin = "T / V"
sales = "V * D * year / 6"

[outputs]
T = {{ unit = {unit}, title = "转让价值 / transfer value", targets = [0, 300] }}
margin = {{}}
sales = {{ unit = {unit} }}

[strategies.licence]
title = {title}

[strategies.safe]
title = "加强保护 / with protection"
"risks.leak.probability" = 0.05
"""
TITLE = "普通授权 / plain licence"


@cache
def dossier_of(title: str = TITLE, unit: str = "USD 10k", trials: int = 4096) -> Dossier:
    """A deal over three years with two strategies, drivers and correlated inputs; every label may be chosen."""
    text = DEAL.format(title=json.dumps(title), unit=json.dumps(unit))
    scenario = loads(text)
    record = simengine.run(scenario, trials=trials, seed=5).record
    drivers = simengine.drivers(scenario, trials=trials, seed=5, sections=["tornado", "spider"]).record
    return Dossier(record, drivers=drivers)


_DRAWS: dict[tuple[str, str], Draws | None] = {}


def draws_for(dossier: Dossier, kind: str) -> Draws | None:
    key = dossier.record.digest(), kind
    if key not in _DRAWS:
        _DRAWS[key] = redrawn(dossier.record, kind)
    return _DRAWS[key]


def drawn(dossier: Dossier, kind: str, **asked: object) -> Figure:
    """A picture with the draws that it needs."""
    return figure(dossier, kind, draws=draws_for(dossier, kind), **asked)


def parsed(found: Figure, **how: object) -> ElementTree.Element:
    return ElementTree.fromstring(found.svg(**how).encode())


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter(f"{SVG}g") if element.get("class") == f"sim-{name}"]


def texts(element: ElementTree.Element) -> list[str]:
    """What is written, without tooltips."""
    return [(node.text or "") + "".join(child.tail or "" for child in node) for node in element.iter(f"{SVG}text")]


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "").removesuffix("%"))


def axis(root: ElementTree.Element, name: str) -> tuple[float, float]:
    """The line (intercept, slope) from places to values, from the labels that a reader sees."""
    (group,) = of_class(root, name)
    coordinate = "x" if name == "x-axis" else "y"
    ticks = [
        (float(node.get(coordinate)) - (4.0 if coordinate == "y" else 0.0), number(node.text))
        for node in group.iter(f"{SVG}text")
        if re.fullmatch(r"−?[\d,.]+(?: %)?", node.text or "")
    ]
    (first, low), (last, high) = ticks[1], ticks[-2]  # the outermost may be moved inwards
    slope = (high - low) / (last - first)
    return low - slope * first, slope


def path_points(d: str) -> list[tuple[float, float]]:
    return [tuple(map(float, place.split(","))) for place in re.findall(r"-?[\d.]+,-?[\d.]+", d)]
