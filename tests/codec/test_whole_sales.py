"""The codec keeps every entry the core can make, whole, within a record; and takes nothing else."""

from dataclasses import fields, replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.codec.entry import (
    ENTRY_BYTES_MAX,
    EntryTooLargeError,
    UndecodableError,
    decode,
    encode,
)
from terminal.core.effects import Post
from terminal.core.journal import (
    Drawn,
    LockedOut,
    PaymentReturned,
    PinChanged,
    Reprinted,
    Tender,
)
from terminal.core.pricing.basket import LINES_MAX, Goods
from terminal.core.pricing.quote import QuoteLine
from terminal.core.pricing.rules import RuleBook
from terminal.core.refusal import Key, Refusal
from terminal.core.sale import (
    Idle,
    LineAdded,
    MemberIdentified,
    Open,
    Tendered,
    Voided,
    step,
)
from terminal.core.tenders import CASH, EXTERNAL, REFERENCE_MAX, TENDERS_MAX
from terminal.core.turn import Turn
from terminal.core.units import MONEY_MAX, QUANTITY_MAX
from tests.kit.goods import BREAD, TURN, WANG, WATER, entry, rule
from tests.kit.sales import PAID, paid, posts

NAME_MAX = 60
"""The longest name the settings let through."""


@given(PAID)
def test_every_entry_of_a_sale_reads_back_as_it_was(plan):
    for post in posts(paid(plan)):
        assert decode(encode(entry(post))) == entry(post)


@pytest.mark.parametrize(
    "body",
    [
        PaymentReturned("sale-1", Tender(EXTERNAL, 100, "参考号")),
        PinChanged("1001", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"),
        LockedOut("1001", 1_795_228_800_000),
        Reprinted("S01-T1-1", 2),
    ],
)
def test_every_other_entry_reads_back_as_it_was(body):
    whole = entry(Post(body, ()))
    assert decode(encode(whole)) == whole
    corrected = replace(whole, corrects=("0a" * 16, 17))
    assert decode(encode(corrected)) == corrected


def test_what_a_price_was_made_of_reads_back_as_it_was():
    article = replace(
        WATER, cost=120, brand="农夫", price_min=100, unit="kg", levels=(("wholesale", 200),)
    )
    state, _ = step(Idle(), LineAdded(article, 1000), TURN)
    _, effects = step(state, Voided(), TURN)
    made = effects[0]
    drawn = Drawn((("swap", 300),), (("once", 1),), ("shop.ABCDEF",))
    whole = entry(replace(made, body=replace(made.body, bill=replace(made.body.bill, drawn=drawn))))
    assert decode(encode(whole)) == whole
    for part in range(1, 5):  # Each alone: what follows it is left out.
        fields_of = ("cost", "brand", "price_min", "unit")[:part]
        one = replace(WATER, **{name: getattr(article, name) for name in fields_of})
        state, _ = step(Idle(), LineAdded(one, 1000), TURN)
        _, effects = step(state, Voided(), TURN)
        assert decode(encode(entry(effects[0]))) == entry(effects[0])


def test_a_voided_sale_reads_back_as_it_was():
    state, _ = step(Idle(), LineAdded(WATER, 1000), TURN)
    _, effects = step(state, Voided(), TURN)
    whole = entry(effects[0])
    assert decode(encode(whole)) == whole


def test_a_sale_of_six_lines_takes_few_bytes():
    basket = [(WATER, 1000), (BREAD, 1000), *((WATER, 500 + n) for n in range(1, 5))]
    (post,) = posts(paid((basket, WANG, [(CASH, 0)])))
    assert len(encode(entry(post))) < 700


def fullest_sale():
    """Return the largest sale the core lets through: longest names, two discounts on each line."""
    rules = [rule("t" * 31, "tier", 95, tiers=("gold",)), rule("c" * 31, "category", 90)]
    named = tuple(replace(each, name="折" * NAME_MAX) for each in rules)
    turn = Turn(RuleBook("r" * 10, "c" * 10, named, None), "s" * 36)
    state, _ = step(Idle(), MemberIdentified(WANG), turn)
    for n in range(LINES_MAX + 1):
        article = Goods(f"{n:031}", "𠮷" * NAME_MAX, 12_345_678, "g" * 31, unit="kg")
        after = step(state, LineAdded(article, 12_345), turn)
        if isinstance(after, Refusal):
            assert after.key is Key.BASKET_FULL
            return state, turn
        state, _ = after
    raise AssertionError("the basket never filled")


def test_the_largest_sale_that_can_be_rung_up_fits_into_a_record():
    state, turn = fullest_sale()
    ahead = Tendered(Tender(EXTERNAL, 1, "参" * REFERENCE_MAX))
    bodies = []
    for _ in range(TENDERS_MAX - 1):
        state, effects = step(state, ahead, turn)
        bodies.append(effects[0])
    _, effects = step(state, Tendered(Tender(CASH, MONEY_MAX)), turn)
    for post in (*bodies, effects[0]):
        assert len(encode(entry(post))) <= ENTRY_BYTES_MAX


def test_the_dearest_sale_fits_into_sixty_four_bits():
    state, _ = step(Idle(), LineAdded(replace(BREAD, price=1000), QUANTITY_MAX), TURN)
    assert isinstance(state, Open)
    _, effects = step(state, Tendered(Tender(CASH, MONEY_MAX)), TURN)
    whole = entry(effects[0])
    assert decode(encode(whole)) == whole


def test_what_is_too_large_is_neither_sealed_nor_read():
    whole = entry(Post(PinChanged("1001", "x" * ENTRY_BYTES_MAX), ()))
    with pytest.raises(EntryTooLargeError):
        encode(whole)
    with pytest.raises(UndecodableError, match="at most"):
        decode(b"\x00" * (ENTRY_BYTES_MAX + 1))


@given(st.binary(max_size=300))
def test_any_bytes_are_an_entry_or_undecodable(data):
    with pytest.raises(UndecodableError):
        decode(data)


def spoil(place, value):
    """Return an entry's wire form with one field replaced."""
    (post,) = posts(paid(([(WATER, 1000)], WANG, [(CASH, 0)])))
    wire = msgspec.msgpack.decode(encode(entry(post)))
    *path, last = place
    inner = wire
    for step_ in path:
        inner = inner[step_]
    inner[last] = value
    return msgspec.msgpack.encode(wire)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((0,), 2),  # a version of the future
        ((0,), "1"),
        ((2,), 2**63),  # an integer no database holds
        ((1, 0), 2**64 - 1),
        ((9, 2, 2, 0, 8), 2**64 - 1),
        ((10, 0, 2), 2**63),
        ((10, 0, 2), 1.5),  # a float touches no amount
        ((9, 0), 99),  # a kind of entry that does not exist
        ((9, 4), None),
        ((8,), "facts"),
        ((10,), [[]]),
    ],
)
def test_a_malformed_entry_is_undecodable(place, value):
    with pytest.raises(UndecodableError):
        decode(spoil(place, value))


def test_a_field_added_at_the_end_by_a_later_version_is_passed_over():
    (post,) = posts(paid(([(WATER, 1000)], WANG, [(CASH, 0)])))
    wire = msgspec.msgpack.decode(encode(entry(post)))
    line = wire[9][2][2][0]
    of_today = len(fields(QuoteLine))
    line += [None, "", 0, "piece", []][len(line) - of_today :]
    line.append("a later field of a line")
    wire.append("a later field of the entry")
    assert decode(msgspec.msgpack.encode(wire)) == entry(post)


def test_deep_nesting_is_undecodable():
    with pytest.raises(UndecodableError):
        decode(b"\x91" * 40_000)
