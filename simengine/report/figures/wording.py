"""Every phrase of the pictures in both languages, beside those of the report; braces stand for what is filled in."""

from __future__ import annotations

import functools

from simengine.report.language import Words
from simengine.report.phrases import Phrase


class PictureWords(Words):
    """What pictures say in one language; terms, units and numbers are said as the report says them."""

    some_strategies = Phrase("the first {count} of {all} strategies", "全部 {all} 个策略中的前 {count} 个")
    values = Phrase("Value", "数值")
    share_of_trials = Phrase("Share of trials, %", "试验占比（%）")
    about = Phrase("about {value}", "约 {value}")
    unit_form = Phrase("{text} [{unit}]", "{text}（{unit}）")
    density = Phrase("{outcome}: how it is distributed", "{outcome}：概率分布")
    cdf = Phrase("{outcome}: probability of a value or less", "{outcome}：不超过某值的概率")
    exceedance_of = Phrase("{outcome}: probability of more than a value", "{outcome}：超过某值的概率")
    overlay = Phrase("{outcome}: the strategies on one scale", "{outcome}：各策略同轴比较")
    ladder = Phrase("{outcome}: percentiles by strategy", "{outcome}：各策略的百分位数")
    at_most = Phrase("P(≤ value), %", "P(≤ 该值)（%）")
    more_than = Phrase("P(> value), %", "P(> 该值)（%）")
    spread = Phrase(
        "{outcome} of {strategy} lies between {low} ({first}) and {high} "
        "({last}) {unit}, with {middle} at {median} and a mean of {mean}.",
        "{strategy}的{outcome}在 {low}（{first}）与 {high}（{last}）{unit} 之间，{middle} 为 {median}，均值为 {mean}。",
    )
    mean_only = Phrase("The mean of {outcome} is {mean}.", "{outcome}的均值为 {mean}。")
    loss = Phrase("The probability of a loss is {share}.", "亏损概率为 {share}。")
    beside = Phrase(
        "{strategy}: {middle} {median}, {first} to {last} {low} to {high}.",
        "{strategy}：{middle} 为 {median}，{first} 至 {last} 为 {low} 至 {high}。",
    )
    tornado = Phrase("{outcome}: what moves its mean", "{outcome}：哪些因素影响均值")
    tornado_axis = Phrase("change of the mean, P{low} → P{high} of the input", "均值的变化，输入从 P{low} → P{high}")
    tornado_said = Phrase(
        "From P{low} to P{high} of the input, {first} changes the mean of {outcome} most, by {change} {unit}{second}.",
        "输入从 P{low} 变到 P{high} 时，{first}对{outcome}均值的影响最大，为 {change} {unit}{second}。",
    )
    without_bar = Phrase(
        "The same at P{low} and P{high}, so without a bar (with the rank correlation): {names}.",
        "在 P{low} 与 P{high} 处相同，因此没有条形（括号内为秩相关系数）：{names}。",
    )
    time_of = Phrase("time of “{name}”", "“{name}”发生的时间")
    of_period = Phrase("{what}, period\N{NO-BREAK SPACE}{number}", "{what}（第 {number} 期）")
    time_of_default = Phrase("time of default", "违约的时间")
    time_of_default_of = Phrase("time of default of {name}", "{name}违约的时间")
    early = Phrase("early", "早")
    late = Phrase("late", "晚")
    strikes = Phrase("strikes", "发生")
    spared = Phrase("does not", "不发生")
    strikes_with = Phrase("strikes ({share})", "发生（{share}）")
    events_note = Phrase(
        "Bars of events go from “does not” to “strikes” (with its probability).",
        "事件的条形从“不发生”到“发生”（括号内为发生概率）。",
    )
    largest_of = Phrase("the {count} largest of {all}", "{all} 项中最大的 {count} 项")
    change = Phrase("Change of the mean", "均值的变化")
    error = Phrase("Standard error", "标准误")
    from_input = Phrase("Input from", "输入自")
    to_input = Phrase("to", "至")
    spider = Phrase("{outcome}: its mean along each input", "{outcome}：均值随各输入的变化")
    spider_axis = Phrase("percentile of the input", "输入的百分位")
    spider_said = Phrase(
        "Along its percentiles, {first} moves the mean of {outcome} most: from {low} to {high} {unit}.",
        "沿输入的百分位，{first}对{outcome}均值的影响最大：从 {low} 到 {high} {unit}。",
    )
    mean_at = Phrase("Mean at P{level}", "P{level} 处的均值")
    fan = Phrase("{outcome}: year by year", "{outcome}：逐年变化")
    fan_axis = Phrase("years from the signing", "签约后的年数")
    fan_said = Phrase(
        "{middle} of {outcome} goes from {first} in year {start} to {last} in "
        "year {end} {unit}; the widest range is {low} to {high} in year {widest}.",
        "{outcome}的 {middle} 从第 {start} 年的 {first} 变到第 {end} "
        "年的 {last} {unit}；范围最宽的是第 {widest} 年：{low} 至 {high}。",
    )
    scatter = Phrase("{second} against {first}", "{second}与{first}的关系")
    scatter_said = Phrase(
        "Over {count} trials the rank correlation of {first} and {second} is {value}.",
        "在 {count} 次试验中，{first}与{second}的秩相关系数为 {value}。",
    )
    shown_trials = Phrase("the first {count} of {all} trials", "全部 {all} 次试验中的前 {count} 次")
    correlation_coefficient = Phrase("rank correlation {value}", "秩相关系数 {value}")
    convergence = Phrase("{outcome}: how it settles as trials come in", "{outcome}：随试验次数的收敛")
    convergence_axis = Phrase("number of trials", "试验次数")
    convergence_said = Phrase(
        "With {few} trials the mean of {outcome} is {early} ± {early_error}; "
        "with {many} it is {late} ± {late_error} {unit} (1.96 standard errors).",
        "{few} 次试验时{outcome}的均值为 {early} ± {early_error}；"
        "{many} 次时为 {late} ± {late_error} {unit}（1.96 倍标准误）。",
    )
    trials_column = Phrase("Trials", "试验次数")
    correlation = Phrase("Rank correlation of the inputs and {outcome}", "各输入与{outcome}的秩相关")
    correlation_said = Phrase(
        "Of all pairs, {first} and {second} are correlated most: {value}.",
        "所有组合中，{first}与{second}的相关最强：{value}。",
    )
    requested = Phrase("Requested", "要求值")
    drawn = Phrase("As drawn", "抽样值")
    first = Phrase("First", "其一")
    second = Phrase("Second", "其二")

    def with_unit(self, text: str, unit: str) -> str:
        """A heading with its unit, where it has one."""
        return self.unit_form.format(text=text, unit=unit) if unit else text


@functools.cache
def picture_words(lang: str) -> PictureWords:
    """The phrases of pictures in a language, one of :data:`simengine.report.language.LANGUAGES`."""
    return PictureWords(lang)
