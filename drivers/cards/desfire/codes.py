"""DESFire's numbers: commands, status bytes, modes of communication, access rights.

Sources: NXP MF3D(H)x2 and MF2DL(H)x0 data sheets (public short forms), AN12343, AN12196.
"""

from enum import IntEnum

KEY_FREE = 0xE
"""An access right that needs no key."""
KEY_NEVER = 0xF
"""An access right that nobody has."""
STATUS_CLASS = 0x91


class Mode(IntEnum):
    """How what goes to and from a file is protected."""

    PLAIN = 0
    MAC = 1
    FULL = 3
    """Enciphered and with a MAC (EV2) or a checksum inside (EV1)."""


class Command(IntEnum):
    """Native command bytes."""

    AUTHENTICATE_ISO = 0x1A
    AUTHENTICATE_AES = 0xAA
    AUTHENTICATE_EV2_FIRST = 0x71
    AUTHENTICATE_EV2_NON_FIRST = 0x77
    CHANGE_KEY = 0xC4
    GET_KEY_VERSION = 0x64
    GET_KEY_SETTINGS = 0x45
    CHANGE_KEY_SETTINGS = 0x54
    GET_VERSION = 0x60
    GET_CARD_UID = 0x51
    FREE_MEMORY = 0x6E
    FORMAT = 0xFC
    GET_APPLICATIONS = 0x6A
    CREATE_APPLICATION = 0xCA
    DELETE_APPLICATION = 0xDA
    SELECT_APPLICATION = 0x5A
    GET_FILES = 0x6F
    GET_FILE_SETTINGS = 0xF5
    CHANGE_FILE_SETTINGS = 0x5F
    CREATE_STANDARD = 0xCD
    CREATE_BACKUP = 0xCB
    CREATE_VALUE = 0xCC
    CREATE_LINEAR = 0xC1
    CREATE_CYCLIC = 0xC0
    CREATE_TRANSACTION_MAC = 0xCE
    DELETE_FILE = 0xDF
    READ_DATA = 0xBD
    WRITE_DATA = 0x3D
    GET_VALUE = 0x6C
    CREDIT = 0x0C
    LIMITED_CREDIT = 0x1C
    DEBIT = 0xDC
    READ_RECORDS = 0xBB
    WRITE_RECORD = 0x3B
    CLEAR_RECORDS = 0xEB
    COMMIT = 0xC7
    ABORT = 0xA7
    COMMIT_READER_ID = 0xC8
    MORE = 0xAF


class Status(IntEnum):
    """Native status bytes; the card gives them as 91xx."""

    OK = 0x00
    NO_CHANGES = 0x0C
    OUT_OF_MEMORY = 0x0E
    ILLEGAL_COMMAND = 0x1C
    INTEGRITY = 0x1E
    NO_SUCH_KEY = 0x40
    LENGTH = 0x7E
    DENIED = 0x9D
    PARAMETER = 0x9E
    NO_APPLICATION = 0xA0
    WRONG_KEY = 0xAE
    MORE = 0xAF
    BOUNDARY = 0xBE
    ABORTED = 0xCA
    DUPLICATE = 0xDE
    NO_FILE = 0xF0


def refused(status: int) -> int:
    """Return the status word of a native status byte.

    >>> hex(refused(Status.WRONG_KEY))
    '0x91ae'
    """
    return STATUS_CLASS << 8 | status


def rights(read: int, write: int, both: int, change: int) -> bytes:
    """Return four access rights, each a key's number, as files are created with.

    >>> rights(1, 2, 3, 0).hex()
    '3012'
    """
    return (read << 12 | write << 8 | both << 4 | change).to_bytes(2, "little")
