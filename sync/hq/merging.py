"""Two accounts become one: what the second holds moves to the first, and its cards and phone name the first.

All of it is one transaction: the entries in the head office's own ledger, the members' table that tills are
sent, and the line in the audit log. Nothing moves while a till may still spend from the account that goes. A
till that has not heard of it may go on earning for that account; what it sends follows, once an hour or when
the same two are merged again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sync.hq import audit
from sync.hq.audit import Act
from sync.hq.database import Database
from sync.hq.ownledger import OwnLedger
from sync.hq.people import DeniedError
from sync.hq.settle import REASON_MAX, REASON_MIN
from terminal.core import accounts
from terminal.core.allowance import OPENING, LotShare
from terminal.core.officebook import AccountsMerged
from terminal.core.points.dates import BusinessDate
from terminal.core.points.entries import LotPart
from terminal.core.stored import UNITS

LOTS_MAX = 200
"""Lots in one entry, so that it fits a record."""
FOLLOWED_MAX = 100
"""Accounts that are followed in one run; the next run goes on."""
FOLLOWER = "hq"
SAID = {
    "reason-wanted": f"a reason of {REASON_MIN} to {REASON_MAX} characters is needed",
    "same-member": "these are one account already",
    "no-such-member": "nobody has this account number",
    "merge-open": "a till may still spend what the second account holds; close that first, or declare the"
    " till lost",
    "merge-too-many": "together they have too many cards or phones for one member",
}
"""Why a merge is refused, for the command line."""
_LEFT = (
    "SELECT merged.account, into_account FROM merged LEFT JOIN holding"
    " ON holding.account = merged.account WHERE EXISTS (SELECT 1 FROM balance_part"
    " WHERE balance_part.account = 'member:' || merged.account GROUP BY unit"
    " HAVING sum(amount) <> CASE unit WHEN 'points' THEN coalesce(holding.points, 0)"
    " WHEN 'principal' THEN coalesce(holding.principal, 0)"
    " WHEN 'bonus' THEN coalesce(holding.bonus, 0) ELSE 0 END)"
    " ORDER BY merged.account LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class _Held:
    """All that an account holds: by unit what lies in no lot, and its lots."""

    loose: tuple[tuple[str, int], ...]
    values: tuple[tuple[str, LotShare], ...]
    points: tuple[LotPart, ...]

    def __bool__(self) -> bool:
        return bool(self.loose or self.values or self.points)


@dataclass(frozen=True, slots=True)
class Merge:
    """Which two, and why."""

    account: str
    """The one that goes."""
    into: str
    reason: str


def merge(own: OwnLedger, act: Act, asked: Merge, date: BusinessDate) -> int:
    """Make ``asked.into`` out of both accounts; return how many entries that took.

    Raises:
        DeniedError: A key of :data:`SAID`.
        NotTakenError, StoreError: Nothing has changed; try again.
        CommitUnknownError: End the process.
    """
    if not REASON_MIN <= len(asked.reason) <= REASON_MAX:
        raise DeniedError("reason-wanted")
    if asked.account == asked.into:
        raise DeniedError("same-member")
    own.open(act.now_ms)
    database = own.store.database
    with database.alone("value"):
        before = _merged_into(database, asked.account)
        if before is None:
            own.store.master.join(asked.account, asked.into, act.now_ms)
        elif before != asked.into:
            raise DeniedError("no-such-member")
        count = _move(own, asked, act, date, is_first=before is None)
        _settle(database, act, asked)
        audit.note(database, act, "merged", f"{asked.account} > {asked.into}", asked.reason)
    return count


def follow(own: OwnLedger, date: BusinessDate, now_ms: int) -> int:
    """Move what came since for accounts that went; return how many entries that took.

    Raises:
        NotTakenError, StoreError: The rest waits for the next run.
        CommitUnknownError: End the process.
    """
    database = own.store.database
    left = database.sql.execute(_LEFT, (FOLLOWED_MAX,)).fetchall()
    count = 0
    for account, into in left:
        own.open(now_ms)
        asked = Merge(account, into, "")
        with database.alone("value"):
            if not _is_open(database, account):
                act = Act(FOLLOWER, "", now_ms)
                count += _move(own, asked, act, date, is_first=False)
    return count


def _move(own: OwnLedger, asked: Merge, act: Act, date: BusinessDate, *, is_first: bool) -> int:
    database = own.store.database
    if _is_open(database, asked.account):
        raise DeniedError("merge-open")
    entries = list(_entries(_held(database, asked.account), asked, act.who))
    if not entries and is_first:
        entries = [AccountsMerged(asked.account, asked.into, (), (), (), asked.reason, act.who)]
    for body in entries:
        own.post_within(body, date, act.now_ms)
    return len(entries)


def _entries(held: _Held, asked: Merge, by: str) -> Iterator[AccountsMerged]:
    """Yield entries of at most :data:`LOTS_MAX` lots, each of which moves as much as its lots hold."""
    places = range(0, len(held.values) + len(held.points), LOTS_MAX)
    for first in places or ((0,) if held else ()):
        values = held.values[first : first + LOTS_MAX]
        start = max(0, first - len(held.values))
        points = held.points[start : start + LOTS_MAX - len(values)]
        units = dict(held.loose) if not first else {}
        for unit, lot in values:
            units[unit] = units.get(unit, 0) + lot.amount
        for part in points:
            units[accounts.POINTS] = units.get(accounts.POINTS, 0) + part.points
        moved = tuple(sorted(units.items()))
        yield AccountsMerged(asked.account, asked.into, moved, values, points, asked.reason, by)


def _held(database: Database, account: str) -> _Held:
    ask = database.sql.execute
    booked = {
        unit: -int(amount)
        for unit, amount in ask(
            "SELECT unit, sum(amount) FROM balance_part WHERE account = ? GROUP BY unit",
            (accounts.member(account),),
        ).fetchall()
    }
    row = ask(
        "SELECT points, principal, bonus FROM holding WHERE account = ?", (account,)
    ).fetchone()
    opening, *stored = row or (0, 0, 0)
    lots = {
        (unit, name): LotShare(name, amount, *days)
        for unit, name, amount, *days in ask(
            "SELECT unit, lot, amount, since, usable_on, lapses_on FROM value_lot"
            " WHERE account = ? ORDER BY unit, lot",
            (account,),
        ).fetchall()
    }
    for unit, amount in zip(UNITS, stored, strict=True):
        moved = lots.get((unit, OPENING))
        lots[unit, OPENING] = LotShare(OPENING, amount + (moved.amount if moved else 0))
    points = tuple(
        LotPart(ledger, seq, n, int(amount), usable_on, lapses_on)
        for ledger, seq, n, amount, usable_on, lapses_on in ask(
            "SELECT ledger, seq, n, sum(points), usable_on, lapses_on FROM lot_part"
            " WHERE account = ? GROUP BY ledger, seq, n, usable_on, lapses_on"
            " HAVING sum(points) <> 0 ORDER BY ledger, seq, n, usable_on, lapses_on",
            (account,),
        ).fetchall()
    )
    loose = {
        accounts.POINTS: opening + booked.get(accounts.POINTS, 0) - sum(p.points for p in points),
        accounts.STANDING: booked.get(accounts.STANDING, 0),
    }
    return _Held(
        tuple((unit, amount) for unit, amount in loose.items() if amount),
        tuple((unit, lot) for (unit, _), lot in lots.items() if lot.amount),
        points,
    )


def _is_open(database: Database, account: str) -> bool:
    found = database.sql.execute(
        "SELECT 1 FROM allowance WHERE account = ? AND state <= 1 LIMIT 1", (account,)
    )
    return found.fetchone() is not None


def _merged_into(database: Database, account: str) -> str | None:
    row = database.sql.execute(
        "SELECT into_account FROM merged WHERE account = ?", (account,)
    ).fetchone()
    return None if row is None else str(row[0])


def _settle(database: Database, act: Act, asked: Merge) -> None:
    """Whether these two are one is decided."""
    database.sql.execute(
        "UPDATE member_conflict SET settled_ms = ?1 WHERE settled_ms = 0"
        " AND (account = ?2 AND other = ?3 OR account = ?3 AND other = ?2)",
        (act.now_ms, asked.account, asked.into),
    )
