"""What the counter is given by the program that runs it: reads, and nothing that changes the till.

Changes go through the desk (:mod:`terminal.counter.desk`). Every callable here may be called from any
thread; the slow ones are called on a thread of the counter's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from terminal.core.pricing.basket import Goods, Member
from terminal.core.till import Operator


@dataclass(frozen=True, slots=True)
class OperatorRecord:
    """Somebody who may sign in."""

    number: str
    name: str
    role: str
    verifier: str
    """An Argon2id hash as :func:`terminal.counter.pins.hash_pin` makes it, or ``first:`` and the digits of
    a first PIN that was handed out in plain and must be changed."""
    must_change: bool
    locked_until_ms: int
    """Wall time up to which the operator is locked out; 0: not."""


@dataclass(frozen=True, slots=True)
class DemoCard:
    """A card in the demonstration tray. ``value`` is what ``POST /virtual/{reader}`` takes."""

    name: str
    tier: str
    value: str


@dataclass(frozen=True, slots=True)
class DemoCode:
    """Goods in the demonstration tray. ``value`` is what ``POST /virtual/{scanner}`` takes."""

    name: str
    price: int
    value: str


@dataclass(frozen=True, slots=True)
class Tray:
    """What a till with virtual devices offers to tap and to scan."""

    cards: tuple[DemoCard, ...]
    codes: tuple[DemoCode, ...]


@dataclass(frozen=True, slots=True)
class VirtualDevice:
    """A device without hardware; ``kind`` is ``reader``, ``scanner`` or ``printer``."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class BackTestState:
    """How far a back-test is."""

    state: str
    """``running``, ``done``, ``failed`` or ``cancelled``."""
    done: int
    of: int
    """Records that are through, and all."""
    error: str
    report: dict[str, object] | None


class BackTesting(Protocol):
    """Past sales under draft rules, played beside the till."""

    def start(self, draft: str, since: int, until: int) -> str | None:
        """Begin one for these business dates and return its name; None: another is running."""

    def state(self, name: str) -> BackTestState | None:
        """Return how far one is; None: there is none of that name."""

    def csv(self, name: str) -> str:
        """Return what came out as CSV."""

    def cancel(self, name: str) -> bool:
        """Stop one; return whether there is one of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the counter reads."""

    store: str
    terminal: str
    currency: str
    locale: str
    """``zh-CN`` or ``en``: what is spoken where nobody asks for another language."""
    title: str
    """The shop's name, as on the receipt."""
    pepper: bytes
    """Secret of this till that is mixed into every PIN hash."""
    virtual: tuple[VirtualDevice, ...]
    now_ms: Callable[[], int]
    """Wall time in milliseconds since 1970."""
    random_bytes: Callable[[int], bytes]
    operator: Callable[[str], OperatorRecord | None]
    api_keys: Callable[[], Mapping[str, Operator]]
    """Programs by the SHA-256 of their key, in hexadecimal."""
    receipt: Callable[[str], dict[str, object] | None]
    """A posted sale by receipt number, as JSON; None: there is none."""
    receipt_text: Callable[[str], str | None]
    receipt_png: Callable[[str], bytes | None]
    """Slow: drawn by the worker process."""
    entry: Callable[[int], dict[str, object] | None]
    """One ledger entry with its postings and reasons, as JSON."""
    backtests: BackTesting
    explain: Callable[[int], dict[str, object] | None]
    """One sale of the ledger worked out again: equal, different and where, or why it cannot be."""
    search_members: Callable[[str, int], Sequence[Member]]
    points: Callable[[str], dict[str, object] | None]
    """A member's points by lots and what is to be had for them, as JSON; None: no such member."""
    search_goods: Callable[[str, int], Sequence[Goods]]
    tray: Callable[[], Tray]
    """Asked only where there are virtual devices."""
    devices: Callable[[], list[dict[str, object]]] = list
    """How every device has been, as JSON; times in milliseconds since 1970."""
