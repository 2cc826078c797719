"""Every phrase of a report in both languages, side by side; braces stand for what is filled in.

Commands, names and units of a scenario are not phrases: they read the same in every language.
"""

from __future__ import annotations


class Phrase:
    """A phrase in English and Chinese; as an attribute of :class:`Phrases` it reads in the language of the object."""

    def __init__(self, en: str, zh: str):
        self.en, self.zh = en, zh

    def __get__(self, owner: Phrases, kind: type[Phrases]) -> str:
        return self.zh if owner.lang == "zh" else self.en


class Phrases:
    """What has a language, ``en`` or ``zh``."""

    def __init__(self, lang: str):
        self.lang = lang


class VerdictPhrases(Phrases):
    """The sentences of a verdict on strategies, and the parts that they are made of."""

    stop = Phrase(".", "。")
    semicolon = Phrase("; ", "；")
    comma = Phrase(", ", "，")
    list_comma = Phrase(", ", "、")
    list_and = Phrase(" and ", "和")
    highest_mean = Phrase("{name} has the highest mean", "{name}的均值最高")
    so_has_one = Phrase(", and so has {names}, identical to it", "，{names}与之完全相同")
    so_have_many = Phrase(", and so have {names}, identical to it", "，{names}与之完全相同")
    near = Phrase(
        "; that of {names} differs by no more than these trials can tell",
        "；{names}的均值与它的差别小到这些试验分辨不出",
    )
    unknown_lead = Phrase(
        "; these trials do not tell the error of its lead over {names}", "；这些试验给不出它领先{names}多少的误差"
    )
    clear_lead = Phrase(", beyond the error of its lead over every other", "，对其他每个策略的领先都超出误差")
    best_of_all = Phrase(
        "{often} is the best of all in {share} % of trials; knowing every outcome beforehand would be worth {worth} "
        "on top of {top} (EVPI).",
        "{often}在 {share}% 的试验中优于其他所有策略；若能事先知道每个结果，"
        "在{top}之上还值 {worth}（完全信息价值 EVPI）。",
    )
    but_best_of_all = Phrase(
        "But {often}, not {top}, is the best of all most often, in {share} % of trials; knowing every outcome "
        "beforehand would be worth {worth} on top of {top} (EVPI).",
        "但最常优于其他所有策略的是{often}而非{top}，占试验的 {share}%；若能事先知道每个结果，"
        "在{top}之上还值 {worth}（完全信息价值 EVPI）。",
    )
    identical = Phrase(
        "{a} and {b} are identical: the same outcome in every trial.", "{a}与{b}完全相同：每次试验的结果都一样。"
    )
    beats = Phrase("{a} beats {b} in {share} % of trials", "{a}在 {share}% 的试验中优于{b}")
    mean_lower_here = Phrase("its mean is {size} lower on these trials", "在这些试验中其均值低 {size}")
    mean_higher_here = Phrase("its mean is {size} higher on these trials", "在这些试验中其均值高 {size}")
    mean_no_difference = Phrase(
        "its mean shows no difference that these trials can tell ({size})", "均值的差别这些试验分辨不出（{size}）"
    )
    mean_higher = Phrase("its mean is {size} higher", "均值高 {size}")
    mean_lower = Phrase("its mean is {size} lower", "均值低 {size}")
    at_percentile = Phrase("at P{level}", "在 P{level} 处")
    at_untold = Phrase("{place} no difference can be told", "{place}分辨不出差别")
    at_better = Phrase("{place} it is better by {size}", "{place}好 {size}")
    at_worse = Phrase("{place} it is worse by {size}", "{place}差 {size}")
    none_dominates = Phrase(
        "No strategy dominates another within {close}.", "在 {close} 以内，没有哪个策略占优于另一个。"
    )
    on_trials = Phrase("On these trials ", "在这些试验中，")
    no_other_pair = Phrase("no other pair does so within {close}.", "其他各对在 {close} 以内都不占优。")
    constant_more = Phrase(
        "{a} dominates {b}: it has a constant more, whatever is drawn.", "{a}占优于{b}：无论抽到什么，都多出同一个数。"
    )
    dominates_first = Phrase(
        "{a} dominates {b} within {first} in the first order.", "{a}一阶占优于{b}，违反比例不超过 {first}。"
    )
    dominates_both = Phrase(
        "{a} dominates {b} within {first} in the first order, {second} in the second.",
        "{a}占优于{b}，违反比例一阶不超过 {first}，二阶不超过 {second}。",
    )
    dominates_second = Phrase(
        "{a} dominates {b} within {second} in the second order.", "{a}二阶占优于{b}，违反比例不超过 {second}。"
    )
    better_everywhere = Phrase(
        "{a} is more likely than {b} to reach any amount whatever: whoever prefers more to less prefers it.",
        "无论目标金额是多少，{a}达到的可能都不低于{b}：偏好更多收益者都会选它。",
    )
    better_nearly_everywhere = Phrase(
        "{a} is more likely than {b} to reach almost any amount: almost whoever prefers more to less prefers it.",
        "对几乎任何目标金额，{a}达到的可能都不低于{b}：偏好更多收益者几乎都会选它。",
    )
    preferred_by_cautious = Phrase(
        "whoever dislikes risk prefers {a} to {b}, however strongly.", "凡厌恶风险者，无论程度如何，都会选{a}而非{b}。"
    )
    preferred_by_most_cautious = Phrase(
        "almost whoever dislikes risk prefers {a} to {b}.", "厌恶风险者几乎都会选{a}而非{b}。"
    )
    nothing_dominates = Phrase(
        "No strategy is better than another at nearly every amount; which one to prefer depends on how much risk is "
        "acceptable.",
        "没有哪个策略在几乎所有金额上都优于另一个；如何选择取决于愿意承担多少风险。",
    )
    no_more_pairs = Phrase(
        "of the other pairs neither is better at nearly every amount.", "其他各对中，没有哪个在几乎所有金额上都更优。"
    )
    pair = Phrase("{a} and {b}", "{a}与{b}")
    one_untold = Phrase("{pair} cannot be told apart by their means.", "{pair}的均值分辨不出高低。")
    many_untold = Phrase("These cannot be told apart by their means: {pairs}.", "下列各对的均值分辨不出高低：{pairs}。")


class TermPhrases(VerdictPhrases):
    """Statistics, draws and other terms of the field."""

    mean = Phrase("mean", "均值")
    std = Phrase("standard deviation", "标准差")
    std_short = Phrase("std dev", "标准差")
    skewness = Phrase("skewness", "偏度")
    kurtosis = Phrase("excess kurtosis", "超额峰度")
    smallest = Phrase("smallest", "最小值")
    largest = Phrase("largest", "最大值")
    cvar = Phrase("CVaR {level} % (loss)", "CVaR {level}%（损失）")
    var = Phrase("VaR {level} % (loss)", "VaR {level}%（损失）")
    percent_heading = Phrase("{label}, %", "{label}（%）")
    sobol = Phrase("scrambled Sobol points", "加扰 Sobol 点")
    random = Phrase("independent draws", "独立抽样")
    lhs = Phrase("Latin hypercube draws", "拉丁超立方抽样")
    antithetic = Phrase("draws in opposite pairs", "对偶抽样")
    year = Phrase("year", "年")
    strategy = Phrase("strategy", "策略")
    outcome = Phrase("outcome", "结果")
    yes = Phrase("yes", "是")
    no = Phrase("no", "否")
    unclear = Phrase("unclear", "不明确")
    best_share = Phrase("best of all", "最优比例")
    regret = Phrase("expected regret", "期望后悔值")
    certain_worth = Phrase("certain worth", "确定性等价")
    with_wealth = Phrase("with wealth", "计入财富")
    efficient = Phrase("efficient", "有效")


class PagePhrases(TermPhrases):
    """The report on one page: headings, captions, labels and notes."""

    report = Phrase("Risk report", "风险报告")
    skip = Phrase("Skip to the verdict", "跳到结论")
    contents = Phrase("Contents", "目录")
    verdict = Phrase("Verdict", "结论")
    figures = Phrase("Key figures", "关键数字")
    distribution = Phrase("Distribution", "分布")
    exceedance = Phrase("Chance of reaching more", "超过的概率")
    drivers = Phrase("What drives it", "驱动因素")
    years = Phrase("Year by year", "逐年")
    strategies = Phrase("Strategies compared", "策略比较")
    risks = Phrase("Risk register", "风险清单")
    assumptions = Phrase("Assumptions", "假设")
    formulas = Phrase("Formulas", "公式")
    provenance = Phrase("Provenance", "来源与复现")

    one_trial = Phrase("1 trial", "1 次试验")
    trials = Phrase("{count} trials", "{count} 次试验")
    ten_thousands = Phrase("{count} trials", "{count} 万次试验")
    seed_is = Phrase("seed {seed}", "种子 {seed}")
    span = Phrase("{low} to {high}", "{low} 至 {high}")
    date = Phrase("{day} {month} {year}", "{year}年{number}月{day}日")

    on_average = Phrase("{outcome} averages {mean} with {name}", "采用{name}时，{outcome}平均为 {mean}")
    on_average_alone = Phrase("{outcome} averages {mean}", "{outcome}平均为 {mean}")
    lies_between = Phrase(
        "in {share} % of trials it lies between {low} and {high}", "{share}% 的试验落在 {low} 与 {high} 之间"
    )
    below_zero = Phrase("it falls below 0 in {share} %", "低于 0 的占 {share}%")
    never_below_zero = Phrase("in none does it fall below 0", "没有一次低于 0")
    always_the_same = Phrase(
        "{outcome} is {mean} with {name}: nothing is uncertain", "采用{name}时，{outcome}为 {mean}：没有不确定性"
    )
    always_the_same_alone = Phrase("{outcome} is {mean}: nothing is uncertain", "{outcome}为 {mean}：没有不确定性")
    bad_case = Phrase(
        "In the bad case (P{level}) {name} is the better choice: {value} against {other}.",
        "在不利情形（P{level}）下，{name}更好：{value}，而前者为 {other}。",
    )
    against = Phrase("Against {name}", "与{name}相比")
    dominance = Phrase(
        "Dominance, and the sentences above with their standard errors", "占优关系，以及带标准误的上述各句"
    )

    mean_of = Phrase("Mean", "均值")
    chance_below = Phrase("Chance of less than\N{NO-BREAK SPACE}{value}", "低于 {value} 的概率")
    middle = Phrase("{share} % of cases", "{share}% 的情形")
    tail_mean = Phrase("Mean of the worst {share}\N{NO-BREAK SPACE}%", "最差 {share}% 的均值")
    range_column = Phrase("P{low} to P{high}", "P{low} 至 P{high}")
    range_note = Phrase(
        "Line: P{low} to P{high}; bar: P{inner_low} to P{inner_high}; dot: mean. Scale {from_} to {to}, "
        "upright line at 0.",
        "细线：P{low} 至 P{high}；粗条：P{inner_low} 至 P{inner_high}；圆点：均值。刻度 {from_} 至 {to}，竖线为 0。",
    )
    range_note_positive = Phrase(
        "Line: P{low} to P{high}; bar: P{inner_low} to P{inner_high}; dot: mean. Scale {from_} to {to}.",
        "细线：P{low} 至 P{high}；粗条：P{inner_low} 至 P{inner_high}；圆点：均值。刻度 {from_} 至 {to}。",
    )
    range_text = Phrase("P{low} {a}, mean {mean}, P{high} {b}", "P{low} {a}，均值 {mean}，P{high} {b}")
    more_outcomes = Phrase("Further outcomes", "其他结果")
    all_statistics = Phrase("All statistics with their standard errors", "全部统计量及其标准误")
    pictures_left_out = Phrase(
        "Pictures of further strategies are left out to keep the file small ({count}); `simengine plot` draws them.",
        "为控制文件大小，另有 {count} 个策略的图未列出；可用 simengine plot 绘制。",
    )
    one_scale = Phrase("All on one scale of values", "各图数值刻度相同")
    own_scales = Phrase("Each on its own scale of values", "各图数值刻度不同")
    other_strategies = Phrase("The other strategies", "其他策略")
    data_behind = Phrase("The picture in words and numbers", "图的文字说明与数据")
    error_note = Phrase(
        "± is one standard error of the simulation; more trials make it smaller. VaR and CVaR are losses: "
        "positive where "
        "money is lost. CVaR is the mean of the worst outcomes. Percentiles of different outcomes or "
        "strategies do not add up.",
        "± 为模拟的一个标准误，试验越多越小。VaR 与 CVaR 以损失计：为正表示亏钱。CVaR 是最差结果的均值。"
        "不同结果或不同策略的百分位数不能相加。",
    )
    figures_error_note = Phrase(
        "± is one standard error of the simulation. Numbers are rounded to at most five digits; the table "
        "below has all.",
        "± 为模拟的一个标准误。数字最多取五位有效数字，全部位数见下表。",
    )
    years_note = Phrase(
        "A year is the period that ends then, 0 the signing. Percentiles of different years do not add up.",
        "“年”指在该时点结束的期间，0 为签约时。不同年份的百分位数不能相加。",
    )
    years_table = Phrase("All years in numbers", "逐年数字")

    each_strategy = Phrase("Each strategy: {outcome}", "各策略：{outcome}")
    less_baseline = Phrase("Difference from {name}: {outcome}", "与{name}之差：{outcome}")
    beats_it = Phrase("Beats it", "优于它")
    row_beats_column = Phrase("How often the row beats the column, % of trials", "行策略优于列策略的试验比例（%）")
    same_draws = Phrase(
        "All strategies are run on the same draws, so differences between them are differences of the "
        "strategies and not "
        "of luck: they are known much better than each number alone.",
        "所有策略使用同一组抽样，因此差别来自策略本身而非运气，其误差远小于单个数字的误差。",
    )
    comparison_note = Phrase(
        "Efficient: no other has a higher mean and a lower CVaR. Expected regret: what the best of each "
        "trial has more, on "
        "average.",
        "有效：没有其他策略均值更高且 CVaR 更低。期望后悔值：每次试验的最优者平均多出多少。",
    )
    tolerance_note = Phrase(
        "Certain worth of {outcome}: the sure amount that is worth as much, for risk tolerance {value} ({origin}).",
        "{outcome}的确定性等价：风险容忍度为 {value}（{origin}）时与之等值的确定金额。",
    )
    tolerance_of_mean = Phrase(
        "as none was given, half of the mean of {name}, to two digits", "未指定，取{name}均值的一半，保留两位有效数字"
    )
    tolerance_of_spread = Phrase(
        "as none was given, half of the standard deviation of {name}, to two digits",
        "未指定，取{name}标准差的一半，保留两位有效数字",
    )
    tolerance_given = Phrase("as given to the comparison", "比较时指定")
    strategies_on = Phrase(
        "This section rests on {trials}, all others on {all}: the same number may differ here in its last digits.",
        "本节基于 {trials}，其他各节基于 {all}：同一数字的末位可能略有不同。",
    )
    compared_on = Phrase("Compared on {trials}.", "比较基于 {trials}。")
    drivers_note = Phrase(
        "Answers from {trials}. A driver moves the outcome by itself; drivers that depend on each other "
        "share what they move.",
        "基于 {trials}。每个驱动因素单独推动结果；相互关联的因素共享其影响。",
    )

    risk = Phrase("Risk", "风险")
    measure = Phrase("Measure", "措施")
    probability = Phrase("P, %", "概率（%）")
    when = Phrase("When, years", "时间（年）")
    when_range = Phrase("{mean} ({low} to {high})", "{mean}（{low} 至 {high}）")
    expected_loss = Phrase("Expected loss", "期望损失")
    tail_loss = Phrase("In the worst 5 %", "最差 5% 中的损失")
    effect_on = Phrase("Effect on {name}", "对 {name} 的影响")
    effect_on_loss = Phrase("Effect on P(<\N{NO-BREAK SPACE}0), pp", "对 P(<\N{NO-BREAK SPACE}0) 的影响（百分点）")
    together = Phrase("All risks together", "所有风险合计")
    used = Phrase("Used", "已采用")
    cost = Phrase("Cost", "成本")
    brings = Phrase("Brings", "收益")
    net = Phrase("Net benefit", "净收益")
    per_cost = Phrase("Net per cost", "净收益/成本")
    risks_caption = Phrase("Risks of {name}", "{name}的风险")
    measures_caption = Phrase("Measures of {name}", "{name}的措施")
    no_risk = Phrase("No risk reaches {name}.", "{name}不受任何风险影响。")
    risks_note = Phrase(
        "Each strategy with and without each risk, on the same draws; {trials}. What single risks do does "
        "not add up to what "
        "they do together. Costs and benefits of measures are present values after tax.",
        "各策略在有无每项风险时使用同一组抽样；{trials}。单项风险的影响之和不等于其合计影响。"
        "措施的成本与收益为税后现值。",
    )

    input = Phrase("Input", "输入")
    distribution_of = Phrase("Distribution", "分布")
    unit = Phrase("Unit", "单位")
    source = Phrase("Source", "依据")
    inputs_caption = Phrase("Uncertain inputs, with exact moments and percentiles", "不确定输入，含精确矩与百分位数")
    constants_caption = Phrase("Fixed inputs", "固定输入")
    internal_draws = Phrase("Draws of the engine itself", "引擎自身的随机数")
    internal_note = Phrase(
        "No assumptions, but the random numbers behind events. Something happens where its draw, uniform from 0 to 1, "
        "is above one less its probability; something happens in time once its hazard, added up, reaches its draw, "
        "exponential with mean 1.",
        "这些不是假设，而是决定事件的随机数：均匀分布于 0 与 1 之间的随机数大于 1 减去概率时，事件发生；"
        "累积的风险率达到均值为 1 的指数随机数时，事件在该时刻发生。",
    )
    gaussian_copula = Phrase("Gaussian copula", "高斯 Copula")
    t_copula = Phrase("t copula with {degrees} degrees of freedom", "自由度为 {degrees} 的 t Copula")
    copula_of = Phrase(
        "{copula} of {names}; correlation of normal scores {pairs}", "{names}：{copula}，正态得分的相关系数 {pairs}"
    )
    all_zero = Phrase("all 0", "均为 0")
    value = Phrase("Value", "数值")
    notes = Phrase("Notes", "说明")
    notes_language = Phrase("", "以下说明为程序输出的英文原文。")
    dependence = Phrase("Dependence", "相关性")
    discounted = Phrase(
        "Discounted at {rate}, {when} of each period; what is paid at the signing is not.",
        "按{rate}折现，时点为每期{when}；签约时支付的不折现。",
    )
    discount_rate = Phrase("{rate} % a year", "每年 {rate}%")
    uncertain_rate = Phrase("the uncertain discount rate", "不确定的折现率")
    at_the_end = Phrase("at the end", "期末")
    in_the_middle = Phrase("in the middle", "期中")

    formulas_caption = Phrase("Formulas, in the order of evaluation", "公式，按计算顺序")
    formulas_note = Phrase(
        "Nothing is computed that is not printed here; {command} shows them with all others put into each.",
        "这里未列出的都不参与计算；{command} 还会展示逐层代入后的公式。",
    )
    name = Phrase("Name", "名称")
    formula = Phrase("Formula", "公式")

    reproduce = Phrase(
        "The same scenario, seed and number of trials give the same digits on every machine:",
        "相同的场景、种子和试验次数在任何机器上给出相同的数字：",
    )
    check_stored = Phrase("or, from the stored result:", "或由保存的结果复算：")
    facts_caption = Phrase("Facts of the run", "运行记录")
    scenario = Phrase("scenario", "场景")
    scenario_file = Phrase("scenario file", "场景文件")
    strategies_asked = Phrase("strategies asked for", "所选策略")
    all_of_them = Phrase("all", "全部")
    set_for_run = Phrase("set for this run", "本次设定")
    number_of_trials = Phrase("trials", "试验次数")
    trials_compared = Phrase("trials of the comparison", "策略比较的试验次数")
    trials_drivers = Phrase("trials of the drivers", "驱动因素分析的试验次数")
    trials_risks = Phrase("trials of the risk register", "风险登记的试验次数")
    left_out = Phrase("left out, and why", "未列入的分析及原因")
    seed = Phrase("seed", "随机种子")
    draws = Phrase("draws", "抽样方法")
    replicates = Phrase("replicates", "重复组数")
    device = Phrase("device", "计算设备")
    precision = Phrase("precision", "数值精度")
    created = Phrase("created (UTC)", "生成时间（UTC）")
    made_by = Phrase("made by", "生成命令")
    plan_digest = Phrase("SHA-256 of the compiled scenario", "编译后场景的 SHA-256")
    summary_digest = Phrase("SHA-256 of counts, sums, order statistics", "计数、求和与次序统计量的 SHA-256")
    stream_version = Phrase("version of the rule for draws", "抽样规则版本")
    schema_version = Phrase("version of the result's layout", "结果格式版本")
    table_error = Phrase("largest error of a quantile table", "分位数表最大误差")
    versions = Phrase("versions", "程序版本")
    data_file = Phrase("file {name}", "文件 {name}")
    fact = Phrase("Fact", "项目")
    footer = Phrase(
        "Made by simengine {version} from the stored result.", "由 simengine {version} 根据保存的结果生成。"
    )
