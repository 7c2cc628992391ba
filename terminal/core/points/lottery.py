"""Lottery for points (积分抽奖): a draw that nobody can bend and everybody can compute again.

**Commit.** Before the first draw the shop picks a secret and posts only the end of a chain of SHA-256
hashes that starts from it: ``link(draws_max)`` of ``secret``. **Reveal.** Draw ``n`` posts the link before,
which hashes to the one posted last; so the shop had fixed every draw before it knew a single ticket, and
each draw is proved the moment it is made. **Draw.** The roll is HMAC-SHA256 of the lottery, the number and
the ticket under the revealed link, and the ticket holds what the shop does not choose: the id of the
member's own call. The roll modulo a million falls into the published odds (the bias of the modulo is below
2**-230).

A prize that has run out is given as the one named ``instead``, or as none: the odds stay as published.
Everything here is a pure function, so the ledger alone proves every draw (:func:`differences`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest as hmac_digest

from terminal.core.points.refused import Reason, Refused, refused
from terminal.core.units import Minor, Points

DRAWS_MAX = 10_000
"""Of one lottery: the chain of a longer one would be felt at the first draw (10,000 hashes, 5 ms)."""
PRIZES_MAX = 100
PRIZE_VALUE_MAX: Minor = 5_000_000
"""50,000 yuan: China's limit for prizes in promotions; a shop's counsel confirms."""
ODDS_WHOLE = 1_000_000
"""Odds are parts of a million."""
SECRET_BYTES = 32
TICKET_BYTES_MAX = 200
NOTHING = ""
"""The prize of a draw that wins none."""


@dataclass(frozen=True, slots=True)
class Prize:
    """One prize, with its published odds and stock."""

    id: str
    name: str
    odds: int
    """Parts of a million."""
    stock: int
    value: Minor
    instead: str
    """The prize given when this one has run out; empty: none."""

    def __post_init__(self) -> None:
        assert self.id
        assert 0 <= self.odds <= ODDS_WHOLE
        assert self.stock >= 0
        assert 0 <= self.value <= PRIZE_VALUE_MAX


@dataclass(frozen=True, slots=True)
class Lottery:
    """A lottery as its opening entry holds it."""

    id: str
    version: str
    name: str
    prizes: tuple[Prize, ...]
    draws_max: int
    commitment: bytes
    """The end of the chain, 32 bytes."""
    points: Points
    """What one draw costs."""
    member_max: int
    """Draws for one member in all; 0: no limit."""

    def __post_init__(self) -> None:
        ids = [prize.id for prize in self.prizes]
        assert 1 <= len(ids) <= PRIZES_MAX
        assert len(set(ids)) == len(ids)
        assert sum(prize.odds for prize in self.prizes) <= ODDS_WHOLE
        assert all(prize.instead in (NOTHING, *ids) for prize in self.prizes)
        assert 1 <= self.draws_max <= DRAWS_MAX
        assert len(self.commitment) == SECRET_BYTES
        assert self.points >= 0


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw as its entry holds it."""

    n: int
    """Counts from 1 in the lottery."""
    ticket: bytes
    revealed: bytes
    roll: int
    """0 to 999,999."""
    prize: str
    """What was given; empty: nothing."""


def link(secret: bytes, n: int) -> bytes:
    """Return the chain's ``n``-th hash of ``secret``."""
    for _ in range(n):
        secret = sha256(secret).digest()
    return secret


def commitment(secret: bytes, draws_max: int) -> bytes:
    """Return what is posted before the first draw. ``secret`` is 32 random bytes from the edge."""
    assert len(secret) == SECRET_BYTES
    return link(secret, draws_max)


def ticket_of(account: str, call_id: str) -> bytes:
    """Return the ticket of a member's call; lengths keep two pairs from giving the same bytes."""
    who, call = account.encode(), call_id.encode()
    ticket = b"%d:%b,%d:%b" % (len(who), who, len(call), call)
    assert len(ticket) <= TICKET_BYTES_MAX
    return ticket


def may_draw(lottery: Lottery, drawn: int, had: int, available: Points) -> Refused | None:
    """Return why one more draw cannot be, after ``drawn`` in all and ``had`` of this member."""
    if drawn >= lottery.draws_max:
        return refused(Reason.DRAWS_USED_UP, draws_max=lottery.draws_max)
    if lottery.member_max and had >= lottery.member_max:
        return refused(Reason.MEMBER_LIMIT, left=0)
    if lottery.points > available:
        return refused(Reason.NOT_ENOUGH, available=max(available, 0), asked=lottery.points)
    return None


def draw(lottery: Lottery, secret: bytes, before: Sequence[Draw], ticket: bytes) -> Draw:
    """Return the next draw after those ``before``; :func:`may_draw` was asked."""
    return next_draw(lottery, secret, len(before), _given(before), ticket)


def next_draw(
    lottery: Lottery, secret: bytes, drawn: int, given: Mapping[str, int], ticket: bytes
) -> Draw:
    """Return the next draw after ``drawn``, which gave so many of each prize."""
    n = drawn + 1
    return _drawn(lottery, n, ticket, link(secret, lottery.draws_max - n), given)


def differences(lottery: Lottery, draws: Sequence[Draw]) -> tuple[str, ...]:
    """Return what is wrong with ``draws`` as the ledger holds them, in order; empty: all is proved."""
    found: list[str] = []
    last = lottery.commitment
    given: dict[str, int] = {}
    if len(draws) > lottery.draws_max:
        found.append(f"{len(draws)} draws where {lottery.draws_max} were announced")
    for n, each in enumerate(draws, 1):
        if each.n != n:
            found.append(f"draw {n} is numbered {each.n}")
        if sha256(each.revealed).digest() != last:
            found.append(f"draw {n}: what was revealed is not what was committed to")
        again = _drawn(lottery, n, each.ticket, each.revealed, given)
        if again.roll != each.roll:
            found.append(f"draw {n}: rolled {each.roll}, computed again {again.roll}")
        if again.prize != each.prize:
            found.append(f"draw {n}: gave {each.prize!r}, computed again {again.prize!r}")
        given[each.prize] = given.get(each.prize, 0) + 1
        last = each.revealed
    return tuple(found)


def _given(draws: Sequence[Draw]) -> dict[str, int]:
    given: dict[str, int] = {}
    for each in draws:
        given[each.prize] = given.get(each.prize, 0) + 1
    return given


def _drawn(
    lottery: Lottery, n: int, ticket: bytes, revealed: bytes, given: Mapping[str, int]
) -> Draw:
    message = b"%d:%b,%d,%b" % (len(lottery.id.encode()), lottery.id.encode(), n, ticket)
    roll = int.from_bytes(hmac_digest(revealed, message, "sha256"), "big") % ODDS_WHOLE
    return Draw(n, ticket, revealed, roll, _in_stock(lottery, _won(lottery, roll), given))


def _won(lottery: Lottery, roll: int) -> str:
    upto = 0
    for prize in lottery.prizes:
        upto += prize.odds
        if roll < upto:
            return prize.id
    return NOTHING


def _in_stock(lottery: Lottery, prize_id: str, given: Mapping[str, int]) -> str:
    """Return the prize or what is given instead; a ring of replacements that are all gone ends in none."""
    prizes = {prize.id: prize for prize in lottery.prizes}
    seen: set[str] = set()
    while prize_id != NOTHING and prize_id not in seen:
        prize = prizes[prize_id]
        if given.get(prize_id, 0) < prize.stock:
            return prize_id
        seen.add(prize_id)
        prize_id = prize.instead
    return NOTHING
