"""The record that names a member on a card without an application of its own: 48 bytes with a MAC.

One byte of version, one of length, the text (``TP1:number:cc``), zeros, and eight bytes of AES-CMAC
over all of it and over ``binding``: the card's identifier, or the serial number that we gave it. So a
number can be neither invented nor carried to another card. A copy of a whole card *with* its identifier
cannot be told from the card: these families name members, they do not authenticate.
"""

from drivers.cards.crypto import aes_cmac, is_equal
from drivers.cards.seam import BadMacError, CardRefusedError

RECORD_LENGTH = 48
MAC_LENGTH = 8
TEXT_MAX = RECORD_LENGTH - MAC_LENGTH - 2
_VERSION = 1
_CONTEXT = b"tallypoint member 1"


def seal(key: bytes, binding: bytes, text: bytes) -> bytes:
    """Return the record that says ``text``, for the card that ``binding`` names and no other."""
    assert 0 < len(text) <= TEXT_MAX
    body = bytes((_VERSION, len(text))) + text.ljust(TEXT_MAX, b"\0")
    return body + _mac(key, binding, body)


def is_record(record: bytes) -> bool:
    """Return whether ``record`` has the form of ours; whose it is, :func:`unseal` tells."""
    return len(record) == RECORD_LENGTH and record[0] == _VERSION and 0 < record[1] <= TEXT_MAX


def unseal(key: bytes, binding: bytes, record: bytes) -> bytes:
    """Return the text in ``record``.

    Raises:
        CardRefusedError: It is no record of ours.
        BadMacError: It was written by somebody else, or for another card.
    """
    if len(record) != RECORD_LENGTH or record[0] != _VERSION:
        raise CardRefusedError("no member record")
    body, mac = record[:-MAC_LENGTH], record[-MAC_LENGTH:]
    if not is_equal(mac, _mac(key, binding, body)):
        raise BadMacError("the member record's MAC is wrong")
    if not 0 < body[1] <= TEXT_MAX:
        raise CardRefusedError("no member record")
    return body[2 : 2 + body[1]]


def _mac(key: bytes, binding: bytes, body: bytes) -> bytes:
    return aes_cmac(key, _CONTEXT + bytes((len(binding),)) + binding + body)[:MAC_LENGTH]
