"""What inputs that have no title are called: those of the tables of a deal, by what their key means."""

from __future__ import annotations

import re
from collections.abc import Mapping

from simengine.report.language import localised
from simengine.report.phrases import Phrase, Phrases
from simengine.report.text import printable
from simengine.results.record import Record

_EVENT = "hazard used up when it happens: "
_CLOCK = "hazard used up when "
_CHANCE = "uniform: min 0, max 1"


class _Said(Phrases):
    """Phrases around names that a scenario chooses."""

    upfront = Phrase("{name}: at the signing", "{name}：签约时金额")
    annual = Phrase("{name}: amount a year", "{name}：每年金额")
    growth = Phrase("{name}: growth a year", "{name}：年增长率")
    share_of_sales = Phrase("{name}: share of sales", "{name}：占销售额比例")
    starts = Phrase("{name}: when it begins", "{name}：开始时间")
    years = Phrase("{name}: how long it runs", "{name}：持续年数")
    deductible = Phrase("{name}: deductible a year", "{name}：每年免赔额")
    limit = Phrase("{name}: most that is paid in a year", "{name}：每年赔付上限")
    insured_share = Phrase("{name}: share that is paid", "{name}：赔付比例")
    acts_on = Phrase("{name}: effect on {what}", "{name}的作用：{what}")
    behind = Phrase("draw behind “{name}”", "“{name}”所用的随机数")
    behind_time = Phrase("draw behind the time of “{name}”", "“{name}”发生时间所用的随机数")
    again = Phrase("{what}, no.\N{NO-BREAK SPACE}{number}", "{what}（第 {number} 次）")
    event = Phrase("“{name}”", "“{name}”")

    rate = Phrase("{name}: events a year", "{name}：每年发生次数")
    annual_probability = Phrase("{name}: probability a year", "{name}：年发生概率")
    probability = Phrase("{name}: probability", "{name}：发生概率")
    time = Phrase("{name}: when it happens", "{name}：发生时间")
    from_then = Phrase("{name}: not before", "{name}：最早发生时间")
    shape = Phrase("{name}: shape of the waiting time", "{name}：等待时间的形状参数")
    severity = Phrase("{name}: share that is lost", "{name}：损失比例")
    ramp_years = Phrase("{name}: years until full effect", "{name}：影响形成的年数")
    duration_years = Phrase("{name}: how long it lasts", "{name}：影响持续年数")
    price_erosion = Phrase("{name}: fall of prices a year", "{name}：价格年下降率")
    cost = Phrase("{name}: cost", "{name}：造成的成本")
    fine = Phrase("{name}: fine, share of sales", "{name}：罚款占销售额比例")
    legal_share = Phrase("{name}: more legal cost", "{name}：增加的合规成本比例")
    claim_cut = Phrase("{name}: share of payments lost", "{name}：损失的付款比例")
    terminates = Phrase("{name}: chance that it ends the deal", "{name}：终止协议的概率")
    sued = Phrase("{name}: chance that we sue", "{name}：起诉概率")
    suit = Phrase("{name}: cost of the suit", "{name}：诉讼费用")
    win = Phrase("{name}: chance of winning in court", "{name}：胜诉概率")
    awarded = Phrase("{name}: share awarded in court", "{name}：判赔比例")
    delay_years = Phrase("{name}: years until the award", "{name}：获赔所需年数")

    stage_cost = Phrase("cost of stage {name}", "第 {name} 阶段成本")
    stage_years = Phrase("duration of stage {name}", "第 {name} 阶段时长")
    stage_success = Phrase("success of stage {name}", "第 {name} 阶段成功概率")
    our_share = Phrase("our share of development", "我方承担的研发比例")
    milestone = Phrase("milestone {name}: payment", "里程碑 {name}：付款")
    milestone_year = Phrase("milestone {name}: when it is due", "里程碑 {name}：到期时间")
    milestone_chance = Phrase("milestone {name}: probability", "里程碑 {name}：达成概率")
    milestone_sales = Phrase("milestone {name}: sales that it needs", "里程碑 {name}：所需销售额")
    tier = Phrase("royalty tier {name}: upper limit", "提成第 {name} 档：上限")
    tier_rate = Phrase("royalty tier {name}: rate", "提成第 {name} 档：提成率")

    deal_upfront = Phrase("payment at the signing", "签约付款")
    deal_price = Phrase("price of the sale", "转让价款")
    royalty_rate = Phrase("royalty rate", "提成率")
    royalty_minimum = Phrase("minimum royalty a year", "每年最低提成")
    royalty_years = Phrase("term of the royalty", "提成年限")
    revenue_share = Phrase("our share of the sales", "销售分成比例")
    minimum_commitment = Phrase("least payment a year", "每年最低付款")
    deal_fee = Phrase("fixed fee a year", "每年固定费用")
    earn_out_share = Phrase("earn-out: share of sales", "或有对价：销售额比例")
    earn_out_years = Phrase("earn-out: how long it runs", "或有对价：年限")
    equity = Phrase("our share of the venture", "我方合资股比")
    capital = Phrase("capital of the venture", "合资资本")
    capital_annual = Phrase("capital of the venture a year", "合资每年资本")
    margin = Phrase("margin of the venture", "合资利润率")
    opex = Phrase("fixed cost of the venture a year", "合资每年固定成本")
    exit_multiple = Phrase("exit value, multiple of sales", "退出价值倍数（按销售额）")
    demand_uplift = Phrase("demand through the cooperation", "合作带来的需求倍数")
    cost_avoided = Phrase("cost that we save a year", "每年节省的成本")

    subscribers = Phrase("subscribers at the signing", "签约时订阅数")
    additions = Phrase("new subscribers a year", "每年新增订阅数")
    churn = Phrase("subscribers that leave a year", "年流失率")
    subscription = Phrase("fee of a subscriber a year", "每订阅年费")
    calls = Phrase("calls a year", "每年调用量")
    price = Phrase("price", "单价")
    serving = Phrase("cost of serving", "单位服务成本")
    cost_decline = Phrase("fall of the serving cost a year", "服务成本年降幅")
    price_decline = Phrase("fall of prices a year", "价格年降幅")
    erosion = Phrase("fall of prices, continuous rate", "价格连续下降率")
    volume_growth = Phrase("growth of the volume a year", "业务量年增长率")
    units = Phrase("units sold a year", "每年销量")
    maintenance = Phrase("maintenance, share of the price", "维护费占价格比例")
    days = Phrase("days of work a year", "每年工作日数")
    day_rate = Phrase("price of a day", "日单价")
    utilisation = Phrase("share of the days sold", "工作日售出比例")
    volume = Phrase("transactions a year", "每年交易额")
    commission = Phrase("commission", "佣金率")
    conversion = Phrase("share that is paid for", "付费转化率")

    demand_growth = Phrase("growth of demand a year", "需求年增长率")
    demand_drift = Phrase("expected growth of demand", "需求预期增长率")
    demand_volatility = Phrase("volatility of demand", "需求波动率")
    innovation = Phrase("adoption: innovation", "采用：创新系数")
    imitation = Phrase("adoption: imitation", "采用：模仿系数")
    segment_value = Phrase("{name}: market value", "{name}：市场价值")
    segment_demand = Phrase("{name}: demand", "{name}：市场需求")
    segment_price = Phrase("{name}: price level", "{name}：价格水平")

    withholding = Phrase("withholding tax", "预提税率")
    dividend_withholding = Phrase("withholding tax on distributions", "分红预提税率")
    vat = Phrase("value added tax", "增值税率")
    exchange_rate = Phrase("exchange rate at the signing", "签约时汇率")
    exchange_drift = Phrase("change of the exchange rate a year", "汇率年变化")
    exchange_volatility = Phrase("volatility of the exchange rate", "汇率波动率")
    approval = Phrase("probability of approval", "获批概率")
    approval_years = Phrase("years until approval", "审批年数")
    tax_rate = Phrase("tax rate", "税率")
    exempt = Phrase("income free of tax a year", "每年免税收入")
    discount_rate = Phrase("discount rate", "贴现率")
    recovery = Phrase("recovery after a default", "违约后回收率")
    partner_margin = Phrase("margin of the partner", "合作方利润率")
    launch_cost = Phrase("investment of the partner", "合作方上市投入")
    partner_cost = Phrase("fixed cost of the partner a year", "合作方每年固定成本")
    partner_share = Phrase("{name}: share of the sales", "{name}：销售占比")
    partner_recovery = Phrase("{name}: recovery after a default", "{name}：违约后回收率")
    annual_default = Phrase("probability of default a year", "年违约概率")
    one_annual_default = Phrase("{name}: probability of default a year", "{name}：年违约概率")


_COST = {"upfront": "upfront", "annual": "annual", "growth": "growth", "share_of_sales": "share_of_sales"}
_COST |= {"starts": "starts", "years": "years"}
_RISK = {name: name for name in ("rate", "annual_probability", "probability", "time", "shape", "severity")}
_RISK |= {name: name for name in ("ramp_years", "duration_years", "price_erosion", "cost", "fine", "legal_share")}
_RISK |= {"claim_cut": "claim_cut", "terminates": "terminates", "starts": "from_then"}
_RISK |= {"litigation.probability": "sued", "litigation.cost": "suit", "litigation.win": "win"}
_RISK |= {"litigation.recovery": "awarded", "litigation.delay_years": "delay_years"}
_INSURANCE = {"insurance.deductible": "deductible", "insurance.limit": "limit", "insurance.share": "insured_share"}
_OF_ENTRIES: Mapping[str, Mapping[str, str]] = {
    "costs": _COST,
    "grants": _COST,
    "mitigations": _COST | _INSURANCE,
    "risks": _RISK,
    "segments": {"V": "segment_value", "D": "segment_demand", "price": "segment_price"},
    "partners": {"share": "partner_share", "recovery": "partner_recovery", "annual_default": "one_annual_default"},
    "development.stages": {"cost": "stage_cost", "years": "stage_years", "success": "stage_success"},
    "deal.milestones": {
        **{"amount": "milestone", "year": "milestone_year"},
        **{"probability": "milestone_chance", "sales_above": "milestone_sales"},
    },
    "deal.royalty.tiers": {"up_to": "tier", "rate": "tier_rate"},
}
"""Tables whose entries have names or numbers: the phrase of each key."""
_OF_TABLES: Mapping[str, str] = {
    **{f"deal.{name}": name for name in ("revenue_share", "minimum_commitment", "equity", "capital", "capital_annual")},
    **{f"deal.{name}": name for name in ("margin", "opex", "exit_multiple", "demand_uplift", "cost_avoided")},
    **{"deal.upfront": "deal_upfront", "deal.price": "deal_price", "deal.fee": "deal_fee"},
    **{f"deal.royalty.{name}": f"royalty_{name}" for name in ("rate", "minimum", "years")},
    **{"deal.earn_out.share": "earn_out_share", "deal.earn_out.years": "earn_out_years"},
    **{f"revenue.{name}": name for name in ("subscribers", "additions", "churn", "calls", "price", "cost_decline")},
    **{f"revenue.{name}": name for name in ("price_decline", "units", "maintenance", "days", "day_rate")},
    **{f"revenue.{name}": name for name in ("utilisation", "volume", "commission", "conversion")},
    **{"revenue.fee": "subscription", "revenue.cost": "serving", "revenue.growth": "volume_growth"},
    **{"revenue.price_erosion": "erosion", "demand.p": "innovation", "demand.q": "imitation"},
    **{f"demand.{name}": f"demand_{name}" for name in ("growth", "drift", "volatility")},
    **{f"crossborder.{name}": name for name in ("withholding", "dividend_withholding", "vat", "approval")},
    **{f"crossborder.{name}": f"exchange_{name}" for name in ("rate", "drift", "volatility")},
    **{"crossborder.approval_years": "approval_years", "development.our_share": "our_share"},
    **{"tax.rate": "tax_rate", "tax.relief.exempt": "exempt", "scenario.discount.rate": "discount_rate"},
    **{"partner.recovery": "recovery", "partner.margin": "partner_margin", "partner.launch_cost": "launch_cost"},
    **{"partner.annual_cost": "partner_cost", "partner.annual_default": "annual_default"},
}
"""Single values: the phrase of each key."""
_CHANGES = re.compile(r"mitigations\.(?P<name>[^.]+)\.(?:reduces|multiplies)\.(?P<what>.+)")
_ENTRY = re.compile(
    r"(?P<table>costs|grants|mitigations|risks|segments|partners|development\.stages|deal\.milestones"
    r"|deal\.royalty\.tiers)[.\[](?P<name>[^.\]]+)\]?\.(?P<rest>.+)"
)
_PLACE = re.compile(r"\d+")


def input_titles(record: Record, lang: str) -> dict[str, str]:
    """What the inputs of a run that have no title are called, by name; those that no table explains are left out."""
    keys = [str(key) for key in record["input_key"]]
    titles = [str(title) for title in record["input_title"]]
    events = {key.removesuffix(".probability"): title for key, title in zip(keys, titles, strict=True) if title}
    found: dict[str, str] = {}
    for name, key, title in zip(map(str, record["input_name"]), keys, titles, strict=True):
        said = "" if title or name in found else _said(key, events, lang)
        if said:
            found[name] = _counted(name, key, said, lang)
    return found


def internal_draws(record: Record, lang: str) -> dict[str, str]:
    """What the engine's own draws are called, by name: those that decide whether something happens, and when.

    Such a draw is compared with a probability that is uncertain itself (``RISK_chance``), or is the hazard that is used
    up when something happens (``RISK_clock``); neither is an assumption of a scenario.
    """
    words, found = _Said(lang), dict[str, str]()
    columns = ("input_name", "input_key", "input_title", "input_description")
    for name, key, title, description in zip(*(map(str, record[column]) for column in columns), strict=True):
        if key.startswith("inputs."):
            continue
        if name.endswith("_chance") and description.startswith(_CHANCE):
            said = printable(localised(title, lang)).strip()
            found[name] = words.behind.format(name=said or printable(name.removesuffix("_chance")))
        elif name.endswith("_clock") and title.startswith(_CLOCK):
            event = title.removeprefix(_EVENT) if title.startswith(_EVENT) else "default of the partner"
            said = printable(localised(event, lang)).strip()
            found[name] = words.behind_time.format(name=said or printable(name.removesuffix("_clock")))
    return found


def _said(key: str, events: Mapping[str, str], lang: str) -> str:
    """What a key means; empty where it is none of the tables of a deal."""
    words = _Said(lang)
    if key in _OF_TABLES:
        return str(getattr(words, _OF_TABLES[key]))
    if change := _CHANGES.fullmatch(key):
        what = _said(change["what"], events, lang)
        return words.acts_on.format(name=printable(change["name"]), what=what) if what else ""
    entry = _ENTRY.fullmatch(key)
    phrase = _OF_ENTRIES[entry["table"]].get(entry["rest"]) if entry else None
    if entry is None or phrase is None:
        return ""
    event = events.get(f"risks.{entry['name']}", "") if entry["table"] == "risks" else ""
    event = printable(localised(event.removeprefix(_EVENT), lang)).strip()
    name = str(int(entry["name"]) + 1) if _PLACE.fullmatch(entry["name"]) else printable(entry["name"])
    return str(getattr(words, phrase)).format(name=words.event.format(name=event) if event else name)


def _counted(name: str, key: str, said: str, lang: str) -> str:
    """With the number of the occurrence, for what is drawn anew each time that a risk happens: ``entry_2_severity``."""
    entry = _ENTRY.fullmatch(key)
    numbered = re.fullmatch(rf"{re.escape(entry['name'].replace('-', '_'))}_(\d+)_\w+", name) if entry else None
    return again(said, numbered[1], lang) if numbered else said


def again(said: str, number: str, lang: str) -> str:
    """What happens for the second or third time."""
    return _Said(lang).again.format(what=said, number=number)
