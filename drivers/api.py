"""What the shell asks of a driver, and what a driver tells the shell.

A driver is a plain object with one blocking ``run``. It starts no thread of its own accord, keeps no
global and retries nothing: :mod:`drivers.supervise` gives it a thread and runs it again after it has
failed. Everything a driver says is one of the frozen events below.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from terminal.core.refusal import Key
from terminal.core.slip import Printable


class DeviceLostError(Exception):
    """The device, or the way to it, has gone. Only a fresh ``run`` can bring it back."""


class CardTornError(Exception):
    """The card left, or fell silent, in the middle of a command. Whether it obeyed is unknown."""


@dataclass(frozen=True, slots=True)
class SignedTap:
    """A tap that a tag of ours counted and signed. A copy of it is right as well, but no newer.

    So whoever takes it must have remembered the highest count of each tag.
    """

    tag: bytes
    """Identifier of the tag."""
    counter: int


@dataclass(frozen=True, slots=True)
class CardImage:
    """What was read from one card; :mod:`terminal.core.cards` gives it meaning."""

    family: str
    """How the card was read: ``uid``, ``felica`` or ``iso7816``, or a family of
    :mod:`drivers.cards.proven` for a card that was asked for a proof."""
    uid: bytes
    """The anticollision identifier, empty for contact cards that have none."""
    atr: bytes
    data: bytes
    """The content of the member file, empty for UID-only cards."""
    trouble: Key | None = None
    """Why what the card says of its member cannot be believed; ``data`` is empty then."""
    purse: str = ""
    """Number of the purse on it, in hexadecimal, proven; empty: it has none of ours."""
    money: int | None = None
    """What the purse holds, in minor units, as the card says."""
    tap: SignedTap | None = None
    """The tap that ``data`` comes from, of a tag that signs each."""


@dataclass(frozen=True, slots=True)
class CardArrived:
    """A card was read."""

    device: str
    card: CardImage


@dataclass(frozen=True, slots=True)
class CardUnreadable:
    """A card came but could not be read; ``reason`` is for the log, not for the customer."""

    device: str
    reason: str
    key: Key = Key.CARD_UNREADABLE
    """What to tell the cashier."""


@dataclass(frozen=True, slots=True)
class CardLeft:
    """The card that last arrived, read or not, is no longer there."""

    device: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scanner read a code. ``text`` holds the bytes as Latin-1; a GS stays U+001D."""

    device: str
    text: str


@dataclass(frozen=True, slots=True)
class ScanRefused:
    """What came from the scanner is no code: too long or not text; ``reason`` says which."""

    device: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeviceUp:
    """The device works."""

    device: str


@dataclass(frozen=True, slots=True)
class DeviceDown:
    """The device does not work, and will be tried again. A card that was on it counts as gone."""

    device: str
    reason: str


class Paper(StrEnum):
    """What the printer says of its paper. Silence is UNKNOWN, never good news."""

    OK = "ok"
    LOW = "low"
    OUT = "out"
    UNKNOWN = "unknown"


class Cover(StrEnum):
    """What the printer says of its cover."""

    CLOSED = "closed"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """The printer's state changed."""

    device: str
    paper: Paper
    cover: Cover
    online: bool | None
    """None: the printer did not answer."""


@dataclass(frozen=True, slots=True)
class PrintDone:
    """The printer said, after the last byte of ``job``, that it has printed it."""

    device: str
    job: int


@dataclass(frozen=True, slots=True)
class PrintNotStarted:
    """Not one byte of ``job`` was sent: it may be printed as an original later."""

    device: str
    job: int
    reason: str


@dataclass(frozen=True, slots=True)
class PrintUnknown:
    """Some of ``job`` was sent and the printer did not confirm it. Only a person may try again."""

    device: str
    job: int
    reason: str


@dataclass(frozen=True, slots=True)
class CardOrder:
    """Open the purse of the card that lies there, or of the next one, for this movement; move nothing."""

    sequence: int
    move: str
    """``debit``, ``top-up``, ``refund`` or ``void``."""
    amount: int
    terminal: str
    """The terminal as cards know it, in hexadecimal."""
    when: str
    is_next: bool = False
    """The card that lies there was tried already."""


@dataclass(frozen=True, slots=True)
class CardGo:
    """Make the movement that the open card is ready for. Its intent is in the ledger."""

    sequence: int


@dataclass(frozen=True, slots=True)
class CardDrop:
    """Await no card for this order any more."""

    sequence: int


@dataclass(frozen=True, slots=True)
class CardQuestion:
    """What became of this movement? Asked of the card that lies there."""

    purse: str
    terminal: str
    sequence: int
    move: str
    amount: int
    when: str
    counter: int
    """Before the movement."""


CardCommand = CardOrder | CardGo | CardDrop | CardQuestion


@dataclass(frozen=True, slots=True)
class PurseReady:
    """A card is open for order ``sequence`` and has proved itself; nothing has moved."""

    device: str
    sequence: int
    family: str
    purse: str
    counter: int
    balance: int
    key_version: int


@dataclass(frozen=True, slots=True)
class PurseMoved:
    """The card has made the movement and shown it."""

    device: str
    sequence: int
    counter: int
    balance: int
    proof: bytes
    signed: bytes


@dataclass(frozen=True, slots=True)
class PurseUnmoved:
    """Nothing has moved, for sure: the command that commits was not sent."""

    device: str
    sequence: int
    key: Key
    is_torn: bool
    """Whether the card may do it when it is laid on again."""
    reason: str


@dataclass(frozen=True, slots=True)
class PurseDoubtful:
    """The command that commits was sent, and no answer to it can be believed."""

    device: str
    sequence: int
    reason: str


@dataclass(frozen=True, slots=True)
class PurseSaid:
    """The card's word on ``question``."""

    device: str
    question: CardQuestion
    outcome: str
    """``happened``, ``did not``, or ``unproven``: it cannot tell any more."""
    balance: int | None
    proof: bytes


@dataclass(frozen=True, slots=True)
class PurseSilent:
    """The question is as open as before: no card, another card, or one that was torn away."""

    device: str
    question: CardQuestion
    key: Key | None
    """What to tell the cashier; None: nothing but that the card is to be laid on again."""
    reason: str


PurseEvent = PurseReady | PurseMoved | PurseUnmoved | PurseDoubtful | PurseSaid | PurseSilent
DeviceEvent = (
    PurseEvent
    | CardArrived
    | CardUnreadable
    | CardLeft
    | Scanned
    | ScanRefused
    | DeviceUp
    | DeviceDown
    | PrinterStatus
    | PrintDone
    | PrintNotStarted
    | PrintUnknown
)
Emit = Callable[[DeviceEvent], None]


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One thing to print. ``job`` is the caller's number and comes back in the answer."""

    job: int
    content: Printable
    open_drawer: bool = False
    """Kick the cash drawer before printing."""
    began: Callable[[], None] | None = None
    """Called from the printer's thread once the printer has the first bytes."""


class Driver(Protocol):
    """A device that runs on a thread of its own."""

    device: str

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Serve the device until ``stop``; return within one second of it.

        Raises:
            DeviceLostError: The device has gone.
        """


@dataclass(frozen=True, slots=True)
class DeviceCall:
    """A call into a device that may never come back; one value for each call."""

    limit_s: float
    """Seconds after which the device counts as hung."""
    if_hung: str
    """What to tell the cashier then, in plain words."""


@runtime_checkable
class Watched(Driver, Protocol):
    """A driver whose calls may hang, and who says when it is in one."""

    in_call: DeviceCall | None
    """The call that ``run`` is in at this moment; read by the watchdog from its own thread."""


@runtime_checkable
class PurseReader(Driver, Protocol):
    """A card reader that moves money on cards."""

    def purse(self, command: CardCommand) -> bool:
        """Queue ``command``, from any thread; False when too many wait or it has no keys for it."""


class Printer(Driver, Protocol):
    """A driver that takes jobs."""

    def submit(self, job: PrintJob) -> bool:
        """Queue ``job``, from any thread; False when the queue is full and the job was not taken."""

    def prepare(self) -> None:
        """Ask the printer soon how it is, from any thread: a sale has begun and will be printed."""

    def foresee(self, job: PrintJob) -> None:
        """Have ``job`` laid out now, from any thread; nothing is sent before it is submitted."""
