"""Which tag it is, where its settings stand, and the commands that only these tags know.

After a command that it refuses a tag sleeps until it is put down anew: so nothing is tried on the off
chance. Not yet seen on a real tag: how a given reader reports that refusal, and whether it wakes the tag.

Sources: NXP MF0ULx1 8.5, 10 (memory, commands), NTAG213/215/216 8.5, 10; both 10.1 (GET VERSION).
"""

from dataclasses import dataclass

from drivers.cards.crypto import is_equal
from drivers.cards.seam import CardRefusedError, Transmit
from drivers.cards.storage import Passage, pass_through, read, update

PAGE_LENGTH = 4
READ_LENGTH = 16
FIRST_PAGE = 4
"""Where the user's memory begins."""
CONTAINER_PAGE = 3
CONTAINER_MAGIC = 0xE1
NDEF_VERSION = 0x10
PASSWORD_LENGTH = 4
PACK_LENGTH = 2
COUNTER_LENGTH = 3
NFC_COUNTER = 2
_GET_VERSION = b"\x60"
_PWD_AUTH = 0x1B
_READ_CNT = 0x39
_VERSION_LENGTH = 8
_PRODUCT = slice(1, 7)


class WrongPasswordError(CardRefusedError):
    """The tag does not know its own password: a copy of it, or another shop's."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One kind of tag, by its pages."""

    name: str
    last_page: int
    """Of the user's memory."""
    settings_page: int | None
    """The first of four: settings, access, password, PACK. None: the tag has no password."""
    has_nfc_counter: bool
    """Counts the visits by itself. The counters of an Ultralight EV1 count only when told."""

    @property
    def memory(self) -> int:
        """Return how many bytes the user has."""
        return (self.last_page - FIRST_PAGE + 1) * PAGE_LENGTH


ULTRALIGHT = Tag("Ultralight", 0x0F, None, has_nfc_counter=False)
_TAGS = {
    bytes.fromhex("04030101000b"): Tag("Ultralight EV1 48", 0x0F, 0x10, has_nfc_counter=False),
    bytes.fromhex("04030101000e"): Tag("Ultralight EV1 128", 0x23, 0x25, has_nfc_counter=False),
    bytes.fromhex("04040201000f"): Tag("NTAG213", 0x27, 0x29, has_nfc_counter=True),
    bytes.fromhex("040402010011"): Tag("NTAG215", 0x81, 0x83, has_nfc_counter=True),
    bytes.fromhex("040402010013"): Tag("NTAG216", 0xE1, 0xE3, has_nfc_counter=True),
}


def identify(transmit: Transmit, passage: Passage) -> Tag:
    """Return which tag it is; one that knows no GET VERSION is a first Ultralight.

    Raises:
        CardRefusedError: It names itself, but as nothing we know.
        CardTornError: It left.
    """
    version = pass_through(transmit, passage, _GET_VERSION)
    if version is None:
        return ULTRALIGHT
    if len(version) != _VERSION_LENGTH or version[_PRODUCT] not in _TAGS:
        raise CardRefusedError(f"GET VERSION: no tag we know ({version[:_VERSION_LENGTH].hex()})")
    return _TAGS[version[_PRODUCT]]


def log_in(transmit: Transmit, passage: Passage, password: bytes, pack: bytes) -> None:
    """Show the tag its password, and look whether it knows the answer that goes with it.

    Raises:
        WrongPasswordError: It refuses the password, or gives another answer.
        CardRefusedError: The reader does not let the command through.
        CardTornError: It left.
    """
    assert len(password) == PASSWORD_LENGTH
    assert len(pack) == PACK_LENGTH
    answer = pass_through(transmit, passage, bytes((_PWD_AUTH,)) + password)
    if answer is None:
        raise WrongPasswordError("the tag refuses its password")
    if not is_equal(answer, pack):
        raise WrongPasswordError("the tag does not know the answer to its password")


def read_counter(transmit: Transmit, passage: Passage) -> int:
    """Return how often the tag was visited, this time included.

    Raises:
        CardRefusedError: It does not count, or only for those who logged in.
        CardTornError: It left.
    """
    answer = pass_through(transmit, passage, bytes((_READ_CNT, NFC_COUNTER)))
    if answer is None or len(answer) != COUNTER_LENGTH:
        raise CardRefusedError("the tag does not tell its counter")
    return int.from_bytes(answer, "little")


def read_page(transmit: Transmit, page: int) -> bytes:
    """Return one page; the tag answers with four."""
    return read(transmit, page, READ_LENGTH)[:PAGE_LENGTH]


def read_pages(transmit: Transmit, first: int, length: int) -> bytes:
    """Return ``length`` bytes from page ``first`` on, four pages to a command."""
    parts = [
        read(transmit, page, READ_LENGTH)
        for page in range(first, first + -(-length // PAGE_LENGTH), READ_LENGTH // PAGE_LENGTH)
    ]
    return b"".join(parts)[:length]


def write_pages(transmit: Transmit, first: int, data: bytes) -> None:
    """Write ``data`` from page ``first`` on, zeros behind it up to a whole page."""
    padded = data + bytes(-len(data) % PAGE_LENGTH)
    for at in range(0, len(padded), PAGE_LENGTH):
        update(transmit, first + at // PAGE_LENGTH, padded[at : at + PAGE_LENGTH])
