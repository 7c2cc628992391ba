"""Closes a ledger and begins the next one of the same till, in one step that a power cut cannot halve.

After a restore from a backup, or when the head office holds more than the file does, numbers would be
given out twice. So the file is kept beside, read-only, as ``ledger-ORDINAL.db``, and a new one takes its
place whose first record names it. What is taken over:

* **balances** as the old file's own records came to. Then what a member has is, before and after, the head
  office's statement plus what this till posted since: statements say up to which record of *this* ledger
  they reach, and what they contain of it is reckoned from the balance taken over. Offline that is all there
  is; what the lost tail did comes with the next statement, since the head office holds it.
* **lots of points, uses of rules, coupons**, each still named by the record it comes from.
* **PINs and lock-outs**, on the same machine; verifiers of another machine's PINs fit no pepper here.
* **payments taken ahead** whose sale is not posted: again as entries without postings that name the first.
  Their sale may have been posted in the lost tail; a person sees it and decides.
* **receipts in doubt**, by name.
* not allowances: they may be spent already. The head office knows what it granted.

Ordinals: the head office knows those that it has seen and tells the highest. Without its word a backup may
have been restored before, by the same card, and have used the next one; so it is drawn far above it.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from terminal.codec.entry import encode
from terminal.core.journal import Body, Entry, PaymentTaken
from terminal.core.lineage import Carried, LedgerOpened
from terminal.store import prints, projections, taps
from terminal.store.chain import check_tail
from terminal.store.commit import Disk
from terminal.store.errors import LedgerError
from terminal.store.ledger import Ledger
from terminal.store.reader import Reader
from terminal.store.schema import Identity, open_for_reading

LIVE = "ledger.db"
RESTORED_MARK = "ledger.restored"
"""Holds the id of a ledger that came from a backup: it must not be gone on with."""
ORDINAL_FILE = "ledger.ordinal"
"""Holds the highest ordinal that the head office knew when the till was enrolled."""
ORDINAL_MAX = 10**9
DRAWN_GAP, DRAWN_SPAN = 1_000, 900_000
"""Without the head office's word an ordinal is drawn so far above the last, over so many."""
ROW_BYTES_MAX = 30_000
"""Text of the rows in one record."""
_MARK_BYTES_MAX = 100
_NAMED_ANEW = {
    # Lots of the old ledger's own records are now another ledger's.
    "lot": "SELECT account, iif(ledger = '', ?, ledger) AS ledger, seq, part, points, usable_on,"
    " lapses_on FROM lot ORDER BY 1, 2, 3, 4",
    # Lotteries are opened anew: their draws belong to the opening that the old ledger holds.
    "tally": "SELECT * FROM tally WHERE name NOT LIKE 'lottery:%' AND name NOT LIKE 'draws:%'"
    " AND name NOT LIKE 'prize:%' ORDER BY 1",
    "coupon_use": "SELECT coupon, 0 AS seq FROM coupon_use ORDER BY 1",
    "shopper": "SELECT account, 0 AS seq FROM shopper ORDER BY 1",
}
"""How rows that name records are taken over; 0 is a record of before."""
_CLOSED = re.compile(r"ledger-([0-9]{1,10})(?:\.([0-9]{1,4}))?\.db", re.ASCII)

Make = Callable[[Body, tuple[str, int] | None], Entry]
"""Returns an entry made now of a body, and what it corrects."""


@dataclass(frozen=True, slots=True)
class Succession:
    """Why a new ledger is wanted."""

    why: str
    ordinal: int | None = None
    """What the new ledger is to be, by the head office's word; ``None`` draws it."""


def wanted(folder: Path) -> Succession | None:
    """Return why the ledger in ``folder`` must be followed by a new one before anything is posted."""
    marked = _read(folder / RESTORED_MARK)
    if not marked:
        return None
    with suppress(LedgerError), closing(open_for_reading(folder / LIVE)) as connection:
        (ledger_id,) = connection.execute("SELECT ledger_id FROM state").fetchone()
        if ledger_id == marked:
            return Succession("restored", _told_ordinal(folder))
    (folder / RESTORED_MARK).unlink()  # It was followed already, or there is none.
    return None


def first_ordinal(folder: Path) -> int:
    """Return the ordinal of a till's first ledger on this machine: above what the head office has seen."""
    return (_told_ordinal(folder) or 1) if not (folder / LIVE).exists() else 1


def mark_restored(folder: Path, ledger_id: str) -> None:
    """Say that the ledger called so comes from a backup, before it is put in place."""
    write_small(folder / RESTORED_MARK, ledger_id)


def tell_ordinal(folder: Path, highest: int) -> None:
    """Keep the highest ordinal that the head office knows of this till."""
    write_small(folder / ORDINAL_FILE, str(highest))


def follow(
    folder: Path,
    succession: Succession,
    identity: Identity,
    boot: str,
    make: Make,
    draw: Callable[[int], int],
) -> Path:
    """Put a new ledger in the place of the one in ``folder``, and return where the old one lies now.

    ``identity`` is the new ledger's but for its ordinal; ``draw`` returns a number below its argument.

    Raises:
        LedgerError: It could not be done; the old ledger is in its place, unchanged.
    """
    live, beside = folder / LIVE, folder / "ledger-next.db"
    disk = Disk(live)
    try:
        (ordinal,) = disk.run("SELECT ordinal FROM state").fetchone()
        kept = _place(disk.connection, folder / f"ledger-{ordinal}.db")
        _copy(disk.connection, kept)
        following = succession.ordinal or ordinal + DRAWN_GAP + draw(DRAWN_SPAN)
        assert ordinal < following < ORDINAL_MAX
        new = Identity(identity.ledger_id, identity.public_key, following)
        remove(beside)
        _begin(disk.connection, beside, new, succession.why, boot, make)
        if disk.run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise LedgerError(f"{live}: somebody reads from it")
        for end in ("-wal", "-shm"):
            Path(f"{live}{end}").unlink(missing_ok=True)
        beside.rename(live)
        disk.sync_folder()
    except (sqlite3.Error, OSError) as error:
        raise LedgerError(f"{live}: {error}") from error
    finally:
        disk.close()
    for name in (RESTORED_MARK, ORDINAL_FILE, "ledger-next.lock"):
        (folder / name).unlink(missing_ok=True)
    return kept


def older(folder: Path) -> list[Path]:
    """Return the ledgers that were closed in ``folder``, the oldest first."""
    found = [(place, path) for path in folder.glob("ledger-*.db") if (place := place_of(path))]
    return [path for _, path in sorted(found)]


def place_of(path: Path) -> tuple[int, int] | None:
    """Return which closed ledger a file is: its ordinal, and which one of several of that ordinal.

    >>> place_of(Path("ledger-1.db")), place_of(Path("ledger-1.2.db")), place_of(Path("ledger-next.db"))
    ((1, 1), (1, 2), None)
    """
    match = _CLOSED.fullmatch(path.name)
    return None if match is None else (int(match[1]), int(match[2] or 1))


def remove(path: Path) -> None:
    """Remove a database with what lies beside it."""
    for end in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def write_small(path: Path, text: str) -> None:
    """Write a small file that is either absent or whole, whenever the power goes."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def copy_whole(source: sqlite3.Connection, path: Path, mode: int) -> None:
    """Copy a database into one file at ``path``, durable before it has its name.

    Raises:
        sqlite3.Error, OSError: It could not be written; there is nothing at ``path`` that was not before.
    """
    beside = path.with_name(path.name + ".new")
    remove(beside)
    with closing(sqlite3.connect(beside)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE").fetchall()
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.chmod(mode)
    beside.rename(path)


def _place(source: sqlite3.Connection, path: Path) -> Path:
    """Return where a ledger that is closed goes: a backup may have been restored twice."""
    mine = source.execute("SELECT ledger_id, outbox FROM state").fetchone()
    kept, n = path, 1
    while kept.exists():
        with closing(open_for_reading(kept)) as other:
            if other.execute("SELECT ledger_id, outbox FROM state").fetchone() == mine:
                break  # Begun before, and cut off.
        n += 1
        kept = path.with_name(f"{path.stem}.{n}.db")
    return kept


def _copy(source: sqlite3.Connection, path: Path) -> None:
    copy_whole(source, path, 0o440)


def _begin(
    old: sqlite3.Connection, path: Path, new: Identity, why: str, boot: str, make: Make
) -> None:
    """Make the new ledger at ``path`` with all that it takes over from ``old``."""
    ledger_id, key, seq = old.execute("SELECT ledger_id, public_key, outbox FROM state").fetchone()
    digest = check_tail(old, 1)
    ledger = Ledger.open(path, new, boot)
    try:

        def post(body: Body, corrects: tuple[str, int] | None = None) -> None:
            entry = make(body, corrects)
            ledger.post(entry, encode(entry), None)

        post(LedgerOpened(ledger_id, seq, digest.hex(), new.ordinal, why))
        is_same_machine = key == new.public_key
        for table in projections.CARRIED:
            if table != "pin" or is_same_machine:
                for carried in _carried(old, table, ledger_id):
                    post(carried)
        for payment in projections.open_payments(old):
            assert isinstance(payment.payment, PaymentTaken)
            post(payment.payment, (ledger_id, payment.seq))
        ledger.doubt(_doubts(old))
        ledger.take_taps(taps.seen(old))
    finally:
        ledger.close()


def _carried(old: sqlite3.Connection, table: str, ledger_id: str) -> Iterator[Carried]:
    query = _NAMED_ANEW.get(table, f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608 - our own names
    found = old.execute(query, (ledger_id,) if "?" in query else ())
    columns = tuple(column[0] for column in found.description)
    rows: list[tuple[str, ...]] = []
    size = 0
    for row in found.fetchall():
        texts = tuple(str(cell) for cell in row)
        size += sum(len(text.encode()) + 5 for text in texts)
        if rows and size > ROW_BYTES_MAX:
            yield Carried(table, columns, tuple(rows))
            rows, size = [], sum(len(text.encode()) + 5 for text in texts)
        rows.append(texts)
    if rows:
        yield Carried(table, columns, tuple(rows))


def _doubts(old: sqlite3.Connection) -> Sequence[str]:
    names = [row[0] for row in old.execute("SELECT receipt FROM old_doubt").fetchall()]
    reader = Reader(old)
    for left in prints.unfinished(old):
        sale = reader.receipt(left.number)
        if sale is not None:
            names.append(sale.entry.body.receipt)  # type: ignore[union-attr]  # A receipt is a sale's.
    return names


def _told_ordinal(folder: Path) -> int | None:
    text = _read(folder / ORDINAL_FILE)
    if not (text.isascii() and text.isdigit() and len(text) < len(str(ORDINAL_MAX))):
        return None
    return int(text) + 1


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MARK_BYTES_MAX).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
