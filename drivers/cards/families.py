"""One way to make, check and wipe a card, whichever family it is of; for the technician's commands.

Each family has steps of its own; here is chosen which, with which keys, and what is refused before
anything is written: a card that names somebody else, an identifier that changes, a family without room.
"""

from contextlib import suppress
from dataclasses import dataclass, field

from drivers.cards.classic import member as classic_member
from drivers.cards.classic import personalise as classic
from drivers.cards.classic.keys import all_card_keys
from drivers.cards.classic.purse import open_purse as open_classic_purse
from drivers.cards.cpu import issue as cpu
from drivers.cards.cpu.wallet import SERIAL_LENGTH, open_wallet
from drivers.cards.desfire import issue as desfire
from drivers.cards.desfire import purse as desfire_purse
from drivers.cards.desfire.card import Card
from drivers.cards.desfire.codes import Mode
from drivers.cards.desfire.files import Files
from drivers.cards.desfire.settings import Generation
from drivers.cards.keys import Keys, UnknownVersionError
from drivers.cards.ntag424 import personalise as ntag424
from drivers.cards.ntag424.sun import verify as verify_address
from drivers.cards.ntag424.tag import read_address
from drivers.cards.ntag424.template import Template
from drivers.cards.purse import TERMINAL_LENGTH, Kind, Movement
from drivers.cards.recognise import Family, Found
from drivers.cards.seam import BadMacError, CardRefusedError, Draw, Transmit
from drivers.cards.sle44xx import member as sle
from drivers.cards.sle44xx.chip import read as read_chip
from drivers.cards.steps import Step
from drivers.cards.ultralight import member as tag_member
from drivers.cards.ultralight import personalise as tags
from drivers.cards.ultralight.tags import log_in
from terminal.core.cards import code, parse_code
from terminal.core.refusal import Refusal


class UnfitError(Exception):
    """What was asked cannot be done with this card; says why, and what can. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a technician gives for all cards alike."""

    keys: Keys
    when: str
    """Now, ``YYYYMMDDhhmmss``."""
    ceiling: int | None = None
    """The most that a DESFire purse may ever hold, in minor units; None: not told."""
    template: Template | None = None
    """The address that an NTAG 424 writes; None: not told."""
    makes_wallets: bool = False
    """Whether CPU cards are touched: a wrong key costs one of their tries, so it must be said."""
    takes_over: bool = False
    """Whether a DESFire gets our key for the whole card too, which no wipe takes back."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A card of ours, authenticated."""

    number: str | None
    """The member number that it carries; None for tags that carry none."""
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workpiece:
    """A card on the reader and what is to be done with it."""

    transmit: Transmit
    found: Found
    order: Order
    draw: Draw = field(repr=False)

    def personalise(self, number: str) -> tuple[Step, ...]:
        """Return the steps that make the card name ``number``.

        Raises:
            UnfitError: It names another, or is no card for that.
            CardRefusedError, BadMacError, CardTornError: As of any command.
        """
        if self.found.has_random_uid and self.found.family is not Family.CPU:
            raise UnfitError("The card makes up another identifier at each tap; take another card.")
        held = self.number()
        if held not in (None, number):
            raise UnfitError(f"The card carries the number {held}; wipe it first, or take another.")
        return self._steps(number)

    def _steps(self, number: str) -> tuple[Step, ...]:
        text, uid, keys = code(number).encode(), self.found.uid, self.order.keys
        match self.found.family:
            case Family.CLASSIC:
                return classic.personalise(self.transmit, self._classic_job(), text)
            case Family.TAG:
                message = tag_member.sealed_message(uid, text, tag_member.mac_seals(keys, uid)[0])
                return tags.personalise(self.transmit, self._tag_job(keys.versions[0]), message)
            case Family.NTAG424:
                template = self._template()
                return ntag424.personalise(self.transmit, self.draw, self._ntag_job(), template)
            case Family.DESFIRE:
                return self._desfire_steps(text)
            case Family.MEMORY:
                return sle.personalise(self.transmit, self._sle_job(), text)
            case Family.CPU:
                return self._wallet_steps(number)
            case _:
                raise UnfitError(
                    f"A {self.found.family} cannot be written; enter its identifier "
                    f"{uid.hex()} with the member instead."
                )

    def wipe(self) -> tuple[Step, ...]:
        """Return the steps that make the card as it was delivered; money on it is gone then.

        Raises:
            UnfitError: This family cannot be wiped.
            CardRefusedError, BadMacError, CardTornError: As of any command.
        """
        match self.found.family:
            case Family.CLASSIC:
                return classic.wipe(self.transmit, self._classic_job())
            case Family.TAG:
                return tags.wipe(self.transmit, self._tag_job(self._tag_version()))
            case Family.NTAG424:
                return ntag424.wipe(self.transmit, self.draw, self._ntag_job())
            case Family.DESFIRE:
                card = Card(self.transmit, self.draw)
                return desfire.wipe(card, self.order.keys, self._wanted(b"", 0))
            case Family.MEMORY:
                return sle.wipe(self.transmit, self._sle_job())
            case _:
                raise UnfitError(f"A {self.found.family} cannot be wiped; destroy it instead.")

    def number(self) -> str | None:
        """Return the member number that the card carries under our keys; None if it carries none.

        Raises:
            UnknownVersionError: Its keys are of a version that the keys file lacks.
            CardTornError: It left.
        """
        try:
            text = self._text()
        except UnknownVersionError:
            raise
        except (BadMacError, CardRefusedError):
            return None  # Blank, half made, or another's: the steps will find out which.
        number = parse_code(text.decode("ascii", "replace"))
        return None if isinstance(number, Refusal) else number

    def verify(self) -> Verified:
        """Authenticate the card and tell how it stands; writes nothing.

        Raises:
            UnfitError: There is nothing on it that could be verified.
            CardRefusedError, BadMacError: It is not ours, or not whole.
            CardTornError: It left.
        """
        uid, keys, transmit = self.found.uid, self.order.keys, self.transmit
        match self.found.family:
            case Family.CLASSIC:
                said = classic_member.read_member(transmit, keys)
                state = open_classic_purse(transmit, keys).state
                return _verified(said.text, _keys_of(said.keys.version), _holds(state.balance))
            case Family.TAG:
                text = tag_member.check(
                    tag_member.read_member(transmit), tag_member.mac_seals(keys, uid)
                )
                return _verified(text, _keys_of(self._tag_version()), self._tag_password())
            case Family.NTAG424:
                tap = verify_address(self._template().read(read_address(transmit)), keys)
                if tap.uid != uid:
                    raise CardRefusedError("the address names another tag")
                facts = (_keys_of(tap.key_version), f"This was tap {tap.counter}.")
                return Verified(None, facts)
            case Family.DESFIRE:
                return self._verify_desfire()
            case Family.MEMORY:
                assert self.found.chip is not None
                memory = sle.read_member(transmit, self.found.chip, keys)
                return _verified(memory.text, _keys_of(memory.number[0]))
            case Family.CPU:
                return self._verify_wallet()
            case _:
                raise UnfitError(
                    f"A {self.found.family} proves nothing; there is nothing to verify."
                )

    def _text(self) -> bytes:
        keys = self.order.keys
        match self.found.family:
            case Family.CLASSIC:
                return classic_member.read_member(self.transmit, keys).text
            case Family.TAG:
                seals = tag_member.mac_seals(keys, self.found.uid)
                return tag_member.check(tag_member.read_member(self.transmit), seals)
            case Family.DESFIRE:
                return self._desfire_text()
            case Family.MEMORY:
                assert self.found.chip is not None
                return sle.read_member(self.transmit, self.found.chip, keys).text
            case Family.CPU:
                return _wallet_text(open_wallet(self.transmit, keys).number)
            case _:
                return b""

    def _classic_job(self) -> classic.Job:
        newest, *older = all_card_keys(self.order.keys, self.found.uid)
        return classic.Job(self.found.uid, newest, tuple(older))

    def _tag_job(self, version: int) -> tags.Job:
        assert self.found.tag is not None
        password = tags.password_of(self.order.keys, version, self.found.uid)
        return tags.Job(self.found.tag, self.found.passage, password)

    def _tag_version(self) -> int:
        """Return the version whose seal holds, so that no password has to be guessed."""
        keys, uid = self.order.keys, self.found.uid
        with suppress(CardRefusedError):
            said = tag_member.read_member(self.transmit)
            for version, seal in zip(keys.versions, tag_member.mac_seals(keys, uid), strict=True):
                if seal.holds(uid, said.text, said.proof):
                    return version
        return keys.versions[0]

    def _tag_password(self) -> str:
        job = self._tag_job(self._tag_version())
        if job.tag.settings_page is None:
            return "It knows no password."
        log_in(self.transmit, job.passage, job.password.password, job.password.pack)
        return "It takes our password and knows the answer to it."

    def _ntag_job(self) -> ntag424.Job:
        keys = self.order.keys
        own = tuple(ntag424.tag_keys(keys, version, self.found.uid) for version in keys.versions)
        return ntag424.Job(own[0], own[1:])

    def _sle_job(self) -> sle.Job:
        chip = self.found.chip
        assert chip is not None
        try:
            sle.read_member(self.transmit, chip, self.order.keys)
        except BadMacError:
            # Half made it has the PSC it was delivered with; else a PSC of ours would cost a try.
            if read_chip(self.transmit, chip, sle.MARK_AT, 1) != bytes((sle.Holds.DELIVERED,)):
                raise UnfitError(
                    "The card was made with other keys; no PSC was shown, since it counts them."
                ) from None
        except CardRefusedError:
            pass  # Blank, or of an older version: the steps say which.
        return sle.Job(chip, self.order.keys, self.draw)

    def _template(self) -> Template:
        if self.order.template is None:
            raise UnfitError("An NTAG 424 writes an address; give it with --address.")
        return self.order.template

    def _wanted(self, text: bytes, ceiling: int) -> desfire.Wanted:
        if len(self.found.uid) != desfire_purse.UID_LENGTH:
            raise UnfitError("The card hides its identifier; take one with a fixed UID of 7 bytes.")
        make = desfire_purse.Make(
            self.found.generation, has_transaction_mac=self.found.generation is Generation.EV2
        )
        return desfire.Wanted(self.found.uid, text, ceiling, make)

    def _desfire_steps(self, text: bytes) -> tuple[Step, ...]:
        if self.order.ceiling is None:
            raise UnfitError("A DESFire has a purse; give the most it may hold with --ceiling.")
        card, wanted = Card(self.transmit, self.draw), self._wanted(text, self.order.ceiling)
        steps = desfire.issue(card, self.order.keys, wanted)
        if self.order.takes_over:
            steps += desfire.take_over(card, self.order.keys, wanted)
        return steps

    def _wallet_steps(self, number: str) -> tuple[Step, ...]:
        if not self.order.makes_wallets:
            raise UnfitError(
                "A CPU card is made a wallet only with --wallet, and only an FM1208 with FMCOS: "
                "any other may count a key of ours as a wrong one."
            )
        wanted = cpu.Wanted(_serial(number), self.order.when)
        return cpu.issue(self.transmit, self.order.keys, wanted)

    def _desfire_text(self) -> bytes:
        card = Card(self.transmit, self.draw)
        card.select(desfire_purse.AID)
        if card.key_version(desfire_purse.READ_KEY) == desfire.FACTORY_VERSION:
            return b""  # It is half made: the key for reading comes after the member.
        generation, key = self.found.generation, desfire_purse.READ_KEY
        desfire_purse.begin(card, self.order.keys, key, self.found.uid, generation)
        file, length = desfire_purse.MEMBER_FILE, desfire_purse.MEMBER_LENGTH
        return Files(card).read_data(file, length, Mode.MAC).rstrip(b"\0")

    def _verify_desfire(self) -> Verified:
        text = self._desfire_text()
        make = self._wanted(b"", 0).make
        purse = desfire_purse.open_purse(self.transmit, self.draw, self.order.keys, make)
        difference = purse.audit()
        if difference:
            raise CardRefusedError(f"the purse differs from its latest record by {difference}")
        return _verified(text, _keys_of(purse.state.key_version), _holds(purse.state.balance))

    def _verify_wallet(self) -> Verified:
        wallet = open_wallet(self.transmit, self.order.keys)
        # INITIALIZE moves nothing, and the card shows with a MAC that it has the key for loading.
        asked = Movement(Kind.TOP_UP, 1, bytes(TERMINAL_LENGTH), 0, self.order.when)
        state = wallet.prepare(asked)
        return _verified(
            _wallet_text(wallet.number), _keys_of(state.key_version), _holds(state.balance)
        )


def _serial(number: str) -> bytes:
    """Return the wallet's serial number: the member number in decimal digits."""
    if not number.isdecimal() or number.startswith("0"):
        raise UnfitError("A wallet's number has digits only, and does not begin with 0.")
    return bytes.fromhex(number.zfill(2 * SERIAL_LENGTH))


def _wallet_text(number: str) -> bytes:
    return code(number).encode() if number else b""


def _verified(text: bytes, *facts: str) -> Verified:
    number = parse_code(text.decode("ascii", "replace"))
    if isinstance(number, Refusal):
        raise CardRefusedError("what it carries is no member number of ours")
    return Verified(number, facts)


def _keys_of(version: int) -> str:
    return f"Its keys are of version {version}."


def _holds(balance: int) -> str:
    return f"Its purse holds {balance} minor units."
