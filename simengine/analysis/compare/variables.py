"""The registry of everything a comparison holds, in the manner of :mod:`simengine.results.variables`."""

from __future__ import annotations

from collections.abc import Mapping

from simengine.results.variables import Attribute, Layout, Variable

SCHEMA_VERSION = 1
"""Version of the layout of a stored comparison."""

FILE = "comparison.nc"

_BY = ("strategy", "output")
_PAIR = ("strategy", "against", "output")


def _estimate(name: str, dims: tuple[str, ...], unit: str, meaning: str) -> tuple[Variable, ...]:
    """A number with its standard error and its 95 % interval."""
    return (
        Variable(name, dims, "float", unit, meaning),
        Variable(f"{name}_se", dims, "float", unit, f"its standard error: {meaning}"),
        Variable(f"{name}_low", dims, "float", unit, f"lower end of its 95 % interval: {meaning}"),
        Variable(f"{name}_high", dims, "float", unit, f"upper end of its 95 % interval: {meaning}"),
    )


SINGLE: tuple[tuple[Variable, ...], ...] = (
    _estimate("mean", _BY, "outcome", "mean"),
    _estimate("quantiles", (*_BY, "quantile"), "outcome", "percentiles, Hyndman and Fan type 7"),
    _estimate("cvar_loss", (*_BY, "level"), "outcome", "expected shortfall (CVaR) as a loss"),
    _estimate("prob_best", _BY, "1", "probability of being the best of all, ties shared"),
    _estimate("regret", _BY, "outcome", "expected regret: the mean of what the best of each trial has more"),
    _estimate("ce_exponential", _BY, "outcome", "certainty equivalent, exponential utility of risk_tolerance"),
    _estimate("ce_power", _BY, "outcome", "certainty equivalent, constant relative risk aversion with wealth"),
)
"""Estimates of one strategy; the first of each group is the number itself."""

PAIRS: tuple[tuple[Variable, ...], ...] = (
    _estimate("prob_beats", _PAIR, "1", "P(strategy is above against in the same trial), ties half"),
    _estimate("mean_difference", _PAIR, "outcome", "mean of strategy less that of against"),
    _estimate("quantiles_difference", (*_PAIR, "quantile"), "outcome", "percentiles of strategy less those of against"),
    _estimate("cvar_difference", (*_PAIR, "level"), "outcome", "expected shortfall (loss) less that of against"),
    _estimate("ce_exponential_difference", _PAIR, "outcome", "exponential certainty equivalent less that of against"),
    _estimate("ce_power_difference", _PAIR, "outcome", "power certainty equivalent less that of against"),
    _estimate("dominance_ratio", _PAIR, "1", "share of the area between the curves that contradicts dominance"),
    _estimate("second_order_ratio", _PAIR, "1", "the same for dominance of the second order"),
)
"""Estimates of two strategies."""

EVPI: tuple[Variable, ...] = _estimate("evpi", ("output",), "outcome", "expected value of perfect information")

_ROWS: tuple[Variable, ...] = (
    Variable("strategy", ("strategy",), "text", "", "strategy, in the order of the scenarios"),
    Variable("against", ("against",), "text", "", "strategy that it is compared with, in the same order"),
    Variable("output", ("output",), "text", "", "compared outcome"),
    Variable("quantile", ("quantile",), "float", "percent", "percentile level"),
    Variable("level", ("level",), "float", "1", "confidence level of the expected shortfall"),
    Variable("strategy_title", ("strategy",), "text", "", "title of the strategy"),
    Variable("strategy_file", ("strategy",), "text", "", "scenario or result that the strategy comes from"),
    Variable("output_title", ("output",), "text", "", "title of the outcome"),
    Variable("unit", ("output",), "text", "", "unit of the outcome"),
    Variable("reported", _BY, "flag", "1", "whether the strategy reports the outcome"),
    Variable("risk_tolerance", ("output",), "float", "outcome", "risk tolerance of the exponential utility"),
    Variable("efficient", (*_BY, "level"), "flag", "1", "whether no other has a higher mean and a lower CVaR loss"),
    Variable("efficient_clear", (*_BY, "level"), "flag", "1", "whether that is beyond the 95 % intervals"),
    Variable("identical", _PAIR, "flag", "1", "whether both have the same outcome in every trial"),
    Variable("different", _PAIR, "flag", "1", "whether the 95 % interval of the difference of means leaves out 0"),
    Variable("first_order", _PAIR, "flag", "1", "whether strategy dominates in the first order on these trials"),
    Variable("second_order", _PAIR, "flag", "1", "whether it does in the second order"),
    *(variable for group in (*SINGLE, *PAIRS, EVPI) for variable in group),
)

VARIABLES: Mapping[str, Variable] = {row.name: row for row in _ROWS}
"""Every variable of a comparison, by name."""

_ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("kind", str, "comparison"),
    Attribute("schema_version", int, "version of this layout"),
    Attribute("scenario", str, "name of the first scenario"),
    Attribute("title", str, "title of the first scenario"),
    Attribute("files", str, "JSON list of the scenarios compared: name, stored, text, sources"),
    Attribute("baseline", str, "strategy that the others are held against"),
    Attribute("other_outputs", str, "JSON list of outcomes that could be compared too"),
    Attribute("notes", str, "JSON list of what a reader should know, as text"),
    Attribute("warnings", str, "JSON list of the warnings about the scenarios"),
    Attribute("overrides", str, "JSON object of the values set for this comparison, by dotted path"),
    Attribute("wealth", float, "wealth of the power utility, NaN where none was given"),
    Attribute("risk_aversion", float, "its relative risk aversion, NaN where none was given"),
    Attribute("trials", int, "number of trials"),
    Attribute("decided", str, "JSON object of the looks by which the best strategy was told apart or not; or null"),
    Attribute("seed", int, "seed of the draws"),
    Attribute("sampler", str, "source of the draws"),
    Attribute("replicates", int, "independent replicates asked for; no matter for independent draws"),
    Attribute("device", str, "device that computed the result"),
    Attribute("precision", str, "number format of the arithmetic"),
    Attribute("stream_version", int, "version of the rule that maps seed, input and trial to a draw"),
    Attribute("plan_digest", str, "SHA-256 of the compiled strategies"),
    Attribute("summary_digest", str, "SHA-256 of counts, sums and order statistics of the run"),
    Attribute("timings", str, "JSON object of seconds by stage"),
    Attribute("versions", str, "JSON object of the versions of the programs that took part"),
    Attribute("command", str, "command or call that made the comparison"),
    Attribute("created", str, "when it was made, in UTC"),
)

COMPARISON = Layout(
    "comparison",
    SCHEMA_VERSION,
    VARIABLES,
    {row.name: row for row in _ATTRIBUTES},
    FILE,
    "`simengine compare SCENARIO --out DIR` writes a comparison into DIR",
)
"""The layout of a comparison."""

DIMENSIONS: Mapping[str, str] = {
    "strategy": "strategies compared",
    "against": "the same strategies, as the other one of a pair",
    "output": "compared outcomes",
    "quantile": "percentile levels",
    "level": "confidence levels of the expected shortfall",
}
"""Every dimension of a comparison, with its meaning."""
