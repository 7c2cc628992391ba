"""What this till itself created over the head office's word, until that word contains it.

Entries of the ledger, projected: PINs that operators chose here and lock-outs. Members registered while
the till was offline join them here.
"""

from dataclasses import dataclass

from terminal.core.journal import LockedOut, PinChanged
from terminal.store.catalog import OperatorRow
from terminal.store.ledger import Ledger


@dataclass(slots=True)
class Overlay:
    """The overlay in memory; :meth:`note` keeps it up to what is posted."""

    pins: dict[str, str]
    """Verifiers by operator."""
    locks: dict[str, int]
    """Until when, in milliseconds since 1970, by operator."""

    def note(self, body: object) -> None:
        """Take in the body of an entry that was just posted."""
        match body:
            case PinChanged(operator, verifier):
                self.pins[operator] = verifier
            case LockedOut(operator, until_ms):
                self.locks[operator] = until_ms
            case _:
                pass

    def operator(self, given: OperatorRow) -> OperatorRow:
        """Return ``given`` with the PIN that was chosen here."""
        verifier = given.chosen(self.pins.get(given.id))
        if verifier is None:
            return given
        return OperatorRow(given.id, given.name, given.role, verifier, None)

    def locked_until(self, operator: str) -> int:
        """Return until when ``operator`` is locked out, 0 when never."""
        return self.locks.get(operator, 0)


def overlay_of(ledger: Ledger) -> Overlay:
    """Return what the ledger holds over the head office's word."""
    return Overlay(ledger.pins(), ledger.locks())
