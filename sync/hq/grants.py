"""Grants: a till asks what it may spend, and the head office answers in one transaction.

The same ask is answered with the same allowances, however often it comes. What was granted is held back
until the till's closing record is here, or a person declares the till lost; a grant that never reached the
till is found by its next ask, which names those that it still may take up. After a new timeline nothing is
granted until every till that is known has asked again and all it had written by then is here: this database
may not know what it granted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from config.schema import Ahead
from sync import topics
from sync.hq.allowances import GRANTED, NEVER_TAKEN, OPENED
from sync.hq.database import Database
from sync.hq.exposure import missing
from sync.hq.granting import Lots, Slice, free, slices
from sync.hq.pointlots import points_of, soonest
from sync.hq.streams import Stream
from sync.mqtt import Message
from sync.protocol.keys import PublicKey, SecretKey
from sync.protocol.master import MEMBERS
from sync.protocol.value import (
    ALLOWANCES_MAX,
    FORMAT,
    MISSING_MAX,
    Ask,
    Grant,
    Granted,
    Lot,
    ask_key_id,
    read_ask,
    write_grant,
)
from sync.protocol.wire import BadEnvelopeError
from terminal.codec import master
from terminal.core import accounts
from terminal.core.allowance import OPENING, Cause, LotShare
from terminal.core.stored import UNITS

TAP_S = 3_600
"""An allowance for who stands at the till lives so long, whatever happens to the connection."""
SEEN_MAX = 400
"""Sales looked at for who comes to a store."""
AHEAD_MAX = ALLOWANCES_MAX // len(UNITS)
"""Members in one answer."""
_OUTSTANDING = (
    "SELECT unit, lot, granted - spent, terminal FROM allowance JOIN allowance_lot"
    " ON allowance.id = allowance_lot.allowance WHERE account = ? AND state IN (0, 1)"
    " AND spent < granted"
)


@dataclass(frozen=True, slots=True)
class _Account:
    """One member's value: what may be granted, and how much other tills hold."""

    free: Lots
    elsewhere: int
    here: int
    """What the asking till itself holds, or held until its closing record comes."""


class Grants:
    """Answers asks; one thread only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.sql
        self.ahead: tuple[Ahead, ...] = ()
        """What is granted ahead, as the settings say."""
        self._count = 0
        """Allowances in the answer that is made."""

    def answer(self, ask: Ask, timeline: int, now_ms: int) -> Grant:
        """Return the answer to an ask whose sender was checked.

        Raises:
            StoreError: Nothing was granted; the till asks again.
            CommitUnknownError: End the process.
        """
        with self._database.alone("value"):
            self._call_roll(ask, now_ms)
            refused = self._objection(ask, timeline)
            if refused is not None:
                return refused
            self._drop_untaken(ask)
            self._count = 0
            if self._was_answered(ask):
                return self._grant(ask, timeline, self._granted(ask))
            if ask.account:
                return self._for_tap(ask, timeline, now_ms)
            return self._for_later(ask, timeline, now_ms)

    def _call_roll(self, ask: Ask, now_ms: int) -> None:
        self._sql.execute(
            "INSERT INTO roll_call VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (ledger_id) DO UPDATE SET"
            " store = excluded.store, heard_ms = excluded.heard_ms,"
            " seq = CASE WHEN roll_call.timeline = excluded.timeline THEN roll_call.seq"
            " ELSE excluded.seq END, timeline = excluded.timeline",
            (ask.ledger_id, ask.terminal, ask.store, ask.timeline, ask.head_seq, now_ms),
        )

    def _objection(self, ask: Ask, timeline: int) -> Grant | None:
        if ask.timeline != timeline:
            return self._refuse(ask, timeline, "other-timeline")
        streams = self._sql.execute(
            "SELECT count(*), max(quarantined) FROM stream WHERE ledger_id = ?", (ask.ledger_id,)
        ).fetchone()
        if streams[0] != 1 or streams[1]:
            return self._refuse(ask, timeline, "forked")
        awaited = missing(self._sql.execute, timeline)
        if awaited:
            return self._refuse(ask, timeline, "roll-call", tuple(awaited[:MISSING_MAX]))
        return None

    def _drop_untaken(self, ask: Ask) -> None:
        """Let go of grants that the till says it never took up, once its records up to then are here."""
        row = self._sql.execute(
            "SELECT last_seq FROM stream WHERE ledger_id = ? AND branch = 0", (ask.ledger_id,)
        ).fetchone()
        if row is None or row[0] < ask.head_seq:
            return
        kept = (ask.ask, *ask.outstanding)
        rows = self._sql.execute(
            "SELECT id, ask FROM allowance WHERE ledger_id = ? AND state = 0", (ask.ledger_id,)
        ).fetchall()
        for name, asked in rows:
            if asked not in kept:
                self._sql.execute(
                    "UPDATE allowance SET state = ? WHERE id = ?", (NEVER_TAKEN, name)
                )

    def _was_answered(self, ask: Ask) -> bool:
        """Whether this very ask was granted something: it came late, twice, or was never taken up."""
        row = self._sql.execute(
            "SELECT count(*) FROM allowance WHERE ledger_id = ? AND ask = ?",
            (ask.ledger_id, ask.ask),
        ).fetchone()
        return bool(row[0])

    def _granted(self, ask: Ask) -> list[Granted]:
        """Return what this very ask was granted before and is open still."""
        rows = self._sql.execute(
            "SELECT id, account, unit, cause, expires_ms - granted_ms FROM allowance"
            " WHERE ledger_id = ? AND ask = ? AND state IN (0, 1) ORDER BY id",
            (ask.ledger_id, ask.ask),
        ).fetchall()
        return [
            Granted(name, account, unit, cause, max(1, lives // 1000), self._lots_of(name))
            for name, account, unit, cause, lives in rows
        ]

    def _lots_of(self, allowance: str) -> tuple[Lot, ...]:
        rows = self._sql.execute(
            "SELECT lot, granted, since, usable_on, lapses_on FROM allowance_lot"
            " WHERE allowance = ? ORDER BY since, lot",
            (allowance,),
        ).fetchall()
        return tuple(Lot(*row) for row in rows)

    def _for_tap(self, ask: Ask, timeline: int, now_ms: int) -> Grant:
        found = self._account(ask.account, ask.terminal)
        given = list(slices(found.free, UNITS, None))
        if points := soonest(found.free):
            given.append(Slice(accounts.POINTS, points))
        granted = self._keep(ask, ask.account, given, Cause.TAP, TAP_S, timeline, now_ms)
        why = "" if granted else "nothing"
        if found.elsewhere or found.here:
            why = "elsewhere" if found.elsewhere else "held-here"
        return Grant(FORMAT, ask.nonce, ask.ask, timeline, tuple(granted), why, found.elsewhere)

    def _for_later(self, ask: Ask, timeline: int, now_ms: int) -> Grant:
        """Grant ahead, to members who come to this store, as much as the settings say."""
        granted: list[Granted] = []
        for account, tier in self._regulars(ask):
            policy = _policy(self.ahead, ask.store, tier)
            if policy is None:
                continue
            given = slices(self._account(account, ask.terminal).free, UNITS, policy.most)
            lives = policy.hours * 3_600
            granted += self._keep(ask, account, given, Cause.AHEAD, lives, timeline, now_ms)
            if len(granted) > ALLOWANCES_MAX - len(UNITS):
                break
        return self._grant(ask, timeline, granted)

    def _regulars(self, ask: Ask) -> list[tuple[str, str]]:
        """Return who bought lately at this store and has nothing set aside here yet, with their tier."""
        rows = self._sql.execute(
            "SELECT member FROM sale WHERE member <> '' AND (record >> 40) IN (SELECT stream.id"
            " FROM stream JOIN roll_call ON roll_call.ledger_id = stream.ledger_id"
            " WHERE roll_call.store = ?) ORDER BY id DESC LIMIT ?",
            (ask.store, SEEN_MAX),
        ).fetchall()
        held = {
            row[0]
            for row in self._sql.execute(
                "SELECT DISTINCT account FROM allowance WHERE ledger_id = ? AND state IN (0, 1)"
                " AND cause = 'ahead'",
                (ask.ledger_id,),
            ).fetchall()
        }
        seen = [each for each in dict.fromkeys(row[0] for row in rows) if each not in held]
        return [(account, self._tier(account)) for account in seen[:AHEAD_MAX]]

    def _tier(self, account: str) -> str:
        row = self._sql.execute(
            "SELECT body FROM master_row WHERE name = ? AND kind = ? AND key = ?"
            " AND body IS NOT NULL",
            (MEMBERS, master.MEMBER, account),
        ).fetchone()
        return "" if row is None else master.read(master.member_bodies, row[0]).tier

    def free(self, account: str) -> Lots:
        """Return what of a member's lots no till holds."""
        return self._account(account, "").free

    def _account(self, account: str, terminal: str) -> _Account:
        lots = {
            (unit, lot): LotShare(lot, *rest)
            for unit, lot, *rest in self._sql.execute(
                "SELECT unit, lot, amount, since, usable_on, lapses_on FROM value_lot"
                " WHERE account = ?",
                (account,),
            ).fetchall()
        }
        opening = self._sql.execute(
            "SELECT principal, bonus FROM holding WHERE account = ?", (account,)
        ).fetchone()
        for unit, amount in zip(UNITS, opening or (0, 0), strict=True):
            moved = lots.get((unit, OPENING))
            lots[unit, OPENING] = LotShare(OPENING, amount + (moved.amount if moved else 0))
        lots |= points_of(self._sql, account)
        outstanding: dict[tuple[str, str], int] = {}
        elsewhere = here = 0
        for unit, lot, left, holder in self._sql.execute(_OUTSTANDING, (account,)).fetchall():
            outstanding[unit, lot] = outstanding.get((unit, lot), 0) + left
            elsewhere += left if holder != terminal and unit in UNITS else 0
            here += left if holder == terminal and unit in UNITS else 0
        return _Account(free(lots, outstanding), elsewhere, here)

    def _keep(  # noqa: PLR0913, PLR0917 - the columns of one row
        self,
        ask: Ask,
        account: str,
        given: Iterable[Slice],
        cause: Cause,
        lives_s: int,
        timeline: int,
        now_ms: int,
    ) -> list[Granted]:
        granted = []
        for each in given:
            self._count += 1
            name = f"{ask.ask}-{self._count}"
            self._sql.execute(
                "INSERT INTO allowance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    name, ask.ask, account, each.unit, str(cause), ask.ledger_id, ask.terminal,
                    timeline, now_ms, now_ms + lives_s * 1_000, GRANTED,
                ),
            )  # fmt: skip
            lots = tuple(
                Lot(lot.lot, lot.amount, lot.since, lot.usable_on, lot.lapses_on)
                for lot in each.lots
            )
            self._sql.executemany(
                "INSERT INTO allowance_lot VALUES (?, ?, ?, 0, ?, ?, ?)",
                [
                    (name, lot.lot, lot.amount, lot.since, lot.usable_on, lot.lapses_on)
                    for lot in lots
                ],
            )
            granted.append(Granted(name, account, each.unit, str(cause), lives_s, lots))
        return granted

    @staticmethod
    def _grant(ask: Ask, timeline: int, granted: list[Granted]) -> Grant:
        return Grant(FORMAT, ask.nonce, ask.ask, timeline, tuple(granted))

    @staticmethod
    def _refuse(ask: Ask, timeline: int, why: str, missing: tuple[str, ...] = ()) -> Grant:
        return Grant(FORMAT, ask.nonce, ask.ask, timeline, (), why, 0, missing)


Known = Callable[[bytes, str], PublicKey]
Heed = Callable[[list[Stream], bytes, str], object]


def granted(
    store: "Granting",
    key: SecretKey,
    message: Message,
    asked: "tuple[Known, Heed]",
    now_ms: int,
) -> Message:
    """Return the answer to a till's ask.

    ``asked`` first gives a key by its name, if it is the till's; then it is shown what the till has of our
    word: without a hello since we came back from a backup, that is the only sign of it.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
        StoreError, CommitUnknownError: See :meth:`Grants.answer`.
    """
    known, heed = asked
    terminal = message.topic.split("/")[2]
    ask = read_ask(message.payload, known(ask_key_id(message.payload), terminal))
    streams = store.streams(ask.ledger_id)
    if ask.terminal != terminal or not streams or streams[0].terminal != terminal:
        raise BadEnvelopeError("terminal", f"{ask.terminal} on the topic of {terminal}")
    heed(streams, ask.ack, ask.ledger_id)
    grant = store.grants.answer(ask, store.timeline, now_ms)
    return Message(topics.topic(terminal, topics.RESPONSE), write_grant(grant, key))


class Granting(Protocol):
    """The store, as far as grants need it."""

    grants: Grants

    @property
    def timeline(self) -> int:
        """Raised whenever this database turned out to be older than what it had signed."""

    def streams(self, ledger_id: str) -> list[Stream]:
        """Return the streams of a ledger, the first one first."""


def _policy(ahead: tuple[Ahead, ...], store: str, tier: str) -> Ahead | None:
    """Return the first of the settings that fits; None: nothing is granted ahead."""
    for each in ahead:
        if each.store in {None, store} and each.tier in {None, tier}:
            return each if each.most else None
    return None


assert (GRANTED, OPENED) == (0, 1), "the queries say so"
