"""The shop that the tests of points reckon with: members, goods lines and rules in its own words."""

from dataclasses import replace
from random import Random

from hypothesis import strategies as st

from terminal.core.points.accrue import EarnLine
from terminal.core.points.conditions import ALL_GOODS, ALL_MEMBERS, ALWAYS, When, Which, Whom
from terminal.core.points.occasion import Occasion
from terminal.core.points.rules import (
    AT_ONCE_FOR_EVER,
    Around,
    Band,
    Basis,
    Birthday,
    Coefficient,
    Festival,
    Kind,
    Ladder,
    RuleSet,
    Shape,
)

SATURDAY = 20261121
AT_3PM = Occasion(
    "100001",
    "gold",
    "paid",
    "S01",
    frozenset({"母婴"}),
    frozenset({"loyal"}),
    SATURDAY,
    900,
    "05-21",
)
STRANGER = replace(AT_3PM, account="")


def names(*each: str) -> frozenset[str]:
    return frozenset(each)


def line(paid, category="drinks", *, brand="", product="", quantity=1000, earns=True):
    return EarnLine(paid, quantity, category, brand, product or category, earns)


def bands(*rows: tuple[int, int, int], shape=Shape.MARGINAL) -> Ladder:
    return Ladder(shape, tuple(Band(*row) for row in rows))


ONE_PER_YUAN = RuleSet(
    id="base", version="1", name="每元一分", kind=Kind.SPENDABLE, group="", priority=0,
    whom=ALL_MEMBERS, which=ALL_GOODS, when=ALWAYS, basis=Basis.AMOUNT, ladder=bands((0, 100, 1)),
    coefficients=(), multiples=(), multiples_stack=True, points_max=10**9, product_caps=(),
    terms=AT_ONCE_FOR_EVER,
)  # fmt: skip


def ruled(**changes) -> RuleSet:
    """Return one point per yuan with changes; its memo is its own."""
    return replace(ONE_PER_YUAN, memo={}, **changes)


# Small worlds in which conditions overlap often. Drawn from a seed, because hypothesis prefers the smallest
# values, and a world of empty baskets and rules that do not apply shows little.
TIERS, CATEGORIES, BRANDS, PRODUCTS = ("plain", "gold"), ("drinks", "bakery"), ("", "x"), ("p", "q")
PERCENTS = (50, 90, 100, 110, 120, 150, 150, 200, 200, 300, 333, 0)
WHENS = (
    *[ALWAYS] * 8,
    When(weekdays=frozenset({6, 7})),
    When(days=frozenset({18})),
    When(from_minute=1320, to_minute=120),
    When(from_minute=540, to_minute=1080),
)


def whom(rng: Random) -> Whom:
    return rng.choice(
        (*[ALL_MEMBERS] * 3, Whom(tiers=names(rng.choice(TIERS))), Whom(tags=names("母婴")))
    )


def which(rng: Random) -> Which:
    return rng.choice(
        (
            ALL_GOODS,
            ALL_GOODS,
            Which(categories=names(rng.choice(CATEGORIES))),
            Which(brands=names("x")),
            Which(not_products=names("q")),
        )
    )


def multiple(rng: Random) -> Birthday | Festival:
    if rng.random() < 0.5:
        return Birthday("b", rng.choice(PERCENTS), rng.choice(list(Around)))
    return Festival("v", rng.choice(PERCENTS), rng.choice(WHENS))


def ladder(rng: Random) -> Ladder:
    rows = [
        Band(start, rng.choice((100, 300, 1000)), 1 + rng.randrange(7))
        for start in (rng.choice((0, 0, 0, 3000)), 5000, 20000)
    ]
    return Ladder(rng.choice(list(Shape)), tuple(rows[: rng.randrange(1, 4)]))


def rule_set(rng: Random, n: int) -> RuleSet:
    basis = rng.choice((Basis.AMOUNT, Basis.AMOUNT, Basis.QUANTITY, Basis.SALE))
    return ruled(
        id=f"r{n}",
        kind=rng.choice((Kind.SPENDABLE, Kind.SPENDABLE, Kind.STANDING)),
        group=rng.choice(("", "g")),
        priority=rng.randrange(2),
        whom=whom(rng),
        which=which(rng),
        when=rng.choice(WHENS),
        basis=basis,
        ladder=bands((0, 2, 17)) if basis is Basis.SALE else ladder(rng),
        coefficients=tuple(
            Coefficient("f", rng.choice(PERCENTS), whom(rng), which(rng), rng.choice(WHENS))
            for _ in range(rng.randrange(4))
        ),
        multiples=tuple(multiple(rng) for _ in range(rng.randrange(3))),
        multiples_stack=rng.random() < 0.5,
        points_max=rng.choice((*[10**9] * 8, 100, 7, 0)),
        product_caps=rng.choice((*[()] * 5, (("p", 3),), (("p", 0), ("q", 11)))),
    )


def rule_sets(rng: Random) -> tuple[RuleSet, ...]:
    return tuple(rule_set(rng, n) for n in range(rng.randrange(3, 9)))


def goods(rng: Random) -> EarnLine:
    return EarnLine(
        rng.choice((0, rng.randrange(1000), rng.randrange(30000), rng.randrange(30000))),
        rng.choice((500, 1000, 2000, 3000)),
        rng.choice(CATEGORIES),
        rng.choice(BRANDS),
        rng.choice(PRODUCTS),
        rng.random() < 0.8,
    )


def basket(rng: Random) -> list[EarnLine]:
    return [goods(rng) for _ in range(rng.randrange(1, 7))]


def occasion(rng: Random) -> Occasion:
    return Occasion(
        "100001",
        rng.choice(TIERS),
        "",
        "S01",
        rng.choice((frozenset(), names("母婴"))),
        frozenset(),
        rng.choice((20261118, 20261121, 20270228, 20261231)),
        rng.choice((30, 600, 1400)),
        rng.choice(("", "02-29", "11-21", "01-01")),
    )


SEEDS = st.integers(0, 2**64).map(Random)
WORLDS = SEEDS.map(lambda rng: (basket(rng), occasion(rng), rule_sets(rng)))
