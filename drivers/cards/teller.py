"""Serves the card that lies on a reader: names its member, and moves the money on it when ordered.

One card, one session: what identified the card is what opened its purse, so that a payment needs no second
selection. With a purse on it a DESFire takes five commands to be named and opened and three to pay, a Classic
five and three, a wallet four and two (one less on contacts); a card seen for the first time since the start
says its number in one more. An order that waits is served as soon as the card comes; its UID names the card.

Whatever is asked before :class:`~drivers.api.CardGo` moves nothing and may be repeated. What CardGo asks is
asked once, never again by itself.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from drivers.api import (
    CardArrived,
    CardCommand,
    CardDrop,
    CardGo,
    CardImage,
    CardOrder,
    CardQuestion,
    CardTornError,
    CardUnreadable,
    DeviceEvent,
    PurseDoubtful,
    PurseMoved,
    PurseReady,
    PurseSaid,
    PurseSilent,
    PurseUnmoved,
)
from drivers.cards.keys import UnknownVersionError, WrongKeyError
from drivers.cards.purse import (
    DoubtError,
    Kind,
    Movement,
    OpenPurse,
    Outcome,
    RolledBackError,
)
from drivers.cards.seam import BadMacError, CardRefusedError, Transmit
from terminal.core.refusal import Key

KINDS = {
    "debit": Kind.DEBIT,
    "top-up": Kind.TOP_UP,
    "refund": Kind.REFUND,
    "void": Kind.VOID,
}
_TOO_LITTLE = frozenset({0x91BE, 0x9401})
"""Status words of a DESFire (boundary) and of a wallet that holds too little."""
_TROUBLES: tuple[tuple[type[Exception], Key], ...] = (
    (UnknownVersionError, Key.CARD_KEY_VERSION),
    (WrongKeyError, Key.CARD_OTHER_SHOP),
    (RolledBackError, Key.CARD_ROLLED_BACK),
    (BadMacError, Key.CARD_BAD_MAC),
)
_ERRORS = (CardTornError, CardRefusedError, BadMacError)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A purse that is open, and what was learnt of its card on the way."""

    family: str
    purse: OpenPurse
    card: bytes
    """Number of the purse."""
    text: bytes = b""
    """What it says of its member, if that was asked."""
    balance: int | None = None


class For(Enum):
    """What a purse is opened for."""

    NAMING = "naming"
    """The card must say whose it is; it may well pay next."""
    PAYING = "paying"
    LOADING = "loading"
    """Money is to be put on it."""


Open = Callable[[Transmit, bytes, For], Opened | None]
"""Opens the purse of a card, given a way to talk to it and its ATR; None: it is of no family with purses.

Raises:
    CardTornError, CardRefusedError, BadMacError: Nothing has moved.
"""
Read = Callable[[Transmit, bytes], CardImage]
"""Reads a card without a purse; see :mod:`drivers.cards.identify`."""


@dataclass(slots=True)
class Teller:
    """What a reader does with cards; used by the reader's thread alone."""

    device: str
    read: Read
    open: Open
    order: CardOrder | None = None
    """What is awaited."""
    _transmit: Transmit | None = None
    _atr: bytes = b""
    _opened: Opened | None = None
    _ready: int | None = None
    """The order that the open card is prepared for."""
    _movement: Movement | None = field(default=None, repr=False)

    @property
    def is_ready(self) -> bool:
        """Whether a card is open and waits to be told to move."""
        return self._ready is not None

    @property
    def holds_card(self) -> bool:
        """Whether the session with the card must stay open."""
        return self._opened is not None

    def arrived(self, transmit: Transmit, atr: bytes) -> DeviceEvent:
        """Serve a card that came; moves nothing.

        Raises:
            CardTornError: It left; the same may be asked again.
        """
        self.left()
        self._transmit, self._atr = transmit, atr
        if self.order is not None:
            event = self._prepare(self.order)
            if event is not None:
                return event
        try:
            return CardArrived(self.device, self._name(transmit, atr))
        except (CardRefusedError, BadMacError) as error:
            return CardUnreadable(self.device, str(error))

    def shown(self, transmit: Transmit, atr: bytes) -> None:
        """Take the card that still lies there up again, without a word to it."""
        self.left()
        self._transmit, self._atr = transmit, atr

    def left(self) -> None:
        """Forget the card: it has gone, or is another."""
        self._transmit, self._opened, self._ready = None, None, None

    def obey(self, command: CardCommand) -> Iterator[DeviceEvent]:
        """Do what the loop asks and yield what is to be told."""
        match command:
            case CardOrder():
                self.order, self._ready = command, None
                if self._transmit is not None and not command.is_next:
                    yield self._prepare_now(command)
            case CardDrop(sequence):
                if self.order is not None and self.order.sequence == sequence:
                    self.order, self._ready = None, None
            case CardGo(sequence):
                yield self._go(sequence)
            case CardQuestion():
                yield self._ask(command)

    def _name(self, transmit: Transmit, atr: bytes) -> CardImage:
        try:
            opened = self.open(transmit, atr, For.NAMING)
        except (CardRefusedError, BadMacError) as error:
            log.info("no purse is opened: %s", error)
            opened = None  # What kind of card it is, and what is wrong with it, the reading says.
        if opened is None:
            return self.read(transmit, atr)
        self._opened = opened
        uid = b"" if opened.family == "cpu" else opened.card
        return CardImage(
            opened.family,
            uid,
            atr,
            opened.text,
            purse=opened.card.hex(),
            money=opened.balance,
        )

    def _prepare_now(self, order: CardOrder) -> DeviceEvent:
        try:
            event = self._prepare(order)
        except CardTornError as error:
            return self._unmoved(order.sequence, error)
        if event is not None:
            return event
        reason = "a card without a purse"
        return PurseUnmoved(
            self.device, order.sequence, Key.PURSE_NONE, is_torn=True, reason=reason
        )

    def _prepare(self, order: CardOrder) -> DeviceEvent | None:
        """Open the purse for ``order``; None: the card has none.

        Raises:
            CardTornError: It left.
        """
        assert self._transmit is not None
        movement = movement_of(order)
        try:
            if self._opened is None or movement.kind.is_credit:
                self._opened = None
                wanted = For.LOADING if movement.kind.is_credit else For.PAYING
                self._opened = self.open(self._transmit, self._atr, wanted)
            if self._opened is None:
                return None
            state = self._opened.purse.prepare(movement)
        except (CardRefusedError, BadMacError) as error:
            self._opened = None
            return self._unmoved(order.sequence, error)
        except CardTornError:
            self._opened = None
            raise
        self._ready, self._movement = order.sequence, movement
        return PurseReady(
            self.device,
            order.sequence,
            self._opened.family,
            state.card.hex(),
            state.counter,
            state.balance,
            state.key_version,
        )

    def _go(self, sequence: int) -> DeviceEvent:
        opened, movement, ready = self._opened, self._movement, self._ready
        if ready != sequence or opened is None or movement is None:
            gone = "the card is no longer there"
            return PurseUnmoved(
                self.device, sequence, Key.CARD_UNREADABLE, is_torn=True, reason=gone
            )
        # Whatever comes of it, this session and this order are used up.
        self._opened, self._ready, self.order = None, None, None
        try:
            moved = opened.purse.move(movement)
        except DoubtError as error:
            return PurseDoubtful(self.device, sequence, str(error))
        except _ERRORS as error:
            return self._unmoved(sequence, error)
        return PurseMoved(
            self.device, sequence, moved.counter, moved.balance, moved.proof, moved.signed
        )

    def _ask(self, question: CardQuestion) -> DeviceEvent:
        if self._transmit is None:
            return PurseSilent(self.device, question, None, "no card")
        self._ready = None
        try:
            if self._opened is None:
                self._opened = self.open(self._transmit, self._atr, For.PAYING)
            if self._opened is None or self._opened.card.hex() != question.purse:
                return PurseSilent(self.device, question, Key.PURSE_OTHER_CARD, "another card")
            said = self._opened.purse.settle(_movement(question), question.counter)
        except CardTornError as error:
            self._opened = None
            return PurseSilent(self.device, question, None, str(error))
        except (CardRefusedError, BadMacError) as error:
            self._opened = None
            return PurseSilent(self.device, question, _trouble(error), str(error))
        balance = said.record.balance if said.record and said.outcome is Outcome.HAPPENED else None
        return PurseSaid(self.device, question, said.outcome.value, balance, said.proof)

    def _unmoved(self, sequence: int, error: Exception) -> PurseUnmoved:
        is_torn = isinstance(error, CardTornError)
        key = Key.CARD_UNREADABLE if is_torn else _trouble(error)
        return PurseUnmoved(self.device, sequence, key, is_torn, str(error))


def movement_of(order: CardOrder) -> Movement:
    """Return what ``order`` asks of a card."""
    terminal = bytes.fromhex(order.terminal)
    return Movement(KINDS[order.move], order.amount, terminal, order.sequence, order.when)


def _movement(question: CardQuestion) -> Movement:
    return Movement(
        KINDS[question.move],
        question.amount,
        bytes.fromhex(question.terminal),
        question.sequence,
        question.when,
    )


def _trouble(error: Exception) -> Key:
    for kind, key in _TROUBLES:
        if isinstance(error, kind):
            return key
    if isinstance(error, CardRefusedError) and error.status in _TOO_LITTLE:
        return Key.PURSE_SHORT
    return Key.CARD_UNREADABLE
