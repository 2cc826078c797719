"""The tables of a scenario file, version 1 of the language, as types; the JSON Schema is made from them.

Every table refuses keys that it does not know.  What a table says beyond its own fields (which names exist, what
a distribution means) is checked by the modules that read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, WithJsonSchema

from simengine.distributions.schema import DEFINITION
from simengine.distributions.schema import json_schema as value_schema
from simengine.distributions.values import POSITIVE, Bounds
from simengine.formula.axis import Grid
from simengine.sampling.design import (
    DEFAULT_REPLICATES,
    DEFAULT_SAMPLER,
    FEWEST_REPLICATES,
    MOST_REPLICATES,
    Precision,
    Sampler,
)
from simengine.scenario.deal_tables import Deals, Discount
from simengine.scenario.docstrings import with_descriptions
from simengine.scenario.fields import DISTRIBUTION_MARK, NumberIn, Slug, items
from simengine.scenario.risk_tables import CostItem, Event
from simengine.scenario.tables import (
    Correlation,
    Dof,
    FormulaField,
    LabelField,
    Number,
    Percentile,
    Table,
    TailLevel,
    TextField,
    Value,
)
from simengine.scenario.targets import TargetTable

MAX_TRIALS = 10**12
MAX_SEED = 2**63 - 1
MAX_HORIZON = 600
"""Most periods: fifty years of months."""

_REFERENCE = f"#/$defs/{DEFINITION}"


class Header(Table):
    """What the scenario is and in which money it counts."""

    name: Annotated[str, Slug("a scenario")]
    """A short name without spaces; result files are named after it."""
    title: TextField = ""
    """One line for people, in any language."""
    description: TextField = ""
    """As much text as you like."""
    currency: LabelField = ""
    """The currency of all amounts, such as USD."""
    unit: Annotated[float, NumberIn(POSITIVE)] = 1.0
    """Amounts are in this many units of the currency: 10_000 when V = 500 means 5 million."""
    horizon: Annotated[int, NumberIn(Bounds(1, MAX_HORIZON), whole=True)] = 1
    """Number of periods; 1 is the plain value model."""
    period: Annotated[float, NumberIn(Bounds(1 / 366, 10))] = 1.0
    """Length of a period in years: 0.25 for quarters."""
    discount: Discount | None = None
    """How money of later periods is valued; not at all without it."""

    @property
    def grid(self) -> Grid:
        """The periods."""
        return Grid(self.horizon, self.period)

    @property
    def money(self) -> str:
        """The unit of amounts as a label, such as ``USD 10k``, ``USD million`` or ``USD``."""
        return " ".join(part for part in (self.currency, _multiple(self.unit)) if part)


def _multiple(unit: float) -> str:
    for size, word in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        count = unit / size
        if count >= 1 and count == int(count):
            if count == 1:
                return word
            return f"{count:.0f}k" if word == "thousand" else f"{count:.0f} {word}"
    return "" if unit == 1 else f"x {unit:g}"


class Simulate(Table):
    """How many trials are run, and what is reported of them."""

    also_called: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("iterations", "simulations", "samples", "runs", "draws", "paths", "n"), "trials"
    )

    trials: Annotated[int, NumberIn(Bounds(1, MAX_TRIALS), whole=True)] = 1_000_000
    """Number of trials."""
    seed: Annotated[int, NumberIn(Bounds(0, MAX_SEED), whole=True)] = 1
    """The number that all draws follow from; the same seed gives the same digits."""
    sampler: Sampler = DEFAULT_SAMPLER
    """How draws are made: scrambled Sobol points, independent, Latin hypercubes, or pairs of opposite draws."""
    replicates: Annotated[int, NumberIn(Bounds(FEWEST_REPLICATES, MOST_REPLICATES), whole=True)] = DEFAULT_REPLICATES
    """About how many independent randomisations give the standard errors; no matter for independent draws."""
    precision: Precision = "float64"
    """Of draws, tables and arithmetic; float32 is faster, and says how far it is from float64."""
    percentiles: Annotated[tuple[Percentile, ...], AfterValidator(items(1, 1_000, "percentiles"))] = (
        5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0,
    )  # fmt: skip
    """Percentiles to report, between 0 and 100."""
    tail_levels: Annotated[tuple[TailLevel, ...], AfterValidator(items(0, 20, "levels"))] = (0.95,)
    """Levels of value at risk and expected shortfall."""
    target_se: Annotated[dict[str, object], TargetTable()] = {}
    """Standard errors to reach, such as { "T.mean" = "0.1%" }: trials are run until they hold, whatever trials says."""
    max_trials: Annotated[int, NumberIn(Bounds(1, MAX_TRIALS), whole=True)] = 100_000_000
    """Number of trials at which such a run stops at the latest."""
    nonfinite: Literal["error", "exclude"] = "error"
    """What to do when an outcome is not a finite number in some trial."""


class Risk(Table):
    """A risk of the plain model: it strikes with a probability and then takes a share of the value."""

    probability: Value
    """Probability that it strikes: a number from 0 to 1, or a distribution on [0, 1]."""
    severity: Value
    """Share of the value that is lost when it strikes: a number or a distribution."""
    title: TextField = ""
    """What it is, for people."""
    source: TextField = ""
    """Where the numbers come from; "judgement" is an answer."""
    note: TextField = ""
    """Anything else worth keeping."""


class CorrelationTable(Table):
    """How inputs move together: one number for a pair, or a matrix for several."""

    between: Annotated[tuple[LabelField, ...], AfterValidator(items(1, 100, "names"))]
    """Two inputs, or several when a matrix is given; also RISK_severity and RISK_strikes."""
    spearman: Correlation | None = None
    """Rank correlation of the pair (Spearman's rho)."""
    kendall: Correlation | None = None
    """Rank correlation of the pair (Kendall's tau)."""
    normal: Correlation | None = None
    """Correlation of the normal scores of the pair."""
    matrix: tuple[tuple[Correlation, ...], ...] | None = None
    """Correlations of all pairs, one row for each name."""
    kind: Literal["spearman", "kendall", "normal"] = "spearman"
    """What the numbers of the matrix are."""
    copula: Literal["gaussian", "t"] = "gaussian"
    """The shape of the dependence; t joins extremes."""
    dof: Dof | None = None
    """Degrees of freedom of the t copula."""
    repair: StrictBool = False
    """Accept the nearest possible matrix when the correlations contradict each other."""
    source: TextField = ""
    """Where the numbers come from; "judgement" is an answer."""
    note: TextField = ""
    """Anything else worth keeping."""


class DecisionTable(Table):
    """A number that is ours to choose: its range or its choices, and the value that a run takes."""

    value: Number | None = None
    """What a run takes; without it the middle of the range, or the first choice."""
    min: Number | None = None
    """Smallest value."""
    max: Number | None = None
    """Largest value."""
    step: Annotated[float, NumberIn(POSITIVE)] | None = None
    """Only min, min + step, min + 2 step, and so on; without it any value between min and max."""
    choices: Annotated[tuple[Number, ...], AfterValidator(items(1, 1_000, "choices"))] | None = None
    """The values to choose from, in place of min and max."""
    title: TextField = ""
    """What it is, for people."""
    unit: LabelField = ""
    """Its unit, where it is not an amount of money."""
    source: TextField = ""
    """Where the range comes from; "judgement" is an answer."""
    note: TextField = ""
    """Anything else worth keeping."""


class OutputTable(Table):
    """How one outcome is reported."""

    title: TextField = ""
    """What it is, for people."""
    unit: LabelField | None = None
    """Its unit; left out, the money of the scenario, and "" for a plain number."""
    target: Number | None = None
    """The probability of an outcome below this is reported."""
    targets: Annotated[tuple[Number, ...], AfterValidator(items(1, 100, "targets"))] | None = None
    """Several targets."""


class StrategyTable(BaseModel):
    """A way to do the deal: what it changes, by dotted path, in the definitions of the scenario."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    title: TextField = ""
    """What it is, for people."""
    description: TextField = ""
    """As much text as you like."""


Extends = Annotated[str | None, WithJsonSchema({"type": "string"})]


class HeaderTable(Header):
    """What the scenario is and in which money it counts."""

    name: Annotated[str, Slug("a scenario")] = ""
    """A short name without spaces; result files are named after it.  An extended file may give it."""
    extends: Extends = None
    """A scenario file that this one builds on; may also stand at the top of the file."""


class ScenarioFile(Deals):
    """A scenario of simengine: what is uncertain, what the deal is, and which strategies are compared."""

    extends: Extends = None
    """A scenario file that this one builds on, relative to this file."""
    scenario: HeaderTable = Field(default_factory=HeaderTable)
    """What the scenario is and in which money it counts."""
    inputs: dict[str, Value] = {}
    """Uncertain or fixed quantities by name; V, D, R and L make the plain model."""
    risks: dict[str, Event] = {}
    """Risks by name: probability and severity in the plain model, events in time in a deal over years."""
    correlations: tuple[CorrelationTable, ...] = ()
    """How inputs move together."""
    costs: dict[str, Value | CostItem] = {}
    """Amounts that are subtracted, at the signing or over years."""
    constants: dict[str, Number] = {}
    """Numbers for formulas."""
    decisions: dict[str, DecisionTable] = {}
    """Numbers for formulas that are ours to choose, each with a range or choices."""
    model: dict[str, FormulaField] = {}
    """Formulas by name; without T, the plain model gives it."""
    outputs: tuple[LabelField, ...] | dict[str, OutputTable | bool] = ()
    """Which outcomes are reported."""
    strategies: dict[str, StrategyTable] = {}
    """Ways to do the deal, by name; none means one strategy called base."""
    simulate: Simulate = Field(default_factory=Simulate)
    """How many trials are run, and what is reported of them."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario file; the families of distributions are part of it."""
    tables: dict[str, type[BaseModel]] = {table.__name__: table for table in _subclasses(Table)}
    tables[StrategyTable.__name__] = StrategyTable
    schema = _finished(with_descriptions(ScenarioFile.model_json_schema(mode="validation"), tables))
    definitions = {**schema.pop("$defs"), **value_schema()["$defs"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "simengine scenario",
        **schema,
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def _subclasses(table: type[Table]) -> Iterator[type[Table]]:
    for known in table.__subclasses__():
        yield known
        yield from _subclasses(known)


def _finished(schema: Any) -> Any:
    """What pydantic says, without null (TOML has none) and made-up titles, and with references to distributions."""
    if isinstance(schema, list):
        return [_finished(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: _finished(item)
        for key, item in schema.items()
        if not (key == "default" and item is None) and not (key == "title" and isinstance(item, str))
    }
    if DISTRIBUTION_MARK.items() <= kept.items():
        kept = {**{key: item for key, item in kept.items() if key not in DISTRIBUTION_MARK}, "$ref": _REFERENCE}
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if "anyOf" in kept and len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return {**kept, "anyOf": choices} if choices else kept


def schema_text() -> str:
    """The JSON Schema as text, as it is shipped for editors (``#:schema``)."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
