"""Pricing beside zen-engine, in turn, on one seeded workload; then ten thousand rules, and loading.

Times are CPU times of the measuring thread, which neighbours on the machine disturb least; the memory of
what rules name is warm, as it is in a till after its first sales of an hour.

    pip install --require-hashes -r tests/bench/requirements-bench.txt
    python -m tests.bench.rules

The workload: 20 lines, 100 promotions that overlap on them in four groups (percent, amount and fixed prices
of products, brands and categories, tiers and hours; ten thresholds of which the best counts; the tier price
is left out where that is better), facts, points and the reason of every fen. zen-engine gets two
formulations: one node of expressions, and one function node in its JavaScript; rules are loaded once and the
faster counts. Totals and points must be equal basket by basket.
"""

import json
import random
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from terminal.codec.rulebook import rule_book
from terminal.core.pricing.basket import Goods, Line, Member
from terminal.core.pricing.facts import Facts
from terminal.core.pricing.index import compiled
from terminal.core.pricing.promotions import (
    AmountOff,
    FixedPrice,
    Group,
    PercentOff,
    Promotion,
    Selector,
    Step,
    Threshold,
    When,
)
from terminal.core.pricing.quote import price
from terminal.core.pricing.rules import EarnRule, RuleBook
from terminal.store.rulefile import rules_of
from tests.bench import zen

SEED = 20261121
BASKETS = 400
ROUNDS = 5
TIERS = ("plain", "silver", "gold", "black")
CATEGORIES = ("drinks", "fruit", "bakery", "home")
BRANDS = ("a", "b", "c", "d", "e")
GROUPS = (Group("item", "always"), Group("brand", "always"), Group("tier"), Group("full"))
EARN = EarnRule("earn", "1", "每元一分", 100, 1, 100_000, (("gold", 150), ("black", 200)))


def articles(draw):
    return [
        Goods(
            f"G{n:03d}",
            f"商品{n}",
            draw.randrange(100, 5000),
            CATEGORIES[n % 4],
            brand=BRANDS[n % 5],
        )
        for n in range(60)
    ]


def promotions(draw, goods):
    made = []
    for n in range(30):  # Each product of a half has some; several categories overlap on all.
        on = Selector(products=frozenset(each.code for each in draw.sample(goods, 20)))
        gives = draw.choice(
            [
                PercentOff(draw.randrange(80, 99)),
                AmountOff(draw.randrange(5, 60)),
                FixedPrice(draw.randrange(500, 4000)),
            ]
        )
        made.append(Promotion(f"item{n:02d}", "1", f"单品{n}", "item", n % 3, gives, on))
    for n in range(30):
        on = (
            Selector(categories=frozenset(draw.sample(CATEGORIES, 2)))
            if n % 2
            else Selector(brands=frozenset(draw.sample(BRANDS, 3)))
        )
        hours = ((draw.randrange(0, 700), draw.randrange(701, 1440)),) if n % 3 == 0 else ()
        made.append(
            Promotion(
                f"brand{n:02d}",
                "1",
                f"品牌{n}",
                "brand",
                n % 4,
                PercentOff(draw.randrange(85, 100)),
                on,
                When(hours=hours),
            )
        )
    for n in range(30):
        when = When(
            tiers=frozenset(draw.sample(TIERS, 3)), weekdays=frozenset(draw.sample(range(1, 8), 5))
        )
        made.append(
            Promotion(
                f"tier{n:02d}",
                "1",
                f"会员{n}",
                "tier",
                0,
                PercentOff(draw.randrange(88, 100)),
                when=when,
            )
        )
    for n in range(10):
        start = 2000 * (n + 1)
        gives = Threshold((Step(start, start // 40 + n), Step(3 * start, start // 9)))
        made.append(
            Promotion(
                f"full{n:02d}",
                "1",
                f"满减{n}",
                "full",
                0,
                gives,
                when=When(tiers=frozenset(draw.sample(TIERS, 3))),
            )
        )
    return tuple(made)


def workload(seed=SEED):
    draw = random.Random(seed)
    goods = articles(draw)
    book = RuleBook("1", "1", (), EARN, promotions=promotions(draw, goods), groups=GROUPS)
    baskets = []
    for n in range(BASKETS):
        lines = tuple(
            Line(k + 1, each, 1000 * draw.randrange(1, 4), each.price)
            for k, each in enumerate(draw.sample(goods, 20))
        )
        tier = TIERS[n % 4]
        member = Member("1", "王", "", tier, tier, 0, 0, 0, "", "phone")
        day, sale = divmod(
            n, BASKETS // 7 + 1
        )  # A week, each day from eight in the morning to ten at night.
        facts = Facts(weekday=day + 1, minute=480 + 840 * sale * 7 // BASKETS, store="S1")
        baskets.append((lines, member, facts))
    return book, baskets


def timed(run, baskets):
    took = []
    for basket in baskets:
        start = time.thread_time_ns()
        run(basket)
        took.append((time.thread_time_ns() - start) / 1000)
    return took


def at(values, part):
    return sorted(values)[int(len(values) * part)]


def ours_of(book):
    return lambda basket: price(basket[0], basket[1], book, basket[2])


def scaled(book, extra):
    """The same book with rules that no line of the baskets may take."""
    draw = random.Random(7)
    others = tuple(
        Promotion(
            f"other{n}",
            "1",
            f"别的{n}",
            "item",
            0,
            PercentOff(90),
            Selector(products=frozenset({f"X{n}", f"Y{draw.randrange(9)}"})),
        )
        for n in range(extra)
    )
    return RuleBook("1", "1", (), EARN, promotions=book.promotions + others, groups=GROUPS)


def load_times(folder: Path) -> tuple[float, float]:
    """Seconds for a thousand promotions from TOML, and from what was kept."""
    text = "".join(
        f'[[promotions]]\nid = "r{n}"\nkind = "percent"\nname = "规则{n}"\n'
        f'group = "item"\npercent = {70 + n % 30}\n'
        f'priority = {n % 5}\n[promotions.on]\nproducts = ["G{n % 60:03d}", "G{n % 59:03d}"]\n'
        f'[promotions.when]\ntiers = ["gold", "silver"]\nhours = ["08:00-20:00"]\nsince = "2026-11-01"\n'
        for n in range(1000)
    )
    source, kept = folder / "rules.toml", folder / "rules.kept"
    source.write_text('version = 1\n[[groups]]\nid = "item"\n' + text)
    took = []
    for _ in range(2):
        start = time.perf_counter()
        compiled(rule_book(rules_of(source, kept), RuleBook("1", "1", (), EARN)))
        took.append(time.perf_counter() - start)
    return took[0], took[1]


def main() -> int:
    with TemporaryDirectory() as folder:
        toml, kept = load_times(Path(folder))
    book, baskets = workload()
    many = scaled(book, 9_900)
    runs = {"ours": ours_of(book), "ours, 10,000 rules": ours_of(many)}
    for name, make in zen.FORMULATIONS.items():
        decision = make(book)
        runs[name] = lambda basket, decision=decision: decision(*basket)
    totals = {name: [run(basket) for basket in baskets] for name, run in runs.items()}
    wanted = [quote.total for quote in totals["ours"]]
    for name, found in totals.items():
        got = [each.total if hasattr(each, "total") else each["total"] for each in found]
        assert got == wanted, (name, sum(a != b for a, b in zip(got, wanted, strict=True)))
        points = [each.earned if hasattr(each, "earned") else each["points"] for each in found]
        assert points == [quote.earned for quote in totals["ours"]], name
    took = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            took[name] += timed(run, baskets[:60] if name.startswith("zen") else baskets)
    for name, values in took.items():
        print(
            f"{name:24} p50 {median(values):8.1f} µs   p99 {at(values, 0.99):8.1f} µs   n {len(values)}"
        )
    ours, large = median(took["ours"]), median(took["ours, 10,000 rules"])
    theirs = min(median(values) for name, values in took.items() if name.startswith("zen"))
    print(json.dumps({
        "p50_us": round(ours, 1), "p99_us": round(at(took["ours"], 0.99), 1),
        "load_toml_ms": round(toml * 1000), "load_kept_ms": round(kept * 1000),
        "times_as_fast_as_zen": round(theirs / ours, 2), "times_of_100_rules": round(large / ours, 2),
    }))  # fmt: skip
    is_fast = ours <= 250 and at(took["ours"], 0.99) <= 600 and toml <= 0.6 and kept <= 0.15
    return 0 if is_fast and theirs >= 3 * ours and large <= 2 * ours else 1


if __name__ == "__main__":
    sys.exit(main())
