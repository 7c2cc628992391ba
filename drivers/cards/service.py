"""pcscd, the card service: finding readers, waiting for cards, talking to one. Above it nobody knows PC/SC.

The only module that imports pyscard, and only its thin ``scard`` layer. pyscard's ``CardMonitor``
is not for a daemon: it is a process-wide singleton, calls observers on a hidden thread, starts
another thread for each wait, and ends silently when pcscd restarts. Here the thread is the
caller's, and a lost pcscd is a DeviceLostError. The bytes that come with a failure are neither kept nor
logged; pyscard has been seen to hand out process memory there.

Units: waits are in milliseconds, as PC/SC counts them.
Sources: PC/SC part 5 (SCardGetStatusChange). The upper 16 bits of a reader state count insertions
and removals in pcsc-lite, and so betray a card that left and came back between two waits.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

from smartcard import scard

from drivers import api
from drivers.cards.seam import Response, Transmit

NAMES_SHOWN_MAX = 8
WAIT_MS = 500
"""One wait; also the longest that a stop goes unnoticed."""
_UNSIGNED = 0xFFFFFFFF  # Some builds of pyscard count results from -2**31.
_GONE = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE


class Change(NamedTuple):
    """What a wait returned: the reader's state, as PC/SC packs it, and the card's ATR."""

    state: int
    atr: bytes

    @property
    def has_card(self) -> bool:
        """Return whether a card lies there."""
        return bool(self.state & scard.SCARD_STATE_PRESENT)

    @property
    def insertions(self) -> int:
        """Return how many cards came or went, modulo 65,536."""
        return (self.state & _UNSIGNED) >> 16


UNAWARE = Change(scard.SCARD_STATE_UNAWARE, b"")
"""Before the first wait."""


def establish() -> Any:
    """Return a fresh context.

    Raises:
        DeviceLostError: pcscd is not there.
    """
    hresult, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _check(hresult, "reach pcscd")
    return context


def names_of(context: Any) -> list[str]:
    """Return the readers that are plugged in.

    Raises:
        DeviceLostError: pcscd has gone.
    """
    hresult, readers = scard.SCardListReaders(context, [])
    if _is(hresult, scard.SCARD_E_NO_READERS_AVAILABLE):
        return []
    _check(hresult, "list readers")
    return [str(name) for name in readers]


@contextlib.contextmanager
def reached(match: str) -> Iterator[Transmit]:
    """Connect, in a context of our own, to what lies in the first reader named like ``match``.

    Raises:
        DeviceLostError: pcscd or the reader is not there.
        CardTornError: Nothing lies there, or another program is using it.
    """
    context = establish()
    try:
        names = names_of(context)
        found = next((name for name in names if match.casefold() in name.casefold()), None)
        if found is None:
            shown = ", ".join(names[:NAMES_SHOWN_MAX]) or "none"
            raise api.DeviceLostError(
                f"no reader named like {match!r} is plugged in; there are: {shown}"
            )
        with connected(context, found) as transmit:
            yield transmit
    finally:
        release(context)


@contextlib.contextmanager
def connected(context: Any, reader: str, *, is_reset: bool = False) -> Iterator[Transmit]:
    """Connect to the card for a ``with`` block; ``is_reset``: wake it first, should it sleep.

    Raises:
        CardTornError: It left, or another program is using it.
    """
    hresult, card, protocol = scard.SCardConnect(
        context, reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_ANY
    )
    _check_card(hresult, "connect")
    if is_reset:
        # A reset that meets no card was seen to leave a virtual reader blind: never at the end.
        hresult, protocol = scard.SCardReconnect(
            card, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_ANY, scard.SCARD_RESET_CARD
        )
        _check_card(hresult, "reset")
    header = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1

    def transmit(command: bytes) -> Response:
        # Only the header of a command goes into the reason: what follows it may be a secret.
        hresult, raw = scard.SCardTransmit(card, header, list(command))
        _check_card(hresult, f"transmit {command[:4].hex()}")
        return Response.parse(bytes(raw))

    try:
        yield transmit
    finally:
        # Any other disposition powers the card down and resets everyone else's handle.
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)


def wait_for_change(context: Any, reader: str, before: Change) -> Change:
    """Return the state of ``reader`` once it is not as ``before``, or after a while.

    Raises:
        DeviceLostError: pcscd or the reader has gone.
    """
    hresult, changes = scard.SCardGetStatusChange(context, WAIT_MS, [(reader, before.state)])
    if _is(hresult, scard.SCARD_E_TIMEOUT) or _is(hresult, scard.SCARD_E_CANCELLED):
        return before
    _check(hresult, "wait for a card")
    if len(changes) != 1:
        raise api.DeviceLostError(f"wait for a card: {len(changes)} answers")
    [(_, state, atr)] = changes
    if state & _GONE:
        raise api.DeviceLostError(f"the reader {reader} was unplugged")
    return Change(state & ~scard.SCARD_STATE_CHANGED, bytes(atr))


def release(context: Any) -> None:
    """Let go of a context, and of all that hangs on it."""
    scard.SCardReleaseContext(context)


def cancel(context: Any) -> None:
    """End another thread's wait for cards in this context. A call to a card is not ended by it."""
    scard.SCardCancel(context)


def _is(hresult: int, meaning: int) -> bool:
    return (hresult & _UNSIGNED) == (meaning & _UNSIGNED)


def _check(hresult: int, doing: str) -> None:
    if hresult != scard.SCARD_S_SUCCESS:
        raise api.DeviceLostError(_explain(hresult, doing))


def _check_card(hresult: int, doing: str) -> None:
    if hresult != scard.SCARD_S_SUCCESS:
        raise api.CardTornError(_explain(hresult, doing))


def _explain(hresult: int, doing: str) -> str:
    return f"{doing}: {scard.SCardGetErrorMessage(hresult)} ({hresult & _UNSIGNED:08X})"


class Bench:
    """One reader in the hands of a technician's command, for cards put on it one after another.

    Use it in a ``with`` block. Nobody watches these calls: a card that never answers is taken away by hand.
    """

    def __init__(self, match: str) -> None:
        self._match = match
        self._context: Any = None
        self._seen = self._card = UNAWARE
        self.reader = ""
        """Its PC/SC name."""

    def __enter__(self) -> Self:
        """Find the reader.

        Raises:
            DeviceLostError: pcscd is not there, or not exactly one reader is named like that.
        """
        self._context = establish()
        found = [
            name for name in names_of(self._context) if self._match.casefold() in name.casefold()
        ]
        if len(found) != 1:
            release(self._context)
            shown = ", ".join(found[:NAMES_SHOWN_MAX]) or "none"
            raise api.DeviceLostError(
                f"there must be one reader named like {self._match!r}: {shown}"
            )
        [self.reader] = found
        return self

    def __exit__(self, *_: object) -> None:
        release(self._context)

    def wait_for_card(self, limit_s: float) -> bytes | None:
        """Return the ATR of the card that lies there, waiting so long for one; None: none came.

        Raises:
            DeviceLostError: pcscd or the reader has gone.
        """
        if not self._wait(limit_s, lambda seen: seen.has_card):
            return None
        self._card = self._seen
        return self._card.atr

    def wait_until_free(self, limit_s: float) -> bool:
        """Return whether that card has been taken away within that time, another there or not.

        Raises:
            DeviceLostError: pcscd or the reader has gone.
        """
        before = self._card.insertions
        return self._wait(limit_s, lambda seen: not seen.has_card or seen.insertions != before)

    def card(self, *, is_reset: bool = False) -> contextlib.AbstractContextManager[Transmit]:
        """Connect to the card for a ``with`` block; ``is_reset``: wake it first, should it sleep.

        Raises:
            CardTornError: It left, or another program is using it.
        """
        return connected(self._context, self.reader, is_reset=is_reset)

    def _wait(self, limit_s: float, is_so: Callable[["Change"], bool]) -> bool:
        for _ in range(1 + int(limit_s * 1000) // WAIT_MS):
            self._seen = wait_for_change(self._context, self.reader, self._seen)
            if is_so(self._seen):
                return True
        return False
