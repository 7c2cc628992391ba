"""What a card on a technician's reader is, and what it tells without any key. Nothing is written.

No key is tried here but the one that a MIFARE Classic is delivered with, which that card does not count.
A counter's reader asks less: see :mod:`drivers.cards.identify`.

Sources: NXP MF3D(H)x2 and NT4H2421Gx 10.5.2 (GET VERSION: 1 is a DESFire, 4 an NTAG).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from drivers.cards.apdu import exchange as ask
from drivers.cards.apdu import select
from drivers.cards.classic.keys import MEMBER_SECTOR, PURSE_SECTOR
from drivers.cards.classic.layout import TRANSPORT_KEY
from drivers.cards.classic.sector import can_open
from drivers.cards.cpu.wallet import WALLET_AID, open_wallet
from drivers.cards.desfire import purse
from drivers.cards.desfire.card import Card
from drivers.cards.desfire.codes import Command, Status
from drivers.cards.desfire.frames import exchange
from drivers.cards.desfire.settings import Generation, Version
from drivers.cards.identify import MEMBER_AID
from drivers.cards.keys import Masters
from drivers.cards.ndef import NdefError
from drivers.cards.seam import STATUS_OK, CardRefusedError, Transmit
from drivers.cards.sle44xx.chip import Chip, chip_of, tries_left
from drivers.cards.sle44xx.chip import read as read_chip
from drivers.cards.sle44xx.chip import select as select_chip
from drivers.cards.sle44xx.member import NUMBER_AT, NUMBER_LENGTH
from drivers.cards.storage import CardName, KeySlot, Passage, card_name, read_uid
from drivers.cards.ultralight.member import read_member
from drivers.cards.ultralight.tags import FIRST_PAGE, Tag, identify, read_page

_CLASSIC = {CardName.CLASSIC_1K: "1K", CardName.CLASSIC_4K: "4K", CardName.CLASSIC_MINI: "Mini"}
_FELICA = (CardName.FELICA, CardName.FELICA_212, CardName.FELICA_424)
_DESFIRE_TYPE, _NTAG_TYPE, _TYPE_MASK, _TYPE_AT = 1, 4, 0x0F, 1
_AUTH0, _LIMIT, _LIMIT_MASK = 3, 0, 0x07
_UNUSED = b"\xff"
_RANDOM_UID_LENGTH, _RANDOM_UID_FIRST = 4, 0x08


class Family(StrEnum):
    """The families that a technician meets."""

    CLASSIC = "MIFARE Classic"
    TAG = "Ultralight or NTAG21x"
    NTAG424 = "NTAG 424 DNA"
    DESFIRE = "MIFARE DESFire"
    MEMORY = "SLE memory card"
    CPU = "CPU card"
    FELICA = "FeliCa"
    OTHER = "card known by its identifier only"


@dataclass(frozen=True, slots=True)
class Found:
    """A card on the reader."""

    family: Family
    name: str
    """The exact kind, for the technician."""
    uid: bytes
    """Empty for contact cards, which have none."""
    passage: Passage
    tag: Tag | None = None
    chip: Chip | None = None
    generation: Generation | None = None

    @property
    def has_random_uid(self) -> bool:
        """Return whether the identifier is made up anew each time. Source: ISO/IEC 14443-3 6.4.4."""
        return len(self.uid) == _RANDOM_UID_LENGTH and self.uid[0] == _RANDOM_UID_FIRST


def recognise(transmit: Transmit, atr: bytes, passage: Passage) -> Found:
    """Return which card it is. A first Ultralight sleeps afterwards, until it is powered anew.

    Raises:
        CardRefusedError: It speaks as no card we know.
        CardTornError: It left.
    """
    chip = chip_of(atr)
    if chip is not None:
        return Found(Family.MEMORY, chip.name, b"", passage, chip=chip)
    name = card_name(atr)
    if name is None:
        return _recognise_iso(transmit, passage)
    uid = read_uid(transmit)
    if name in _CLASSIC:
        return Found(Family.CLASSIC, f"MIFARE Classic {_CLASSIC[CardName(name)]}", uid, passage)
    if name == CardName.ULTRALIGHT:
        tag = identify(transmit, passage)
        return Found(Family.TAG, tag.name, uid, passage, tag=tag)
    if name in _FELICA:
        return Found(Family.FELICA, "FeliCa", uid, passage)
    return Found(Family.OTHER, f"storage card {name:04X}", uid, passage)


def describe(transmit: Transmit, found: Found) -> tuple[str, ...]:
    """Return what the card tells to anybody, one sentence each; reads only.

    Raises:
        CardRefusedError: It does not answer as its family does.
        CardTornError: It left.
    """
    tell = _TELL.get(found.family)
    return tell(transmit, found) if tell else ("It has no room for a member number of ours.",)


def _recognise_iso(transmit: Transmit, passage: Passage) -> Found:
    uid = b""
    with suppress(CardRefusedError):  # A contact card has none, and says so in many ways.
        uid = read_uid(transmit)
    raw = _version(transmit)
    if raw is None:
        return Found(Family.CPU, "CPU card", uid, passage)
    version = Version.parse(raw)
    kind = raw[_TYPE_AT] & _TYPE_MASK
    if kind == _NTAG_TYPE:
        return Found(Family.NTAG424, "NTAG 424 DNA", uid, passage)
    if kind != _DESFIRE_TYPE:
        raise CardRefusedError(f"GET VERSION: hardware type {kind}, which is no card we know")
    words = "EV2 or EV3" if version.generation is Generation.EV2 else "EV1"
    name = f"MIFARE DESFire {words}, {version.storage_bytes} bytes"
    return Found(Family.DESFIRE, name, uid, passage, generation=version.generation)


def _version(transmit: Transmit) -> bytes | None:
    """Return what a DESFire or NTAG 424 tells of itself; None if it is neither.

    The selection before it ends what an interrupted command may have left: a session would add a MAC.
    """
    with suppress(CardRefusedError):
        exchange(transmit, Command.SELECT_APPLICATION, bytes(3), "SELECT APPLICATION")
    try:
        answer = exchange(transmit, Command.GET_VERSION, b"", "GET VERSION")
    except CardRefusedError:
        return None
    return answer.data if answer.status == Status.OK else None


def _tell_classic(transmit: Transmit, _: Found) -> tuple[str, ...]:
    def state(sector: int) -> str:
        is_open = can_open(transmit, sector, KeySlot.A, TRANSPORT_KEY)
        return "has the key it was delivered with" if is_open else "is locked with another key"

    return (
        f"Sector {MEMBER_SECTOR} (member) {state(MEMBER_SECTOR)}.",
        f"Sector {PURSE_SECTOR} (purse) {state(PURSE_SECTOR)}.",
        "Wrong keys are not counted by this card.",
    )


def _tell_tag(transmit: Transmit, found: Found) -> tuple[str, ...]:
    assert found.tag is not None
    try:
        said = f"The tag says {read_member(transmit).text.decode('ascii', 'replace')!r}; unchecked."
    except (CardRefusedError, NdefError) as error:
        said = f"The tag holds no member number ({error})."
    if found.tag.settings_page is None:
        return (said, "It knows no password: anybody can write to it.")
    is_locked = read_page(transmit, found.tag.settings_page)[_AUTH0] <= FIRST_PAGE
    limit = read_page(transmit, found.tag.settings_page + 1)[_LIMIT] & _LIMIT_MASK
    return (
        said,
        "Writing asks for a password." if is_locked else "Anybody can write to it.",
        f"Wrong passwords allowed: {limit or 'any number'}.",
    )


def _tell_desfire(transmit: Transmit, _: Found) -> tuple[str, ...]:
    card = Card(transmit, bytes)  # Draws nothing: nothing is authenticated.
    card.select(bytes(3))
    own = f"Version of the card's own key: {card.key_version(0)}."
    try:
        card.select(purse.AID)
    except CardRefusedError:
        return (own, "It has no application of ours.")
    versions = ", ".join(f"{number}: {card.key_version(number)}" for number in purse.PURPOSES)
    return (own, f"It has our application. Versions of its keys: {versions} (0: as delivered).")


def _tell_memory(transmit: Transmit, found: Found) -> tuple[str, ...]:
    assert found.chip is not None
    select_chip(transmit, found.chip)
    number = read_chip(transmit, found.chip, NUMBER_AT, NUMBER_LENGTH)
    left = tries_left(transmit, found.chip)
    tries = f"Tries left before it locks for ever: {left} of {found.chip.tries_max}."
    if number[:1] == _UNUSED:
        return (tries, "It carries no number of ours.")
    return (tries, f"It carries the number {number.hex()}, under keys of version {number[0]}.")


def _tell_cpu(transmit: Transmit, _: Found) -> tuple[str, ...]:
    if ask(transmit, select(WALLET_AID)).status == STATUS_OK:
        return _tell_wallet(transmit)
    if ask(transmit, select(MEMBER_AID)).status == STATUS_OK:
        return ("It has a member application, which tills read.",)
    return ("It has no application of ours. Only FM1208 with FMCOS can be made a wallet.",)


def _tell_wallet(transmit: Transmit) -> tuple[str, ...]:
    try:
        wallet = open_wallet(transmit, Masters(((1, bytes(16)),)))
        return (
            f"It has our wallet, serial number {wallet.serial.hex()}.",
            f"Balance, without proof: {wallet.balance()} minor units.",
        )
    except CardRefusedError as error:
        return (f"It has our application, not finished yet ({error}).",)


def _tell_ntag424(_transmit: Transmit, _: Found) -> tuple[str, ...]:
    return ("It counts wrong keys; versions are told only to who has one: use card verify.",)


_TELL: dict[Family, Callable[[Transmit, Found], tuple[str, ...]]] = {
    Family.CLASSIC: _tell_classic,
    Family.TAG: _tell_tag,
    Family.DESFIRE: _tell_desfire,
    Family.NTAG424: _tell_ntag424,
    Family.MEMORY: _tell_memory,
    Family.CPU: _tell_cpu,
}
