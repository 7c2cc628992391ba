"""Makes everything derived anew from the records, in one transaction.

The print journal and the acknowledged position are no derivation: they say what happened outside, and
stay as they are.
"""

from pathlib import Path

from terminal.core.journal import NUMBERED, UnbalancedError
from terminal.store import projections
from terminal.store.calls import extend_index
from terminal.store.chain import digest_before, follow, meaning
from terminal.store.commit import Disk
from terminal.store.errors import DamagedError
from terminal.store.schema import SCHEMA_VERSION, check_version, move_up, open_for_reading


def rebuild(path: Path) -> int:
    """Rebuild the ledger at ``path``, which no till uses now, and return how many records it holds.

    Raises:
        LedgerError: It is in use or cannot be opened; nothing was changed.
        DamagedError: The records contradict each other, or one means nothing; nothing was changed.
    """
    open_for_reading(path).close()  # What is no ledger is not made one.
    disk = Disk(path)
    try:
        version = check_version(disk.connection)
        with disk.commit():
            if version < SCHEMA_VERSION:
                move_up(disk.connection)
            count = _rebuild(disk)
        disk.checkpoint()
    finally:
        disk.close()
    return count


def _rebuild(disk: Disk) -> int:
    run, seq, receipts = disk.run, 0, 0
    for table in projections.DERIVED:
        run(f"DELETE FROM {table}")  # noqa: S608 - our own names
    open_sales: set[str] = set()
    for seq, body, _ in follow(disk.connection, 1, digest_before(disk.connection, 1)):
        entry = meaning(seq, body)
        is_sale = isinstance(entry.body, NUMBERED)
        receipts += is_sale
        try:
            projections.apply(disk.connection, seq, entry, open_sales)
        except UnbalancedError as error:
            raise DamagedError(f"record {seq}: {error}") from error
        if not is_sale or open_sales:
            open_sales = projections.open_sales(disk.connection)
    run("UPDATE state SET outbox = ?, receipts = ?, found = 0", (seq, receipts))
    extend_index(disk.connection)
    return seq
