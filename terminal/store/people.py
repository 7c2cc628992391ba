"""Members registered at this till, beside its ledger: found here at once, until the head office knows them.

A file of its own, so that the ledger and its backups hold nothing personal. A profile is on disk before its
record is posted, and goes up beside it; one whose record was never posted is dropped at the next start. What
is erased is overwritten (``secure_delete``), and the journal that SQLite needs for it is removed after each
change. It is kept after the head office has it, which may come back from a backup that lacks it.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from terminal.codec.entry import UndecodableError, decode
from terminal.codec.profile import BadProfileError, unpack
from terminal.core.profile import MemberRegistered, Profile
from terminal.store.errors import LedgerError
from terminal.store.reader import Reader

FILE = "people.db"
BESIDE_MAX = 500
"""Profiles that go with one batch: one record each at most."""
_TABLE = (
    "CREATE TABLE IF NOT EXISTS own (account TEXT PRIMARY KEY, ledger TEXT NOT NULL,"
    " seq INTEGER NOT NULL, tier TEXT NOT NULL, data BLOB NOT NULL) STRICT, WITHOUT ROWID"
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A member as this till registered them."""

    account: str
    tier: str
    profile: Profile


class People:
    """The file; each thread opens it for itself."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            LedgerError: It cannot be opened.
        """
        self._path = path
        try:
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=2.0
            )
            for name, value in (
                ("secure_delete", 1),
                ("journal_mode", "delete"),
                ("synchronous", "full"),
            ):
                self._connection.execute(f"PRAGMA {name}={value}").fetchall()
            self._connection.execute(_TABLE)
        except sqlite3.Error as error:
            raise LedgerError(f"{path}: {error}") from error
        self._seen = -1
        self._all: dict[str, Registered] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @property
    def revision(self) -> int:
        """A number that changes when somebody else has changed the file."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def add(self, made: MemberRegistered, ledger_id: str, seq: int, data: bytes) -> None:
        """Keep a profile, durably, before its record is posted as number ``seq``.

        Raises:
            LedgerError: It could not be written.
        """
        self._write(
            "INSERT INTO own VALUES (?, ?, ?, ?, ?)",
            [(made.account, ledger_id, seq, made.tier, data)],
        )

    def erase(self, accounts: Iterable[str]) -> None:
        """Forget members.

        Raises:
            LedgerError: It could not be done.
        """
        rows = [(account,) for account in accounts]
        if any(self._has(account) for (account,) in rows):
            self._write("DELETE FROM own WHERE account = ?", rows)

    def beside(self, ledger_id: str, first: int, last: int) -> list[tuple[int, bytes]]:
        """Return what goes beside records ``first`` to ``last`` of a ledger: number, salt and profile."""
        return self._connection.execute(
            "SELECT seq, data FROM own WHERE ledger = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
            (ledger_id, first, last, BESIDE_MAX),
        ).fetchall()

    def everybody(self) -> dict[str, Registered]:
        """Return all members registered here, by account number; what is unreadable is left out."""
        revision = self.revision
        if revision != self._seen:
            self._all = dict(self._read())
            self._seen = revision
        return self._all

    def drop_unposted(self, ledger: Path, ledger_id: str) -> None:
        """Forget profiles of a ledger in use whose records were never posted.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        rows: Sequence[tuple[str, int]] = self._connection.execute(
            "SELECT account, seq FROM own WHERE ledger = ?", (ledger_id,)
        ).fetchall()
        if not rows:
            return
        reader = Reader.open(ledger)
        try:
            gone = [account for account, seq in rows if not _is_posted(reader, account, seq)]
        finally:
            reader.close()
        self.erase(gone)

    def _read(self) -> Iterable[tuple[str, Registered]]:
        for account, tier, data in self._connection.execute(
            "SELECT account, tier, data FROM own ORDER BY account"
        ).fetchall():
            try:
                yield account, Registered(account, tier, unpack(data))
            except BadProfileError:
                continue  # Of a later version; it still goes up.

    def _has(self, account: str) -> bool:
        query = "SELECT 1 FROM own WHERE account = ?"
        return self._connection.execute(query, (account,)).fetchone() is not None

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(statement, rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise LedgerError(f"{self._path}: {error}") from error
        self._seen = -1


def _is_posted(reader: Reader, account: str, seq: int) -> bool:
    rows = reader.records(seq, 1)
    if not rows or rows[0][0] != seq:
        return False
    try:
        body = decode(rows[0][1]).body
    except UndecodableError:
        return True
    return isinstance(body, MemberRegistered) and body.account == account
