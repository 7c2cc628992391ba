"""Making a tag ours: message, then password, then the settings that make the password count.

A password cannot be read back; it is tried instead. A tag whose settings do not yet ask for one is
written without it, so nothing is ever tried that the tag might refuse. Tries are not limited on the
tag (AUTHLIM stays 0): else any phone could lock it for ever.

Sources: NXP NTAG213/215/216 8.5.7, 8.8 (settings, password), MF0ULx1 8.5.6, 8.6.
"""

from dataclasses import dataclass, field

from drivers.cards.keys import Keys, Purpose
from drivers.cards.ndef import wrap_message
from drivers.cards.seam import CardRefusedError, Transmit
from drivers.cards.steps import Step
from drivers.cards.storage import Passage
from drivers.cards.ultralight.tags import (
    CONTAINER_MAGIC,
    CONTAINER_PAGE,
    FIRST_PAGE,
    NDEF_VERSION,
    PACK_LENGTH,
    PASSWORD_LENGTH,
    Tag,
    log_in,
    read_page,
    read_pages,
    write_pages,
)

DANGER = "LOCK"
_NO_PASSWORD = 0xFF
_AUTH0 = 3
_ACCESS = 0
_COUNT_VISITS = 0x10
_UNITS = 8
_EMPTY = b""
_FREE_PASSWORD = b"\xff" * PASSWORD_LENGTH


@dataclass(frozen=True, slots=True)
class Password:
    """A tag's password and the answer that it gives to it."""

    password: bytes = field(repr=False)
    pack: bytes = field(repr=False)


DELIVERED = Password(_FREE_PASSWORD, bytes(PACK_LENGTH))


def password_of(keys: Keys, version: int, uid: bytes) -> Password:
    """Return the password of the tag ``uid``: six bytes of its own key."""
    key = keys.aes_key(Purpose.MASTER, version, uid)
    return Password(key[:PASSWORD_LENGTH], key[PASSWORD_LENGTH : PASSWORD_LENGTH + PACK_LENGTH])


@dataclass(frozen=True, slots=True)
class Job:
    """One tag, and how it can be reached."""

    tag: Tag
    passage: Passage
    password: Password


def personalise(transmit: Transmit, job: Job, message: bytes) -> tuple[Step, ...]:
    """Return the steps that write ``message`` and let nobody else write.

    Raises:
        CardRefusedError: The message does not fit on the tag.
    """
    block = wrap_message(message)
    if len(block) > job.tag.memory:
        raise CardRefusedError(f"{len(block)} bytes do not fit on a tag of {job.tag.memory}")
    work = _Work(transmit, job)
    content = (
        Step("write the capability container", work.has_container, work.write_container),
        Step("write the message", lambda: work.holds(block), lambda: work.write(block)),
    )
    if job.tag.settings_page is None:
        return content
    return (
        *content,
        Step("write the password", work.has_password, work.write_password),
        Step(f"{DANGER} ask for the password", work.is_locked, work.lock),
    )


def wipe(transmit: Transmit, job: Job) -> tuple[Step, ...]:
    """Return the steps that make the tag free for anybody again, and empty."""
    block = wrap_message(_EMPTY)
    work = _Work(transmit, job)
    blank = Step("blank the message", lambda: work.holds(block), lambda: work.write(block))
    if job.tag.settings_page is None:
        return (blank,)
    return blank, Step("ask for no password", lambda: not work.is_locked(), work.unlock)


class _Work:
    """The tag being worked on."""

    def __init__(self, transmit: Transmit, job: Job) -> None:
        self._transmit = transmit
        self._job = job
        self._is_in = False

    def has_container(self) -> bool:
        container = read_page(self._transmit, CONTAINER_PAGE)
        return container[0] == CONTAINER_MAGIC and container[1] & 0xF0 == NDEF_VERSION

    def write_container(self) -> None:
        """Set the bits; they can never be taken back. Tags but the first Ultralight have them."""
        size = self._job.tag.memory // _UNITS
        self._write(CONTAINER_PAGE, bytes((CONTAINER_MAGIC, NDEF_VERSION, size, 0x00)))

    def holds(self, block: bytes) -> bool:
        return read_pages(self._transmit, FIRST_PAGE, len(block)) == block

    def write(self, block: bytes) -> None:
        self._write(FIRST_PAGE, block)

    def has_password(self) -> bool:
        """Return whether the password has been tried with success."""
        if self.is_locked():
            self._log_in()
        return self._is_in

    def write_password(self) -> None:
        """Write password and answer, and try them."""
        page = self._settings_page + 2
        self._write(page, self._job.password.password)
        self._write(page + 1, self._job.password.pack)
        self._log_in()

    def is_locked(self) -> bool:
        """Return whether the tag asks for the password before it lets anybody write."""
        return self._settings()[_AUTH0] <= FIRST_PAGE

    def lock(self) -> None:
        """Count visits where the tag can, then ask for the password from the first page on."""
        if self._job.tag.has_nfc_counter:
            access = bytearray(read_page(self._transmit, self._settings_page + 1))
            access[_ACCESS] |= _COUNT_VISITS
            self._write(self._settings_page + 1, bytes(access))
        self._set_auth0(FIRST_PAGE)

    def unlock(self) -> None:
        """Ask for the password nowhere, and leave the one that it was delivered with."""
        self._set_auth0(_NO_PASSWORD)
        self._write(self._settings_page + 2, DELIVERED.password)
        self._write(self._settings_page + 3, DELIVERED.pack)

    def _set_auth0(self, page: int) -> None:
        settings = bytearray(self._settings())
        settings[_AUTH0] = page
        self._write(self._settings_page, bytes(settings))

    def _settings(self) -> bytes:
        return read_page(self._transmit, self._settings_page)

    @property
    def _settings_page(self) -> int:
        assert self._job.tag.settings_page is not None
        return self._job.tag.settings_page

    def _write(self, page: int, data: bytes) -> None:
        if not self._is_in and self._job.tag.settings_page is not None and self.is_locked():
            self._log_in()
        write_pages(self._transmit, page, data)

    def _log_in(self) -> None:
        if not self._is_in:
            password = self._job.password
            log_in(self._transmit, self._job.passage, password.password, password.pack)
            self._is_in = True
