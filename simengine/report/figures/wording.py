"""Every phrase of the pictures, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """Phrases of one language; braces are filled in."""

    trials: str
    some_strategies: str
    values: str
    share_of_trials: str
    mean: str
    median: str
    strategy: str
    probability: str
    unit_form: str
    density: str
    cdf: str
    exceedance: str
    overlay: str
    ladder: str
    at_most: str
    more_than: str
    spread: str
    mean_only: str
    loss: str
    beside: str
    tornado: str
    tornado_axis: str
    tornado_said: str
    without_bar: str
    time_of: str
    time_of_default: str
    time_of_default_of: str
    early: str
    late: str
    strikes: str
    spared: str
    input: str
    change: str
    error: str
    from_input: str
    to_input: str
    spider: str
    spider_axis: str
    spider_said: str
    mean_at: str
    fan: str
    fan_axis: str
    fan_said: str
    year: str
    scatter: str
    scatter_said: str
    shown_trials: str
    correlation_coefficient: str
    convergence: str
    convergence_axis: str
    convergence_said: str
    number_of_trials: str
    correlation: str
    correlation_said: str
    requested: str
    drawn: str
    first: str
    second: str
    statistic: str
    target: str

    def with_unit(self, text: str, unit: str) -> str:
        """A heading with its unit."""
        return self.unit_form.format(text=text, unit=unit) if unit else text


ENGLISH = Phrases(
    trials="{count} trials",
    some_strategies="the first {count} of {all} strategies",
    values="Value",
    share_of_trials="Share of trials, %",
    mean="mean",
    median="median",
    strategy="Strategy",
    probability="Probability, %",
    unit_form="{text} [{unit}]",
    density="{outcome}: how it is distributed",
    cdf="{outcome}: probability of a value or less",
    exceedance="{outcome}: probability of more than a value",
    overlay="{outcome}: the strategies on one scale",
    ladder="{outcome}: percentiles by strategy",
    at_most="P(≤ value), %",
    more_than="P(> value), %",
    spread=(
        "{outcome} of {strategy} lies between {low} ({first}) and {high} ({last}) {unit}, "
        "with {middle} at {median} and a mean of {mean}."
    ),
    mean_only="The mean of {outcome} is {mean}.",
    loss="The probability of a loss is {share}.",
    beside="{strategy}: {middle} {median}, {first} to {last} {low} to {high}.",
    tornado="{outcome}: what moves its mean",
    tornado_axis="change of the mean, P{low} → P{high} of the input",
    tornado_said=(
        "From P{low} to P{high} of the input, {first} changes the mean of {outcome} most, by {change} {unit}{second}."
    ),
    without_bar="The same at P{low} and P{high}, so without a bar (with the rank correlation): {names}.",
    time_of="time of {name}",
    time_of_default="time of default",
    time_of_default_of="time of default of {name}",
    early="early",
    late="late",
    strikes="strikes",
    spared="does not",
    input="Input",
    change="Change of the mean",
    error="Standard error",
    from_input="Input from",
    to_input="to",
    spider="{outcome}: its mean along each input",
    spider_axis="percentile of the input",
    spider_said="Along its percentiles, {first} moves the mean of {outcome} most: from {low} to {high} {unit}.",
    mean_at="Mean at P{level}",
    fan="{outcome}: year by year",
    fan_axis="years from the signing",
    fan_said=(
        "{middle} of {outcome} goes from {first} in year {start} to {last} in year {end} {unit}; "
        "the widest range is {low} to {high} in year {widest}."
    ),
    year="Year",
    scatter="{second} against {first}",
    scatter_said="Over {count} trials the rank correlation of {first} and {second} is {value}.",
    shown_trials="the first {count} of {all} trials",
    correlation_coefficient="rank correlation {value}",
    convergence="{outcome}: how it settles as trials come in",
    convergence_axis="number of trials",
    convergence_said=(
        "With {few} trials the mean of {outcome} is {early} ± {early_error}; with {many} it is {late} ± {late_error} "
        "{unit} (1.96 standard errors)."
    ),
    number_of_trials="Trials",
    correlation="Rank correlation of the inputs and {outcome}",
    correlation_said="Of all pairs, {first} and {second} are correlated most: {value}.",
    requested="Requested",
    drawn="As drawn",
    first="First",
    second="Second",
    statistic="Statistic",
    target="target",
)

CHINESE = Phrases(
    trials="{count} 次试验",
    some_strategies="全部 {all} 个策略中的前 {count} 个",
    values="数值",
    share_of_trials="试验占比，%",
    mean="均值",
    median="中位数",
    strategy="策略",
    probability="概率，%",
    unit_form="{text}（{unit}）",
    density="{outcome}：概率分布",
    cdf="{outcome}：不超过某值的概率",
    exceedance="{outcome}：超过某值的概率",
    overlay="{outcome}：各策略同轴比较",
    ladder="{outcome}：各策略的百分位数",
    at_most="P(≤ 该值)，%",
    more_than="P(> 该值)，%",
    spread=(
        "{strategy}的{outcome}在 {low}（{first}）与 {high}（{last}）{unit} 之间，{middle} 为 {median}，均值为 {mean}。"
    ),
    mean_only="{outcome}的均值为 {mean}。",
    loss="亏损概率为 {share}。",
    beside="{strategy}：{middle} 为 {median}，{first} 至 {last} 为 {low} 至 {high}。",
    tornado="{outcome}：哪些因素影响均值",
    tornado_axis="均值的变化，输入从 P{low} → P{high}",
    tornado_said="输入从 P{low} 变到 P{high} 时，{first}对{outcome}均值的影响最大，为 {change} {unit}{second}。",
    without_bar="在 P{low} 与 P{high} 处相同，因此没有条形（括号内为秩相关系数）：{names}。",
    time_of="{name} 发生的时间",
    time_of_default="违约的时间",
    time_of_default_of="{name} 违约的时间",
    early="早",
    late="晚",
    strikes="发生",
    spared="不发生",
    input="输入",
    change="均值的变化",
    error="标准误",
    from_input="输入自",
    to_input="至",
    spider="{outcome}：均值随各输入的变化",
    spider_axis="输入的百分位",
    spider_said="沿输入的百分位，{first}对{outcome}均值的影响最大：从 {low} 到 {high} {unit}。",
    mean_at="P{level} 处的均值",
    fan="{outcome}：逐年变化",
    fan_axis="签约后的年数",
    fan_said="{outcome}的 {middle} 从第 {start} 年的 {first} 变到第 {end} 年的 {last} {unit}；"
    "范围最宽的是第 {widest} 年：{low} 至 {high}。",
    year="年",
    scatter="{second}与{first}的关系",
    scatter_said="在 {count} 次试验中，{first}与{second}的秩相关系数为 {value}。",
    shown_trials="全部 {all} 次试验中的前 {count} 次",
    correlation_coefficient="秩相关系数 {value}",
    convergence="{outcome}：随试验次数的收敛",
    convergence_axis="试验次数",
    convergence_said="{few} 次试验时{outcome}的均值为 {early} ± {early_error}；{many} 次时为 {late} ± {late_error} "
    "{unit}（1.96 倍标准误）。",
    number_of_trials="试验次数",
    correlation="各输入与{outcome}的秩相关",
    correlation_said="所有组合中，{first}与{second}的相关最强：{value}。",
    requested="要求值",
    drawn="抽样值",
    first="其一",
    second="其二",
    statistic="统计量",
    target="目标",
)

PHRASES: Mapping[str, Phrases] = {"en": ENGLISH, "zh": CHINESE}
"""Phrases by language."""
