"""What the rows of the head office's master data mean: each kind as bytes, version first.

Goods and members, of which there are many, are MessagePack arrays whose fields are only ever added at the
end. Tiers, categories, rules and operators are the tables of the shop file in its own words, so that what a
shop can write also travels; a till that does not know a word of them keeps what it has and says so.
"""

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from config.shop import (
    LEVELS_MAX,
    TAGS_MAX,
    Amount,
    Birthday,
    Brand,
    Category,
    Code,
    Good,
    Label,
    Member,
    Operator,
    Phone,
    Rule,
    Tier,
)
from config.words import Id, Name
from terminal.core.points.entries import LotPart
from terminal.core.profile import Profile

FORMAT = 1
ROW_BYTES_MAX = 48_000
CATEGORY, GOODS, OPERATOR, RULE, TIER = "category", "goods", "operator", "rule", "tier"
MEMBER, MEDIUM, ACCOUNT = "member", "medium", "account"
ROLLOUT, RULES_PART = "rollout", "part"
ERASED = "erased"
"""A member of whom nothing personal may be kept anywhere; a row without content."""
PURSE = "purse"
SMALL = (CATEGORY, OPERATOR, RULE, TIER)
"""Kinds of the catalogue that are kept as they came and applied together."""

Medium = Annotated[str, Meta(pattern=r"^(uid:[0-9a-f]{8,20}|card:[0-9A-Z]{4,20})\Z", max_length=40)]
LOTS_MAX = 500
"""Of one statement. What lapses later counts to the balance all the same, and would be used last anyway."""
LedgerId = Annotated[str, Meta(max_length=64)]
_Day = Annotated[int, Meta(ge=0, le=99_991_231)]
_Balance = Annotated[int, Meta(ge=-(2**62), le=2**62)]


class UnreadableRowError(Exception):
    """A row's bytes mean nothing to this version of the program."""


class GoodsBody(msgspec.Struct, array_like=True, frozen=True):
    """An article; its code is the row's key."""

    format: int
    name: Name
    price: Amount
    category: Id
    earns: bool
    tax_basis_points: Annotated[int, Meta(ge=0, le=10_000)]
    unit: Annotated[str, Meta(pattern=r"^(piece|kg)\Z")]
    barcodes: Annotated[tuple[Code, ...], Meta(max_length=20)]
    cost: Amount | None = None
    brand: Brand = ""
    price_min: Amount = 0
    levels: Annotated[tuple[tuple[Id, Amount], ...], Meta(max_length=LEVELS_MAX)] = ()


class MemberBody(msgspec.Struct, array_like=True, frozen=True):
    """A member; the account number is the row's key."""

    format: int
    name: Name
    tier: Id
    phone: Phone | None
    birthday: Birthday | None
    media: Annotated[tuple[Medium, ...], Meta(max_length=40)]
    tags: Annotated[tuple[Label, ...], Meta(max_length=TAGS_MAX)] = ()
    segments: Annotated[tuple[Label, ...], Meta(max_length=TAGS_MAX)] = ()
    card_type: Id | None = None
    level: Id | None = None
    bought: bool = False
    phones: Annotated[tuple[Phone, ...], Meta(max_length=20)] = ()
    """Further numbers, of accounts that became one with this one."""


class Holding(msgspec.Struct, array_like=True, frozen=True):
    """What a member holds; the account number is the row's key. Positive is what the shop owes."""

    format: int
    points: _Balance
    principal: _Balance
    bonus: _Balance
    standing: _Balance = 0
    lots: Annotated[
        tuple[tuple[LedgerId, _Balance, _Balance, _Balance, _Day, _Day], ...],
        Meta(max_length=LOTS_MAX),
    ] = ()
    """Dated lots of points: ledger, record, part, points, first usable day, first day gone."""


class Rollout(msgspec.Struct, array_like=True, frozen=True):
    """That a version of the rules is to be in force; the row's key orders those of the same time."""

    format: int
    version: Annotated[str, Meta(min_length=1, max_length=40)]
    store: Annotated[str, Meta(max_length=32)]
    """Empty for all stores."""
    from_ms: Annotated[int, Meta(ge=0, le=2**53)]


class RulesPart(msgspec.Struct, array_like=True, frozen=True):
    """A piece of a rules file, compressed as a whole."""

    format: int
    version: Annotated[str, Meta(min_length=1, max_length=40)]
    n: Annotated[int, Meta(ge=0, le=1_000)]
    of: Annotated[int, Meta(ge=1, le=1_000)]
    form: Annotated[str, Meta(pattern=r"^(toml|json)\Z")]
    digest: Annotated[bytes, Meta(min_length=32, max_length=32)]
    """SHA-256 of the text."""
    data: Annotated[bytes, Meta(max_length=ROW_BYTES_MAX)]


_Body = TypeVar("_Body")
_pack = msgspec.msgpack.Encoder().encode
goods_bodies = msgspec.msgpack.Decoder(GoodsBody)


class PurseTold(msgspec.Struct, array_like=True, frozen=True):
    """A movement on a card that its till has not settled. Fields are only ever added at the end."""

    format: int
    purse: Annotated[str, Meta(max_length=40)]
    terminal: Annotated[str, Meta(pattern=r"^[0-9a-f]{12}\Z")]
    """As cards know it."""
    sequence: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    move: Annotated[str, Meta(pattern=r"^(debit|top-up|refund|void)\Z")]
    amount: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    counter: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    """Before it."""
    balance: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    """Before it."""
    when: Annotated[str, Meta(pattern=r"^[0-9]{14}\Z")]
    family: Annotated[str, Meta(max_length=20)]
    outcome: Annotated[str, Meta(pattern=r"^(|paid|void)\Z")]
    """What another till saw of the card; empty: nothing yet."""


member_bodies = msgspec.msgpack.Decoder(MemberBody)
holdings = msgspec.msgpack.Decoder(Holding)
purses_told = msgspec.msgpack.Decoder(PurseTold)
rollouts = msgspec.msgpack.Decoder(Rollout)
rules_parts = msgspec.msgpack.Decoder(RulesPart)
tiers: "msgspec.msgpack.Decoder[tuple[int, int, Tier]]" = msgspec.msgpack.Decoder(
    tuple[int, int, Tier]
)
categories: "msgspec.msgpack.Decoder[tuple[int, int, Category]]" = msgspec.msgpack.Decoder(
    tuple[int, int, Category]
)
rules: "msgspec.msgpack.Decoder[tuple[int, int, Rule]]" = msgspec.msgpack.Decoder(
    tuple[int, int, Rule]
)
operators: "msgspec.msgpack.Decoder[tuple[int, int, Operator]]" = msgspec.msgpack.Decoder(
    tuple[int, int, Operator]
)


def read(decoder: "msgspec.msgpack.Decoder[_Body]", body: bytes) -> _Body:
    """Return what ``body`` means.

    Raises:
        UnreadableRowError: Nothing, to this version.
    """
    if len(body) > ROW_BYTES_MAX:
        raise UnreadableRowError(f"{len(body)} bytes, at most {ROW_BYTES_MAX}")
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableRowError(str(error)) from error


def goods(good: Good) -> bytes:
    """Return an article of a shop file as a row's body."""
    return _pack(
        GoodsBody(
            FORMAT,
            good.name,
            good.price,
            good.category,
            good.earns,
            good.tax_percent * 100,
            good.unit,
            good.barcodes,
            good.cost,
            good.brand,
            good.price_min,
            tuple((each.level, each.price) for each in good.levels),
        )
    )


def member(who: Member) -> bytes:
    """Return a member of a shop file as a row's body, without what they hold."""
    media = tuple(card.medium for card in who.cards)
    return _pack(
        MemberBody(
            FORMAT, who.name, who.tier, who.phone, who.birthday, media,
            who.tags, who.segments, who.card_type, who.level, who.bought,
        )
    )  # fmt: skip


def profile(who: Profile, tier: str) -> bytes:
    """Return a member registered at a till as a row's body."""
    return _pack(
        MemberBody(FORMAT, who.name, tier, who.phone or None, who.birthday or None, who.media)
    )


def joined(body: bytes, gone: bytes) -> bytes:
    """Return the row of a member with whom another became one: the cards and phones of both.

    Raises:
        UnreadableRowError: A row means nothing to this version, or both have too many cards or phones.
    """
    one, other = read(member_bodies, body), read(member_bodies, gone)
    media = tuple(dict.fromkeys((*one.media, *other.media)))
    first, *rest = dict.fromkeys(
        phone for who in (one, other) for phone in (who.phone, *who.phones) if phone
    ) or (None,)
    more = replace(one, media=media, phone=first, phones=tuple(rest))
    packed = _pack(more)
    read(member_bodies, packed)
    return packed


def holding(
    points: int,
    principal: int,
    bonus: int,
    standing: int = 0,
    lots: Iterable[LotPart] = (),
) -> bytes:
    """Return what a member holds as a row's body; of too many lots those that wait or lapse first."""
    first = sorted(lots, key=lambda lot: (not lot.usable_on, not lot.lapses_on, lot.lapses_on))
    kept = [(p.ledger, p.seq, p.part, p.points, p.usable_on, p.lapses_on) for p in first[:LOTS_MAX]]
    if not (standing or kept):
        return _pack((FORMAT, points, principal, bonus))
    return _pack((FORMAT, points, principal, bonus, standing, kept))


def rollout(version: str, store: str, from_ms: int) -> bytes:
    """Return that a version is to be in force as a row's body."""
    return _pack(Rollout(FORMAT, version, store, from_ms))


def rules_part(version: str, n: int, of: int, form: str, digest: bytes, data: bytes) -> bytes:
    """Return a piece of a rules file as a row's body."""
    return _pack(RulesPart(FORMAT, version, n, of, form, digest, data))


def purse_told(told: PurseTold) -> bytes:
    """Return a movement on a card that is not settled as a row's body."""
    return _pack(told)


def small(place: int, table: Category | Operator | Rule | Tier) -> bytes:
    """Return a table of the shop file as a row's body; ``place`` is its place in the file."""
    return _pack((FORMAT, place, table))


def in_order(decoder: "msgspec.msgpack.Decoder[tuple[int, int, Any]]", bodies: list[bytes]) -> Any:
    """Return the tables of the shop file that ``bodies`` hold, in their places.

    Raises:
        UnreadableRowError: One is not known to this version.
    """
    found = [read(decoder, body) for body in bodies]
    return tuple(table for _, _, table in sorted(found, key=lambda row: row[1]))
