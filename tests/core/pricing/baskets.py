# ruff: noqa: E501 - one basket a line, so that the table reads as one.
"""Baskets worked out by hand, in the shop's words: what is bought, under which rules, what it costs.

Amounts are in fen. Goods: 水 2.50, 可乐 3.50, 牛奶 6.00, 面包 11.49, 蛋糕 99, 衬衫 199, 袜子 19.90, 苹果 11.98/kg,
肥皂 9.99, 茶叶 50 (cost 30 without 13 % VAT), 酒 100 (never below 80), 玩具 1, 雨伞 29.90.
"""

from typing import Any, NamedTuple

from terminal.core.pricing.facts import Facts, Used
from tests.core.pricing.shop import GROUPS, WANG, of, only, rule


class Case(NamedTuple):
    name: str
    basket: list[tuple[str, int]]
    rules: list[dict[str, Any]]
    total: int
    facts: Facts = Facts()
    groups: list[dict[str, Any]] = GROUPS
    member: Any = WANG
    below_cost: bool = True
    round_to: int = 0


HALF = rule("half", "nth", "set", percents=[100, 50], on=only("牛奶"))
HALF_MIXED = rule("half-mixed", "nth", "set", percents=[100, 50], on=of("bakery", "dairy"))
THREE_FOR_TWO = rule("3for2", "nth", "set", percents=[100, 100, 0], on=of("drinks", "dairy"))
FULL = rule("100-20", "threshold", "full", steps=[{"start": 10000, "amount": 2000}])
EACH = rule(
    "each100-10", "threshold", "full", mode="each", steps=[{"start": 10000, "amount": 1000}]
)
LADDER = rule(
    "ladder", "threshold", "full",
    steps=[{"start": 10000, "amount": 1000}, {"start": 20000, "amount": 3000}],
)  # fmt: skip
TIER95 = rule("gold95", "percent", "tier", percent=95, when={"tiers": ["gold"]})
ANY3 = rule("any3", "set-price", "set", count=3, price=1000, on=of("dairy", "drinks"))
MEAL = rule("meal", "bundle", "set", price=1500, parts=[{"on": only("面包")}, {"on": only("牛奶")}])
GIFT = rule("gift", "spend-get", "gift", spend=10000, gets=only("玩具"), percent=0)
ADD_ON = rule("add-on", "spend-get", "gift", spend=5000, gets=only("雨伞"), price=990, count=1)
POINTS = rule(
    "pts", "points-price", "points", points=100, price=100, on=only("肥皂"), when={"chosen": True}
)
CHOSEN = Facts(chosen=frozenset({"pts"}))
COUPON = rule(
    "c50", "threshold", "coupon", steps=[{"start": 5000, "amount": 500}], when={"coupon": "C50"}
)
HELD = Facts(coupons=frozenset({"C50"}))
MEMBER_DAY = rule("day88", "percent", "tier", percent=88, when={"weekdays": [3]})


def off(id_, rule_, **when):
    return {**rule_, "id": id_, "when": when}


def no(rule_):
    """The slow reckoning reads no facts: what does not hold is said here."""
    return {**rule_, "holds": False}


CASES = [
    # 折扣、直降、特价
    Case("无优惠: 水二面包一", [("水", 2), ("面包", 1)], [], 1649),
    Case("全场九折: 面包 10.341 → 10.34", [("面包", 1)], [rule("p", "percent", "item", percent=90)], 1034),
    Case("饮料九折, 面包不打", [("水", 2), ("面包", 1)], [rule("p", "percent", "item", percent=90, on=of("drinks"))], 450 + 1149),
    Case("品牌八折: 只蒙牛", [("牛奶", 1), ("可乐", 1)], [rule("p", "percent", "item", percent=80, on={"brands": ["蒙牛"]})], 480 + 350),
    Case("除面包外九折", [("水", 2), ("面包", 1)], [rule("p", "percent", "item", percent=90, on={"not_products": only("面包")["products"]})], 450 + 1149),
    Case("除饮料类外九折", [("水", 2), ("面包", 1)], [rule("p", "percent", "item", percent=90, on={"not_categories": ["drinks"]})], 500 + 1034),
    Case("单价五元以上九折", [("水", 1), ("牛奶", 1)], [rule("p", "percent", "item", percent=90, on={"price_min": 500})], 250 + 540),
    Case("单价五元以下九折", [("水", 1), ("牛奶", 1)], [rule("p", "percent", "item", percent=90, on={"price_max": 500})], 225 + 600),
    Case("直降一元, 每件", [("牛奶", 3)], [rule("a", "amount", "item", amount=100)], 1500),
    Case("直降不低于零", [("玩具", 2)], [rule("a", "amount", "item", amount=150)], 0),
    Case("苹果每公斤降一元: 14.98-1.25", [("苹果", 1250)], [rule("a", "amount", "item", amount=100)], 1373),
    Case("特价两元", [("水", 3)], [rule("f", "price", "item", price=200)], 600),
    Case("特价高于原价不涨", [("水", 3)], [rule("f", "price", "item", price=300)], 750),
    Case("苹果特价每公斤九元", [("苹果", 1250)], [rule("f", "price", "item", price=900)], 1125),
    Case("批发价: 有档的才有", [("袜子", 2), ("水", 1)], [rule("l", "level", "item", level="wholesale")], 2400 + 250),
    Case("会员价档 vip", [("衬衫", 1)], [rule("l", "level", "item", level="vip")], 18000),
    Case("同组取最优: 九折对直降五毛", [("水", 1), ("衬衫", 1)], [rule("p", "percent", "item", percent=90), rule("a", "amount", "item", amount=50)], 200 + 17910),
    Case("异组叠加: 九折后再减一元", [("牛奶", 1)], [rule("p", "percent", "item", percent=90), rule("a", "amount", "tier", amount=100)], 440),
    Case("满额条件: 饮料满十元才九折", [("水", 4)], [rule("p", "percent", "item", percent=90, on=of("drinks"), when={"amount_min": 1000})], 900),
    Case("满额条件未到", [("水", 3), ("面包", 1)], [rule("p", "percent", "item", percent=90, on=of("drinks"), when={"amount_min": 1000})], 750 + 1149),
    Case("三件起八折", [("水", 1), ("可乐", 2)], [rule("p", "percent", "item", percent=80, on=of("drinks"), when={"pieces_min": 3})], 200 + 560),
    Case("两件不到三件", [("水", 1), ("可乐", 1)], [rule("p", "percent", "item", percent=80, on=of("drinks"), when={"pieces_min": 3})], 600),
    Case("封顶: 五折最多减十元", [("面包", 1), ("牛奶", 4)], [rule("p", "percent", "item", percent=50, cap=1000)], 3549 - 1000),
    Case("限购: 每单特价两件", [("水", 5)], [rule("f", "price", "item", price=100, left=2)], 200 + 750),
    Case("限购先给贵的", [("水", 1), ("可乐", 2)], [rule("p", "percent", "item", percent=50, left=2)], 250 + 350),
    # 第二件半价、买赠
    Case("第二件半价: 两件", [("牛奶", 2)], [HALF], 900),
    Case("第二件半价: 三件只一次", [("牛奶", 3)], [HALF], 1500),
    Case("第二件半价: 四件两次", [("牛奶", 4)], [HALF], 1800),
    Case("第二件半价: 9.99 的一半 5.00", [("肥皂", 2)], [{**HALF, "on": only("肥皂")}], 999 + 500),
    Case("第二件半价混搭: 便宜的半价", [("面包", 1), ("牛奶", 1)], [HALF_MIXED], 1149 + 300),
    Case("混搭从贵的起配对: 11.49+11.49/2, 6+3", [("面包", 2), ("牛奶", 2)], [HALF_MIXED], 1149 + 575 + 600 + 300),
    Case("混搭单件不配", [("面包", 1), ("牛奶", 2)], [HALF_MIXED], 1149 + 300 + 600),
    Case("同款才半价", [("面包", 1), ("牛奶", 2)], [{**HALF_MIXED, "same": True}], 1149 + 900),
    Case("买二送一: 三瓶水", [("水", 3)], [THREE_FOR_TWO], 500),
    Case("买二送一: 九瓶送三", [("水", 9)], [THREE_FOR_TWO], 1500),
    Case("买二送一: 十一瓶送三", [("水", 11)], [THREE_FOR_TWO], 2000),
    Case("买二送一混搭: 送最便宜", [("水", 1), ("可乐", 1), ("牛奶", 1)], [THREE_FOR_TWO], 950),
    Case("混搭六件: 6,6,3.5 送3.5; 3.5,2.5,2.5 送2.5", [("牛奶", 2), ("可乐", 2), ("水", 2)], [THREE_FOR_TWO], 2400 - 600),
    Case("买一送一", [("可乐", 5)], [rule("b", "nth", "set", percents=[100, 0], on=of("drinks"))], 1050),
    Case("第二件八折第三件五折", [("牛奶", 3)], [rule("n", "nth", "set", percents=[100, 80, 50])], 600 + 480 + 300),
    Case("称重不计件", [("苹果", 2000), ("苹果", 1000)], [rule("n", "nth", "set", percents=[100, 0])], 2396 + 1198),
    Case("半价限一组", [("牛奶", 4)], [{**HALF, "left": 2}], 2100),
    Case("任选三件十元", [("水", 1), ("可乐", 1), ("牛奶", 1)], [ANY3], 1000),
    Case("任选三件: 从贵的起, 余下原价", [("牛奶", 3), ("水", 2)], [ANY3], 1000 + 500),
    Case("任选三件不涨价: 三瓶水 7.50", [("水", 3)], [ANY3], 750),
    Case("任选三件: 七件牛奶两组", [("牛奶", 7)], [ANY3], 2600),
    Case("套餐: 面包加牛奶十五元", [("面包", 1), ("牛奶", 1)], [MEAL], 1500),
    Case("套餐两份余一", [("面包", 2), ("牛奶", 3)], [MEAL], 3600),
    Case("套餐缺一样", [("面包", 2)], [MEAL], 2298),
    Case("套餐二水一面包", [("面包", 1), ("水", 2)], [rule("m", "bundle", "set", price=1400, parts=[{"on": only("面包")}, {"on": only("水"), "count": 2}])], 1400),
    Case("套餐对半价, 取省的: 套餐省 2.49, 半价省 3.00", [("面包", 1), ("牛奶", 1)], [MEAL, HALF_MIXED], 1449),
    # 满减、满折
    Case("满百减二十", [("衬衫", 1)], [FULL], 17900),
    Case("满百减二十只一次", [("衬衫", 2)], [FULL], 37800),
    Case("不满百不减", [("蛋糕", 1)], [FULL], 9900),
    Case("正好满百: 茶叶两件", [("茶叶", 2)], [FULL], 8000),
    Case("减额分摊到行正好二十: 48+66+1886", [("水", 1), ("可乐", 1), ("蛋糕", 1)], [FULL], 8500),
    Case("每满百减十: 398 减三十", [("衬衫", 2)], [EACH], 36800),
    Case("阶梯满减: 到高档", [("衬衫", 1), ("玩具", 1)], [LADDER], 20000 - 3000),
    Case("阶梯满减: 低档", [("衬衫", 1)], [LADDER], 18900),
    Case("每满阶梯: 350 = 200 减 30, 100 减 10", [("茶叶", 7)], [{**LADDER, "mode": "each"}], 35000 - 4000),
    Case("满折: 满百九折", [("茶叶", 3)], [rule("z", "threshold", "full", steps=[{"start": 10000, "percent": 90}])], 13500),
    Case("满件: 三件九折五件八折", [("牛奶", 5)], [rule("z", "threshold", "full", by="pieces", steps=[{"start": 3, "percent": 90}, {"start": 5, "percent": 80}])], 2400),
    Case("分段: 百元以上部分九折", [("茶叶", 3)], [rule("z", "threshold", "full", mode="marginal", steps=[{"start": 10000, "percent": 90}])], 14500),
    Case("分段两档: 100-200 九折, 以上八折", [("茶叶", 5)], [rule("z", "threshold", "full", mode="marginal", steps=[{"start": 10000, "percent": 90}, {"start": 20000, "percent": 80}])], 25000 - 1000 - 1000),
    Case("满减只看服装", [("袜子", 1), ("茶叶", 2)], [{**FULL, "on": of("clothes")}], 11990),
    Case("两档满减取优", [("衬衫", 1), ("玩具", 1)], [FULL, {**FULL, "id": "200-50", "steps": [{"start": 20000, "amount": 5000}]}], 15000),
    Case("满减封顶十五", [("衬衫", 1)], [{**FULL, "cap": 1500}], 18400),
    # 叠加、会员价可不用
    Case("会员九五折", [("面包", 1)], [TIER95], 1092),
    Case("会员价后满减: 199*0.95=189.05-20", [("衬衫", 1)], [TIER95, FULL], 16905),
    Case("不用会员价更省: 100 减 20 胜 95", [("茶叶", 2)], [TIER95, FULL], 8000),
    Case("折后仍满百, 会员价照用: 149+... 三茶 142.5-20", [("茶叶", 3)], [TIER95, FULL], 12250),
    Case("单品折压低门槛时放弃单品折", [("茶叶", 2)], [rule("p", "percent", "item", percent=99, on=of("tea")), FULL], 8000),
    Case("半价加会员价: 9.00*0.95", [("牛奶", 2)], [HALF, TIER95], 855),
    Case("会员日八八折 (周三)", [("衬衫", 1)], [MEMBER_DAY], 17512, Facts(weekday=3)),
    Case("会员日不是今天", [("衬衫", 1)], [no(MEMBER_DAY)], 19900, Facts(weekday=4)),
    Case("会员日与会员价同组取优", [("衬衫", 1)], [MEMBER_DAY, TIER95], 17512, Facts(weekday=3)),
    Case("生日当天八折", [("面包", 1)], [rule("b", "percent", "tier", percent=80, when={"birthday": "day"})], 919, Facts(birthday=frozenset({"day", "week", "month"}))),
    Case("生日月九折, 非当天", [("面包", 1)], [no(rule("b", "percent", "tier", percent=80, when={"birthday": "day"})), rule("m", "percent", "tier", percent=90, when={"birthday": "month"})], 1034, Facts(birthday=frozenset({"month"}))),
    Case("晚八点后面包半价", [("面包", 1), ("水", 1)], [rule("h", "percent", "item", percent=50, on=of("bakery"), when={"hours": ["20:00-22:00"]})], 575 + 250, Facts(minute=1200)),
    Case("晚八点前一分", [("面包", 1)], [no(rule("h", "percent", "item", percent=50, when={"hours": ["20:00-22:00"]}))], 1149, Facts(minute=1199)),
    Case("跨夜 22 点到 2 点", [("面包", 1)], [rule("h", "percent", "item", percent=50, when={"hours": ["22:00-02:00"]})], 575, Facts(minute=60)),
    Case("双十一期间最后一天", [("衬衫", 1)], [rule("d", "percent", "item", percent=50, when={"since": "2026-11-01", "until": "2026-11-11"})], 9950, Facts(date=20261111)),
    Case("双十一已过", [("衬衫", 1)], [no(rule("d", "percent", "item", percent=50, when={"since": "2026-11-01", "until": "2026-11-11"}))], 19900, Facts(date=20261112)),
    Case("只在 S02 店", [("面包", 1)], [no(rule("s", "percent", "item", percent=50, when={"stores": ["S02"]}))], 1149, Facts(store="S01")),
    Case("新客首单减五元", [("面包", 1)], [rule("n", "threshold", "full", steps=[{"start": 1000, "amount": 500}], when={"first_purchase": True})], 649, Facts(first_purchase=True)),
    Case("标签 VIP 九折", [("面包", 1)], [rule("t", "percent", "tier", percent=90, when={"tags": ["VIP"]})], 1034, Facts(tags=frozenset({"VIP", "老客"}))),
    Case("人群: 沉睡客八折", [("面包", 1)], [rule("t", "percent", "tier", percent=80, when={"segments": ["asleep"]})], 919, Facts(segments=frozenset({"asleep"}))),
    Case("卡种: 家庭卡九折", [("面包", 1)], [rule("t", "percent", "tier", percent=90, when={"card_types": ["family"]})], 1034, Facts(card_type="family")),
    Case("散客没有会员价", [("面包", 1)], [no(TIER95)], 1149, Facts(), GROUPS, None),
    # 满赠、换购、买 A 得 B
    Case("满赠: 满百送玩具", [("衬衫", 1), ("玩具", 1)], [GIFT], 19900),
    Case("满赠未满: 玩具照付", [("蛋糕", 1), ("玩具", 1)], [GIFT], 10000),
    Case("赠品不算消费额", [("蛋糕", 1), ("玩具", 3)], [GIFT], 10200),
    Case("满赠只送一件", [("衬衫", 1), ("玩具", 3)], [GIFT], 20100),
    Case("每满百送一: 398 送三", [("衬衫", 2), ("玩具", 4)], [{**GIFT, "each": True}], 39900),
    Case("换购: 满五十加 9.90 换雨伞", [("茶叶", 1), ("雨伞", 1)], [ADD_ON], 5990),
    Case("换购限一把", [("茶叶", 2), ("雨伞", 2)], [ADD_ON], 10000 + 990 + 2990),
    Case("买衬衫袜子半价", [("衬衫", 1), ("袜子", 2)], [rule("g", "spend-get", "gift", spend=1, on=only("衬衫"), gets=only("袜子"), percent=50, count=2)], 19900 + 1990),
    Case("满减后不满百则不赠: 取省的 (减二十)", [("茶叶", 2), ("玩具", 1)], [{**FULL, "on": of("tea")}, GIFT], 8100),
    # 券、积分
    Case("满五十减五券", [("蛋糕", 1)], [COUPON], 9400, HELD),
    Case("无券不减", [("蛋糕", 1)], [no(COUPON)], 9900),
    Case("券在满减之后: 199-20-5", [("衬衫", 1)], [FULL, COUPON], 17400, HELD),
    Case("积分加钱: 100 分加 1 元换肥皂", [("肥皂", 1)], [POINTS], 100, CHOSEN),
    Case("积分换购: 500 分换五块, 第六块原价", [("肥皂", 6)], [POINTS], 500 + 999, CHOSEN),
    Case("没选就不扣积分", [("肥皂", 1)], [no(POINTS)], 999),
    Case("积分抵现: 满百用券式积分抵三元", [("茶叶", 2)], [rule("cash", "threshold", "points", steps=[{"start": 10000, "amount": 300}], when={"chosen": True})], 9700, Facts(chosen=frozenset({"cash"}))),
    # 互斥、限制、最低价、抹零
    Case("不可同享: 特价与会员价互斥, 取优", [("牛奶", 1)], [rule("f", "price", "item", price=580), TIER95], 570, Facts(), [{"id": "item", "excludes": ["tier"]}, *GROUPS[1:]]),
    Case("互斥只管那一件", [("牛奶", 1), ("面包", 1)], [rule("f", "price", "item", price=400, on=only("牛奶")), TIER95], 400 + 1092, Facts(), [{"id": "item", "excludes": ["tier"]}, *GROUPS[1:]]),
    Case("必用组: 单品折不可放弃", [("茶叶", 2)], [rule("p", "percent", "item", percent=99, on=of("tea")), FULL], 9900, Facts(), [{"id": "item", "policy": "always"}, *GROUPS[1:]]),
    Case("最低价: 酒不低于八十", [("酒", 1)], [rule("p", "percent", "item", percent=70)], 8000),
    Case("不低于成本: 30*1.13=33.90", [("茶叶", 1)], [rule("p", "percent", "item", percent=50)], 3390, Facts(), GROUPS, WANG, False),
    Case("允许低于成本", [("茶叶", 1)], [rule("p", "percent", "item", percent=50)], 2500),
    Case("满减碰最低价, 由别的行承担", [("酒", 1), ("牛奶", 5)], [{**FULL, "steps": [{"start": 10000, "amount": 4000}]}], 9000),
    Case("满减在最低价处落空, 不占用商品", [("茶叶", 1)], [rule("p", "percent", "item", percent=30), {**FULL, "id": "f", "group": "tier", "steps": [{"start": 1000, "amount": 300}]}, rule("q", "percent", "tier", percent=50, left=1)], 3390, Facts(), GROUPS, WANG, False),
    Case("每人限购剩一件", [("水", 3)], [rule("f", "price", "item", price=100, left=1, limit={"per_member": 3})], 100 + 500, Facts(used=(Used("f", 2, 2, 9),))),
    Case("今日售罄", [("水", 3)], [rule("f", "price", "item", price=100, left=0, limit={"per_day": 50})], 750, Facts(used=(Used("f", 0, 50, 60),))),
    Case("总量剩两件", [("水", 3)], [rule("f", "price", "item", price=100, left=2, limit={"total": 100})], 450, Facts(used=(Used("f", 0, 1, 98),))),
    Case("抹零到角", [("面包", 1)], [], 1140, Facts(), GROUPS, WANG, True, 10),
    Case("抹零到元, 折后", [("面包", 3)], [TIER95], 3200, Facts(), GROUPS, WANG, True, 100),
    Case("优先级只断平手", [("牛奶", 1)], [rule("a", "percent", "item", percent=90, priority=9), rule("b", "percent", "item", percent=80)], 480),
]  # fmt: skip
