"""The shop of the worked baskets: its goods, its groups, and its rules in few words.

A rule is a table as in a rules file, so the slow and the fast reckoning read the same words.
"""

from msgspec import convert

from config.rulefile import Promotion
from terminal.codec.rulebook import promotion
from terminal.core.pricing.basket import Goods, Line, Member
from terminal.core.pricing.facts import NO_FACTS
from terminal.core.pricing.promotions import Group, RoundDown
from terminal.core.pricing.quote import price
from terminal.core.pricing.rules import RuleBook
from tests.core.pricing.brute import cheapest

GOODS = {
    "水": {"price": 250, "category": "drinks"},
    "可乐": {"price": 350, "category": "drinks", "brand": "可口"},
    "牛奶": {"price": 600, "category": "dairy", "brand": "蒙牛"},
    "面包": {"price": 1149, "category": "bakery"},
    "蛋糕": {"price": 9900, "category": "bakery"},
    "衬衫": {
        "price": 19900,
        "category": "clothes",
        "brand": "海澜",
        "levels": {"vip": 18000, "wholesale": 12000},
    },
    "袜子": {"price": 1990, "category": "clothes", "levels": {"wholesale": 1200}},
    "苹果": {"price": 1198, "category": "fruit", "unit": "kg"},
    "肥皂": {"price": 999, "category": "home"},
    "茶叶": {"price": 5000, "category": "tea", "cost": 3000, "tax": 1300},
    "酒": {"price": 10000, "category": "wine", "price_min": 8000},
    "玩具": {"price": 100, "category": "gifts"},
    "雨伞": {"price": 2990, "category": "gifts"},
}
CODES = {name: f"G{place:02d}" for place, name in enumerate(GOODS)}
GROUPS = [{"id": name} for name in ("item", "set", "tier", "full", "gift", "coupon", "points")]
WANG = Member("100001", "王小明", "", "gold", "金卡", 500, 0, 0, "", "phone")


def rule(id_, kind, group, **rest):
    return {"id": id_, "kind": kind, "group": group, **rest}


def of(*categories):
    return {"categories": list(categories)}


def only(*products):
    return {"products": [CODES[name] for name in products]}


def lines_of(basket, extra=None):
    """Lines as tables; a number is pieces, of weighed goods thousandths."""
    found = []
    for name, amount in basket:
        goods = {"code": CODES[name], "name": name, **GOODS[name], **(extra or {}).get(name, {})}
        is_weighed = goods.get("unit") == "kg"
        found.append({**goods, "quantity": amount if is_weighed else amount * 1000})
    return found


def core_lines(lines):
    return [
        Line(
            n, Goods(
                line["code"], line["name"], line["price"], line["category"], line.get("earns", True),
                line.get("tax", 0), line.get("unit", "piece"), line.get("cost"), line.get("brand", ""),
                tuple(line.get("levels", {}).items()), line.get("price_min", 0),
            ),
            line["quantity"], line["price"],
        )
        for n, line in enumerate(lines, 1)
    ]  # fmt: skip


def book_of(rules, groups=GROUPS, *, below_cost=True, round_to=0, cash_only=False):
    words = [{k: v for k, v in each.items() if k not in ("holds", "left")} for each in rules]
    for words_of_one, each in zip(words, rules, strict=True):
        if "left" in each:
            words_of_one.setdefault(
                "limit", {"per_sale": each["left"]} if each["left"] else {"total": 1}
            )
    return RuleBook(
        "r", "c", (), None,
        promotions=tuple(promotion(convert({"name": each["id"], **each}, Promotion)) for each in words),
        groups=tuple(
            Group(g["id"], g.get("policy", "best"), frozenset(g.get("excludes", ()))) for g in groups
        ),
        round_down=RoundDown("抹零", "1", "抹零", round_to, cash_only) if round_to else None,
        never_below_cost=not below_cost,
    )  # fmt: skip


def quote(lines, rules, groups=GROUPS, *, facts=NO_FACTS, member=WANG, **settings):
    return price(core_lines(lines), member, book_of(rules, groups, **settings), facts)


def slow(lines, rules, groups=GROUPS, *, member=WANG, below_cost=True, round_to=0):
    points = member.points if member else 0
    return cheapest(lines, rules, groups, points=points, below_cost=below_cost, round_to=round_to)
