"""Storage cards through a PC/SC reader: which one it is, and its memory by block or page.

The reader makes up an ATR that names the card and turns class FF commands into the card's own; so
there is nothing here of radio. Ultralights need commands that PC/SC does not know (password,
counter): :class:`Passage` names the two ways that readers let them through.

Source: PC/SC part 3, 3.1.3.2.3.2 (ATR), its supplement of registered card names, 3.2.2.1 (GET DATA,
LOAD KEYS, GENERAL AUTHENTICATE, READ BINARY, UPDATE BINARY).
"""

from enum import IntEnum, StrEnum

from drivers.cards.seam import CardRefusedError, Response, Transmit

UID_LENGTHS = range(4, 11)
"""4, 7 and 10 bytes in ISO 14443-3 type A, 4 in type B, 8 in ISO 15693 and FeliCa."""
GET_UID = bytes.fromhex("ffca000000")
_WORKGROUP = bytes.fromhex("804f0ca000000306")
"""Historical bytes: category 80, tag 4F of 12 bytes, the PC/SC workgroup's RID."""
_WORKGROUP_AT = 4
_NAME = slice(13, 15)
_NUMBER_MAX = 0xFFFF


class CardName(IntEnum):
    """The storage cards we tell apart, by the number that PC/SC gave them."""

    CLASSIC_1K = 0x0001
    CLASSIC_4K = 0x0002
    ULTRALIGHT = 0x0003
    """Also every NTAG21x: GET VERSION tells which."""
    CLASSIC_MINI = 0x0026
    ULTRALIGHT_C = 0x003A
    FELICA = 0x003B
    FELICA_212 = 0xF011
    """ACS readers' own numbers for FeliCa at 212 and 424 kbit/s. Source: ACR122U API 2.04, 3.1."""
    FELICA_424 = 0xF012


class KeySlot(IntEnum):
    """Which key of a sector is meant. Source: PC/SC part 3, 3.2.2.1.6."""

    A = 0x60
    B = 0x61


class Passage(StrEnum):
    """How a reader lets a card's own command through."""

    PN532 = "pn532"
    """ACR122U and other readers around a PN532: FF 00 00 00, InCommunicateThru (D4 42).
    Source: ACR122U API 2.04, 4.1; NXP UM0701-02 7.3.9."""
    PCSC = "pcsc"
    """Readers of PC/SC 2.02 and later: transparent exchange, FF C2 00 01.
    Source: PC/SC part 3 supplement 2.02, 3.2."""


def card_name(atr: bytes) -> int | None:
    """Return the number of the storage card that a reader made up ``atr`` for; None if it did not.

    >>> card_name(bytes.fromhex("3b8f8001804f0ca000000306030001000000006a")) == CardName.CLASSIC_1K
    True
    """
    if not atr.startswith(_WORKGROUP, _WORKGROUP_AT) or len(atr) < _NAME.stop:
        return None
    return int.from_bytes(atr[_NAME], "big")


def read_uid(transmit: Transmit) -> bytes:
    """Return the card's identifier.

    Raises:
        CardRefusedError: The reader gives none, or one of a length that no standard knows.
    """
    uid = transmit(GET_UID).expect_ok("GET UID")
    if len(uid) not in UID_LENGTHS:
        raise CardRefusedError(f"identifier of {len(uid)} bytes")
    return uid


def load_key(transmit: Transmit, key: bytes) -> None:
    """Put ``key`` into the reader's volatile slot 0.

    Raises:
        CardRefusedError: The reader does not take it.
    """
    command = bytes((0xFF, 0x82, 0x00, 0x00, len(key))) + key
    transmit(command).expect_ok("LOAD KEY")


def authenticate(transmit: Transmit, number: int, slot: KeySlot) -> bool:
    """Return whether the card takes the loaded key as key ``slot`` of block ``number``.

    A card that refused is halted; readers wake it again by themselves at the next command.
    """
    assert 0 <= number <= _NUMBER_MAX
    where = number.to_bytes(2, "big")
    command = bytes.fromhex("ff8600000501") + where + bytes((slot, 0x00))
    return transmit(command).status == _STATUS_OK


def read(transmit: Transmit, number: int, length: int) -> bytes:
    """Return ``length`` bytes from block or page ``number``.

    Raises:
        CardRefusedError: The card refuses, or the answer has another length.
    """
    doing = f"READ {number}"
    data = transmit(b"\xff\xb0" + number.to_bytes(2, "big") + bytes((length,))).expect_ok(doing)
    if len(data) != length:
        raise CardRefusedError(f"{doing}: {len(data)} bytes in place of {length}")
    return data


def update(transmit: Transmit, number: int, data: bytes) -> None:
    """Write ``data`` to block or page ``number``.

    Raises:
        CardRefusedError: The card refuses.
        CardTornError: It left; whether it wrote is unknown.
    """
    command = b"\xff\xd6" + number.to_bytes(2, "big") + bytes((len(data),)) + data
    transmit(command).expect_ok(f"WRITE {number}")


def pass_through(transmit: Transmit, passage: Passage, command: bytes) -> bytes | None:
    """Return what the card itself answers to ``command``; None if it refuses or is silent.

    Raises:
        CardRefusedError: The reader does not let commands through this way.
        CardTornError: The card left.
    """
    match passage:
        case Passage.PN532:
            body = b"\xd4\x42" + command
            return _from_pn532(transmit(b"\xff\x00\x00\x00" + bytes((len(body),)) + body))
        case Passage.PCSC:
            body = b"\x95" + bytes((len(command),)) + command
            return _from_pcsc(transmit(b"\xff\xc2\x00\x01" + bytes((len(body),)) + body + b"\x00"))


def _from_pn532(answer: Response) -> bytes | None:
    data = answer.expect_ok("pass through")
    if len(data) < _PN532_HEADER or not data.startswith(b"\xd5\x43"):
        raise CardRefusedError("pass through: no answer of a PN532")
    return data[_PN532_HEADER:] if data[2] == 0 else None


def _from_pcsc(answer: Response) -> bytes | None:
    """Return the object of tag 97 (the card's answer) if that of tag C0 (how it went) says 9000."""
    data = answer.expect_ok("pass through")
    found: dict[int, bytes] = {}
    at = 0
    while at + 2 <= len(data) and at + 2 + data[at + 1] <= len(data):
        found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    if at != len(data) or _TAG_STATUS not in found:
        raise CardRefusedError("pass through: no answer of a transparent exchange")
    return found.get(_TAG_ANSWER) if found[_TAG_STATUS] == _PCSC_OK else None


_STATUS_OK = 0x9000
_PN532_HEADER = 3
_TAG_STATUS = 0xC0
_TAG_ANSWER = 0x97
_PCSC_OK = bytes.fromhex("009000")
