"""Puts the till together from its settings. Nothing here decides; everything here is wired once."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from config.faults import ConfigError, render_all
from config.schema import FIRST, Terminal
from drivers.api import Driver, Printer, PurseReader
from drivers.registry import make_addresses, make_printer, make_readers, make_scanner
from drivers.supervise import Supervisor
from sync.protocol.keys import BadKeyError, PublicKey, SecretKey, load_or_make, load_public
from sync.uplink.api import LedgerOutrun
from terminal.app import basket, clock, loop
from terminal.app.attend import Attendant
from terminal.app.backup_cli import back_up_daily
from terminal.app.cardmoney import CardMoney
from terminal.app.clerk import Clerk
from terminal.app.coupons import CouponDesk, desk_of
from terminal.app.devicehealth import history
from terminal.app.edges import Edges, Virtual
from terminal.app.errands import Errands
from terminal.app.feed import INBOX_MAX, Feed, Inbox
from terminal.app.ledgers import begin_next, carrier_of, open_ledger
from terminal.app.look import Look
from terminal.app.master import MasterData, open_files
from terminal.app.office import stationery_of
from terminal.app.periods import Periods
from terminal.app.printing import PrintDesk
from terminal.app.promotions import NOTHING, InForce, in_force, kept, rolled_out
from terminal.app.serving import StartError, load_pepper, services_of
from terminal.app.wallet import Wallet
from terminal.core.journal import PurseIntent
from terminal.core.purse.words import Allowed, terminal_number
from terminal.core.purse.work import FREE, Work, waiting
from terminal.core.sale import Idle, State
from terminal.core.till import NEW, Operator, Till
from terminal.counter.desk import SyncLight, View
from terminal.counter.server import ListenError, bind, serve
from terminal.counter.services import Services, VirtualDevice
from terminal.store.basket import BasketFile
from terminal.store.foreign import told
from terminal.store.ledger import Ledger
from terminal.store.mirrorfiles import forget_statements
from terminal.store.older import Older
from terminal.store.rolled import chosen
from terminal.store.shopfile import is_last_good_there, load_shop_file
from terminal.store.succession import Succession, wanted
from terminal.store.swap import MasterDataError

EMIT_LOOK_S = 0.2
OPEN_LIMIT_S = 60.0
"""A slow card may take so long to verify the ledger's tail; the page answers only then."""
UPLINK_JOIN_S = 2.0
_NO_SYNC = SyncLight(connected=False, head=0, acknowledged=0, since_ms=None, trouble="")
_EMPTY = View(0, NEW, (), _NO_SYNC, (), "", (), "ok")


log = logging.getLogger(__name__)


@dataclass(slots=True)
class Parts:
    """A till that is put together."""

    settings: Terminal
    key: SecretKey
    trusted: PublicKey | None
    """The head office's key; None keeps the first that is seen."""
    inbox: Inbox
    feed: Feed
    supervisor: Supervisor
    drivers: list[tuple[str, Driver]]
    errands: Errands
    clerk: Clerk
    stopping: threading.Event
    shop_faults: int
    """Faults of a shop file that was not taken over; the last good one is in force."""
    promotions: InForce
    coupons: CouponDesk
    opened: threading.Event
    """Set once the ledger is open and the drivers run, or never will."""

    edges: Edges | None = None
    """What the loop works with, once it does."""

    def in_force(self) -> InForce:
        """Return the rules in force, from any thread."""
        return self.promotions if self.edges is None else self.edges.promotions

    @property
    def folder(self) -> Path:
        """Where the till keeps its files."""
        return Path(self.settings.terminal.data_dir)

    def serve(self, still_alive: Callable[[], None]) -> None:
        """Run the loop on the caller's thread, which owns the ledger, until stopped.

        When a new ledger must be begun, everything that knows the old one is closed and opened again; the
        devices and the page go on.
        """
        keeper = (self.folder, self.stopping)
        threading.Thread(target=back_up_daily, args=keeper, name="backup", daemon=True).start()
        succession = wanted(self.folder)
        before: Attendant | None = None
        while True:
            if succession is not None:
                begin_next(self.settings, self.key, succession)
                if is_fed(self.settings):
                    forget_statements(self.folder)
            edges, attendant = _open(self, before.operator if before else None)
            self.edges = edges
            if before is not None:
                attendant.board.take_over(before.board)
            if succession is not None:
                attendant.tell_of_new_ledger()
            outrun = self._serve_ledger(edges, attendant, still_alive, is_first=before is None)
            if outrun is None:
                return
            succession, before = Succession("behind", outrun.ordinal), attendant

    def _serve_ledger(
        self,
        edges: Edges,
        attendant: Attendant,
        still_alive: Callable[[], None],
        *,
        is_first: bool,
    ) -> LedgerOutrun | None:
        """Run the loop over one ledger; return why a new one must follow, ``None`` when stopped."""
        copy = _mirror(self) if is_fed(self.settings) else None
        emit = partial(_emit, self.inbox, self.stopping)
        carrier = carrier_of(self.settings, self.key, self.trusted, edges.ledger, copy, emit)
        sender = None
        if carrier is not None:
            edges.uplink = carrier
            sender = threading.Thread(target=carrier.run, name="uplink")
            sender.start()
        if is_first:
            for _, driver in self.drivers:
                self.supervisor.start(driver)
        attendant.begin()
        attendant.rest()
        self.opened.set()
        try:
            loop.run(self.inbox, attendant, self.feed, self.stopping, still_alive)
        finally:
            if attendant.outrun is None:
                self.supervisor.stop()
                self.stopping.set()
            if sender is not None:
                carrier.stop()
                sender.join(UPLINK_JOIN_S)
            if copy is not None and sender is not None and not sender.is_alive():
                copy.close()
            edges.ledger.close()
            edges.basket.close()
        return None if self.stopping.is_set() else attendant.outrun

    def serve_page(self, ready: Callable[[], None]) -> None:
        """Serve the counter's page on the caller's thread until stopped."""
        counter = self.settings.counter
        listener = bind(counter.listen)
        self.opened.wait(OPEN_LIMIT_S)
        try:
            serve(self.feed, self._services(), listener, counter.hosts, ready, self.stopping)
        finally:
            listener.close()

    def _services(self) -> Services:
        virtual = tuple(
            VirtualDevice(driver.device, kind)
            for kind, driver in self.drivers
            if isinstance(driver, Virtual)
        )
        services = services_of(self.settings, self.clerk, self.errands, virtual, self.in_force)
        return replace(services, devices=self._health)

    def _health(self) -> list[dict[str, object]]:
        return history(self.supervisor.health(), clock.wall_ms(), time.monotonic())

    def stop(self) -> None:
        """Ask everything to end."""
        self.stopping.set()
        with suppress(queue.Full):
            self.inbox.put_nowait(None)  # Only to wake it; a full inbox needs no waking.
        self.supervisor.stop()
        self.errands.stop()
        self.clerk.close()


def assemble(settings: Terminal) -> Parts:
    """Return the till that ``settings`` describe, not yet running.

    Raises:
        StartError: Its folder, keys or master data cannot be used.
        ConfigError: The shop file has faults, and there is no earlier one to go on with.
    """
    folder = Path(settings.terminal.data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        key = load_or_make(Path(settings.till_key()))
        trusted = _trusted(settings)
        load_pepper(Path(settings.pepper()))
        alone = settings.sync is None
        coupons = desk_of(settings.coupons, settings.terminal.id, is_alone=alone)
        faults, promotions = 0, NOTHING
        if settings.shop is not None:
            faults = _load_shop(Path(settings.shop.data), folder)
            if settings.shop.rules is not None:
                promotions = in_force(Path(settings.shop.rules), folder)
        elif settings.sync is not None:
            from terminal.store.mirrorfiles import ensure  # noqa: PLC0415 - see _mirror.

            ensure(folder)
            promotions = rolled_out(chosen(folder, settings.terminal.store, clock.wall_ms()))
    except (OSError, BadKeyError, MasterDataError) as error:
        raise StartError(f"cannot start: {error}") from error
    inbox: Inbox = queue.Queue(INBOX_MAX)
    stopping = threading.Event()
    drivers: list[tuple[str, Driver]] = [
        *(("reader", each) for each in make_readers(settings.readers, settings.cards)),
        *(("scanner", make_scanner(each)) for each in settings.scanners),
        *(("printer", make_printer(each)) for each in settings.printers),
    ]
    return Parts(
        settings,
        key,
        trusted,
        inbox,
        Feed(inbox, _EMPTY),
        Supervisor(partial(_emit, inbox, stopping), time.monotonic),
        drivers,
        Errands(),
        Clerk(settings),
        stopping,
        faults + len(promotions.faults),
        promotions,
        coupons,
        threading.Event(),
    )


def _load_shop(source: Path, folder: Path) -> int:
    """Take the shop file over; return how many faults it has when the last good one stays in force.

    Raises:
        ConfigError: It has faults, and there is no last good one.
        MasterDataError: It cannot be read, or not be taken over.
    """
    try:
        load_shop_file(source, folder)
    except ConfigError as error:
        if not is_last_good_there(folder):
            raise
        log.warning("the last good shop file stays in force:\n%s", render_all(error.faults))
        return len(error.faults)
    return 0


def _emit(inbox: Inbox, stopping: threading.Event, event: object) -> None:
    """Put ``event`` into the inbox, waiting while it is full; dropped once the till is stopping."""
    while not stopping.is_set():
        with suppress(queue.Full):
            inbox.put(event, timeout=EMIT_LOOK_S)
            return


def _open(parts: Parts, operator: Operator | None) -> tuple[Edges, Attendant]:
    """Open the till's files on the loop's thread and take up what an earlier run left."""
    settings, till = parts.settings, parts.settings.terminal
    folder = parts.folder
    ledger = open_ledger(folder, parts.key)
    time = clock.shop_time(till.timezone, till.business_day_starts)
    wallet = Wallet(ledger, lambda: time.business_date(clock.wall_ms()), settings.sync is None)
    look, plain = open_files(folder, wallet)
    look = replace(look, coupons=parts.coupons)
    promotions = kept(parts.promotions, plain, ledger, clock.wall_ms())
    rules = promotions.over(plain)
    printer = _printer(parts)
    stationery = stationery_of(settings, parts.key)
    last = ledger.entry(ledger.head_seq)
    edges = Edges(
        till.id,
        till.store,
        ledger,
        look,
        rules,
        clock.Clock(last.stamp.wall_ms if last else 0),
        time,
        PrintDesk(ledger, printer, stationery, ledger.receipt, str),
        BasketFile.open(folder / "basket"),
        parts.feed,
        None,
        [(driver.device, kind) for kind, driver in parts.drivers],
        _virtual(parts),
        parts.shop_faults,
        parts.key.sign,
        Periods(folder, parts.errands, partial(_emit, parts.inbox, parts.stopping)).start,
        make_addresses(settings.cards),
        printer.prepare if printer else lambda: None,
        Older(folder),
        _money(parts, ledger),
        settings.sync is None,
        promotions,
    )
    edges.printing.name_of = edges.receipt_name
    edges.printing.after_restart()
    saved = basket.unpack(edges.basket.read())
    state = replace(_state(saved, edges, look), operator=operator)
    master = MasterData.read(folder, wallet) if is_fed(settings) else None
    return edges, Attendant(edges, state, saved.recent if saved else (), master, settings.value)


def _state(saved: basket.Saved | None, edges: Edges, look: Look) -> Till:
    ledger = edges.ledger
    since = [] if saved is None else range(saved.head_seq + 1, ledger.head_seq + 1)
    entries = [edges.posted(seq) for seq in since]
    due = [edges.posted(payment.seq) for payment in ledger.open_payments()]
    sale = basket.state_after(saved, entries, due, look.buyer, ledger.purse_waited_for())
    waits = _waits(ledger, sale)
    sale = basket.priced_anew(sale, edges.turn(""))
    return Till(None, sale, basket.held_after(saved, entries, sale), waits)


def _waits(ledger: Ledger, sale: State) -> Work:
    """Return what the sale that came back waits for: the word of a card, or nothing."""
    waited = ledger.purse_waited_for()
    intent = None if waited is None else waited.body
    if isinstance(sale, Idle) or not isinstance(intent, PurseIntent) or intent.bill is None:
        return FREE
    return waiting(intent) if intent.bill.sale_id == sale.sale.id else FREE


def _money(parts: Parts, ledger: Ledger) -> CardMoney:
    settings = parts.settings
    readers = {}
    if settings.cards.purses:
        readers = {
            driver.device: driver for _, driver in parts.drivers if isinstance(driver, PurseReader)
        }
    allowed = Allowed(
        settings.cards.purse_named_max,
        settings.cards.purse_anonymous_max,
        settings.cards.purse_top_up_max,
    )
    number = terminal_number(settings.terminal.id)
    return CardMoney(readers, number, allowed, ledger.purse_doubts, partial(told, parts.folder))


def _printer(parts: Parts) -> Printer | None:
    found = [driver for kind, driver in parts.drivers if kind == "printer"]
    return found[0] if found else None  # type: ignore[return-value]  # kind says so.


def _virtual(parts: Parts) -> dict[str, Virtual]:
    return {driver.device: driver for _, driver in parts.drivers if isinstance(driver, Virtual)}


def is_fed(settings: Terminal) -> bool:
    """Return whether the head office gives the master data, not a shop file."""
    return settings.shop is None and settings.sync is not None


def _mirror(parts: Parts) -> Any:
    # A till with a shop file needs none of it.
    from terminal.store.mirror import Mirror  # noqa: PLC0415
    from terminal.store.statements import OwnLedger  # noqa: PLC0415

    folder = Path(parts.settings.terminal.data_dir)
    return Mirror(folder, OwnLedger(folder / "ledger.db"), clock.wall_ms)


def _trusted(settings: Terminal) -> PublicKey | None:
    if settings.sync is None or settings.sync.trust_hq == FIRST:
        return None
    return load_public(Path(settings.sync.trust_hq))


__all__ = ["ListenError", "Parts", "StartError", "assemble"]
