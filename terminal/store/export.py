"""Writes the ledger out as JSON, one line for each record, for people and other programs."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from terminal.store import schema
from terminal.store.chain import digest_before, follow, meaning


def export(path: Path) -> Iterator[str]:
    """Yield a line for each record: number, digest, kind and entry; the chain is checked on the way.

    Raises:
        LedgerError: The ledger cannot be opened.
        DamagedError: The records contradict each other from here on, or one means nothing.
    """
    connection = schema.open_for_reading(path)
    try:
        for seq, body, digest in follow(connection, 1, digest_before(connection, 1)):
            entry = meaning(seq, body)
            line = {
                "seq": seq,
                "digest": digest.hex(),
                "kind": type(entry.body).__name__,
                "entry": entry,
            }
            yield msgspec.json.encode(line).decode()
    finally:
        connection.close()
