"""The part of the rules file that is about points: earning, burning, giving, exchanging, drawing.

Percents here are **factors**: 100 changes nothing, 200 is double. Points are whole numbers; money is in
minor units (fen).
"""

from typing import Annotated, Literal

from msgspec import Meta

from config.rulewords import Codes, Date, Hours, Ids, Names, Priority, Row, Some, Weekday
from config.shop import Amount, Code, Factor, Points, Version
from config.words import Id, Name

DAYS_MAX = 366
_ODDS_WHOLE = 1_000_000

MonthDay = Annotated[int, Meta(ge=1, le=31, description="a day of the month, 1 to 31")]
OddsPart = Annotated[
    int, Meta(ge=0, le=_ODDS_WHOLE, description="parts of a million, 0 to 1000000")
]
Days = Annotated[int, Meta(ge=0, le=DAYS_MAX, description="days, 0 to 366")]
Times = Annotated[int, Meta(ge=0, le=1_000_000, description="times; 0 is without limit")]
Share = Annotated[int, Meta(ge=0, le=100, description="a percentage from 0 to 100")]
SomePoints = Annotated[int, Meta(ge=1, le=10**9, description="points, 1 or more")]


class PointsOn(Row, frozen=True, kw_only=True):
    """`points.on`: which goods. An article must be in each list that is given."""

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
    not_brands: Names = ()
    """Brands that are left out."""


class PointsWhen(Row, frozen=True, kw_only=True):
    """`points.when`: whom and when. What is not given is not asked."""

    tiers: Ids = ()
    """Any of these tiers of membership."""
    card_types: Ids = ()
    """Any of these types of cards."""
    stores: Ids = ()
    """Any of these stores."""
    tags: Names = ()
    """Any of these tags of the member."""
    segments: Names = ()
    """Any of these segments."""
    weekdays: Annotated[tuple[Weekday, ...], Meta(max_length=7)] = ()
    """Any of these weekdays."""
    days: Annotated[tuple[MonthDay, ...], Meta(max_length=31)] = ()
    """Any of these days of the month, such as 18 for a members' day."""
    since: Date | None = None
    """First day."""
    until: Date | None = None
    """Last day, itself included."""
    hours: Hours | None = None
    """Within this time of day."""


class Band(Row, frozen=True, kw_only=True):
    """`bands`: from `start` on, `points` for each `per` of what is counted."""

    start: Amount = 0
    """Where the band begins: minor units, thousandths of a piece, or sales."""
    per: Some
    """For each so much: 100 is a yuan, or a tenth of a piece."""
    points: Points
    """So many points."""


class FactorRow(Row, frozen=True, kw_only=True):
    """`factors`: a factor for some members, goods or hours; all that match multiply."""

    name: Name
    """What explanations say."""
    percent: Factor
    """100 changes nothing."""
    on: PointsOn = PointsOn()
    """Which goods."""
    when: PointsWhen = PointsWhen()
    """Whom and when."""


class MultipleRow(Row, frozen=True, kw_only=True):
    """`multiples`: a multiple around the birthday, or on the days of a festival."""

    name: Name
    """What explanations say."""
    percent: Factor
    """200 is double."""
    birthday: Literal["", "day", "week", "month"] = ""
    """Around the member's birthday; without it `when` says when."""
    when: PointsWhen = PointsWhen()
    """The days of a festival."""


class UnitCap(Row, frozen=True, kw_only=True):
    """`caps`: the most points that one unit of an article earns."""

    product: Code
    """Code of the article."""
    points: Points
    """The most for one unit."""


class PointsRule(Row, frozen=True, kw_only=True):
    """`[[points]]`: one way of earning. Of a group only the rule that gives most counts."""

    id: Id
    """Name in records."""
    name: Name
    """What the receipt says as the reason."""
    version: Version = 1
    """Raised whenever the rule is changed."""
    kind: Literal["spendable", "standing"] = "spendable"
    """Spendable points are burned and lapse; standing ones only grow and decide tiers."""
    group: Id | None = None
    """Rules of one group do not add up."""
    priority: Priority = 0
    """Breaks ties within a group: the higher wins, then the smaller id."""
    by: Literal["amount", "quantity", "sale"] = "amount"
    """What is counted: minor units paid, thousandths of a piece, or sales."""
    ladder: Literal["marginal", "whole"] = "marginal"
    """Each band at its own rate, or the reached one for all."""
    bands: Annotated[tuple[Band, ...], Meta(min_length=1, max_length=50)]
    """By rising start."""
    on: PointsOn = PointsOn()
    """Which goods."""
    when: PointsWhen = PointsWhen()
    """Whom and when."""
    factors: Annotated[tuple[FactorRow, ...], Meta(max_length=500)] = ()
    """By tier, card, category, brand, product, hour."""
    multiples: Annotated[tuple[MultipleRow, ...], Meta(max_length=100)] = ()
    """Birthdays and festivals."""
    multiples_stack: bool = False
    """Whether multiples multiply; otherwise the greatest counts alone."""
    most: SomePoints = 100_000
    """The most one sale may earn: limits the damage of a mistyped price."""
    caps: Annotated[tuple[UnitCap, ...], Meta(max_length=10_000)] = ()
    """By article."""
    pending_days: Days = 0
    """Days until the points may be used: the return period."""
    lapse: Literal["never", "months", "year-end"] = "never"
    """When they lapse."""
    after: Annotated[int, Meta(ge=0, le=1200, description="months or years, 0 or more")] = 0
    """Months for `months`; years ahead for `year-end`."""
    every: Literal["sale", "day", "week", "month", "year"] = "sale"
    """At the sale, or computed when a whole period has passed."""
    together: bool = False
    """Whether a computed period is rounded down once for all its sales."""


class Burn(Row, frozen=True, kw_only=True):
    """`[burn]`: points as cash; `points` are worth `money`."""

    id: Id = "burn"
    """Name in records."""
    name: Name
    """What the receipt says."""
    version: Version = 1
    """Raised whenever it is changed."""
    points: SomePoints
    """So many points …"""
    money: Some
    """… are worth so many minor units."""
    points_min: Points = 0
    """Fewer are not taken."""
    step: SomePoints = 1
    """Only multiples of it; a step must be worth whole minor units."""
    points_max: SomePoints = 1_000_000
    """For one sale."""
    percent_max: Share = 100
    """The share of the bill that points may pay."""
    bill_min: Amount = 0
    """Least bill."""
    never_below_cost: bool = False
    """Whether no line goes below its cost with VAT."""
    on: PointsOn = PointsOn()
    """Which goods they may pay for."""
    when: PointsWhen = PointsWhen()
    """Whom and when."""


class Occurrence(Row, frozen=True, kw_only=True):
    """`registration`, `events`: points for each time something happens."""

    id: Id
    """Name in records and calls."""
    name: Name
    """What the slip says."""
    version: Version = 1
    """Raised whenever it is changed."""
    points: SomePoints
    """For each time."""
    per_day: Times = 0
    """Times a day for one member."""
    total: Times = 0
    """Times in all for one member; 1 for one event."""


class Referral(Row, frozen=True, kw_only=True):
    """`referral`: points for who brought the member, who brought that one, and so on."""

    id: Id = "referral"
    """Name in records."""
    name: Name
    """What the slip says."""
    version: Version = 1
    """Raised whenever it is changed."""
    levels: Annotated[tuple[Points, ...], Meta(min_length=1, max_length=9)]
    """The nearest first. The law's default is one level; a shop's counsel confirms more."""


class CheckIn(Row, frozen=True, kw_only=True):
    """`check_in`: points for coming back day after day."""

    id: Id = "check-in"
    """Name in records."""
    name: Name
    """What the slip says."""
    version: Version = 1
    """Raised whenever it is changed."""
    table: Annotated[tuple[Points, ...], Meta(min_length=1, max_length=366)]
    """Points of the first, second, … day in a row."""
    then: Literal["hold", "repeat", "grow"] = "hold"
    """After the table: its last day again, all of it again, or `step` more each day."""
    step: Points = 0
    """For `grow`."""


class TopUp(Row, frozen=True, kw_only=True):
    """`top_up`: points for paying money into a card, by the principal."""

    id: Id = "top-up"
    """Name in records."""
    name: Name
    """What the slip says."""
    version: Version = 1
    """Raised whenever it is changed."""
    bands: Annotated[tuple[Band, ...], Meta(min_length=1, max_length=50)]
    """By rising start."""
    most: SomePoints = 100_000
    """The most for one top-up."""


class Awards(Row, frozen=True, kw_only=True):
    """`[awards]`: points without a sale."""

    pending_days: Days = 0
    """Days until the points may be used."""
    lapse: Literal["never", "months", "year-end"] = "never"
    """When they lapse."""
    after: Annotated[int, Meta(ge=0, le=1200, description="months or years, 0 or more")] = 0
    """Months for `months`; years ahead for `year-end`."""
    registration: Occurrence | None = None
    """For joining."""
    referral: Referral | None = None
    """For bringing somebody."""
    check_in: CheckIn | None = None
    """For coming back day after day."""
    top_up: TopUp | None = None
    """For a top-up."""
    events: Annotated[tuple[Occurrence, ...], Meta(max_length=200)] = ()
    """Events attended, links shared."""


class Gift(Row, frozen=True, kw_only=True):
    """`[[gifts]]`: one thing to be had for points, or for points and money."""

    id: Id
    """Name in records and calls."""
    name: Name
    """What page and slip say."""
    version: Version = 1
    """Raised whenever it is changed."""
    what: Literal["goods", "virtual", "privilege", "coupon", "upgrade"] = "goods"
    """What it is."""
    grants: Annotated[str, Meta(max_length=60, description="text of at most 60 characters")] = ""
    """An article's code, a coupon's campaign, a tier."""
    days: Annotated[int, Meta(ge=0, le=36_500, description="days, 0 or more")] = 0
    """How long a privilege, coupon or upgrade holds; 0: for ever."""
    points: SomePoints
    """For one piece."""
    money: Amount = 0
    """On top, for one piece."""
    stock: Annotated[int, Meta(ge=0, le=1_000_000, description="pieces, 0 or more")] | None = None
    """Pieces that this till may give in all; without it there is always more."""
    per_member: Times = 0
    """Pieces for one member in all."""
    when: PointsWhen = PointsWhen()
    """Whom and when."""


class PrizeRow(Row, frozen=True, kw_only=True):
    """`prizes`: one prize with its published odds and stock."""

    id: Id
    """Name in records."""
    name: Name
    """What page and slip say."""
    odds: OddsPart
    """Of each draw."""
    stock: Annotated[int, Meta(ge=0, le=1_000_000, description="pieces, 0 or more")]
    """How many there are."""
    value: Annotated[int, Meta(ge=0, le=5_000_000, description="minor units, at most 5000000")] = 0
    """What it is worth; the law's limit is 50,000 yuan."""
    instead: Id | None = None
    """The prize given when this one has run out."""


class Lottery(Row, frozen=True, kw_only=True):
    """`[[lotteries]]`: draws for points that can be proved afterwards."""

    id: Id
    """Name in records and calls."""
    name: Name
    """What page and slip say."""
    version: Version = 1
    """Raised whenever it is changed; a new version is a new lottery."""
    points: Points
    """What one draw costs."""
    per_member: Times = 0
    """Draws for one member in all."""
    draws: Annotated[int, Meta(ge=1, le=10_000, description="draws, 1 to 10000")] = 1_000
    """Draws in all."""
    prizes: Annotated[tuple[PrizeRow, ...], Meta(min_length=1, max_length=100)]
    """Their odds add up to a million at most; what is left of it wins nothing."""
