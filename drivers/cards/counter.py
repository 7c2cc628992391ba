"""Opens the purse of whatever card lies there: which family, which keys, and what it was the last time."""

from collections import OrderedDict
from dataclasses import dataclass, field

from drivers.cards.classic import member as classic_member
from drivers.cards.classic.purse import open_purse as open_classic
from drivers.cards.cpu.wallet import WALLET_AID, open_wallet
from drivers.cards.desfire.purse import (
    CREDIT_KEY,
    DEBIT_KEY,
    UNKNOWN_MAKE,
    Make,
    open_purse,
)
from drivers.cards.keys import UnknownVersionError, WrongKeyError
from drivers.cards.proven import CARDS_MAX, NO_LOAD, TEXT_MAX, TYPE_A_ATR, Shop
from drivers.cards.purse import OpenPurse, PurseState
from drivers.cards.seam import CardRefusedError, Transmit
from drivers.cards.storage import CardName, card_name
from drivers.cards.teller import For, Opened
from terminal.core.cards import code

_CLASSIC = (CardName.CLASSIC_1K, CardName.CLASSIC_4K)
_FILLING = b"\0"


@dataclass(frozen=True, slots=True)
class Known:
    """A card as it was the last time."""

    counter: int
    text: bytes
    make: Make = UNKNOWN_MAKE


@dataclass(slots=True)
class Purses:
    """The purses of a shop's cards; remembers a bounded number of cards since the start."""

    shop: Shop
    _known: "OrderedDict[bytes, Known]" = field(default_factory=OrderedDict)

    def open(self, transmit: Transmit, atr: bytes, wanted: For) -> Opened | None:
        """Return the open purse; see :data:`drivers.cards.teller.Open`."""
        if atr == TYPE_A_ATR:
            try:
                return self._desfire(transmit, wanted)
            except (WrongKeyError, UnknownVersionError):
                raise
            except CardRefusedError:
                # Behind the same ATR may lie any card with a processor.
                if not self.shop.wallets:
                    raise
                return self._wallet(transmit, wanted)
        if card_name(atr) in _CLASSIC:
            return self._classic(transmit, wanted)
        if self.shop.wallets and card_name(atr) is None:
            return self._wallet(transmit, wanted)
        return None

    def _wallet(self, transmit: Transmit, wanted: For) -> Opened:
        wallet = open_wallet(transmit, self.shop.keys, WALLET_AID)
        balance = None
        if wanted is For.NAMING:
            # A load is begun and never made: that alone has the card show a MAC before anything moves.
            balance = wallet.prepare(NO_LOAD).balance
        return Opened("cpu", wallet, wallet.serial, code(wallet.number).encode(), balance)

    def _desfire(self, transmit: Transmit, wanted: For) -> Opened:
        key = CREDIT_KEY if wanted is For.LOADING else DEBIT_KEY
        purse = open_purse(transmit, self.shop.draw, self.shop.keys, self._make, key)
        state = purse.state
        known = self._of(state)
        text = known.text if known else b""
        if wanted is For.NAMING and not text:
            text = purse.member(TEXT_MAX).rstrip(_FILLING)
        return self._opened("desfire", purse, state, Known(state.counter, text, purse.make))

    def _classic(self, transmit: Transmit, wanted: For) -> Opened:
        purse = open_classic(transmit, self.shop.keys)
        known = self._of(purse.state)
        text = known.text if known else b""
        if wanted is For.NAMING and not text:
            text = classic_member.read_known(transmit, self.shop.keys, purse.state.card).text
            purse = open_classic(transmit, self.shop.keys)  # Another sector was open meanwhile.
        return self._opened("classic", purse, purse.state, Known(purse.state.counter, text))

    def _opened(self, family: str, purse: OpenPurse, state: PurseState, known: Known) -> Opened:
        self._known[state.card] = known
        self._known.move_to_end(state.card)
        if len(self._known) > CARDS_MAX:
            self._known.popitem(last=False)
        return Opened(family, purse, state.card, known.text, state.balance)

    def _of(self, state: PurseState) -> Known | None:
        """Return what is known of the card; one whose counter went back was made anew."""
        known = self._known.get(state.card)
        return None if known is None or known.counter > state.counter else known

    def _make(self, uid: bytes) -> Make:
        known = self._known.get(uid)
        return known.make if known else UNKNOWN_MAKE
