"""Sales of every kind come out of their entries as they went in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.codec.entry import decode, encode
from terminal.core.again import UnreadableFactsError, differences
from terminal.core.effects import Post
from terminal.core.journal import Tender
from terminal.core.pricing.facts import Facts, Recorder, Used, facts_of
from terminal.core.pricing.promotions import (
    Group,
    Limit,
    Nth,
    PercentOff,
    Promotion,
    RoundDown,
    Step,
    Threshold,
    When,
)
from terminal.core.sale import Idle, LineAdded, MemberIdentified, Tendered, step
from terminal.core.turn import Turn
from tests.kit.goods import BREAD, RULES, WANG, WATER, entry
from tests.kit.sales import PAID, paid, posts

BOOK = replace(
    RULES,
    promotions=(
        Promotion("half", "2", "第二件半价", "set", 1, Nth((100, 50)), limit=Limit(per_day=4)),
        Promotion(
            "tag", "1", "老师九折", "set", 0, PercentOff(90), when=When(tags=frozenset({"a,b"}))
        ),
        Promotion("full", "1", "满减", "full", 0, Threshold((Step(1000, 100),), "each")),
    ),
    groups=(*RULES.groups, Group("set"), Group("full")),
    round_down=RoundDown("down", "1", "抹零", 10, cash_only=True),
)


class History:
    """Somebody used the limited rule before."""

    def used(self, account):
        return (Used("half", 0, 2, 7),)

    def has_bought(self, account):
        return False

    def is_redeemed(self, coupon):
        return False


@given(PAID)
def test_every_plain_sale_comes_out_equal(plan):
    for post in posts(paid(plan)):
        if hasattr(post.body, "bill"):
            assert differences(decode(encode(entry(post))), RULES) == ()


def sold(pieces: int, tags: tuple[str, ...] = (), cash: bool = True):
    facts = Facts(store="S01", date=20261121, weekday=6, minute=600)
    turn = Turn(BOOK, "s1", facts, History())
    state, _ = step(Idle(), MemberIdentified(replace(WANG, tags=tags)), turn)
    for goods in (WATER, replace(BREAD, cost=300, brand="b", levels=(("wholesale", 900),))):
        state, _ = step(state, LineAdded(goods, pieces * 1000), turn)
    tender = Tender("cash", 1_000_000) if cash else Tender("external", state.sale.quote.total, "Q")
    _, effects = step(state, Tendered(tender), turn)
    [post] = [effect for effect in effects if isinstance(effect, Post)]
    return decode(encode(entry(post)))


@pytest.mark.parametrize("tags", [(), ("a,b",), ("100%", "a,b")])
@pytest.mark.parametrize("cash", [True, False])
@given(pieces=st.integers(1, 9))
def test_a_sale_under_rules_of_every_kind_comes_out_equal(tags, cash, pieces):
    made = sold(pieces, tags, cash)

    assert differences(made, BOOK) == ()
    assert sum(units for _, units in made.body.bill.drawn.uses) <= 2


def test_other_rules_come_out_otherwise_and_it_is_said_where():
    other = replace(BOOK, promotions=BOOK.promotions[2:], compiled=[])
    whats = {(each.what, each.line) for each in differences(sold(2), other)}

    assert ("discount", 0) in whats
    assert ("reasons", 2) in whats
    assert ("drawn", 0) in whats


def test_facts_that_nobody_wrote_are_refused():
    with pytest.raises(UnreadableFactsError):
        differences(replace(sold(1), facts=(("used", "half:many"),)), BOOK)


@given(
    st.frozensets(st.text(max_size=9).filter(bool), max_size=4),
    st.integers(0, 20991231),
    st.booleans(),
)
def test_facts_read_back_from_their_text(tags, date, is_first):
    facts = Facts(tags=tags, date=date, first_purchase=is_first, used=(Used("r", 1, 2, 3),))
    recorder = Recorder(None, facts)
    for name in ("tags", "date", "first_purchase"):
        recorder(name)
    recorder.used("r")

    assert facts_of(recorder.read()) == facts
