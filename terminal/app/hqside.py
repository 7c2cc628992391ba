"""The loop's side of the head office: what the uplink tells it, and the light that the page shows of it."""

from collections.abc import Iterable
from dataclasses import replace

from sync.uplink.api import (
    Acked,
    LedgerForgotten,
    LedgerOutrun,
    LinkChanged,
    Mastered,
    SyncTrouble,
    UplinkEvent,
    ValueGranted,
    ValueUnanswered,
)
from terminal.app.edges import Edges
from terminal.app.health import health_of
from terminal.app.master import MasterData
from terminal.app.value import ValueDesk
from terminal.counter.desk import DeviceLight, SyncLight

REFUSED = "master-refused"
"""The trouble that ends with the next master data that can be taken."""


class HeadOfficeSide:
    """Keeps what the head office said; the loop's."""

    def __init__(self, edges: Edges, master: MasterData | None, value: ValueDesk) -> None:
        """Begin with nothing heard; ``master`` is None where a shop file gives the master data."""
        self._edges = edges
        self._master = master
        self._value = value
        self._light = SyncLight(connected=False, head=0, acknowledged=0, since_ms=None, trouble="")
        self._outrun: LedgerOutrun | None = None

    @property
    def outrun(self) -> LedgerOutrun | None:
        """That a new ledger must follow this one; where this one has grown meanwhile, that is sent first."""
        event, ledger = self._outrun, self._edges.ledger
        if event is None or (event.ledger_id, event.seq) != (ledger.ledger_id, ledger.head_seq):
            return None
        return event

    def shown(self) -> SyncLight:
        """Return how far the head office is behind now."""
        ledger = self._edges.ledger
        light = replace(self._light, head=ledger.head_seq, acknowledged=ledger.acked.seq)
        if self._master is not None:
            fresh, waiting = tuple(self._master.fresh_ms.items()), self._master.is_waiting
            light = replace(light, fresh=fresh, waiting=waiting)
        return light

    def poke(self) -> None:
        """Have what was posted sent."""
        if self._edges.uplink is not None:
            self._edges.uplink.poke(self._edges.ledger.head_seq)

    def tell(self, lights: Iterable[DeviceLight]) -> None:
        """Have the head office know how the till is."""
        if self._edges.uplink is not None:
            self._edges.uplink.tell(health_of(self._edges, lights))

    def heard(self, event: UplinkEvent) -> None:
        """Take in what the uplink tells."""
        match event:
            case Mastered():
                self._mastered(event)
            case LedgerOutrun():
                self._outrun = event
            case LedgerForgotten():
                pass  # The carrier's to see to.
            case Acked(ledger_id=ledger_id) if ledger_id != self._edges.ledger.ledger_id:
                pass  # Of a ledger that was closed while this was on its way.
            case Acked():
                ledger = self._edges.ledger
                ledger.acknowledge(event.seq, event.digest, event.proof, event.timeline)
                now = self._edges.clock.stamp().wall_ms
                self._value.heard_ms = now
                self._light = replace(self._light, since_ms=now, trouble="")
            case LinkChanged(connected=connected):
                self._value.link(connected=connected)
                self._light = replace(self._light, connected=connected)
            case ValueGranted(grant):
                self._value.granted(grant)
            case ValueUnanswered(ask):
                self._value.unanswered(ask)
            case SyncTrouble(key=key):
                self._light = replace(self._light, trouble=key)

    def _mastered(self, event: Mastered) -> None:
        assert self._master is not None, "nobody fetches master data for a till with a shop file"
        self._master.note(event, self._edges.clock.stamp().wall_ms)
        if self._light.trouble == REFUSED:
            self._light = replace(self._light, trouble="")
