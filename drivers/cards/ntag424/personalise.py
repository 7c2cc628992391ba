"""Making an NTAG 424 DNA ours: address, keys 1 to 4, settings, and the master key last.

The tag counts wrong keys and in the end takes none any more, so no key is tried at random: the
master key opens the session (the newest version first, then older ones, then the one it was delivered with),
and the tag itself tells which version its other keys have. Our versions therefore begin at 1.

Sources: NXP NT4H2421Gx 9.1 (messaging), 10.6 (ChangeKey, GetKeyVersion), 10.7; AN12196 5.
"""

from dataclasses import dataclass, field

from drivers.cards.desfire.card import Card, Saying
from drivers.cards.desfire.codes import Command, Mode
from drivers.cards.keys import Keys, Purpose, WrongKeyError
from drivers.cards.ntag424 import settings, sun, tag
from drivers.cards.ntag424.template import Template
from drivers.cards.seam import CardRefusedError, Draw, Transmit
from drivers.cards.steps import Step

DANGER = "LOCK"
_FILE_NUMBER = b"\x02"
_BLANK = bytes(2)


@dataclass(frozen=True, slots=True)
class TagKeys:
    """All five keys of one tag."""

    version: int
    keys: tuple[bytes, ...] = field(repr=False)


DELIVERED = TagKeys(0, (bytes(16),) * settings.KEYS)


def tag_keys(keys: Keys, version: int, uid: bytes) -> TagKeys:
    """Return the keys of the tag ``uid`` under ``version`` of the masters, which is at least 1."""
    assert version > DELIVERED.version
    return TagKeys(
        version,
        (
            keys.aes_key(Purpose.MASTER, version, uid),
            sun.file_key(keys, version, uid),
            keys.aes_key(Purpose.READ, version, sun.META_NAME),
            keys.aes_key(Purpose.CREDIT, version, uid),
            keys.aes_key(Purpose.DEBIT, version, uid),
        ),
    )


@dataclass(frozen=True, slots=True)
class Job:
    """One tag and the keys that it shall have."""

    keys: TagKeys
    older: tuple[TagKeys, ...]
    """Of versions that it may have now, besides those it was delivered with."""


def personalise(transmit: Transmit, draw: Draw, job: Job, template: Template) -> tuple[Step, ...]:
    """Return the steps that make the tag write ``template``. On a tag of ours they change its keys."""
    work = _Work(transmit, draw, job)
    wanted = settings.encode(template)
    return (
        Step(
            "write the address",
            lambda: work.has_address(template),
            lambda: tag.write_content(transmit, tag.content_of(template)),
        ),
        *(_key_step(work, number) for number in range(1, settings.KEYS)),
        Step(
            f"{DANGER} settings",
            lambda: work.has_settings(wanted),
            lambda: work.change_settings(wanted),
        ),
        Step(f"{DANGER} the master key", work.has_master_key, work.change_master_key),
    )


def wipe(transmit: Transmit, draw: Draw, job: Job) -> tuple[Step, ...]:
    """Return the steps that make the tag as it was delivered."""
    work = _Work(transmit, draw, Job(DELIVERED, (job.keys, *job.older)))
    wanted = settings.DELIVERED
    return (
        Step(
            "free the settings",
            lambda: work.has_settings(wanted),
            lambda: work.change_settings(wanted),
        ),
        Step("blank the address", work.is_blank, lambda: tag.write_content(transmit, _BLANK)),
        *(_key_step(work, number) for number in range(1, settings.KEYS)),
        Step(f"{DANGER} the master key", work.has_master_key, work.change_master_key),
    )


def _key_step(work: "_Work", number: int) -> Step:
    return Step(
        f"{DANGER} key {number}", lambda: work.has_key(number), lambda: work.change_key(number)
    )


class _Work:
    """The tag being worked on; every question and every change is a session of its own."""

    def __init__(self, transmit: Transmit, draw: Draw, job: Job) -> None:
        self._transmit = transmit
        self._draw = draw
        self._candidates = tuple(dict.fromkeys((job.keys, *job.older, DELIVERED)))
        self._wanted = job.keys

    def has_address(self, template: Template) -> bool:
        """Return whether the tag writes addresses of ``template``."""
        try:
            template.read(tag.read_address(self._transmit))
        except CardRefusedError:
            return False
        return True

    def is_blank(self) -> bool:
        """Return whether there is no address on the tag."""
        try:
            tag.read_address(self._transmit)
        except CardRefusedError:
            return True
        return False

    def has_settings(self, wanted: bytes) -> bool:
        """Return whether the message file has the settings ``wanted``."""
        card, _ = self._open()
        return card.call(Command.GET_FILE_SETTINGS, _FILE_NUMBER) == settings.as_told(wanted)

    def change_settings(self, wanted: bytes) -> None:
        """Give the message file the settings ``wanted``."""
        card, _ = self._open()
        full = Saying(sends=Mode.FULL)
        card.call(Command.CHANGE_FILE_SETTINGS, _FILE_NUMBER, wanted, full)

    def has_key(self, number: int) -> bool:
        """Return whether the tag has the wanted key ``number``: it says so, and takes it."""
        card, _ = self._open()
        if card.key_version(number) != self._wanted.version:
            return False
        card.begin_ev2(number, self._wanted.keys[number])
        return True

    def change_key(self, number: int) -> None:
        """Give the tag the wanted key ``number``."""
        card, _ = self._open()
        version = card.key_version(number)
        for held in self._candidates:
            if held.version == version:
                new = self._wanted
                card.change_key(number, held.keys[number], new.keys[number], new.version)
                return
        raise WrongKeyError(f"key {number} of version {version}")

    def has_master_key(self) -> bool:
        """Return whether the wanted master key opens the tag."""
        _, held = self._open()
        return held == self._wanted

    def change_master_key(self) -> None:
        """Give the tag the wanted master key."""
        card, _ = self._open()
        card.change_own_key(self._wanted.keys[settings.MASTER_KEY], self._wanted.version)
        self._candidates = tuple(dict.fromkeys((self._wanted, *self._candidates)))

    def _open(self) -> tuple[Card, TagKeys]:
        """Open a session with whichever master key the tag has."""
        for held in self._candidates:
            tag.select(self._transmit)
            card = Card(self._transmit, self._draw)
            try:
                card.begin_ev2(settings.MASTER_KEY, held.keys[settings.MASTER_KEY])
            except WrongKeyError:
                continue
            # The tag counts wrong keys: the one that fitted is the first to be tried next.
            self._candidates = tuple(dict.fromkeys((held, *self._candidates)))
            return card, held
        raise WrongKeyError("the tag takes none of our master keys")
