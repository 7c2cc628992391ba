"""Carries out what the core decided, in order: post, then print. What is posted has happened."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from terminal.app.edges import Edges
from terminal.codec.entry import encode
from terminal.core.effects import Effect, HandOut, OpenDrawer, Post, Print
from terminal.core.journal import NUMBERED, Body, Entry, Posting, Versions
from terminal.core.purse.effects import AskCard, DropCard, MoveCard, SettleCard
from terminal.core.purse.events import Event as CardEvent
from terminal.store.calls import CallKey


class Performer:
    """Posts entries and hands receipts on; the loop's."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self.last_receipt = edges.last_receipt()
        self._last: Entry | None = None
        self.follows: tuple[CardEvent, ...] = ()
        """What follows at once from effects that no reader would take."""

    @property
    def last(self) -> Entry:
        """The entry posted last; there is one once anything was posted."""
        assert self._last is not None
        return self._last

    def carry_out(self, effects: Sequence[Effect], operator: str, call: CallKey | None) -> int:
        """Carry ``effects`` out and return the number of the record that answers the call, or 0."""
        seq = 0
        drawer = any(isinstance(effect, OpenDrawer) for effect in effects)
        posts = [effect for effect in effects if isinstance(effect, Post)]
        joined: Entry | None = None
        for effect in effects:
            match effect:
                case Post(body, postings, facts, is_joined=True):
                    joined = self._entry(body, postings, facts, operator, None)
                case Post(body, postings, facts):
                    key = call if effect is posts[-1] else None
                    entry = self._entry(body, postings, facts, operator, key)
                    seq, joined = self._commit(entry, key, joined, drawer=drawer), None
                case Print():
                    number = self._edges.ledger.receipts
                    self._edges.printing.original(number, self.last, drawer=drawer)
                case HandOut():
                    self._edges.printing.slip(seq, self.last, drawer=drawer)
                case AskCard() | MoveCard() | DropCard() | SettleCard():
                    self.follows += self._edges.money.carry_out(effect)
                case _:
                    pass
        return seq

    def post(
        self,
        body: Body,
        postings: tuple[Posting, ...],
        facts: tuple[tuple[str, str], ...],
        operator: str,
        call: CallKey | None,
        *,
        drawer: bool = False,
    ) -> int:
        """Commit one entry and return its record's number.

        A sale's receipt is laid out on the printer's thread while the disk is at the commit; ``drawer``
        says whether the drawer will open with it.

        Raises:
            LedgerError, CommitUnknownError: See :meth:`terminal.store.ledger.Ledger.post`.
        """
        entry = self._entry(body, postings, facts, operator, call)
        return self._commit(entry, call, None, drawer=drawer)

    def _entry(
        self,
        body: Body,
        postings: tuple[Posting, ...],
        facts: tuple[tuple[str, str], ...],
        operator: str,
        call: CallKey | None,
    ) -> Entry:
        edges = self._edges
        if isinstance(body, NUMBERED):
            name = edges.receipt_name(edges.ledger.next_receipt())
            body = replace(body, receipt=name)
            self.last_receipt = name
        stamp = edges.clock.stamp()
        return Entry(
            stamp,
            edges.time.business_date(stamp.wall_ms),
            edges.store,
            edges.terminal,
            operator,
            call.id if call else "",
            Versions(edges.rules.version, edges.rules.catalogue),
            facts,
            body,
            postings,
        )

    def _commit(
        self, entry: Entry, call: CallKey | None, before: Entry | None, *, drawer: bool
    ) -> int:
        """Commit ``entry``, and ``before`` in the same commit just before it."""
        edges = self._edges
        self._last = entry
        meanwhile = None
        if isinstance(entry.body, NUMBERED):
            number = edges.ledger.next_receipt()
            meanwhile = partial(edges.printing.foresee, number, entry, drawer=drawer)
        pair = None if before is None else (before, encode(before))
        return edges.ledger.post(entry, encode(entry), call, meanwhile, pair)
