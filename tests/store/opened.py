"""Ledgers that are opened, sold through and closed again, for the tests beside this."""

from pathlib import Path

from terminal.codec.entry import encode
from terminal.store.calls import CallKey
from terminal.store.ledger import Ledger
from tests.store.entries import BOOT, IDENTITY, entry, sale

OPEN: list[Ledger] = []


def close_all() -> None:
    """Let go of every ledger that a test opened, as a crash would."""
    while OPEN:
        OPEN.pop()._disk.close()


def opened(folder: Path, boot: str = BOOT) -> Ledger:
    ledger = Ledger.open(folder / "ledger.db", IDENTITY, boot)
    OPEN.append(ledger)
    return ledger


def sell(ledger: Ledger, count: int = 1, boot: str = BOOT) -> None:
    for _ in range(count):
        number = ledger.next_receipt()
        body, ahead = sale(number)
        made = entry(body, f"call-{number}", ahead, boot)
        ledger.post(made, encode(made), CallKey(made.call_id, b"asked"))
