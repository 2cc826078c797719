"""The registry of everything a result holds: name, dimensions, type, unit and meaning of each variable.

A result is a set of labelled arrays.  Code that builds, writes, reads or prints a result takes names and
dimensions from here and nowhere else, and :func:`simengine.results.record.Record.problems` checks an actual
result against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["float", "count", "flag", "text"]

SCHEMA_VERSION = 1
"""Version of the layout of a stored result; a reader accepts this one and refuses newer ones.

Variables of a named part may be added without a new version: results that have none of them stay as they were.
"""

DTYPES: Mapping[str, np.dtype[np.generic]] = {
    "float": np.dtype(np.float64),
    "count": np.dtype(np.int64),
    "flag": np.dtype(np.bool_),
    "text": np.dtype(object),
}


@dataclass(frozen=True)
class Variable:
    """One array of a result.

    ``unit`` is ``outcome`` where the values carry the unit of the outcome that they belong to (variable
    ``unit``, or ``yearly_unit``), ``input`` where they carry that of the input, ``1`` for shares and counts, and empty
    for text.  ``part`` names the variables that are there together or not at all: empty for those that are always
    there, ``years`` for those of outcomes that are reported period by period.
    """

    name: str
    dims: tuple[str, ...]
    kind: Kind
    unit: str
    meaning: str
    part: str = ""

    @property
    def coordinate(self) -> bool:
        """Whether the variable labels a dimension of the same name."""
        return self.dims == (self.name,)


_OUTCOME = ("strategy", "output")
_BY_QUANTILE = (*_OUTCOME, "quantile")
_BY_TARGET = (*_OUTCOME, "target")
_BY_LEVEL = (*_OUTCOME, "level")

_YEARLY = ("strategy", "yearly", "year")
_YEARLY_BY_QUANTILE = (*_YEARLY, "quantile")


def _by_year(name: str, dims: tuple[str, ...], kind: Kind, unit: str, meaning: str) -> Variable:
    return Variable(name, dims, kind, unit, meaning, part="years")


_YEARLY_ROWS: tuple[Variable, ...] = (
    _by_year("yearly", ("yearly",), "text", "", "outcome that is reported period by period"),
    _by_year("year", ("year",), "float", "years", "end of the period, in years from the signing; 0 is the signing"),
    _by_year("yearly_title", ("yearly",), "text", "", "title of the yearly outcome"),
    _by_year("yearly_unit", ("yearly",), "text", "", "unit of the yearly outcome"),
    _by_year("yearly_reported", _YEARLY, "flag", "1", "whether the strategy reports the outcome for the period"),
    _by_year("yearly_finite", _YEARLY, "count", "1", "trials with a finite outcome in the period"),
    _by_year("yearly_faults", _YEARLY, "count", "1", "trials whose outcome in the period was infinite or undefined"),
    _by_year("yearly_first_fault", _YEARLY, "count", "1", "first trial with such an outcome, -1 for none"),
    _by_year("yearly_mean", _YEARLY, "float", "outcome", "mean in the period"),
    _by_year("yearly_mean_se", _YEARLY, "float", "outcome", "standard error of that mean"),
    _by_year("yearly_std", _YEARLY, "float", "outcome", "standard deviation (n - 1) in the period"),
    _by_year("yearly_std_se", _YEARLY, "float", "outcome", "standard error of that standard deviation"),
    _by_year("yearly_minimum", _YEARLY, "float", "outcome", "smallest outcome of the period"),
    _by_year("yearly_maximum", _YEARLY, "float", "outcome", "largest outcome of the period"),
    _by_year("yearly_quantiles", _YEARLY_BY_QUANTILE, "float", "outcome", "percentiles in the period, as `quantiles`"),
    _by_year("yearly_quantiles_se", _YEARLY_BY_QUANTILE, "float", "outcome", "standard errors of these percentiles"),
    _by_year("yearly_prob_loss", _YEARLY, "float", "1", "probability that the outcome of the period is below 0"),
    _by_year("yearly_prob_loss_se", _YEARLY, "float", "1", "standard error of that probability"),
    _by_year("yearly_precision_gap", _YEARLY, "float", "1", "as `precision_gap`, in the period"),
    _by_year("yearly_precision_gap_mean", _YEARLY, "float", "1", "as `precision_gap_mean`, in the period"),
)

_ROWS: tuple[Variable, ...] = (
    Variable("strategy", ("strategy",), "text", "", "strategy, in the order of the scenario"),
    Variable("output", ("output",), "text", "", "reported outcome"),
    Variable("quantile", ("quantile",), "float", "percent", "percentile level"),
    Variable("level", ("level",), "float", "1", "confidence level of the tail measures"),
    Variable("strategy_title", ("strategy",), "text", "", "title of the strategy"),
    Variable("output_title", ("output",), "text", "", "title of the outcome"),
    Variable("unit", ("output",), "text", "", "unit of the outcome"),
    Variable("reported", _OUTCOME, "flag", "1", "whether the strategy reports the outcome"),
    Variable("finite", _OUTCOME, "count", "1", "trials with a finite outcome"),
    Variable("faults", _OUTCOME, "count", "1", "trials whose outcome was infinite or undefined"),
    Variable("first_fault", _OUTCOME, "count", "1", "first trial with such an outcome, -1 for none"),
    Variable("mean", _OUTCOME, "float", "outcome", "mean"),
    Variable("mean_se", _OUTCOME, "float", "outcome", "standard error of the mean"),
    Variable("std", _OUTCOME, "float", "outcome", "standard deviation (n - 1)"),
    Variable("std_se", _OUTCOME, "float", "outcome", "standard error of the standard deviation"),
    Variable("skewness", _OUTCOME, "float", "1", "skewness"),
    Variable("kurtosis", _OUTCOME, "float", "1", "excess kurtosis"),
    Variable("minimum", _OUTCOME, "float", "outcome", "smallest outcome"),
    Variable("maximum", _OUTCOME, "float", "outcome", "largest outcome"),
    Variable("quantiles", _BY_QUANTILE, "float", "outcome", "percentiles, Hyndman and Fan type 7"),
    Variable("quantiles_se", _BY_QUANTILE, "float", "outcome", "standard errors of the percentiles"),
    Variable("prob_loss", _OUTCOME, "float", "1", "probability that the outcome is below 0"),
    Variable("prob_loss_se", _OUTCOME, "float", "1", "standard error of the probability of a loss"),
    Variable("target_value", _BY_TARGET, "float", "outcome", "thresholds asked for, NaN where there is none"),
    Variable("prob_below", _BY_TARGET, "float", "1", "probability that the outcome is below the threshold"),
    Variable("prob_below_se", _BY_TARGET, "float", "1", "standard error of that probability"),
    Variable("var_loss", _BY_LEVEL, "float", "outcome", "value at risk as a loss: positive when money is lost"),
    Variable("var_loss_se", _BY_LEVEL, "float", "outcome", "standard error of the value at risk"),
    Variable("cvar_loss", _BY_LEVEL, "float", "outcome", "expected shortfall (CVaR) as a loss"),
    Variable("cvar_loss_se", _BY_LEVEL, "float", "outcome", "standard error of the expected shortfall"),
    Variable("precision_gap", _OUTCOME, "float", "1", "largest difference from float64 on the same draws, in sd"),
    Variable("precision_gap_mean", _OUTCOME, "float", "1", "mean difference from float64 on the same draws, in sd"),
    Variable("histogram_counts", (*_OUTCOME, "bin"), "count", "1", "trials in each bin of the histogram"),
    Variable("histogram_edges", (*_OUTCOME, "edge"), "float", "outcome", "edges of the bins, NaN past the last"),
    Variable("input_name", ("input",), "text", "", "uncertain input: the address of its draws"),
    Variable("input_strategies", ("input",), "text", "", "strategies in which it is distributed like this"),
    Variable("input_family", ("input",), "text", "", "family of the distribution"),
    Variable("input_description", ("input",), "text", "", "distribution as resolved"),
    Variable("input_key", ("input",), "text", "", "place in the scenario"),
    Variable("input_unit", ("input",), "text", "", "unit of the input"),
    Variable("input_title", ("input",), "text", "", "title of the input"),
    Variable("input_source", ("input",), "text", "", "source of the numbers"),
    Variable("input_mean", ("input",), "float", "input", "exact mean, NaN where there is none"),
    Variable("input_sd", ("input",), "float", "input", "exact standard deviation, NaN where there is none"),
    Variable("input_p5", ("input",), "float", "input", "exact 5th percentile"),
    Variable("input_p50", ("input",), "float", "input", "exact median"),
    Variable("input_p95", ("input",), "float", "input", "exact 95th percentile"),
    Variable("input_table_error", ("input",), "float", "1", "largest error in probability of its quantile table"),
    Variable("formula_name", ("formula",), "text", "", "named formula"),
    Variable("formula_strategies", ("formula",), "text", "", "strategies in which the formula reads like this"),
    Variable("formula_text", ("formula",), "text", "", "the formula"),
    Variable("formula_unit", ("formula",), "text", "", "unit of the formula"),
    Variable("formula_title", ("formula",), "text", "", "title of the formula"),
    Variable("dependence_strategies", ("dependence",), "text", "", "strategies in which the group is joined"),
    Variable("dependence_text", ("dependence",), "text", "", "inputs that depend on each other, and how"),
)

REGISTRY: Mapping[str, Variable] = {row.name: row for row in (*_ROWS, *_YEARLY_ROWS)}
"""Every variable of a result, by name; those of part ``years`` only where outcomes are reported by period."""

DIMENSIONS: Mapping[str, str] = {
    "strategy": "strategies compared",
    "output": "reported outcomes",
    "quantile": "percentile levels",
    "level": "confidence levels of the tail measures",
    "target": "thresholds x of P(outcome < x)",
    "bin": "bins of the histogram",
    "edge": "edges of the bins, one more than there are bins",
    "input": "uncertain inputs, one entry for each distribution of each",
    "formula": "named formulas, one entry for each wording of each",
    "dependence": "groups of dependent inputs",
    "yearly": "outcomes that are reported period by period",
    "year": "ends of the periods, in years from the signing",
}
"""Every dimension of a result, with its meaning."""


@dataclass(frozen=True)
class Attribute:
    """One attribute of a result: a text, an integer or a number that belongs to the whole."""

    name: str
    type: type[str] | type[int] | type[float]
    meaning: str


_ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("schema_version", int, "version of this layout"),
    Attribute("scenario", str, "name of the scenario"),
    Attribute("title", str, "title of the scenario"),
    Attribute("description", str, "description of the scenario"),
    Attribute("money_unit", str, "unit of amounts"),
    Attribute("scenario_file", str, "name of the scenario file, as given"),
    Attribute("scenario_text", str, "text of the scenario file"),
    Attribute("resolved_text", str, "the same in one text: extended files and values set for this run filled in"),
    Attribute("sources", str, "JSON list of the other files read: name, sha256, size, content (base64) of data"),
    Attribute("selected_strategies", str, "JSON list of the strategies asked for, null for all"),
    Attribute("overrides", str, "JSON object of the values set for this run, by dotted path"),
    Attribute("warnings", str, "JSON list of the warnings about the scenario, and of notes on how the run went"),
    Attribute("nonfinite", str, "what to do with outcomes that are not finite: error or exclude"),
    Attribute("trials", int, "number of trials"),
    Attribute("seed", int, "seed of the draws"),
    Attribute("sampler", str, "source of the draws"),
    Attribute("replicates", int, "independent replicates asked for; no matter for independent draws"),
    Attribute("stopping", str, "JSON object of what stopped the run, at which looks, and whether it held; or null"),
    Attribute("device", str, "device that computed the result: cpu, or the name of a GPU"),
    Attribute("precision", str, "number format of words, tables and arithmetic: float64 or float32"),
    Attribute("stream_version", int, "version of the rule that maps seed, input and trial to a draw"),
    Attribute("plan_digest", str, "SHA-256 of the compiled scenario"),
    Attribute("summary_digest", str, "SHA-256 of counts, sums and order statistics"),
    Attribute("worst_table_error", float, "largest error in probability over all quantile tables"),
    Attribute("passes", int, "how often the trials were drawn"),
    Attribute("timings", str, "JSON object of seconds by stage"),
    Attribute("versions", str, "JSON object of the versions of the programs that took part"),
    Attribute("command", str, "command or call that made the result"),
    Attribute("created", str, "when the result was made, in UTC"),
)

ATTRIBUTES: Mapping[str, Attribute] = {row.name: row for row in _ATTRIBUTES}
"""Every attribute of a result, by name."""


@dataclass(frozen=True)
class Layout:
    """What one kind of stored record holds: its variables and attributes, by name, and the file it is kept in.

    ``kind`` is what it is called, and the attribute ``kind`` of a file, which results have none of.  ``hint`` says how
    such a file is made.
    """

    kind: str
    version: int
    variables: Mapping[str, Variable]
    attributes: Mapping[str, Attribute]
    file: str
    hint: str


RESULT = Layout(
    "result",
    SCHEMA_VERSION,
    REGISTRY,
    ATTRIBUTES,
    "results.nc",
    "`simengine run SCENARIO --out DIR` writes a result into DIR",
)
"""The layout of the result of a run."""

NOT_REPRODUCED = frozenset(
    {
        *("timings", "versions", "command", "created", "passes", "stopping", "device"),
        *("scenario_file", "scenario_text", "resolved_text", "sources", "selected_strategies", "overrides", "warnings"),
        "files",
    }
)
"""Attributes that a verification cannot or need not compute again: times, and what the run was given."""
