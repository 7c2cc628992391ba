"""Carries out what the core decided, in order: post, then print. What is posted has happened."""

from collections.abc import Sequence
from functools import partial

from terminal.app.edges import Edges
from terminal.codec.entry import encode
from terminal.core.effects import Effect, OpenDrawer, Post, Print
from terminal.core.journal import Body, Entry, Posting, SalePosted, Versions
from terminal.store.calls import CallKey


class Performer:
    """Posts entries and hands receipts on; the loop's."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self.last_receipt = edges.last_receipt()
        self._last: Entry | None = None

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
        for effect in effects:
            match effect:
                case Post(body, postings, facts):
                    key = call if effect is posts[-1] else None
                    seq = self.post(body, postings, facts, operator, key, drawer=drawer)
                case Print():
                    number = self._edges.ledger.receipts
                    self._edges.printing.original(number, self.last, drawer=drawer)
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
        edges = self._edges
        if isinstance(body, SalePosted):
            name = edges.receipt_name(edges.ledger.next_receipt())
            body = SalePosted(name, body.bill, body.tenders, body.change)
            self.last_receipt = name
        stamp = edges.clock.stamp()
        entry = Entry(
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
        self._last = entry
        meanwhile = None
        if isinstance(body, SalePosted):
            number = edges.ledger.next_receipt()
            meanwhile = partial(edges.printing.foresee, number, entry, drawer=drawer)
        return edges.ledger.post(entry, encode(entry), call, meanwhile)
