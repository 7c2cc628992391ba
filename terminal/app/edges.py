"""Everything the loop may touch, in one value: the ledger, the lookups, the printer, the way out."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from config.rulefile import RulesFile
from drivers.api import CardImage
from drivers.virtual.printer import VirtualPrinter
from drivers.virtual.reader import TORN, VirtualReader
from drivers.virtual.scanner import VirtualScanner
from sync.uplink.api import Health, Wanted
from terminal.app.cardmoney import CardMoney
from terminal.app.clock import Clock, ShopTime
from terminal.app.feed import Feed
from terminal.app.look import Look
from terminal.app.numbering import count_in, receipt_name
from terminal.app.periods import Asked
from terminal.app.printing import PrintDesk
from terminal.app.promotions import NOTHING, InForce, kept
from terminal.core.burning import PointsPurse
from terminal.core.cards import CODE_PREFIX
from terminal.core.journal import Entry
from terminal.core.pricing.facts import Facts
from terminal.core.pricing.index import compiled
from terminal.core.pricing.rules import RuleBook
from terminal.core.purse.words import NOWHERE, VIRTUAL_PURSE, VIRTUAL_TORN
from terminal.core.refusal import Key, refuse
from terminal.core.turn import Turn
from terminal.counter.desk import Answer, Done, TouchVirtual
from terminal.store.basket import BasketFile
from terminal.store.ledger import Ledger
from terminal.store.older import Older

_UID = re.compile(r"(?:[0-9A-Fa-f]{2}){4,10}")
Virtual = VirtualReader | VirtualScanner | VirtualPrinter


class Uplink(Protocol):
    """The way to the head office, as far as the loop knows it."""

    def poke(self, head_seq: int) -> None:
        """Say that the ledger has grown."""

    def tell(self, health: Health) -> None:
        """Say how the till is."""

    def ask(self, wanted: Wanted) -> bool:
        """Ask the head office for value; the answer comes as an event. False: not now."""


@dataclass(slots=True)
class Edges:
    """What the till is made of. Used by the loop's thread alone."""

    terminal: str
    store: str
    ledger: Ledger
    look: Look
    rules: RuleBook
    clock: Clock
    time: ShopTime
    printing: PrintDesk
    basket: BasketFile
    feed: Feed
    uplink: Uplink | None
    devices: Sequence[tuple[str, str]]
    """Name and kind of every device, in the order of the settings."""
    virtual: dict[str, Virtual]
    shop_faults: int
    """Faults of a shop file that was not taken over; the last good one is in force."""
    sign: Callable[[bytes], bytes]
    """The till's key."""
    compute: Callable[[Asked, RulesFile], bool]
    """Has the points of a period computed; False while others are."""
    read_address: Callable[[str], CardImage | None]
    """What an address says that a phone read off a tag of ours; None for any other text."""
    prepare_printer: Callable[[], None]
    """Have the printer asked how it is, so that the answer is fresh when a receipt comes."""
    older: Older
    """The ledgers that this till closed."""
    money: CardMoney
    is_own: bool
    """Whether there is no head office, so that this till is the authority over its members' value."""
    promotions: InForce = NOTHING
    """The rules file in force over the plain rules."""

    def renew(self, look: Look, rules: RuleBook) -> None:
        """Go over to newer master data, whose plain rules are ``rules``."""
        self.look.close()
        now = self.clock.stamp().wall_ms
        self.promotions = kept(self.promotions, rules, self.ledger, now)
        rules = self.promotions.over(rules)
        self.look, self.rules = replace(look, coupons=self.look.coupons), rules

    def new_id(self) -> str:
        """Return an id for a new sale."""
        return os.urandom(8).hex()

    def turn(self, new_id: str, payer: str = "") -> Turn:
        """Return what a step may use now: the rules in force and, if they may ask, the time.

        ``payer`` is the account number of who pays with points, if anybody does.
        """
        takes_cards = bool(self.money.readers)
        if self.rules.is_plain and not takes_cards:
            return Turn(self.rules, new_id)
        wall = self.clock.stamp().wall_ms
        cards = NOWHERE
        if takes_cards:
            when = self.time.on_cards(wall)
            cards = self.money.around(self.ledger.next_purse_sequence(), when)
        if self.rules.is_plain:
            return Turn(self.rules, new_id, cards=cards)
        facts = Facts(
            store=self.store,
            date=self.time.business_date(wall),
            weekday=self.time.weekday(wall),
            minute=self.time.minute(wall),
        )
        history = self.ledger.history(compiled(self.rules).counted, facts.date)
        purse = self.points_purse(payer, wall) if payer else None
        return Turn(self.rules, new_id, facts, history, points=purse, cards=cards)

    def points_purse(self, account: str, wall_ms: int) -> PointsPurse | None:
        """Return what the member may use of points now; None: there is no such member."""
        holding = self.look.holding(account)
        if holding is None:
            return None
        wallet = None if self.look.wallet.is_authority else self.ledger.wallet(account)
        date = self.time.business_date(wall_ms)
        return PointsPurse(date, wall_ms, self.ledger.ledger_id, holding, wallet)

    def receipt_name(self, count: int) -> str:
        """Return the name of receipt ``count`` of this ledger."""
        return receipt_name(self.terminal, self.ledger.ordinal, count)

    def receipt_ordinal(self, name: str) -> int | None:
        """Return the count of the receipt called ``name``; None when it is not of this ledger."""
        count = count_in(name)
        return count if count and self.receipt_name(count) == name else None

    def last_receipt(self) -> str:
        """Return the newest receipt's number, or the empty string."""
        return self.receipt_name(self.ledger.receipts) if self.ledger.receipts else ""

    def receipt_entry(self, number: int) -> Entry | None:
        """Return the sale with this receipt count."""
        return self.printing.receipt_of(number)

    def older_receipt(self, name: str) -> Entry | None:
        """Return the sale of a closed ledger with the receipt called ``name``."""
        row = self.older.sale(name, count_in(name))
        return row.entry if row else None

    def prepare(self) -> None:
        """A sale begins: the printer will be wanted soon."""
        self.prepare_printer()

    def posted(self, seq: int) -> Entry:
        """Return the entry of a record that is there."""
        entry = self.ledger.entry(seq)
        assert entry is not None
        return entry

    def touch(self, touch: TouchVirtual) -> Answer:
        """Do to a virtual device what a person would."""
        device = self.virtual.get(touch.device)
        match device, touch.what:
            case VirtualReader(), "card":
                image = card_image(touch.value)
                if image is None:
                    return refuse(Key.CARD_MALFORMED)
                taken = device.present(image)
            case VirtualReader(), "remove":
                taken = device.remove()
            case VirtualScanner(), "text":
                taken = device.scan(touch.value)
            case VirtualPrinter(), "paper":
                taken = device.set_paper(touch.value)
            case _:
                taken = False
        return Done({}) if taken else refuse(Key.NO_SUCH_DEVICE, device=touch.device)


def card_image(text: str) -> CardImage | None:
    """Return the card that ``text`` stands for: a UID in hexadecimal, or the content of a card's file.

    ``purse:`` before the UID is a card with money on it, for a virtual reader that knows such; with
    ``:torn`` after it, one that is torn away as soon as money moves.
    """
    if text.startswith(VIRTUAL_PURSE):
        uid = text.removeprefix(VIRTUAL_PURSE).removesuffix(VIRTUAL_TORN)
        fate = TORN if text.endswith(VIRTUAL_TORN) else b""
        return CardImage("purse", bytes.fromhex(uid), b"", fate) if _UID.fullmatch(uid) else None
    if text.startswith(CODE_PREFIX) and text.isascii():
        return CardImage("iso7816", b"", b"", text.encode())
    try:
        return CardImage("uid", bytes.fromhex(text.removeprefix("uid:")), b"", b"")
    except ValueError:
        return None
