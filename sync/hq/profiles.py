"""Members registered at tills: their profiles, taken in beside the records that commit to them, and erased.

A profile that is not what its record says is not kept. What was taken in becomes rows of the members' table,
which every till is sent. To erase somebody is to forget profile and salt here and to tell every till to do
so; the records stay, whose digests lead nowhere without the salt.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from sync.hq import audit
from sync.hq.audit import Act
from sync.hq.database import Database, Sql
from sync.hq.people import DeniedError
from sync.hq.reader import Ask
from sync.protocol.batch import Batch
from sync.protocol.master import MEMBERS
from terminal.codec import master
from terminal.codec.entry import UndecodableError, decode
from terminal.codec.profile import BadProfileError, commitment, unpack
from terminal.core.profile import MemberRegistered

TAKEN_MAX = 1_000
"""Profiles that become rows of the members' table at once."""
Rows = dict[tuple[str, str], bytes]


class Judge(Protocol):
    """Writes what was decided into the head office's own ledger, as :class:`sync.hq.settle.Judge`."""

    def open(self, act: Act) -> None:
        """Make ready; before the transaction in which something is decided."""

    def write(self, act: Act, what: str, subject: str, reason: str) -> None:
        """Write one verdict, in the caller's transaction."""


class Eraser(Protocol):
    """The master data, as far as erasing needs it."""

    def is_member(self, account: str) -> bool:
        """Return whether the members' table has somebody under this number."""

    def erase(self, account: str, now_ms: int) -> None:
        """Forget a member here, and tell every till to, in the caller's transaction."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two members with one phone number, of whom a person decides whether they are one."""

    account: str
    """Whoever came later."""
    other: str
    at_ms: int


def proven(batch: Batch, count: int) -> list[tuple[int, str, str, bytes]]:
    """Return what came beside the last ``count`` records: position among them, account, tier, profile."""
    found = []
    first = batch.last_seq - count + 1
    for seq, data in batch.beside:
        if not first <= seq <= batch.last_seq:
            continue
        made = _registered(batch.records[seq - batch.first_seq])
        if made is None or commitment(data) != made.commitment or not _is_profile(data):
            continue  # The record stands; a profile that it does not vouch for is nobody's.
        found.append((seq - first, made.account, made.tier, data))
    return found


def keep(sql: Sql, rows: Iterable[tuple[int, str, str, bytes]], now_ms: int) -> None:
    """Keep profiles, each with its record's row number, in the caller's transaction; the first one stays.

    Whoever was erased meanwhile is not taken in again.
    """
    for record, account, tier, data in rows:
        sql.execute(
            "INSERT INTO profile SELECT ?, ?, ?, ?, ?, 0 WHERE NOT EXISTS"
            " (SELECT 1 FROM erased WHERE account = ?) ON CONFLICT (account) DO NOTHING",
            (account, record, tier, data, now_ms, account),
        )


def is_waiting(ask: Ask) -> bool:
    """Return whether there is a profile that no till was told of."""
    return ask("SELECT 1 FROM profile WHERE told = 0 LIMIT 1", ()).fetchone() is not None


def member_rows(ask: Ask) -> Rows:
    """Return the rows of the members' table that do not come from the shop file."""
    rows: Rows = {}
    for account, tier, data in ask("SELECT account, tier, data FROM profile", ()):
        rows[master.MEMBER, account] = _row(tier, bytes(data))
    for (account,) in ask("SELECT account FROM erased", ()):
        rows[master.ERASED, account] = b""
    return rows


def without_erased(ask: Ask, rows: Rows) -> Rows:
    """Return ``rows`` without members who were erased: a shop file may still name them."""
    gone = {(master.MEMBER, account) for (account,) in ask("SELECT account FROM erased", ())}
    return {key: body for key, body in rows.items() if key not in gone}


def waiting_rows(sql: Sql, known: Sequence[tuple[str, bytes]], now_ms: int) -> Rows:
    """Return the rows of profiles nobody was told of, and note conflicts with ``known`` members.

    In the caller's transaction, which sends them on their way.
    """
    found = sql.execute(
        "SELECT account, tier, data FROM profile WHERE told = 0 ORDER BY account LIMIT ?",
        (TAKEN_MAX,),
    ).fetchall()
    phones = _phones(known)
    rows: Rows = {}
    for account, tier, data in found:
        phone = unpack(bytes(data)).phone
        other = phones.setdefault(phone, account) if phone else account
        if other != account:
            sql.execute(
                "INSERT INTO member_conflict VALUES (?, ?, ?, 0) ON CONFLICT (account) DO NOTHING",
                (account, other, now_ms),
            )
        rows[master.MEMBER, account] = _row(tier, bytes(data))
    sql.executemany("UPDATE profile SET told = 1 WHERE account = ?", [(row[0],) for row in found])
    return rows


def merged_into(ask: Ask, account: str) -> list[str]:
    """Return the accounts that became one with this one."""
    rows = ask("SELECT account FROM merged WHERE into_account = ? ORDER BY account", (account,))
    return [row[0] for row in rows.fetchall()]


def joined(ask: Ask, rows: Rows) -> Rows:
    """Return ``rows`` with accounts that became one as one; tills forget the one that went."""
    rows = dict(rows)
    for account, into in ask(
        "SELECT account, into_account FROM merged ORDER BY account"
    ).fetchall():
        gone, kept = rows.pop((master.MEMBER, account), None), rows.get((master.MEMBER, into))
        rows[master.ERASED, account] = b""
        if gone is not None and kept is not None:
            with suppress(
                master.UnreadableRowError
            ):  # A shop file that gave one of them too many cards.
                rows[master.MEMBER, into] = master.joined(kept, gone)
    return rows


def join(sql: Sql, account: str, into: str, now_ms: int) -> list[tuple[str, str, bytes | None]]:
    """Note that two accounts are one, and return the changes of the members' table.

    Raises:
        DeniedError: ``no-such-member`` or ``merge-too-many``.
    """
    bodies = [
        sql.execute(
            "SELECT body FROM master_row WHERE name = ? AND kind = ? AND key = ?"
            " AND body IS NOT NULL",
            (MEMBERS, master.MEMBER, each),
        ).fetchone()
        for each in (into, account)
    ]
    if None in bodies:
        raise DeniedError("no-such-member")
    try:
        body = master.joined(*(bytes(row[0]) for row in bodies))
    except master.UnreadableRowError as error:
        raise DeniedError("merge-too-many") from error
    sql.execute("UPDATE merged SET into_account = ? WHERE into_account = ?", (into, account))
    sql.execute("INSERT INTO merged VALUES (?, ?, ?)", (account, into, now_ms))
    return [
        (master.ERASED, account, b""), (master.MEMBER, account, None), (master.MEMBER, into, body),
    ]  # fmt: skip


def conflicts(ask: Ask, limit: int) -> tuple[Conflict, ...]:
    """Return members who may be one person, newest first."""
    rows = ask(
        "SELECT account, other, at_ms FROM member_conflict WHERE settled_ms = 0"
        " ORDER BY at_ms DESC, account LIMIT ?",
        (limit,),
    ).fetchall()
    return tuple(Conflict(*row) for row in rows)


def erase(database: Database, master_store: "Eraser", act: Act, account: str) -> None:
    """Forget a member: profile and salt here and at every till. Records and books stay.

    Raises:
        DeniedError: ``no-such-member``.
    """
    with database.transaction():
        if not master_store.is_member(account):
            raise DeniedError("no-such-member")
        master_store.erase(account, act.now_ms)
        audit.note(database, act, "member-erased", account)
    database.wipe()


def settle(database: Database, act: Act, account: str, judge: Judge | None = None) -> None:
    """Note that a person decided about a conflict: they stay two.

    Raises:
        DeniedError: ``no-such-member``: there is none.
    """
    if judge is not None:
        judge.open(act)
    with database.transaction():
        done = database.sql.execute(
            "UPDATE member_conflict SET settled_ms = ? WHERE account = ? AND settled_ms = 0",
            (act.now_ms, account),
        )
        if done.rowcount != 1:
            raise DeniedError("no-such-member")
        if judge is not None:
            judge.write(act, "conflict", account, "decided")
        audit.note(database, act, "conflict-settled", account)


def forget(sql: Sql, account: str, now_ms: int) -> bool:
    """Forget a member's profile and salt, in the caller's transaction; return whether there was one."""
    done = sql.execute("DELETE FROM profile WHERE account = ?", (account,))
    sql.execute("DELETE FROM member_conflict WHERE account = ? OR other = ?", (account, account))
    sql.execute("DELETE FROM refused", ())  # Batches that were not taken may hold it, compressed.
    sql.execute(
        "INSERT INTO erased VALUES (?, ?) ON CONFLICT (account) DO NOTHING", (account, now_ms)
    )
    return done.rowcount == 1


def _phones(known: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    phones: dict[str, str] = {}
    for account, body in known:
        phone = master.read(master.member_bodies, body).phone
        if phone:
            phones.setdefault(phone, account)
    return phones


def _registered(body: bytes) -> MemberRegistered | None:
    try:
        found = decode(body).body
    except UndecodableError:
        return None
    return found if isinstance(found, MemberRegistered) else None


def _is_profile(data: bytes) -> bool:
    try:
        unpack(data)
    except BadProfileError:
        return False
    return True


def _row(tier: str, data: bytes) -> bytes:
    return master.profile(unpack(data), tier)
