"""Follows the records after their commit and keeps what the pages that look back read.

It never holds up an acknowledgement: it runs on the clerk's thread, a few hundred records at a time, and
rests at least as long as it worked. What it writes is one transaction with how far it came, so that it goes
on there. The feed's numbers have no gaps and grow with the order in which entries were followed; other
systems resume by them.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sync.hq.clerk import Clerk
from sync.hq.database import CommitUnknownError, Database, StoreError
from sync.hq.digest import Digest, Odd, Tap, accounts_of, aged, staff_of, take
from sync.hq.page.opened import KINDS
from sync.hq.page.wording import SKEW_MS_MAX
from sync.hq.schema import record_id
from terminal.codec.entry import UndecodableError, decode
from terminal.core import accounts
from terminal.core.journal import Entry

RECORDS_MAX = 400
"""In one transaction."""
STREAMS_MAX = 2_000
"""Looked at in one transaction; of a stream that did not change nothing is read."""
REST_S = 0.5
BUSY_PER_S = 10
"""More changes of streams than this in a second, and most of the time is left to who takes them in."""
RESTS, BUSY_RESTS = 1, 9
"""So many times as long as it worked it rests."""
_NOT_WHOLE = -1
QUARANTINE = "quarantined"
TILL = "till"
_UNITS = {accounts.POINTS: "points", accounts.PRINCIPAL: "principal", accounts.BONUS: "bonus"}


_Ages = tuple[list[tuple[str, str, int, int]], dict[tuple[str, int], int]]
"""What is held by the month it came in, by account and unit; and how the sums of all change."""


@dataclass(frozen=True, slots=True)
class _Behind:
    """A stream, how far it was followed, and what was last said of it."""

    stream: int
    terminal: str
    branch: int
    ledger_id: str
    seq: int
    last_seq: int
    said: str
    revision: int
    state: str


def serve(clerk: Clerk, now_ms: Callable[[], int], stop: threading.Event) -> None:
    """Follow until ``stop``; where much comes in, what comes in goes before what is made of it."""
    rest, seen, looked = 0.0, 0, time.monotonic()
    while not stop.wait(rest):
        began = time.monotonic()
        try:
            count, revision = clerk.do(partial(_turn, now_ms=now_ms()))
        except (StoreError, CommitUnknownError):
            count, revision = 0, seen  # Nothing was noted, or it was: the next turn sees.
        is_busy = revision - seen > BUSY_PER_S * (began - looked)
        seen, looked = revision, began
        worked = time.monotonic() - began
        rest = worked * (BUSY_RESTS if is_busy else RESTS) if count else REST_S


def _turn(database: Database, now_ms: int) -> tuple[int, int]:
    """Follow once; return how much was followed, and a number that grows with every batch that comes in."""
    count = follow(database, now_ms)
    return count, int(database.one("SELECT coalesce(sum(revision), 0) FROM stream")[0])


def follow(database: Database, now_ms: int) -> int:
    """Follow some records; return how many."""
    behind = _behind(database)
    if not behind:
        return 0
    # Nobody else writes what is read here, so it is read and worked out before the database is held.
    (next_id,) = database.one("SELECT coalesce(max(id), 0) + 1 FROM feed")
    found: list[tuple[int, int, Entry | None]] = []
    said: list[str] = []
    reached: list[tuple[_Behind, int]] = []
    for each in behind:
        rows = _read(database, each, RECORDS_MAX - len(found))
        found += _timed(rows)
        said += [each.state] if each.state != each.said else []
        reached.append((each, each.seq + len(rows)))
        if len(found) >= RECORDS_MAX:
            break
    found.sort(key=lambda row: row[0])  # By the clock: within a stream it never runs back.
    feed = [(record, _kind(entry), "") for _, record, entry in found]
    feed += [(0, TILL, state) for state in said]
    entries = [(record, entry) for _, record, entry in found if entry is not None]
    numbered = [(number, *row) for number, row in enumerate(feed, next_id)]
    digest, ages = _digested(database, entries)
    with database.transaction():
        for each, seq in reached:
            _note(database, each, seq)
        _keep(database, numbered, digest, ages, [*_oddities([each for each, _ in reached], now_ms)])
    return len(behind)


def _digested(database: Database, entries: Sequence[tuple[int, Entry]]) -> tuple[Digest, _Ages]:
    """Return what entries add to what was kept before."""
    digest = Digest(_taps(database, accounts_of(entries)), _staff(database, staff_of(entries)))
    for record, entry in entries:
        take(digest, record, entry)
    return digest, _aging(database, digest)


def again(database: Database, record: int) -> None:
    """Follow a record that could not be read before, within the caller's transaction."""
    row = database.sql.execute("SELECT body FROM record WHERE id = ?", (record,)).fetchone()
    entry = _decoded(row[0])
    followed = database.sql.execute(
        "SELECT 1 FROM feed WHERE record = ? AND kind = 'quarantined'", (record,)
    ).fetchone()
    if entry is None or followed is None:
        return  # Its turn has not come yet.
    (number,) = database.one("SELECT coalesce(max(id), 0) + 1 FROM feed")
    digest, ages = _digested(database, [(record, entry)])
    _keep(database, [(number, record, _kind(entry), "")], digest, ages, [])


def _timed(rows: Iterable[tuple[int, Entry | None]]) -> Iterable[tuple[int, int, Entry | None]]:
    """Yield each record with its time; one that cannot be read has the time of the one before."""
    wall_ms = 0
    for record, entry in rows:
        wall_ms = entry.stamp.wall_ms if entry else wall_ms
        yield wall_ms, record, entry


def _kind(entry: Entry | None) -> str:
    return KINDS.get(type(entry.body), "other") if entry else QUARANTINE


def _behind(database: Database) -> list[_Behind]:
    rows = database.sql.execute(
        "SELECT stream.id, terminal, branch, ledger_id, coalesce(follow.seq, base_seq), last_seq,"
        " coalesce(follow.said, ''), stream.revision, connected, quarantined, refusal, skew_ms"
        " FROM stream LEFT JOIN follow ON follow.stream = stream.id"
        " WHERE follow.revision IS NULL OR follow.revision <> stream.revision LIMIT ?",
        (STREAMS_MAX,),
    ).fetchall()
    return [_behind_of(tuple(row)) for row in rows]


def _behind_of(row: tuple[Any, ...]) -> _Behind:
    stream, terminal, branch, ledger_id, seq, last_seq, said, revision, *more = row
    state = _state(terminal, branch, ledger_id, *more)
    return _Behind(stream, terminal, branch, ledger_id, seq, last_seq, said, revision, state)


def _state(  # noqa: PLR0913, PLR0917 - the columns of one row
    terminal: str,
    branch: int,
    ledger_id: str,
    connected: int,
    quarantined: int,
    refusal: str,
    skew_ms: int,
) -> str:
    chain = (
        "forked" if branch else "refused" if refusal else "quarantine" if quarantined else "whole"
    )
    said = {
        "terminal": terminal, "ledger": ledger_id, "branch": branch, "connected": bool(connected),
        "chain": chain, "clock_off": abs(skew_ms) > SKEW_MS_MAX,
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False)


def _read(database: Database, each: _Behind, limit: int) -> list[tuple[int, Entry | None]]:
    first, last = record_id(each.stream, each.seq), record_id(each.stream, each.last_seq)
    rows = database.sql.execute(
        "SELECT id, body FROM record WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
        (first, last, max(0, limit)),
    ).fetchall()
    aside = {
        row[0]
        for row in database.sql.execute(
            "SELECT record FROM quarantine WHERE record > ? AND record <= ?", (first, last)
        ).fetchall()
    }
    return [(row[0], None if row[0] in aside else _decoded(row[1])) for row in rows]


def _decoded(body: bytes) -> Entry | None:
    try:
        return decode(bytes(body))
    except UndecodableError:
        return None


def _note(database: Database, each: _Behind, seq: int) -> None:
    revision = each.revision if seq == each.last_seq else _NOT_WHOLE
    database.sql.execute(
        "INSERT INTO follow VALUES (?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET"
        " seq = excluded.seq, said = excluded.said, revision = excluded.revision",
        (each.stream, seq, each.state, revision),
    )


def _oddities(behind: Iterable[_Behind], now_ms: int) -> Iterable[Odd]:
    """Yield what a stream's new state shows."""
    for each in behind:
        before = json.loads(each.said) if each.said else {"chain": "whole", "clock_off": False}
        after = json.loads(each.state)
        record = record_id(each.stream, max(1, each.last_seq))
        if after["chain"] == "forked" != before["chain"]:
            yield Odd("forked", now_ms, each.terminal, "", "", record, each.branch)
        if after["clock_off"] and not before["clock_off"]:
            yield Odd("clock-off", now_ms, each.terminal, "", "", record, 0)


def _keep(
    database: Database,
    feed: Sequence[tuple[int, int, str, str]],
    digest: Digest,
    ages: _Ages,
    odd: list[Odd],
) -> None:
    many = database.sql.executemany
    many("INSERT INTO feed VALUES (?, ?, ?, ?)", feed)
    numbers = {record: number for number, record, _, _ in feed}
    many(
        "INSERT INTO movement VALUES (?, ?)",
        [(who, numbers[record]) for record, who in digest.moved],
    )
    many(
        "INSERT INTO store_day VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (business_date, store) DO UPDATE SET sales = store_day.sales + excluded.sales,"
        " amount = store_day.amount + excluded.amount, discount = store_day.discount + excluded.discount,"
        " earned = store_day.earned + excluded.earned, used = store_day.used + excluded.used,"
        " members = store_day.members + excluded.members",
        [(*key, *sums) for key, sums in sorted(digest.days.items())],
    )
    many(
        "INSERT INTO staff_day VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (business_date, terminal, operator) DO UPDATE SET sales = excluded.sales,"
        " voids = excluded.voids, void_amount = excluded.void_amount, returned = excluded.returned,"
        " returned_amount = excluded.returned_amount",
        [(*key, *sums) for key, sums in sorted(digest.staff.items())],
    )
    many(
        "INSERT INTO last_tap VALUES (?, ?, ?, ?) ON CONFLICT (account) DO UPDATE SET"
        " wall_ms = excluded.wall_ms, terminal = excluded.terminal, count = excluded.count",
        [(who, tap.wall_ms, tap.terminal, tap.count) for who, tap in sorted(digest.taps.items())],
    )
    _age(database, ages)
    (last,) = database.one("SELECT coalesce(max(id), 0) FROM anomaly")
    many(
        "INSERT INTO anomaly VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                last + n,
                each.at_ms,
                each.kind,
                each.terminal,
                each.operator,
                each.account,
                each.record,
                each.value,
            )
            for n, each in enumerate([*digest.odd, *odd], 1)
        ],
    )  # fmt: skip


def _taps(database: Database, who: Iterable[str]) -> dict[str, Tap]:
    found = {}
    for account in who:
        row = database.sql.execute(
            "SELECT wall_ms, terminal, count FROM last_tap WHERE account = ?", (account,)
        ).fetchone()
        if row:
            found[account] = Tap(*row)
    return found


def _staff(database: Database, keys: Iterable[tuple[int, str, str]]) -> dict[Any, list[int]]:
    found = {}
    for key in keys:
        row = database.sql.execute(
            "SELECT sales, voids, void_amount, returned, returned_amount FROM staff_day"
            " WHERE business_date = ? AND terminal = ? AND operator = ?",
            key,
        ).fetchone()
        found[key] = list(row) if row else [0] * 5
    return found


def _aging(database: Database, digest: Digest) -> _Ages:
    """Carry on what is held by the month it came in; of month 0 only what was used of the opening is kept."""
    sums: dict[tuple[str, int], int] = {}
    rows: list[tuple[str, str, int, int]] = []
    for (account, unit), changes in sorted(digest.changes.items()):
        before = _held(database, account, unit)
        opening = _opening(database, account, unit)
        whole = {**before, 0: before.get(0, 0) + opening} if opening or 0 in before else before
        after = aged(whole, changes)
        if 0 in after:
            after[0] -= opening
        for month, amount in after.items():
            if amount != before.get(month, 0):
                rows.append((account, unit, month, amount))
                sums[unit, month] = sums.get((unit, month), 0) + amount - before.get(month, 0)
    return rows, sums


def _age(database: Database, ages: _Ages) -> None:
    rows, sums = ages
    database.sql.executemany(
        "INSERT INTO aged VALUES (?, ?, ?, ?) ON CONFLICT (account, unit, month) DO UPDATE SET"
        " amount = excluded.amount",
        rows,
    )
    database.sql.executemany(
        "INSERT INTO aged_sum VALUES (?, ?, ?) ON CONFLICT (unit, month) DO UPDATE SET"
        " amount = aged_sum.amount + excluded.amount",
        [(*key, change) for key, change in sorted(sums.items())],
    )


def _held(database: Database, account: str, unit: str) -> dict[int, int]:
    rows = database.sql.execute(
        "SELECT month, amount FROM aged WHERE account = ? AND unit = ?", (account, unit)
    ).fetchall()
    return {row[0]: row[1] for row in rows}


def _opening(database: Database, account: str, unit: str) -> int:
    row = database.sql.execute(
        f"SELECT {_UNITS[unit]} FROM holding WHERE account = ?",  # noqa: S608 - our own three names
        (account.removeprefix(accounts.member("")),),
    ).fetchone()
    return int(row[0]) if row else 0
