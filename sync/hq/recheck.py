"""Works every sale out again after it was acknowledged, and keeps where it came out otherwise.

It runs as :mod:`sync.hq.follow` does: on the clerk's thread, a few records at a time, resting longer than it
worked, so that no acknowledgement waits for it. Each sale is *equal*, *different*, or *not comparable*
because something of its time is gone: which, is said. Coupons are followed on the way: issued, redeemed, and
redeemed a second time, which no till alone can see; and so is the money on cards.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sync.hq import purses
from sync.hq.bookcase import Bookcase
from sync.hq.clerk import Clerk
from sync.hq.database import CommitUnknownError, Database, StoreError
from sync.hq.master import ALONE
from sync.hq.schema import record_id, seq_of
from terminal.codec.entry import UndecodableError, decode
from terminal.core.again import Verdict, compare
from terminal.core.journal import Body, Entry, SalePosted
from terminal.core.pricing.coupons import CouponsIssued

RECORDS_MAX = 60
"""In one transaction: about 30 ms."""
REST_S = 0.5
FOUND_MAX = 10_000
"""Differences that are kept with what differs; more are only counted."""


@dataclass(slots=True)
class _Tally:
    """What came out of some records of one stream."""

    equal: int = 0
    different: int = 0
    unknown: int = 0
    found: list[tuple[int, int, str, str]] = field(default_factory=list)
    gaps: dict[str, list[int]] = field(default_factory=dict)


def serve(clerk: Clerk, stop: threading.Event) -> None:
    """Work sales out again until ``stop``."""
    case, rest = Bookcase(), 0.0
    while not stop.wait(rest):
        began = time.monotonic()
        try:
            count = clerk.do(lambda database: recheck(database, case))
        except (StoreError, CommitUnknownError):
            count = 0  # Nothing was noted, or it was: the next turn sees.
        rest = (time.monotonic() - began) * 2 if count else REST_S


def recheck(database: Database, case: Bookcase) -> int:
    """Work out some records of the stream that is furthest behind; return how many were looked at."""
    row = database.sql.execute(
        "SELECT stream.id, coalesce(recheck.seq, base_seq), last_seq FROM stream"
        " LEFT JOIN recheck ON recheck.stream = stream.id"
        " WHERE coalesce(recheck.seq, base_seq) < last_seq"
        " ORDER BY last_seq - coalesce(recheck.seq, base_seq) DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return 0
    stream, seq, last = row
    rows = database.sql.execute(
        "SELECT id, body FROM record WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
        (record_id(stream, seq), record_id(stream, last), RECORDS_MAX),
    ).fetchall()
    tally, coupons = _Tally(), []
    money: list[tuple[int, Body]] = []
    now_ms = 0
    for record, body in rows:
        try:
            entry = decode(bytes(body))
        except UndecodableError:
            continue  # In quarantine.
        _take(database, tally, case, record, entry)
        if isinstance(entry.body, CouponsIssued | SalePosted):
            coupons.append((record, entry))
        if purses.is_of_purse(entry.body):
            money.append((record, entry.body))
            now_ms = entry.stamp.wall_ms
    end = seq_of(rows[-1][0]) if rows else last
    with database.alone(ALONE) if money else database.transaction():
        _note(database, stream, end, tally)
        for record, entry in coupons:
            _note_coupons(database, record, entry)
        for record, body in money:
            purses.note(database, record, body)
        if money:
            purses.publish(database, now_ms)
    return max(1, len(rows))


def _take(database: Database, tally: _Tally, case: Bookcase, record: int, entry: Entry) -> None:
    if not isinstance(entry.body, SalePosted):
        return
    came = compare(entry, lambda: case.book(database, entry.versions))
    match came.verdict:
        case Verdict.EQUAL:
            tally.equal += 1
        case Verdict.DIFFERENT:
            tally.different += 1
            detail = json.dumps([asdict(each) for each in came.differences], ensure_ascii=False)
            tally.found.append((record, entry.stamp.wall_ms, entry.versions.rules, detail))
        case Verdict.NOT_COMPARABLE:
            tally.unknown += 1
            seq = seq_of(record)
            gap = tally.gaps.setdefault(came.why, [0, seq, seq])
            gap[0] += 1
            gap[2] = seq


def _note(database: Database, stream: int, end: int, tally: _Tally) -> None:
    run = database.sql.execute
    run(
        "INSERT INTO recheck VALUES (?, ?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET"
        " seq = excluded.seq, equal = recheck.equal + excluded.equal,"
        " different = recheck.different + excluded.different,"
        " unknown = recheck.unknown + excluded.unknown",
        (stream, end, tally.equal, tally.different, tally.unknown),
    )
    (kept,) = database.one("SELECT count(*) FROM recheck_found") if tally.found else (0,)
    database.sql.executemany(
        "INSERT INTO recheck_found VALUES (?, ?, ?, ?) ON CONFLICT (record) DO NOTHING",
        tally.found[: max(0, FOUND_MAX - kept)],
    )
    database.sql.executemany(
        "INSERT INTO recheck_gap VALUES (?, ?, ?, ?, ?) ON CONFLICT (stream, why) DO UPDATE SET"
        " count = recheck_gap.count + excluded.count, last_seq = excluded.last_seq",
        [(stream, why, *gap) for why, gap in tally.gaps.items()],
    )


def _note_coupons(database: Database, record: int, entry: Entry) -> None:
    run = database.sql.execute
    match entry.body:
        case CouponsIssued() as issued:
            database.sql.executemany(
                "INSERT INTO coupon VALUES (?, ?, ?, 0, 0) ON CONFLICT (id) DO UPDATE SET"
                " campaign = excluded.campaign, issued = excluded.issued",
                [(each.id, issued.campaign, record) for each in issued.coupons],
            )
        case SalePosted(bill=bill):
            campaign = _campaign(dict(entry.facts))
            for coupon in bill.drawn.coupons:
                run(
                    "INSERT INTO coupon VALUES (?, ?, 0, ?, 0) ON CONFLICT (id) DO UPDATE SET"
                    " again = CASE WHEN coupon.redeemed = 0 THEN coupon.again"
                    " ELSE excluded.redeemed END,"
                    " redeemed = CASE WHEN coupon.redeemed = 0 THEN excluded.redeemed"
                    " ELSE coupon.redeemed END",
                    (coupon, campaign, record),
                )
        case _:
            pass


def _campaign(facts: Mapping[str, str]) -> str:
    """Return the campaign of a sale's coupons; empty where there were several, or none is named."""
    named = facts.get("coupons", "")
    return "" if "," in named else named
