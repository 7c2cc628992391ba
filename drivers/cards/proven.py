"""Reads the member number off cards that were issued with keys, and asks each for its proof.

One table tells the families apart by ATR; :mod:`drivers.cards.identify` goes on with the cards that are
in none of its rows. What a card cannot prove becomes a refusal that says why, never a number. A card
that holds nothing of ours stays what it was: an identifier.

How many commands: DESFire EV2 5, EV1 6, Classic 6, an NTAG213 4 (6 with its password), SLE4442 2, NTAG 424 5,
wallet 3; two more for each older version of the keys that a Classic may have, four more on a DESFire. Of
cards that hold nothing of ours a DESFire costs two, and two more where NTAG 424 are looked for.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from drivers.api import CardImage, SignedTap
from drivers.cards.classic import member as classic
from drivers.cards.cpu.wallet import WALLET_AID, open_wallet
from drivers.cards.desfire.card import Card
from drivers.cards.desfire.codes import STATUS_CLASS, Mode
from drivers.cards.desfire.files import Files
from drivers.cards.desfire.purse import AID, MEMBER_FILE, READ_KEY, UID_LENGTH, begin
from drivers.cards.identify import read_card
from drivers.cards.keys import Keys, UnknownVersionError, WrongKeyError
from drivers.cards.ntag424 import sun
from drivers.cards.ntag424.tag import read_address
from drivers.cards.ntag424.template import Message, Template
from drivers.cards.purse import TERMINAL_LENGTH, Kind, Movement
from drivers.cards.seam import BadMacError, CardRefusedError, Draw, Transmit
from drivers.cards.sle44xx import member as sle44xx
from drivers.cards.sle44xx.chip import chip_of
from drivers.cards.storage import CardName, Passage, card_name, read_uid
from drivers.cards.ultralight import member as ultralight
from drivers.cards.ultralight.personalise import password_of
from drivers.cards.ultralight.tags import WrongPasswordError, identify, log_in
from terminal.core.cards import CODE_PREFIX, code
from terminal.core.refusal import Key

CARDS_MAX = 10_000
"""Cards of ours whose purse is remembered."""
TYPE_A_ATR = bytes.fromhex("3b8180018080")
"""What a reader makes up for a DESFire or NTAG 424. Source: PC/SC part 3, 3.1.3.2.3.1 (ATS 80)."""
TEXT_MAX = 48
"""Bytes read of a member file of 64: more than a number takes, and no more than one answer."""
_FILLING = b"\0"
NO_LOAD = Movement(Kind.TOP_UP, 1, bytes(TERMINAL_LENGTH), 0, "20000101000000")
"""A load that is begun to be shown a MAC, and never made."""
_TROUBLES: tuple[tuple[type[Exception], Key], ...] = (
    (UnknownVersionError, Key.CARD_KEY_VERSION),
    (WrongKeyError, Key.CARD_OTHER_SHOP),
    (WrongPasswordError, Key.CARD_CLONED),
    (BadMacError, Key.CARD_BAD_MAC),
)
"""Any other refusal of a card is none of its proof: the card is unreadable."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shop:
    """What a shop knows of the cards that it issued."""

    keys: Keys = field(repr=False)
    templates: tuple[Template, ...] = ()
    """Addresses that its NTAG 424 write; without, none are looked for."""
    wallets: bool = False
    """Whether cards with our wallet are looked for, at the price of one command for each stranger."""
    passage: Passage | None = None
    """How the reader lets a tag's own commands through; without, passwords are not tried."""
    draw: Draw = secrets.token_bytes

    def on(self, passage: str) -> Callable[[Transmit, bytes], CardImage]:
        """Return what reads cards on a reader with this passage; ``none``: it has none."""
        shop = replace(self, passage=None if passage == "none" else Passage(passage))
        return partial(read_card, prove=shop.read)

    def read(self, transmit: Transmit, atr: bytes) -> CardImage | None:
        """Return what the card says and proves; None if it is of no family that proves anything.

        Raises:
            CardTornError: The card left.
            CardRefusedError: It does not speak as a card of its family.
        """
        for family, is_it, read in _FAMILIES:
            if is_it(atr):
                found = read(self, transmit, atr)
                if found is not None:
                    return found.image(family, atr)
        return None

    def read_address(self, text: str) -> CardImage | None:
        """Return what an address says and proves that a phone read off a tag of ours; None: it is none.

        It says the same as the tag itself would; the phone has used up one of its taps.
        """
        messages = [each.read(text) for each in self.templates if each.fits(text)]
        return _signed(self, messages[0], b"").image("ntag424", b"") if messages else None


@dataclass(frozen=True, slots=True)
class _Found:
    uid: bytes
    text: bytes = b""
    trouble: Key | None = None
    tap: SignedTap | None = None

    def image(self, family: str, atr: bytes) -> CardImage:
        return CardImage(family, self.uid, atr, self.text, self.trouble, tap=self.tap)


def _proven(uid: bytes, ask: Callable[[], bytes]) -> _Found:
    """Return what ``ask`` says, or why that cannot be believed."""
    try:
        return _Found(uid, ask())
    except (CardRefusedError, BadMacError) as error:
        for kind, key in _TROUBLES:
            if isinstance(error, kind):
                log.warning("a card proves nothing: %s", error)
                return _Found(uid, b"", key)
        raise


def _desfire(shop: Shop, transmit: Transmit, _atr: bytes) -> _Found | None:
    card = Card(transmit, shop.draw)
    try:
        card.select(AID)
    except CardRefusedError as error:
        # A card of another make refuses in its own words: let the other rows ask it.
        is_desfire = error.status is not None and error.status >> 8 == STATUS_CLASS
        return _Found(read_uid(transmit)) if is_desfire and not shop.templates else None
    uid = read_uid(transmit)
    if len(uid) != UID_LENGTH:
        return _Found(uid)  # Drawn anew at each tap: no key hangs on it.

    def ask() -> bytes:
        begin(card, shop.keys, READ_KEY, uid, None)
        return Files(card).read_data(MEMBER_FILE, TEXT_MAX, Mode.MAC).rstrip(_FILLING)

    return _proven(uid, ask)


def _ntag424(shop: Shop, transmit: Transmit, _atr: bytes) -> _Found | None:
    if not shop.templates:
        return None
    try:
        address = read_address(transmit)
    except CardRefusedError:
        return None
    messages = [each.read(address) for each in shop.templates if each.fits(address)]
    if not messages:
        return None
    return _signed(shop, messages[0], read_uid(transmit))


def _signed(shop: Shop, message: Message, uid: bytes) -> _Found:
    """Return what an address says. Whether its tap is a new one, the till knows, which remembers them."""
    taps: list[SignedTap] = []

    def ask() -> bytes:
        tap = sun.verify(message, shop.keys)
        taps.append(SignedTap(tap.uid, tap.counter))
        if tap.file.startswith(CODE_PREFIX.encode()):
            return tap.file.rstrip(_FILLING)
        # Not the medium ``uid:``, which a card without proof would be too.
        return code(tap.uid.hex().upper()).encode()

    found = _proven(uid, ask)
    return replace(found, tap=taps[0]) if taps else found


def _classic(shop: Shop, transmit: Transmit, _atr: bytes) -> _Found:
    uid = read_uid(transmit)
    return _proven(uid, lambda: classic.read_known(transmit, shop.keys, uid).text)


def _tag(shop: Shop, transmit: Transmit, _atr: bytes) -> _Found:
    uid = read_uid(transmit)
    try:
        said = ultralight.read_known(transmit, uid)
    except CardRefusedError:
        return _Found(uid)  # Somebody's sticker.

    def ask() -> bytes:
        text = ultralight.check(said, ultralight.mac_seals(shop.keys, uid))
        if shop.passage is not None:
            _log_in(shop, shop.passage, transmit, said)
        return text

    return _proven(uid, ask)


def _log_in(shop: Shop, passage: Passage, transmit: Transmit, said: ultralight.Found) -> None:
    """Let the tag show that it is the one that was issued, if it is of a kind that can.

    Raises:
        WrongPasswordError: It is a copy.
    """
    if identify(transmit, passage).settings_page is None:
        return
    seals = ultralight.mac_seals(shop.keys, said.uid)
    for version, seal in zip(shop.keys.versions, seals, strict=True):
        if seal.holds(said.uid, said.text, said.proof):
            own = password_of(shop.keys, version, said.uid)
            log_in(transmit, passage, own.password, own.pack)


def _sle44xx(shop: Shop, transmit: Transmit, atr: bytes) -> _Found:
    chip = chip_of(atr)
    assert chip is not None
    return _proven(b"", lambda: sle44xx.read_member(transmit, chip, shop.keys).text)


def _wallet(shop: Shop, transmit: Transmit, _atr: bytes) -> _Found | None:
    if not shop.wallets:
        return None
    try:
        wallet = open_wallet(transmit, shop.keys, WALLET_AID)
    except CardRefusedError:
        return None

    def ask() -> bytes:
        # A load is begun and never made: that alone has the card show a MAC before anything moves.
        wallet.prepare(NO_LOAD)
        return code(wallet.number).encode()

    return _proven(b"", ask)


def _is_named(*names: CardName) -> Callable[[bytes], bool]:
    return lambda atr: card_name(atr) in names


_FAMILIES: tuple[
    tuple[str, Callable[[bytes], bool], Callable[[Shop, Transmit, bytes], _Found | None]], ...
] = (
    ("sle44xx", lambda atr: chip_of(atr) is not None, _sle44xx),
    ("classic", _is_named(CardName.CLASSIC_1K, CardName.CLASSIC_4K), _classic),
    ("tag", _is_named(CardName.ULTRALIGHT), _tag),
    ("desfire", lambda atr: atr == TYPE_A_ATR, _desfire),
    ("ntag424", lambda atr: atr == TYPE_A_ATR, _ntag424),
    ("cpu", lambda atr: card_name(atr) is None, _wallet),
)
