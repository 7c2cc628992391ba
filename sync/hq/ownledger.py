"""The head office's own ledger: what it decides itself, sealed and chained by its own key.

It is a stream like a till's, of the terminal ``hq``, stored by the same code and booked by the same function;
so statements contain it, the page shows it, and an export of it is verified as any ledger is.
"""

import secrets
from collections.abc import Callable

from sync.hq.allowances import OPENED
from sync.hq.database import Database
from sync.hq.store import Store
from sync.hq.streams import Held, Stream
from sync.protocol.ack import Status
from sync.protocol.batch import Batch
from sync.protocol.hello import Hello
from sync.protocol.keys import SecretKey
from sync.protocol.record import genesis, seal
from sync.protocol.wire import NONCE_BYTES
from terminal.codec.entry import encode
from terminal.core.allowance import LotShare
from terminal.core.books import postings_of
from terminal.core.journal import Body, Entry, Stamp, Versions
from terminal.core.officebook import LossDeclared, ValueAdjusted, ValueLapsed
from terminal.core.points.dates import BusinessDate

TERMINAL = "hq"
"""No till may be called this."""
LAPSE_MAX = 500
"""Lots in one run of expiry; the next run goes on."""


class NotTakenError(Exception):
    """The entry was not stored: somebody else wrote at the same moment. Nothing has changed; try again."""


class OwnLedger:
    """Writes the head office's own entries; one thread only."""

    def __init__(self, store: Store, key: SecretKey) -> None:
        """Prepare; ``key`` is the head office's."""
        self.store = store
        self._database: Database = store.database
        self._key = key

    def post(self, body: Body, date: BusinessDate, now_ms: int) -> int:
        """Store one entry with its books, and return its number.

        Raises:
            NotTakenError: Another process wrote at the same moment.
            StoreError, CommitUnknownError: See :meth:`sync.hq.store.Store.append`.
        """
        return self._post(self.store.append, body, date, now_ms)

    def open(self, now_ms: int) -> None:
        """Have a ledger, and room in it; before :meth:`post_within`."""
        self._stream(now_ms)
        self._database.make_room(now_ms)

    def post_within(self, body: Body, date: BusinessDate, now_ms: int) -> int:
        """Do as :meth:`post` in the caller's transaction, after :meth:`open`.

        Raises:
            NotTakenError: As for :meth:`post`; the caller's transaction must end.
        """
        return self._post(self.store.append_within, body, date, now_ms)

    def _post(
        self,
        append: Callable[[Batch, list[bytes], int], Held],
        body: Body,
        date: BusinessDate,
        now_ms: int,
    ) -> int:
        stream = self._stream(now_ms)
        entry = Entry(
            Stamp(now_ms, "hq", 0, trusted=True), date, TERMINAL, TERMINAL, "", secrets.token_hex(8),
            Versions("", ""), (), body, postings_of(body),
        )  # fmt: skip
        data = encode(entry)
        digest = seal(stream.last_digest, data)
        seq = stream.last_seq + 1
        batch = Batch(TERMINAL, stream.ledger_id, 0, seq, stream.last_digest, digest, (data,), seq)
        held = append(batch, [digest], now_ms)
        if held.status is not Status.OK:
            raise NotTakenError(f"record {seq} of the head office's ledger: {held.status.name}")
        return seq

    def adjust(  # noqa: PLR0913, PLR0917 - who, what, why, when
        self, account: str, unit: str, amount: int, reason: str, by: str, date: BusinessDate,
        now_ms: int,
    ) -> int:  # fmt: skip
        """Give ``amount`` of ``unit`` to a member, or take it where negative, oldest lots first.

        Raises:
            ValueError: More would be taken than no till holds.
        """
        if amount > 0:
            lots: tuple[LotShare, ...] = (LotShare(secrets.token_hex(8), amount, date),)
        else:
            lots = self._taken(account, unit, -amount)
        return self.post(ValueAdjusted(account, unit, lots, reason, by), date, now_ms)

    def declare_lost(
        self, terminal: str, reason: str, by: str, date: BusinessDate, now_ms: int
    ) -> int:
        """Free what a till holds, on a person's word; return how many allowances that were."""
        rows = self._database.sql.execute(
            "SELECT id FROM allowance WHERE terminal = ? AND state <= ? ORDER BY id",
            (terminal, OPENED),
        ).fetchall()
        if rows:
            ids = tuple(row[0] for row in rows)
            self.post(LossDeclared(terminal, ids, reason, by), date, now_ms)
        return len(rows)

    def lapse(self, date: BusinessDate, now_ms: int) -> int:
        """Book that lots are gone whose day is past and which no till holds; return how many."""
        rows = self._database.sql.execute(
            "SELECT account, unit, lot, amount, since, usable_on, lapses_on FROM value_lot"
            " WHERE lapses_on > 0 AND lapses_on <= ? AND amount > 0 AND NOT EXISTS"
            " (SELECT 1 FROM allowance JOIN allowance_lot ON allowance.id = allowance_lot.allowance"
            " WHERE allowance.account = value_lot.account AND allowance.unit = value_lot.unit"
            " AND allowance_lot.lot = value_lot.lot AND allowance.state <= 1"
            " AND allowance_lot.spent < allowance_lot.granted) ORDER BY account, unit, lot LIMIT ?",
            (date, LAPSE_MAX),
        ).fetchall()
        for account, unit, *lot in rows:
            self.post(ValueLapsed(account, unit, (LotShare(*lot),), date), date, now_ms)
        return len(rows)

    def identity(self) -> tuple[str, bytes]:
        """Return the ledger's id and the key that its chain begins with.

        Raises:
            ValueError: Nothing was ever written.
        """
        row = self._database.sql.execute(
            "SELECT ledger_id FROM stream WHERE terminal = ? ORDER BY id DESC LIMIT 1", (TERMINAL,)
        ).fetchone()
        if row is None:
            raise ValueError("the head office's ledger is empty")
        return row[0], self._key.public.raw

    def _taken(self, account: str, unit: str, amount: int) -> tuple[LotShare, ...]:
        free = self.store.grants.free(account)
        lots = []
        for (of, _), lot in sorted(free.items(), key=lambda item: (item[1].since, item[0])):
            part = min(amount, lot.amount) if of == unit else 0
            if part:
                lots.append(LotShare(lot.lot, -part, lot.since, lot.usable_on, lot.lapses_on))
                amount -= part
        if amount:
            raise ValueError(f"{amount} more than no till holds of it")
        return tuple(lots)

    def _stream(self, now_ms: int) -> Stream:
        row = self._database.sql.execute(
            "SELECT ledger_id FROM stream WHERE terminal = ? ORDER BY id DESC LIMIT 1", (TERMINAL,)
        ).fetchone()
        if row is not None:
            return self.store.streams(row[0])[0]
        ledger_id, key = secrets.token_hex(8), self._key.public
        start = genesis(ledger_id, key.raw)
        hello = Hello(TERMINAL, ledger_id, 0, key.raw, bytes(NONCE_BYTES), 0, start)
        return self.store.open_ledger(hello, key.key_id, start, now_ms)


def records(database: Database) -> list[tuple[bytes, bytes]]:
    """Return body and digest of every record of the head office's own ledger, in order."""
    return [
        (bytes(body), bytes(digest))
        for body, digest in database.sql.execute(
            "SELECT record.body, record.digest FROM record JOIN stream ON stream.id = record.id >> 40"
            " WHERE stream.terminal = ? ORDER BY record.id",
            (TERMINAL,),
        ).fetchall()
    ]
