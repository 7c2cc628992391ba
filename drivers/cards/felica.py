"""FeliCa by its IDm: the eight bytes that name the card, and nothing else.

The reader answers GET DATA with the IDm. A phone that plays a FeliCa card makes up its IDm, which then
names nobody: 01FE stands for peer to peer, 02FE for an emulated type 3 tag. Both are refused.

No public vector exists for an IDm, and nothing here was seen to work with a real card yet. What rests
on the standard alone: that GET DATA answers with the IDm (PC/SC part 3, 3.2.2.1.3), and what the first
two bytes mean (NFC Forum Digital Protocol 2.0, NFCID2 format; JIS X 6319-4, 4.5.2).
"""

from drivers.cards.seam import CardRefusedError, Transmit
from drivers.cards.storage import CardName, card_name, read_uid

IDM_LENGTH = 8
_MADE_UP = (b"\x01\xfe", b"\x02\xfe")
_NAMES = frozenset((CardName.FELICA, CardName.FELICA_212, CardName.FELICA_424))


def is_felica(atr: bytes) -> bool:
    """Return whether a reader made up ``atr`` for a FeliCa card."""
    return card_name(atr) in _NAMES


def read_idm(transmit: Transmit) -> bytes:
    """Return the card's IDm.

    Raises:
        CardRefusedError: It is none, or one that a phone made up and will not use again.
        CardTornError: The card left.
    """
    idm = read_uid(transmit)
    if len(idm) != IDM_LENGTH:
        raise CardRefusedError(f"IDm of {len(idm)} bytes")
    if idm.startswith(_MADE_UP):
        raise CardRefusedError("IDm made up by a phone")
    return idm
