"""The registry of everything that drivers hold, in the manner of :mod:`simengine.results.variables`."""

from __future__ import annotations

from collections.abc import Mapping

from simengine.results.variables import Attribute, Kind, Layout, Variable

SCHEMA_VERSION = 1
"""Version of the layout of stored drivers."""

_OUTCOME = ("strategy", "output")
_DRIVER = (*_OUTCOME, "factor")
_CONTEST = ("output", "factor")
_SWING = (*_DRIVER, "swing_point")
_LINE = (*_DRIVER, "spider_point")
_STRESS = (*_OUTCOME, "statistic")
_TAIL = (*_DRIVER, "tail_statistic")


def _estimate(name: str, dims: tuple[str, ...], unit: str, meaning: str) -> tuple[Variable, Variable]:
    """A number and its standard error."""
    kind: Kind = "float"
    return (
        Variable(name, dims, kind, unit, meaning),
        Variable(f"{name}_se", dims, kind, unit, f"standard error: {meaning}"),
    )


_ROWS: tuple[Variable, ...] = (
    Variable("strategy", ("strategy",), "text", "", "strategy, in the order of the scenario"),
    Variable("output", ("output",), "text", "", "reported outcome"),
    Variable("factor", ("factor",), "text", "", "uncertain input, or risk with all its inputs"),
    Variable("swing_point", ("swing_point",), "float", "percent", "percentile of the input in a swing"),
    Variable("spider_point", ("spider_point",), "float", "percent", "percentile of the input along a line"),
    Variable("statistic", ("statistic",), "text", "", "statistic of an outcome under stress"),
    Variable("tail_statistic", ("tail_statistic",), "text", "", "statistic of an input in the tail of an outcome"),
    Variable("strategy_title", ("strategy",), "text", "", "title of the strategy"),
    Variable("output_title", ("output",), "text", "", "title of the outcome"),
    Variable("unit", ("output",), "text", "", "unit of the outcome"),
    Variable("reported", _OUTCOME, "flag", "1", "whether the strategy reports the outcome"),
    Variable("factor_kind", ("factor",), "text", "", "input, event (whether a risk strikes) or risk"),
    Variable("factor_members", ("factor",), "text", "", "inputs and events that belong to it, separated by blanks"),
    Variable("factor_unit", ("factor",), "text", "", "unit of the input"),
    Variable("factor_title", ("factor",), "text", "", "title of the input or the risk"),
    Variable("used", _DRIVER, "flag", "1", "whether the outcome is computed from the factor"),
    Variable("linked", _DRIVER, "flag", "1", "whether the outcome can depend on it, by use or by correlation"),
    Variable("correlated", _OUTCOME, "flag", "1", "whether inputs of the outcome depend on each other"),
    *_estimate("mean", _OUTCOME, "outcome", "mean of the outcome"),
    *_estimate("spearman", _DRIVER, "1", "Spearman's rank correlation of input and outcome"),
    *_estimate("contribution", _DRIVER, "1", "its square over the sum of squares of all inputs"),
    Variable("spearman_bound", _OUTCOME, "float", "1", "how far classes of outcomes can move a rank correlation"),
    *_estimate("first_order", _DRIVER, "1", "share of variance of the mean given the factor, from the trials"),
    *_estimate(
        "mean_change",
        _DRIVER,
        "outcome",
        "mean given the input at P90 less that at P10; of an event, as it strikes or not",
    ),
    Variable("swing_input", _SWING, "float", "input", "value of the input at the percentile"),
    Variable("swing", _SWING, "float", "outcome", "outcome there, all other inputs at their medians; exact"),
    *_estimate("sobol_first", _DRIVER, "1", "first-order Sobol index, NaN where inputs are correlated"),
    *_estimate("sobol_total", _DRIVER, "1", "total Sobol index, NaN where inputs are correlated"),
    *_estimate("shapley", _DRIVER, "1", "Shapley effect where inputs are correlated; of a risk, the sum of its inputs"),
    *_estimate("evpi", ("output",), "outcome", "expected value of perfect information"),
    *_estimate("evppi", _CONTEST, "outcome", "expected value of learning the factor, optimism taken off"),
    Variable("evppi_raw", _CONTEST, "float", "outcome", "the same with the optimism of one sample"),
    Variable("evppi_null", _CONTEST, "float", "outcome", "what it finds for a draw that nothing depends on"),
    Variable(
        "event_best", _CONTEST, "text", "", "of an event: the best strategy by whether it strikes, where it differs"
    ),
    Variable("cells", ("factor",), "count", "1", "cells that the factor is divided into"),
    Variable("switch_output", ("switch",), "text", "", "outcome for which the best strategy changes"),
    Variable("switch_factor", ("switch",), "text", "", "input along which it changes"),
    Variable("switch_below", ("switch",), "text", "", "strategy with the highest mean below the switch"),
    Variable("switch_above", ("switch",), "text", "", "strategy with the highest mean above it"),
    *_estimate("switch_rank", ("switch",), "1", "probability that the input is below the switch"),
    Variable("switch_value", ("switch",), "float", "input", "value of the input at the switch"),
    Variable("switch_low", ("switch",), "float", "input", "lower end of its 95 % interval"),
    Variable("switch_high", ("switch",), "float", "input", "upper end of its 95 % interval"),
    Variable("spider_input", _LINE, "float", "input", "value of the input at the percentile"),
    Variable("spider", _LINE, "float", "outcome", "outcome there, all other inputs at their medians; exact"),
    *_estimate("spider_mean", _LINE, "outcome", "mean of the outcome given that the input is there"),
    Variable("stress_trials", _OUTCOME, "count", "1", "trials in which the conditions hold"),
    *_estimate("stress", _STRESS, "outcome", "statistic where the conditions hold"),
    *_estimate("stress_base", _STRESS, "outcome", "statistic over all trials"),
    *_estimate("stress_change", _STRESS, "outcome", "difference of the two"),
    Variable("tail_trials", _OUTCOME, "count", "1", "trials in the worst 5 % of the outcome"),
    *_estimate("tail", _TAIL, "input", "statistic of the input in the worst 5 % of the outcome"),
    Variable("tail_base", _TAIL, "float", "input", "the same of its whole distribution; exact"),
    *_estimate("tail_shift", _DRIVER, "1", "shift of the input's mean in the tail, in its standard deviations"),
)

REGISTRY: Mapping[str, Variable] = {row.name: row for row in _ROWS}
"""Every variable of drivers, by name."""

DIMENSIONS: Mapping[str, str] = {
    "strategy": "strategies compared",
    "output": "reported outcomes",
    "factor": "uncertain inputs, then risks that have several of them",
    "swing_point": "percentiles of a swing",
    "spider_point": "percentiles of a line of the spider",
    "statistic": "statistics of an outcome under stress",
    "tail_statistic": "statistics of an input where an outcome is worst",
    "switch": "places where the best strategy changes",
}
"""Every dimension of drivers, with its meaning."""

_ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("kind", str, "drivers: what the file holds"),
    Attribute("schema_version", int, "version of this layout"),
    Attribute("scenario", str, "name of the scenario"),
    Attribute("title", str, "title of the scenario"),
    Attribute("scenario_file", str, "name of the scenario file, as given"),
    Attribute("resolved_text", str, "text of the scenario with extended files and values set for this run filled in"),
    Attribute("sections", str, "JSON list of the questions that were asked"),
    Attribute("stress_conditions", str, "JSON list of the conditions of the stress test"),
    Attribute("trials", int, "number of trials"),
    Attribute("ranked_trials", int, "trials that rank correlations are read from"),
    Attribute("left_out", int, "trials left out of all questions because an outcome was not finite"),
    Attribute("seed", int, "seed of the draws"),
    Attribute("sampler", str, "source of the draws"),
    Attribute("replicates", int, "independent replicates asked for"),
    Attribute("sobol_points", int, "points of each sample of a Sobol design"),
    Attribute("shapley_points", int, "points of each pair of samples for Shapley effects"),
    Attribute("stream_version", int, "version of the rule that maps seed, input and trial to a draw"),
    Attribute("plan_digest", str, "SHA-256 of the compiled scenario"),
    Attribute("less_is_better", str, "JSON list of the outcomes of which less is better"),
    Attribute("notes", str, "JSON list of what has to be known to read the numbers"),
    Attribute("warnings", str, "JSON list of the warnings about the scenario"),
    Attribute("timings", str, "JSON object of seconds by stage"),
    Attribute("versions", str, "JSON object of the versions of the programs that took part"),
    Attribute("command", str, "command or call that made the result"),
    Attribute("created", str, "when the result was made, in UTC"),
)

ATTRIBUTES: Mapping[str, Attribute] = {row.name: row for row in _ATTRIBUTES}
"""Every attribute of drivers, by name."""

DRIVERS_FILE = "drivers.nc"
"""Name of the stored drivers in a folder written by ``--out``."""

DRIVERS = Layout(
    "drivers",
    SCHEMA_VERSION,
    REGISTRY,
    ATTRIBUTES,
    DRIVERS_FILE,
    "`simengine drivers SCENARIO --out DIR` writes drivers into DIR",
)
"""The layout of drivers."""
