"""What the plain model T = V * D * R * (1 - L) * (1 - risk) * ... - costs asks of its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simengine.distributions.values import brief
from simengine.errors import Problem
from simengine.scenario.definition import PLAIN_INPUTS, InputSpec, RiskSpec
from simengine.scenario.document import Document
from simengine.scenario.quantities import outside_share, probability_above, probability_below
from simengine.scenario.report import Report

_RARE = 1e-9
"""A probability of impossible values below this is not worth a warning."""

_LIKELY_PERCENT = 2.0
"""A demand index with a median above this was probably meant in percent."""

_SHARES = {"R": "the share that the partner pays", "L": "the legal share"}


def check_plain(
    document: Document, inputs: Mapping[str, InputSpec], risks: Mapping[str, RiskSpec], report: Report
) -> None:
    """Report inputs that the plain model lacks, and values for which it makes no sense."""
    defined = document.data.get("inputs", {})
    missing = [name for name in PLAIN_INPUTS if not isinstance(defined, dict) or name not in defined]
    if missing:
        reason = f"the plain model T = V * D * R * (1 - L) needs {', '.join(missing)} too"
        hint = "give them in [inputs], or define T in [model]"
        report.add(Problem(reason, hint=hint), document, ("inputs",))
    for name in PLAIN_INPUTS:
        if name in inputs:
            for problem in input_doubts(name, inputs[name]):
                report.add_of_value(problem, document, ("inputs", name))
    for name, risk in risks.items():
        severity = outside_share(risk.severity, "a severity")
        if severity:
            report.add_of_value(severity, document, ("risks", name, "severity"))


def input_doubts(name: str, spec: InputSpec) -> Iterable[Problem]:
    """What is wrong or doubtful about an input of the plain model."""
    if name not in _SHARES:
        below = probability_below(spec, 0.0)
        if below > _RARE:
            reason = f"{name} is negative with probability {below:.2g}, and then T changes its sign"
            hint = "truncate = { min = 0 }, or a distribution of positive values such as lognormal"
            yield Problem(reason, severity="warning", hint=hint)
        if name == "D":
            yield from _percent_doubts(spec)
        return
    outside = outside_share(spec, _SHARES[name])
    if outside is None:
        return
    low, high = spec.marginal.support
    if spec.marginal.constant is not None or low >= 1 or high <= 0:
        yield outside
        return
    beyond = probability_below(spec, 0.0) + probability_above(spec, 1.0)
    if beyond > _RARE:
        reason = f"{name} is {_SHARES[name]} and lies outside 0 to 1 with probability {beyond:.2g}"
        yield Problem(
            reason, severity="warning", hint="truncate = { min = 0, max = 1 }, or a beta or pert distribution"
        )


def _percent_doubts(spec: InputSpec) -> Iterable[Problem]:
    """A warning where the demand index, which may exceed 1, is as large as percentages are."""
    fixed = spec.marginal.constant
    if spec.marginal.support[1] <= _LIKELY_PERCENT:  # most demands; their median would cost loading SciPy
        return
    median = float(spec.marginal.quantile(0.5)) if fixed is None else fixed
    if median <= _LIKELY_PERCENT:
        return
    shown = brief(float(f"{median:.3g}"))
    reason = "D is the demand as a share of V, about 1 or less, and " + ("is" if fixed is not None else "its median is")
    hint = "percentages are written as fractions"
    if median <= 100 * _LIKELY_PERCENT:
        meant = brief(float(f"{median / 100:.2g}" if fixed is None else f"{median / 100:.12g}"))
        hint = f"did you mean {meant if fixed is not None else f'a median of {meant}'}? {hint}"
    yield Problem(f"{reason} {shown}", severity="warning", hint=hint)
