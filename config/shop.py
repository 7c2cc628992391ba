"""The shop file: tiers, goods, members, rules and operators as data, as `shop.toml` writes them.

It stands in for the head office's catalogue where there is none, and fills the demo. Money is in
minor units (fen), percents are whole numbers, points are whole numbers.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from config.words import Id, Name

AMOUNT_MAX = 10**11
"""A billion yuan in fen: no price or balance is larger."""
POINTS_MAX = 10**11
ROWS_MAX = 1_000_000
LEVELS_MAX = 5
TAGS_MAX = 10

Amount = Annotated[
    int, Meta(ge=0, le=AMOUNT_MAX, description="an amount in minor units (fen), a whole number")
]
Points = Annotated[int, Meta(ge=0, le=POINTS_MAX, description="points, a whole number")]
PayPercent = Annotated[int, Meta(ge=1, le=100, description="a percentage from 1 to 100")]
Factor = Annotated[int, Meta(ge=0, le=10_000, description="a percentage from 0 to 10000")]
Version = Annotated[int, Meta(ge=1, le=2**31 - 1, description="a version, 1 or more")]
Code = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,30}\Z",
        max_length=31,
        description="1 to 31 letters, digits, dots and hyphens",
    ),
]
Barcode = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]{8}|[0-9]{12,14})\Z",
        description="a bar code of 8, 12, 13 or 14 digits (EAN-8, UPC-A, EAN-13, GTIN-14)",
    ),
]
Phone = Annotated[
    str, Meta(pattern=r"^\+?[0-9]{5,15}\Z", description="a phone number of 5 to 15 digits")
]
Birthday = Annotated[
    str,
    Meta(
        pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z",
        description='month and day such as "05-21"',
    ),
]
Label = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,30}\Z",
        max_length=30,
        description="a word of 1 to 30 characters",
    ),
]
Brand = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f-\x9f]{0,60}\Z",
        max_length=60,
        description="a brand of at most 60 characters",
    ),
]
CardUid = Annotated[
    str,
    Meta(
        pattern=r"^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})\Z",
        description="a card's UID: 8, 14 or 20 hexadecimal digits in capitals",
    ),
]
CardNumber = Annotated[
    str,
    Meta(pattern=r"^[0-9A-Za-z]{4,20}\Z", description="a card number of 4 to 20 letters or digits"),
]
PinHash = Annotated[
    str,
    Meta(
        pattern=r"^\$argon2id\$[A-Za-z0-9$=,+/]{20,200}\Z",
        max_length=210,
        description="an argon2id hash",
    ),
]
FirstPin = Annotated[str, Meta(pattern=r"^[0-9]{4,12}\Z", description="4 to 12 digits")]


class Row(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the shop file."""


class Versions(Row, frozen=True, kw_only=True):
    """`[versions]`: what every sale records of the data it was priced with."""

    catalogue: Version
    """Version of goods and prices."""
    rules: Version
    """Version of the rules as a whole."""


class Tier(Row, frozen=True, kw_only=True):
    """`[[tiers]]`: a grade of membership."""

    id: Id
    """Name in this file and in records."""
    name: Name
    """What people read, such as 金卡."""
    percent: PayPercent
    """What its members pay where a tier rule applies: 95 is 5 % off."""
    points_percent: Factor = 100
    """Factor on points: 100 is plain, 200 is double."""


class Category(Row, frozen=True, kw_only=True):
    """`[[categories]]`: a group of goods."""

    id: Id
    """Name in this file and in records."""
    name: Name
    """What people read."""


class Level(Row, frozen=True, kw_only=True):
    """`levels`: what an article costs at one price level."""

    level: Id
    """Name of the level, such as "member" or "wholesale"; what nobody's level names is retail."""
    price: Amount
    """Price of one piece or one kilogram, in minor units, tax included."""


class Good(Row, frozen=True, kw_only=True):
    """`[[goods]]`: something that is sold."""

    code: Code
    """The shop's own code for it."""
    name: Name
    """What the receipt says."""
    price: Amount
    """Price of one piece or one kilogram, in minor units, tax included."""
    category: Id
    """Id of its category."""
    unit: Literal["piece", "kg"] = "piece"
    """What the price is for."""
    tax_percent: Annotated[int, Meta(ge=0, le=100, description="a percentage, 0 to 100")] = 13
    """Value-added tax contained in the price."""
    earns: bool = True
    """Whether it earns points."""
    barcodes: Annotated[tuple[Barcode, ...], Meta(max_length=20)] = ()
    """The codes printed on it; the check digit must be right."""
    brand: Brand = ""
    """Brand, for rules that name it."""
    cost: Amount | None = None
    """What one piece or one kilogram costs the shop, without VAT; for margins and "never below cost"."""
    price_min: Amount = 0
    """No promotion takes a piece or a kilogram below this."""
    levels: Annotated[tuple[Level, ...], Meta(max_length=LEVELS_MAX)] = ()
    """Prices at other levels; a rule of the kind "level" puts them in force."""


class MemberCard(Row, frozen=True, kw_only=True):
    """A card of a member: exactly one of both keys."""

    uid: CardUid | None = None
    """UID of a contactless card."""
    number: CardNumber | None = None
    """Number kept in a card's file or printed as a code."""
    lost: bool = False
    """Whether it was reported lost: no till takes it."""

    @property
    def medium(self) -> str:
        """How tills name it.

        >>> MemberCard(number="ab12").medium, MemberCard(uid="04A1B2C3").medium
        ('card:AB12', 'uid:04a1b2c3')
        """
        return f"uid:{self.uid.lower()}" if self.uid else f"card:{(self.number or '').upper()}"


class Member(Row, frozen=True, kw_only=True):
    """`[[members]]`: a member's account."""

    id: Id
    """Account number, such as "100001"."""
    name: Name
    """The member's name."""
    tier: Id
    """Id of the tier."""
    phone: Phone | None = None
    """Phone number, by which the cashier finds the member."""
    birthday: Birthday | None = None
    """Month and day."""
    cards: Annotated[tuple[MemberCard, ...], Meta(max_length=20)] = ()
    """The member's cards."""
    stored: Amount = 0
    """Stored principal at the opening of the books."""
    bonus: Amount = 0
    """Stored bonus at the opening of the books."""
    points: Points = 0
    """Points at the opening of the books."""
    tags: Annotated[tuple[Label, ...], Meta(max_length=TAGS_MAX)] = ()
    """Words that rules may ask for, such as "staff" or "老师"."""
    segments: Annotated[tuple[Label, ...], Meta(max_length=TAGS_MAX)] = ()
    """Segments the member belongs to, such as "loyal"."""
    card_type: Id | None = None
    """Type of the member's card, for rules that name it."""
    level: Id | None = None
    """Price level at which the member buys, such as "wholesale"; without it retail."""
    bought: bool = False
    """Whether the member has bought before the books were opened: nothing is a first purchase then."""


class _Rule(Row, frozen=True, kw_only=True):
    """What every rule has."""

    id: Id
    """Name in records."""
    name: Name
    """What the receipt says as the reason."""
    version: Version = 1
    """Raised whenever the rule is changed."""
    priority: Annotated[int, Meta(ge=0, le=10_000, description="0 to 10000")] = 0
    """Breaks ties between equally good rules: the higher wins, then the id."""


class TierRule(_Rule, frozen=True, kw_only=True, tag_field="kind", tag="tier"):
    """Members pay their tier's `percent`."""

    category: Id | None = None
    """Only for goods of this category; without it for all."""


class CategoryRule(_Rule, frozen=True, kw_only=True, tag_field="kind", tag="category"):
    """Everybody pays `percent` for a category."""

    category: Id
    """Id of the category."""
    percent: PayPercent
    """What is paid: 90 is 10 % off."""


class EarnRule(_Rule, frozen=True, kw_only=True, tag_field="kind", tag="earn"):
    """What a sale earns in points, times the tier's `points_percent`."""

    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units, 1 or more")]
    """Minor units paid that earn one point: 100 is a point for each yuan."""
    percent: Factor = 100
    """Factor: 200 is double points."""
    category: Id | None = None
    """Always refused, with words: points are given by one rule, for all goods."""


class TopUpBand(Row, frozen=True, kw_only=True):
    """`bands`: from how much on a top-up gets how much bonus."""

    at_least: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units, 1 or more")]
    """What is paid in at least, in minor units."""
    bonus: Amount = 0
    """Bonus in minor units."""
    percent: Annotated[int, Meta(ge=0, le=100, description="a percentage, 0 to 100")] = 0
    """Bonus as a part of what is paid in."""


class TopUpRule(_Rule, frozen=True, kw_only=True, tag_field="kind", tag="topup"):
    """Bonus money on top of what a member pays in; the highest band that is reached counts."""

    bands: Annotated[tuple[TopUpBand, ...], Meta(min_length=1, max_length=20)]
    """The ladder, see `bands`."""


Rule = TierRule | CategoryRule | EarnRule | TopUpRule


class Operator(Row, frozen=True, kw_only=True):
    """`[[operators]]`: somebody who signs in at the till."""

    id: Annotated[
        str, Meta(pattern=r"^[0-9]{1,8}\Z", description="an operator number of 1 to 8 digits")
    ]
    """Number typed at sign-in."""
    name: Name
    """What page and receipt say."""
    role: Literal["cashier", "supervisor"] = "cashier"
    """A supervisor approves what a cashier may not do."""
    pin_hash: PinHash | None = None
    """The PIN's hash, as a till made it."""
    pin: FirstPin | None = None
    """A first PIN in plain digits; only together with `must_change = true`."""
    must_change: bool = False
    """Whether the PIN is changed at the first sign-in."""


class ShopFile(Row, frozen=True, kw_only=True):
    """The shop file."""

    versions: Versions
    tiers: Annotated[tuple[Tier, ...], Meta(max_length=100)] = ()
    categories: Annotated[tuple[Category, ...], Meta(max_length=10_000)] = ()
    goods: Annotated[tuple[Good, ...], Meta(max_length=ROWS_MAX)] = ()
    members: Annotated[tuple[Member, ...], Meta(max_length=ROWS_MAX)] = ()
    rules: Annotated[tuple[Rule, ...], Meta(max_length=10_000)] = ()
    operators: Annotated[tuple[Operator, ...], Meta(max_length=1_000)] = ()
