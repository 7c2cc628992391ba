"""Tells which family a card is of, and reads what it says of its member.

A card is tried against one table, top down. A storage card (FeliCa, MIFARE Classic, Ultralight, NTAG)
is known by its ATR and asked for nothing but its identifier; any other card is asked for our
application, and for its identifier if it has none. Nothing here writes to a card. Where the shop has
keys, :mod:`drivers.cards.proven` is asked first.

Source: PC/SC part 3, 3.1.3.2.3.2 (the ATR that readers make up for storage cards).
"""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import CardImage
from drivers.cards.apdu import STATUS_END_OF_FILE, exchange, get_uid, read_binary, select
from drivers.cards.felica import is_felica
from drivers.cards.seam import STATUS_OK, CardRefusedError, Transmit

MEMBER_AID = bytes.fromhex("f054414c4c5901")
"""Name of the member application: F0 (unregistered), "TALLY", version 01."""
MEMBER_FILE_MAX = 255
UID_LENGTHS = range(4, 11)
"""4, 7 and 10 bytes in ISO 14443-3 type A, 4 in type B, 8 in ISO 15693 and FeliCa."""
ATR_LENGTH_MAX = 33
"""Source: ISO/IEC 7816-3."""
_STORAGE_CARD = bytes.fromhex("804f0ca000000306")
"""Historical bytes: category 80, tag 4F of 12 bytes, the PC/SC workgroup's RID."""
_STORAGE_CARD_AT = 4


@dataclass(frozen=True, slots=True)
class _Content:
    """What a family's reading function found on a card."""

    uid: bytes
    data: bytes


Prove = Callable[[Transmit, bytes], CardImage | None]
"""Reads a card that can prove what it says; None if it is of no such family."""


def read_card(transmit: Transmit, atr: bytes, prove: Prove | None = None) -> CardImage:
    """Return what the card at the other end of ``transmit`` says of itself.

    Raises:
        CardTornError: The card left while it was read.
        CardRefusedError: It does not speak as a card of any family we know.
    """
    if len(atr) > ATR_LENGTH_MAX:
        raise CardRefusedError(f"ATR of {len(atr)} bytes")
    proven = None if prove is None else prove(transmit, atr)
    if proven is not None:
        return proven
    for family, read in _FAMILIES:
        content = read(transmit, atr)
        if content is not None:
            return CardImage(family, content.uid, atr, content.data)
    raise CardRefusedError("a card of no known family")


def is_storage_card(atr: bytes) -> bool:
    """Return whether a reader made up ``atr`` for a card that knows no applications.

    >>> is_storage_card(bytes.fromhex("3b8f8001804f0ca000000306030001000000006a"))
    True
    """
    return atr.startswith(_STORAGE_CARD, _STORAGE_CARD_AT)


def _read_felica(transmit: Transmit, atr: bytes) -> _Content | None:
    return _Content(_read_uid(transmit), b"") if is_felica(atr) else None


def _read_storage_card(transmit: Transmit, atr: bytes) -> _Content | None:
    return _Content(_read_uid(transmit), b"") if is_storage_card(atr) else None


def _read_member_application(transmit: Transmit, _atr: bytes) -> _Content | None:
    if exchange(transmit, select(MEMBER_AID)).status != STATUS_OK:
        return None
    answer = exchange(transmit, read_binary(0, MEMBER_FILE_MAX))
    data = answer.expect_ok("READ BINARY", STATUS_END_OF_FILE)
    if not 0 < len(data) <= MEMBER_FILE_MAX:
        raise CardRefusedError(f"member file of {len(data)} bytes")
    return _Content(b"", data)


def _read_any_card(transmit: Transmit, _atr: bytes) -> _Content | None:
    return _Content(_read_uid(transmit), b"")


def _read_uid(transmit: Transmit) -> bytes:
    uid = transmit(get_uid()).expect_ok("GET UID")
    if len(uid) not in UID_LENGTHS:
        raise CardRefusedError(f"identifier of {len(uid)} bytes")
    return uid


_FAMILIES = (
    ("felica", _read_felica),
    ("uid", _read_storage_card),
    ("iso7816", _read_member_application),
    ("uid", _read_any_card),
)
