"""The rules file: promotions as data, as `rules.toml` or the same as JSON writes them.

Money is in minor units (fen), percents are what is **paid**, dates are business dates, hours are by the
shop's clock. No key holds code.
"""

from typing import Annotated, Literal

from msgspec import Meta

from config.pointsfile import Awards, Burn, Gift, Lottery, PointsRule
from config.rulewords import (
    SHORT_LIST_MAX,
    Codes,
    Count,
    Date,
    Hours,
    Ids,
    Names,
    Percent,
    Priority,
    Row,
    Some,
    Weekday,
)
from config.shop import Amount, Version
from config.words import Id, Name

PROMOTIONS_MAX = 20_000


class On(Row, frozen=True, kw_only=True):
    """`on`: which goods. An article must be in each list that is given; none given means all goods."""

    products: Codes = ()
    """Codes of articles."""
    categories: Ids = ()
    """Ids of categories."""
    brands: Names = ()
    """Brands."""
    not_products: Codes = ()
    """Codes of articles that are left out."""
    not_categories: Ids = ()
    """Ids of categories that are left out."""
    price_min: Amount = 0
    """Least unit price, before discounts."""
    price_max: Amount | None = None
    """Highest unit price, before discounts."""


class When(Row, frozen=True, kw_only=True):
    """`when`: what must hold. What is not given is not asked."""

    tiers: Ids = ()
    """Any of these tiers of membership."""
    card_types: Ids = ()
    """Any of these types of cards."""
    stores: Ids = ()
    """Any of these stores."""
    levels: Ids = ()
    """Any of these price levels of the customer."""
    tags: Names = ()
    """Any of these tags of the member."""
    segments: Names = ()
    """Any of these segments."""
    weekdays: Annotated[tuple[Weekday, ...], Meta(max_length=7)] = ()
    """Any of these weekdays."""
    since: Date | None = None
    """First day."""
    until: Date | None = None
    """Last day, itself included."""
    hours: Annotated[tuple[Hours, ...], Meta(max_length=SHORT_LIST_MAX)] = ()
    """Within any of these times."""
    birthday: Literal["", "day", "week", "month"] = ""
    """The day, week or month of the member's birthday."""
    first_purchase: bool = False
    """Only the member's first purchase."""
    coupon: Annotated[str, Meta(max_length=31, description="a coupon's campaign")] = ""
    """Campaign of a coupon that must lie on the counter."""
    chosen: bool = False
    """Only when the cashier chose the rule."""
    amount_min: Amount = 0
    """Least amount of the goods it is on, before discounts."""
    pieces_min: Annotated[int, Meta(ge=0, le=1_000_000, description="a count")] = 0
    """Least pieces of the goods it is on."""


class Limit(Row, frozen=True, kw_only=True):
    """`limit`: for how many units it may be used; for a threshold, how often."""

    per_sale: Count | None = None
    """In one sale."""
    per_member: Count | None = None
    """By one member, ever."""
    per_day: Count | None = None
    """On one business date, by everybody."""
    total: Count | None = None
    """Altogether."""
    shared_by: Count = 1
    """How many tills share `per_day` and `total`: each gives its part of them, rounded down, so that more
    than stands here is never given, online or not. `per_member` counts at each till."""


class _Promotion(Row, frozen=True, kw_only=True, tag_field="kind"):
    """What every promotion has."""

    id: Id
    """Name in records."""
    name: Name
    """What the receipt says as the reason."""
    group: Id
    """Id of the group it belongs to."""
    version: Version = 1
    """Raised whenever the rule is changed."""
    priority: Priority = 0
    """Breaks ties between equally good rules: the higher wins, then the smaller id."""
    on: On = On()
    """Which goods."""
    when: When = When()
    """When it holds."""
    limit: Limit = Limit()
    """How often."""
    cap: Some | None = None
    """The most it takes off in one sale."""


class PercentOff(_Promotion, frozen=True, kw_only=True, tag="percent"):
    """Lines go for `percent` of what they cost."""

    percent: Percent
    """What is paid: 90 is 10 % off (九折)."""


class AmountOff(_Promotion, frozen=True, kw_only=True, tag="amount"):
    """Each unit goes for `amount` less (直降)."""

    amount: Some
    """Taken off a piece or a kilogram."""


class FixedPrice(_Promotion, frozen=True, kw_only=True, tag="price"):
    """Each unit goes for `price` (特价)."""

    price: Amount
    """Price of a piece or a kilogram."""


class LevelPrice(_Promotion, frozen=True, kw_only=True, tag="level"):
    """Each unit goes for the article's price at a level (批发价)."""

    level: Id
    """The price level."""


class Nth(_Promotion, frozen=True, kw_only=True, tag="nth"):
    """In sets formed from the dearest down, each place has its percent (第二件半价, 买二送一)."""

    percents: Annotated[tuple[Percent, ...], Meta(min_length=1, max_length=100)]
    """What is paid of the first, second, … unit: [100, 50] is the second at half price."""
    same: bool = False
    """Whether a set is of one article only."""


class SetPrice(_Promotion, frozen=True, kw_only=True, tag="set-price"):
    """Each `count` units go for `price` together (任选三件99元)."""

    count: Annotated[int, Meta(ge=1, le=100, description="a count from 1 to 100")]
    """Units of a set."""
    price: Amount
    """What a set costs."""
    same: bool = False
    """Whether a set is of one article only."""


class Part(Row, frozen=True, kw_only=True):
    """`parts`: one part of a bundle."""

    on: On
    """Which goods."""
    count: Annotated[int, Meta(ge=1, le=100, description="a count from 1 to 100")] = 1
    """How many units."""


class Bundle(_Promotion, frozen=True, kw_only=True, tag="bundle"):
    """Different goods together go for `price` (套餐)."""

    parts: Annotated[tuple[Part, ...], Meta(min_length=1, max_length=20)]
    """What belongs to it."""
    price: Amount
    """What it costs."""


class Step(Row, frozen=True, kw_only=True):
    """`steps`: from `start` on, `amount` off or `percent` to pay."""

    start: Some
    """Minor units, or pieces."""
    amount: Some | None = None
    """Taken off."""
    percent: Percent | None = None
    """What is paid."""


class Threshold(_Promotion, frozen=True, kw_only=True, tag="threshold"):
    """Spend so much, pay less (满减, 满折)."""

    steps: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=20)]
    """By rising start."""
    mode: Literal["highest", "each", "marginal"] = "highest"
    """The highest step reached; each full start again (每满减); or each band at its own percent."""
    by: Literal["amount", "pieces"] = "amount"
    """What starts count."""


class SpendGet(_Promotion, frozen=True, kw_only=True, tag="spend-get"):
    """Spend on some goods, get others cheaper; at 0 percent a gift (满赠), at a price an add-on (换购)."""

    spend: Amount
    """What must be spent on the goods it is on."""
    gets: On
    """Which goods are got; they do not count as spent."""
    count: Count = 1
    """How many units are got."""
    percent: Percent | None = None
    """What is paid of a unit that is got."""
    price: Amount | None = None
    """What a unit that is got costs."""
    each: bool = False
    """Whether each full `spend` counts."""


class PointsPrice(_Promotion, frozen=True, kw_only=True, tag="points-price"):
    """Each unit goes for points and money (积分换购); the cashier must choose it."""

    points: Annotated[int, Meta(ge=1, le=10**9, description="points, 1 or more")]
    """Points of a unit."""
    price: Amount = 0
    """Money of a unit."""


Promotion = (
    PercentOff
    | AmountOff
    | FixedPrice
    | LevelPrice
    | Nth
    | SetPrice
    | Bundle
    | Threshold
    | SpendGet
    | PointsPrice
)


class Group(Row, frozen=True, kw_only=True):
    """`[[groups]]`: promotions that do not stack on each other."""

    id: Id
    """Name in this file."""
    after: Ids = ()
    """Groups that come before it; among the rest the file's order counts."""
    policy: Literal["best", "always"] = "best"
    """`best` leaves a rule out where that is better for the member; `always` never does."""
    excludes: Ids = ()
    """Groups whose units it does not take, and the other way round."""


class RoundDown(Row, frozen=True, kw_only=True):
    """`[round_down]`: the total goes down to a multiple (抹零)."""

    id: Id = "round-down"
    """Name in records."""
    name: Name
    """What the receipt says."""
    version: Version = 1
    """Raised whenever it is changed."""
    unit: Literal[10, 100]
    """Minor units: 10 or 100."""
    cash_only: bool = True
    """Whether only sales paid in cash are rounded."""


class RulesFile(Row, frozen=True, kw_only=True):
    """The rules file."""

    version: Version
    """Version of the rules as a whole; stands in every entry."""
    never_below_cost: bool = False
    """Whether no line goes below its cost with VAT."""
    groups: Annotated[tuple[Group, ...], Meta(max_length=30)] = ()
    """In the order they stack."""
    round_down: RoundDown | None = None
    """Rounding of the total."""
    promotions: Annotated[tuple[Promotion, ...], Meta(max_length=PROMOTIONS_MAX)] = ()
    """The rules."""
    points: Annotated[tuple[PointsRule, ...], Meta(max_length=200)] = ()
    """What sales earn; with none of them the shop file's plain rule counts."""
    burn: Burn | None = None
    """Points as cash."""
    awards: Awards | None = None
    """Points without a sale."""
    gifts: Annotated[tuple[Gift, ...], Meta(max_length=2_000)] = ()
    """What is to be had for points."""
    lotteries: Annotated[tuple[Lottery, ...], Meta(max_length=50)] = ()
    """Draws for points."""
