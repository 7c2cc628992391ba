"""The till's back office: everything that only reads, over connections of its own.

Used by one thread, or by another process: the counter asks it through :class:`Desk clerks
<terminal.app.clerk.Clerk>` on a thread of its own, and the worker process opens one for itself.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from config.schema import Terminal
from sync.protocol.keys import SecretKey, load_secret
from terminal.app import clock
from terminal.app.clock import iso, shop_time
from terminal.app.explain import as_json, explained
from terminal.app.numbering import count_in
from terminal.app.pointsview import ReaderBooks, points_json
from terminal.app.slips import SaleSlip, Stationery, as_text
from terminal.app.wallet import Wallet
from terminal.core import cards
from terminal.core.journal import NUMBERED, Entry
from terminal.core.points.acts import Scene
from terminal.core.points.program import Program
from terminal.core.pricing.earning import occasion_of
from terminal.core.pricing.facts import Facts
from terminal.core.purse.words import VIRTUAL_PURSE
from terminal.core.receipts.sale import Head
from terminal.counter.language import Language
from terminal.counter.services import DemoCard, DemoCode, OperatorRecord, Tray
from terminal.store.catalog import Catalog
from terminal.store.members import Members
from terminal.store.older import Older
from terminal.store.prints import PrintState
from terminal.store.reader import Reader, SaleRow

COLUMNS = 48
_TRAY_CARDS, _TRAY_CODES = 8, 12
FIRST_PIN = "first:"


@dataclass(frozen=True, slots=True)
class Office:
    """Reads ledger, catalogue and members."""

    reader: Reader
    catalog: Catalog
    members: Members
    stationery: Stationery
    columns: int
    older: Older
    store: str
    takes_purses: bool = False
    """Whether virtual cards have money on them."""

    @classmethod
    def open(cls, settings: Terminal) -> "Office":
        """Open the files of the till with these settings; they exist.

        Raises:
            LedgerError, MasterDataError: One cannot be opened.
        """
        folder = Path(settings.terminal.data_dir)
        reader = Reader.open(folder / "ledger.db")
        key = load_secret(Path(settings.till_key()))
        return cls(
            reader,
            Catalog.open(folder / "catalog.db"),
            Members.open(folder / "members.db", reader.holdings),
            stationery_of(settings, key),
            settings.printers[0].columns if settings.printers else COLUMNS,
            Older(folder),
            settings.terminal.store,
            settings.cards.purses,
        )

    def close(self) -> None:
        """Let go of the files."""
        self.reader.close()
        self.catalog.close()
        self.members.close()

    def revision(self, folder: Path) -> tuple[object, ...]:
        """Return what changes when the master data does, or another ledger is in use."""
        paths = (folder / "catalog.db", folder / "members.db")
        ledger = (folder / "ledger.db").stat().st_ino
        there = (path.resolve() for path in paths)
        return (ledger, *there, self.catalog.revision, self.members.revision)

    def slip(self, entry: Entry) -> SaleSlip:
        """Return the receipt of ``entry``, whose body is a posted sale."""
        return SaleSlip(entry, self.stationery)

    def receipt_text(self, name: str) -> str | None:
        """Return a receipt as plain text."""
        sale = self._sale(name)
        return as_text(self.slip(sale.entry).slip(self.columns)) if sale else None

    def receipt_drawing(self, name: str) -> dict[str, object] | None:
        """Return what the worker process needs to draw a receipt."""
        sale = self._sale(name)
        if sale is None:
            return None
        parts = [
            (type(part).__name__, asdict(part)) for part in self.slip(sale.entry).slip(self.columns)
        ]
        return {"columns": self.columns, "parts": parts}

    def receipt(self, name: str) -> dict[str, object] | None:
        """Return a receipt as JSON, with what is known of its printing."""
        sale = self._sale(name)
        if sale is None:
            return None
        state = self.reader.print_state(sale.number)
        if self.reader.receipt(sale.number) != sale:  # Of a ledger that was closed.
            is_doubted = name in self.reader.old_doubts()
            state = PrintState.UNKNOWN if is_doubted else PrintState.DONE
        return {**entry_json(sale.seq, sale.entry), "print": state.name.lower()}

    def _sale(self, name: str) -> SaleRow | None:
        """Return the sale whose receipt is called exactly ``name``."""
        count = count_in(name)
        sale = self.reader.receipt(count) if count else None
        if sale and isinstance(sale.entry.body, NUMBERED) and sale.entry.body.receipt == name:
            return sale
        return self.older.sale(name, count) if count else None

    def entry(self, seq: int) -> dict[str, object] | None:
        """Return one ledger entry as JSON."""
        entry = self.reader.entry(seq)
        return entry_json(seq, entry) if entry else None

    def points(self, account: str, program: Program) -> dict[str, object] | None:
        """Return a member's points and what is to be had for them, as JSON."""
        who = self.members.by_account(account)
        if who is None:
            return None
        time = self.stationery.time
        wall = clock.wall_ms()
        books = ReaderBooks(self.reader)
        wallet = Wallet(books, lambda: time.business_date(wall))
        seen = wallet.seen(who, self.members)
        facts = Facts(store=self.store, date=time.business_date(wall), minute=time.minute(wall))
        scene = Scene(
            program, occasion_of(seen, facts), wallet.holding(who, self.members), books.tally
        )
        return points_json(scene, seen)

    def explain(self, seq: int) -> dict[str, object] | None:
        """Return how a sale of the ledger compares with itself, worked out again."""
        found = explained(self.reader, seq)
        return as_json(found) if found else None

    def operator(self, number: str) -> OperatorRecord | None:
        """Return who signs in with ``number``, with the PIN that was chosen here over HQ's word."""
        row = self.catalog.operator(number)
        if row is None:
            return None
        verifier = row.chosen(self.reader.pins().get(number)) or row.verifier
        until = self.reader.locks().get(number, 0)
        if verifier:
            return OperatorRecord(
                row.id, row.name, row.role, verifier, must_change=False, locked_until_ms=until
            )
        first = f"{FIRST_PIN}{row.first_pin}"
        return OperatorRecord(
            row.id, row.name, row.role, first, must_change=True, locked_until_ms=until
        )

    def tray(self) -> Tray:
        """Return some cards and codes of this shop to play with."""
        media = tuple(
            DemoCard(name, tier, self._purse(medium) + _card(medium))
            for name, tier, medium in self.members.some(_TRAY_CARDS)
        )
        codes = tuple(
            DemoCode(name, price, code) for name, price, code in self.catalog.some(_TRAY_CODES)
        )
        return Tray(media, codes)

    def _purse(self, medium: str) -> str:
        """Return what makes a virtual card one with money on it, where they have any."""
        return VIRTUAL_PURSE if self.takes_purses and medium.startswith("uid:") else ""


def _card(medium: str) -> str:
    """Return what a virtual reader takes for ``medium``: a UID, or the content of the card's file."""
    kind, _, value = medium.partition(":")
    return value if kind == "uid" else cards.code(value)


def stationery_of(settings: Terminal, key: SecretKey) -> Stationery:
    """Return what all receipts of the till have in common."""
    look = settings.receipt
    return Stationery(
        Head(look.title, look.lines, look.footer),
        Language(settings.terminal.locale).words(),
        shop_time(settings.terminal.timezone, settings.terminal.business_day_starts),
        key.sign if look.qr else None,
    )


def entry_json(seq: int, entry: Entry) -> dict[str, object]:
    """Return ``entry`` as JSON: its kind, when, its body, its postings and what pricing read."""
    plain: dict[str, Any] = msgspec.to_builtins(entry)
    kind = type(entry.body).__name__
    return {
        "seq": seq,
        "kind": "".join(f"_{c.lower()}" if c.isupper() else c for c in kind).lstrip("_"),
        "time": iso(entry.stamp.wall_ms),
        **plain,
    }
