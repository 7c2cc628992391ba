"""Sales drawn by hypothesis and carried out step by step, paid in every way the till knows."""

from hypothesis import strategies as st

from terminal.core.effects import Post
from terminal.core.journal import Tender
from terminal.core.refusal import Refusal
from terminal.core.sale import (
    Due,
    Idle,
    LineAdded,
    MemberIdentified,
    Open,
    Step,
    Tendered,
    step,
)
from terminal.core.tenders import CASH, EXTERNAL
from tests.kit import goods

GOODS = st.sampled_from(
    [goods.WATER, goods.BREAD, goods.SWEET, goods.APPLES, goods.TOBACCO, goods.GIFT]
)
BASKETS = st.lists(st.tuples(GOODS, st.sampled_from([1000, 2000, 333, 1])), min_size=1, max_size=8)
MEMBERS = st.sampled_from([None, goods.WANG, goods.LI])
WAYS = st.lists(
    st.tuples(st.sampled_from([CASH, EXTERNAL]), st.integers(0, 100)), min_size=1, max_size=5
)
PAID = st.tuples(BASKETS, MEMBERS, WAYS)
"""A basket, who buys, and the ways to pay: each a tender type and a percentage.

Of all ways but the last the percentage is what it pays of what is missing; of the last one, which pays
the rest, a percentage above fifty of cash is overpaid up to the next five yuan.
"""


def paid(plan) -> list[Step]:
    """Return the steps of the sale ``plan``, down to the one that posts it."""
    basket, member, ways = plan
    steps: list[Step] = [(Idle(), ())]

    def go(event):
        after = step(steps[-1][0], event, goods.TURN)
        assert not isinstance(after, Refusal), after
        steps.append(after)

    for article, quantity in basket:
        go(LineAdded(article, quantity))
    if member:
        go(MemberIdentified(member))
    for number, (kind, percent) in enumerate(ways):
        missing = _missing(steps[-1][0])
        if number == len(ways) - 1:
            over = -missing % 500 if kind == CASH and percent > 50 else 0
            go(Tendered(Tender(kind, missing + over, "" if kind == CASH else f"ref{number}")))
        elif (part := missing * percent // 101) > 0:
            go(Tendered(Tender(kind, part, "" if kind == CASH else f"ref{number}")))
    assert steps[-1][0] == Idle()
    return steps


def _missing(state) -> int:
    assert isinstance(state, Open | Due)
    return state.sale.quote.total - (state.paid if isinstance(state, Due) else 0)


def posts(steps: list[Step]) -> list[Post]:
    """Return what ``steps`` post, in order."""
    return [effect for _, effects in steps for effect in effects if isinstance(effect, Post)]
