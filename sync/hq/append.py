"""Batches of several tills in one transaction: their records, and the books that follow from them.

The streams' rows are locked first, in the order of their ids; everything that the batches add is collected,
and written once: records, then books in the order of their keys. An acknowledgement may be signed only after
the COMMIT.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sync.hq import allowances, profiles
from sync.hq.allowances import Seen
from sync.hq.books import Sums, sum_up
from sync.hq.database import Database, StoreError
from sync.hq.master import touch
from sync.hq.schema import record_id
from sync.hq.streams import Held, Stream, Streams
from sync.protocol.ack import Status
from sync.protocol.batch import Batch
from terminal.core.books import Deltas
from terminal.core.journal import Body
from terminal.core.points.lotbook import lot_changes

BRANCHES_MAX = 100
"""Of one ledger. A card copied more often than this is no accident; a person must look."""
OFFICE = "hq"
"""Whose ledger is the head office's own; no till may be called this."""
GROUP_MAX = 64
"""Batches in one transaction."""

_MOVE = (
    "UPDATE stream SET last_seq = ?1, last_digest = ?2,"
    " head_seq = CASE WHEN ?3 > ?1 THEN ?3 ELSE ?1 END, heard_ms = ?4,"
    " record_ms = CASE WHEN ?5 <> 0 THEN ?5 ELSE record_ms END, skew_ms = ?6, sales = sales + ?7,"
    " sales_amount = sales_amount + ?8, quarantined = quarantined + ?9, refusal = '',"
    " revision = revision + 1 WHERE id = ?10"
)


@dataclass(frozen=True, slots=True)
class Work:
    """A batch that was verified, with its records' digests and what they add up to."""

    batch: Batch
    digests: list[bytes]
    sums: Sums

    @classmethod
    def of(cls, batch: Batch, digests: list[bytes]) -> "Work":
        """Add up a batch; done before any lock is taken."""
        is_office = batch.terminal == OFFICE
        return cls(batch, digests, sum_up(batch.records, is_office=is_office))


@dataclass(slots=True)
class _Writes:
    """What a transaction is going to add."""

    now_ms: int
    records: list[tuple[int, bytes, bytes, int]] = field(default_factory=list)
    deltas: Deltas = field(default_factory=dict)
    sales: list[tuple[int, str]] = field(default_factory=list)
    days: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)
    lots: dict[tuple[str, str, int, int, int, int], int] = field(default_factory=dict)
    """By account, ledger, record, number, and the two days of a lot."""
    values: list[Seen] = field(default_factory=list)
    moves: list[tuple[object, ...]] = field(default_factory=list)
    profiles: list[tuple[int, str, str, bytes]] = field(default_factory=list)

    def extend(self, stream: Stream, work: Work) -> Held:
        """Add the last ``len(work.digests)`` records of a batch as the next of ``stream``."""
        digests, sums = work.digests, work.sums
        first = record_id(stream.id, stream.last_seq + 1)
        bodies = work.batch.records[-len(digests) :]
        self.records += [
            (first + n, body, digest, self.now_ms)
            for n, (body, digest) in enumerate(zip(bodies, digests, strict=True))
        ]
        deltas = self.deltas
        for key, amount in sums.deltas.items():
            deltas[key] = deltas.get(key, 0) + amount
        self.sales += [(first + n, member) for n, member in sums.sales]
        for day, sold in sums.days.items():
            before = self.days.get(day, (0, 0, 0, 0))
            self.days[day] = tuple(map(sum, zip(before, sold, strict=True)))  # type: ignore[assignment] # of four
        if work.batch.beside:
            found = profiles.proven(work.batch, len(digests))
            self.profiles += [(first + n, who, tier, data) for n, who, tier, data in found]
        self.faults += [(first + n, why) for n, why in sums.faults]
        for n, body in sums.lots:
            self._add_lots(stream, stream.last_seq + 1 + n, body)
        self.values += [
            Seen(first + n, stream.ledger_id, stream.branch, stream.terminal, body)
            for n, body in sums.lots
        ]
        last = stream.last_seq + len(digests)
        self._move(stream, last, digests[-1], work)
        return Held(Status.OK, stream.branch, last, digests[-1])

    def _add_lots(self, stream: Stream, seq: int, body: Body) -> None:
        for account, lot in lot_changes(seq, body):
            ledger = lot.ledger or stream.ledger_id
            key = (account, ledger, lot.seq, lot.part, lot.usable_on, lot.lapses_on)
            self.lots[key] = self.lots.get(key, 0) + lot.points

    def _move(self, stream: Stream, last: int, digest: bytes, work: Work) -> None:
        sums = work.sums
        skew = sums.last_wall_ms - self.now_ms if sums.last_wall_ms else 0
        self.moves.append((
            last, digest, work.batch.till_head, self.now_ms, sums.last_wall_ms, skew,
            len(sums.sales), sums.sales_amount, len(sums.faults), stream.id,
        ))  # fmt: skip

    def carry_out(self, database: Database) -> None:
        """Write it all."""
        insert, part = database.insert, database.part
        changes = sorted(self.deltas.items())
        with database.together():
            insert("record", "id, body, digest, received_ms", self.records)
            insert("sale", "record, member", self.sales)
            insert("quarantine", "record, fault", self.faults)
            for move in self.moves:
                database.sql.execute(_MOVE, move)
            touch(database, sorted({account for (account, _), amount in changes if amount}))
            balances = [(*key, part, amount) for key, amount in changes]
            database.add("balance_part", "account, unit, part", "amount", balances)
            days = [(day, part, *sold) for day, sold in sorted(self.days.items())]
            sums = "sales, amount, discount, earned"
            lots = [(*key, part, points) for key, points in sorted(self.lots.items())]
            database.add(
                "lot_part", "account, ledger, seq, n, usable_on, lapses_on, part", "points", lots
            )
            profiles.keep(database.sql, self.profiles, self.now_ms)
            database.add("day_part", "business_date, part", sums, days)
        allowances.apply(database.sql, self.values, self.now_ms)
        database.grown(sum(len(record[1]) for record in self.records))


def write_books(database: Database, sums: Sums, record: int, now_ms: int) -> None:
    """Add what one record that is stored already adds up to, in the caller's transaction."""
    writes = _Writes(now_ms, deltas=dict(sums.deltas), days=dict(sums.days))
    writes.sales = [(record, member) for _, member in sums.sales]
    writes.carry_out(database)


class Appender:
    """Stores batches. One thread only."""

    def __init__(self, database: Database, streams: Streams) -> None:
        self._database = database
        self._streams = streams

    def append(self, works: Sequence[Work], now_ms: int) -> list[Held]:
        """Store what is new of each batch, books included, in one transaction.

        There is at most one batch of each ledger, and each ledger has a stream.

        Raises:
            StoreError: Nothing was stored.
            CommitUnknownError: End the process.
        """
        self._database.make_room(now_ms)
        with self._database.transaction():
            return self.within(works, now_ms)

    def within(self, works: Sequence[Work], now_ms: int) -> list[Held]:
        """Do it in the caller's transaction, who made room before."""
        writes = _Writes(now_ms)
        streams = self._streams.locked([work.batch.ledger_id for work in works])
        held = [self._take(streams[work.batch.ledger_id], work, writes) for work in works]
        writes.carry_out(self._database)
        return held

    def _take(self, streams: list[Stream], work: Work, writes: _Writes) -> Held:
        batch = work.batch
        if not streams:
            raise StoreError(f"ledger {batch.ledger_id} is not here any more")
        for stream in streams:
            is_next = stream.last_seq == batch.first_seq - 1
            if is_next and stream.last_digest == batch.prev_hash:
                return self._extend(stream, work, writes)
        return self._elsewhere(streams, work, writes)

    def _elsewhere(self, streams: list[Stream], work: Work, writes: _Writes) -> Held:
        """A batch that continues no stream: seen before, too early, or the branch of a copied card."""
        batch, digests = work.batch, work.digests
        digest_at = self._streams.digest_at
        attached = [s for s in streams if digest_at(s, batch.first_seq - 1) == batch.prev_hash]
        if not attached:
            stream = next((s for s in streams if s.branch == batch.branch), streams[0])
            return Held(Status.GAP, stream.branch, stream.last_seq, stream.last_digest)
        known = [(self._shared(stream, work), stream) for stream in attached]
        count, stream = max(known, key=lambda pair: pair[0])
        seq = batch.first_seq + count - 1
        if count == len(digests) or seq == stream.last_seq:
            digest = digests[count - 1] if count else batch.prev_hash
            return Held(Status.DUP, stream.branch, seq, digest)
        if len(streams) >= BRANCHES_MAX:
            return Held(
                Status.REFUSED, stream.branch, stream.last_seq, stream.last_digest, "branches"
            )
        base = (seq, digests[count - 1] if count else batch.prev_hash)
        branch = replace(
            stream, branch=streams[-1].branch + 1, parent=stream.id, base_seq=base[0],
            base_digest=base[1], last_seq=base[0], last_digest=base[1],
        )  # fmt: skip
        branch = self._streams.add(branch, writes.now_ms)
        rest = Work(batch, digests[count:], sum_up(batch.records[count:]))
        return self._extend(branch, rest, writes)

    def _extend(self, stream: Stream, work: Work, writes: _Writes) -> Held:
        return writes.extend(stream, work)

    def _shared(self, stream: Stream, work: Work) -> int:
        """Return how many of the batch's first records the stream holds."""
        for count, digest in enumerate(work.digests):
            if self._streams.digest_at(stream, work.batch.first_seq + count) != digest:
                return count
        return len(work.digests)
