"""A till of the simulation: the real ledger on a disk of its own, and the real session."""

import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from config.schema import Link
from sync import topics
from sync.protocol.keys import SecretKey
from sync.uplink.api import Acked, LedgerForgotten, LedgerOutrun, Progress, SyncTrouble, Wanted
from sync.uplink.asking import is_answer
from sync.uplink.machine import Phase
from sync.uplink.session import Out, Publish, Session
from terminal.app.carrier import Party, forget_drained, is_drained, mark_drained, timeline_of
from terminal.app.numbering import receipt_name
from terminal.codec.entry import encode
from terminal.core.allowance import AllowancesClosed
from terminal.core.journal import PaymentTaken, SalePosted, Tender
from terminal.store.backup import restore
from terminal.store.calls import CallKey
from terminal.store.ledger import Ledger
from terminal.store.older import Head, Older
from terminal.store.reader import Reader
from terminal.store.schema import Identity
from terminal.store.succession import Succession, first_ordinal, follow, wanted
from tests.sim.broken import LawBrokenError
from tests.sim.disk import SimDisk
from tests.sim.network import HQ, Network
from tests.sim.schedule import Close, Come, Sell, SetClock, Spend, TopUp
from tests.sim.value import HOUR_MS, Paid, ValueSide, opened, spent_from, topped_up
from tests.store.entries import bill, entry, sale

NO_LINK = Link(broker="mqtt://127.0.0.1:1883")
Row = tuple[int, bytes, bytes]


class ReadsTheFile:
    """What the uplink reads: the ledger's file, over a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._reader = Reader.open(path)

    def read(self, first: int, count: int):
        return self._reader.records(first, count)

    def close(self) -> None:
        self._reader.close()


def rows_of(reader: ReadsTheFile) -> list[Row]:
    """Return all records of a ledger."""
    found: list[Row] = []
    while rows := reader.read(len(found) + 1, 500):
        found += rows
    return found


@dataclass
class SimTill:
    """One machine. Its ``number`` is its address; a clone has another, but the same name and key."""

    number: int
    name: str
    key: SecretKey
    disk: SimDisk
    network: Network
    dice: random.Random
    session_kind: type[Session] = Session
    paid: Paid = field(default_factory=Paid)
    skew_ms: int = 0
    spent_any: bool = False
    calls: int = 0
    troubles: list[SyncTrouble] = field(default_factory=list)
    is_clone: bool = False
    """It, or the machine it was copied from, or its whole card came from a backup: its stream may fork."""
    paper: set[str] = field(default_factory=set)
    """Receipts in customers' hands, whatever became of the disk."""
    acked: tuple[int, int] = (0, 0)
    """Timeline and number of the last word it took."""

    def start(self) -> None:
        """Power on: a ledger that came from a backup is followed by a new one first."""
        folder = self.disk.folder
        succession = wanted(folder)
        if succession is not None:
            self._follow(succession)
        identity = Identity(self._new_id(), self.key.public.raw, first_ordinal(folder))
        self.ledger = Ledger.open(self.disk.path, identity, self._boot())
        self.disk.mark()
        self.live = ReadsTheFile(self.disk.path)
        self._open_session()

    def _open_session(self) -> None:
        """Speak for the oldest ledger that is not known to be held, in the end for the live one."""
        folder, ledger = self.disk.folder, self.ledger
        closed = self.closed = Older(folder).heads()
        live = Head(
            self.disk.path, ledger.ledger_id, ledger.public_key, ledger.ordinal, ledger.head_seq,
            ledger.acked.proof,
        )  # fmt: skip
        self.acked = (ledger.acked.timeline, ledger.acked.seq)
        pairs = list(zip([None, *closed], [*closed, live], strict=True))
        before, self.head = next(
            pair for pair in pairs if pair[1] is live or not is_drained(pair[1], self.acked[0])
        )
        self.is_live = self.head is live
        self.records = self.live if self.is_live else ReadsTheFile(self.head.path)
        party = Party(NO_LINK, self.name, self.key, None)
        self.session = self.session_kind(
            party.identity(self.head, before),
            self.records,
            Progress(self.head.seq, self.head.proof),
            lambda bound: self.dice.randint(0, bound),
            lambda: self.dice.randbytes(8),
        )
        self.value = ValueSide(self.session._identity, lambda: self.dice.randbytes(8))
        self.connect()

    def _follow(self, succession: Succession) -> None:
        identity = Identity(self._new_id(), self.key.public.raw)
        follow(
            self.disk.folder, succession, identity, self._boot(),
            lambda body, corrects: replace(entry(body, ""), postings=(), corrects=corrects),
            self.dice.randrange,
        )  # fmt: skip

    def _new_id(self) -> str:
        return self.dice.randbytes(8).hex()

    def _boot(self) -> str:
        return f"boot-{self.dice.randrange(1 << 30)}"

    def stop(self) -> None:
        """Let go of the files, as a process that is killed does."""
        self.records.close()
        self.live.close()
        self.ledger._disk.close()

    def power_cut(self, folder: Path, *, is_kept: bool) -> None:
        """Lose power; start again with what the disk kept."""
        disk = self.disk.copy(folder, whole=is_kept)
        self.stop()
        self.disk = disk
        self.start()

    def restore(self, backup: SimDisk, folder: Path, *, is_by_tool: bool) -> None:
        """Start with the files of a backup: put back by our command, or the whole card by somebody."""
        self.stop()
        if is_by_tool:
            self.restore_by_tool(backup, folder)
        else:
            self.disk = backup.copy(folder)
            self.is_clone = True
        self.start()

    def restore_by_tool(self, backup: SimDisk, folder: Path) -> None:
        """As ``tallypoint restore`` does it; what was closed here stays."""
        aside = backup.copy(folder.with_name(f"{folder.name}-copy"))
        restore(aside.path, self.disk.folder)

    def connect(self) -> None:
        """Reach the broker."""
        self.take(self.session.connected(self.network.now))

    def disconnect(self) -> None:
        """Lose the broker."""
        self.network.cut(self.number)
        self.take_value(self.value.asking.closed())
        self.take(self.session.disconnected(self.network.now))

    def sell(self, wanted: Sell) -> None:
        """Post a sale, and the payment taken ahead of it."""
        number = self.ledger.next_receipt()
        ahead = (Tender("external", wanted.ahead, "QR"),) if wanted.ahead else ()
        body, ahead = sale(number, wanted.amount, wanted.member, ahead)
        receipt = receipt_name(self.name, self.ledger.ordinal, number)
        if receipt in self.paper and not self.is_clone:
            raise LawBrokenError(f"{self.name}: receipt {receipt} was given out twice")
        self.paper.add(receipt)
        sale_id = f"{self.name}-{self.dice.randbytes(6).hex()}"
        priced = bill(sale_id, wanted.amount, wanted.member)
        if ahead:
            self.post(PaymentTaken(priced, ahead[0]))
        self.post(type(body)(receipt, priced, body.tenders, body.change), ahead)

    @property
    def wake_ms(self) -> int | None:
        """When :meth:`tick` will do something."""
        wakes = (self.session.wake_ms, self.value.asking.wake_ms)
        return min((each for each in wakes if each is not None), default=None)

    @property
    def now(self) -> int:
        """What its clock says."""
        return self.network.now + self.skew_ms

    def act(self, action: Sell | TopUp | Come | Spend | Close | SetClock) -> None:
        """Do what a cashier, a member or a bad battery does."""
        match action:
            case Sell():
                self.sell(action)
            case TopUp():
                self.top_up(action)
            case Come():
                self.come(action)
            case Spend():
                self.spend(action)
            case Close():
                self.give_back()
            case SetClock(_, hours):
                self.skew_ms = hours * HOUR_MS

    def top_up(self, wanted: TopUp) -> None:
        """Take money for a member's account."""
        number = self.ledger.next_receipt()
        receipt = receipt_name(self.name, self.ledger.ordinal, number)
        lot = self.dice.randbytes(8).hex()
        self.post(topped_up(receipt, lot, wanted.member, wanted.amount, self.now))
        self.paid.add(wanted.member, wanted.amount)

    def come(self, wanted: Come) -> None:
        """Ask for what a member may spend."""
        if not self.is_live or self.session.state.phase is not Phase.STREAMING:
            return
        ask = self.dice.randbytes(8).hex()
        ask_for = Wanted(
            self.ledger.ledger_id, ask, wanted.member, "S01", self.ledger.head_seq,
            self.acked[0], tuple(self.value.outstanding)[:10],
        )  # fmt: skip
        session = self.session
        self.take_value(self.value.ask(ask_for, session.branch, self.network.now, session.proof))

    def spend(self, wanted: Spend) -> None:
        """Sell to a member who pays with stored value."""
        parts = spent_from(self.ledger.wallet(wanted.member), wanted.amount, self.now)
        amount = sum(part.amount for part in parts)
        if not amount:
            return
        number = self.ledger.next_receipt()
        receipt = receipt_name(self.name, self.ledger.ordinal, number)
        priced = bill(f"{self.name}-{self.dice.randbytes(6).hex()}", amount, wanted.member)
        self.post(SalePosted(receipt, priced, (Tender("stored_value", amount, "", parts),), 0))
        self.spent_any = True
        if self.paid.add(wanted.member, -amount) < 0 and not self.paid.is_copied:
            raise LawBrokenError(f"{self.name}: {wanted.member} has spent more than was paid in")

    def give_back(self) -> None:
        """Close everything that is held of members' value."""
        ids = tuple(each.allowance.id for each in self.ledger.open_allowances())
        if ids:
            self.post(AllowancesClosed(ids[:200], "gone"))

    def take_value(self, outs) -> None:
        """Send asks, and take up what was granted, with a record."""
        sent, grants = self.value.taken(outs, self.acked[0])
        for each in sent:
            self.network.send(self.number, HQ, each.topic, each.payload)
        for grant in grants:
            known = {each.allowance.id for each in self.ledger.open_allowances()}
            body = opened(grant, known, self.now)
            if body is not None:
                self.post(body)

    def post(self, body, ahead=()) -> None:
        """Commit one entry and tell the uplink."""
        self.calls += 1
        made = entry(body, f"{self.name}-{self.calls}-{self.dice.randrange(1 << 40)}", ahead)
        self.ledger.post(made, encode(made), CallKey(made.call_id, b"asked"))
        self.disk.mark()
        if self.is_live:
            self.take(self.session.posted(self.ledger.head_seq, self.network.now))

    def heard(self, topic: str, payload: bytes) -> None:
        """Take a message from the broker."""
        if is_answer(topic, payload):
            self.take_value(self.value.asking.heard(payload, self.session.trusted))
            return
        self.take(self.session.heard(topic, payload, self.network.now))

    def tick(self) -> None:
        """Do what is due."""
        self.take(self.session.tick(self.network.now))
        if self.value.asking.wake_ms is not None:
            self.take_value(self.value.asking.tick(self.session.branch, self.network.now))

    def take(self, outs: list[Out]) -> None:
        """Carry out what the session says."""
        for out in outs:
            match out:
                case Publish(topic, payload):
                    self.network.send(self.number, HQ, topic, payload)
                case Acked() | LedgerOutrun() if not self.is_live:
                    if out.seq >= self.head.seq:
                        mark_drained(self.head.path, timeline_of(out) or self.acked[0])
                        self.records.close()
                        self._open_session()
                        return
                case Acked():
                    self._acked(out)
                    if not all(is_drained(head, out.timeline) for head in self.closed):
                        self._open_session()
                        return
                case LedgerOutrun(_, seq, ordinal) if seq == self.ledger.head_seq:
                    self.stop()
                    self._follow(Succession("behind", ordinal))
                    self.start()
                    return
                case LedgerForgotten():
                    for head in self.closed:
                        forget_drained(head.path)
                    self._open_session()
                    return
                case SyncTrouble():
                    self.troubles.append(out)

    def _acked(self, word: Acked) -> None:
        if (word.timeline, word.seq) < self.acked:
            raise LawBrokenError(f"{self.name}: acknowledged back from {self.acked} to {word.seq}")
        self.acked = (word.timeline, word.seq)
        self.ledger.acknowledge(word.seq, word.digest, word.proof, word.timeline)

    def ledgers(self) -> list[tuple[str, list[Row]]]:
        """Return the id and all records of every ledger on this disk, the oldest first."""
        closed = []
        for head in Older(self.disk.folder).heads():
            reader = ReadsTheFile(head.path)
            closed.append((head.ledger_id, rows_of(reader)))
            reader.close()
        return [*closed, (self.ledger.ledger_id, rows_of(self.live))]

    @property
    def ack_topic(self) -> str:
        return topics.topic(self.name, topics.ACK)
