"""When a till asks for master data, for which table, and how much at once.

A pure state machine, like :mod:`sync.uplink.machine`: no clock, no network, no disk. One question is out at a
time. What is asked next follows from what is held; a version that the head office told, or one that was
missed, only says that it is time to ask.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sync.protocol.master import OFFERED, ROOM_MIN, ROWS_PACKED_MAX, TABLES

CHECK_MS = 300_000
"""Without news each table is asked for after half this time to this time: to know that it is fresh."""
ANSWER_MS = 5_000
"""An answer is waited for so long, and for its bytes on the slowest link that we plan for."""
BYTES_PER_MS = 4
QUICK_MS = 1_000
"""An answer within this time lets the next be twice as large; so a slow link is never blocked for long."""
PAUSE_MS_FIRST = 1_000
PAUSE_MS_MAX = 120_000
SPREAD_MS = 500
"""Tills spread their questions over this time when there is news."""
REFUSED_MS = 60_000
"""After data that could not be taken it is asked again so much later."""
ROOM_FIRST = 25_000
_NEVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Flight:
    """The question that is out."""

    table: str
    sent_ms: int
    late_ms: int
    """From when on no answer is expected any more."""
    is_stale: bool = False
    """Whether there was news since it was asked: the answer may not know it."""


@dataclass(frozen=True, slots=True)
class State:
    """All the machine knows."""

    is_open: bool = False
    """Whether the head office has greeted us."""
    due_ms: dict[str, int] = field(default_factory=dict)
    """When each table is to be asked for."""
    flight: Flight | None = None
    room: int = ROOM_FIRST
    tries: int = 0

    @property
    def wake_ms(self) -> int | None:
        """When a :class:`Tick` will do something; ``None`` for never."""
        if not self.is_open:
            return None
        return self.flight.late_ms if self.flight else min(self.due_ms.values())


@dataclass(frozen=True, slots=True)
class Opened:
    """The head office greeted us."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The head office cannot be reached."""


@dataclass(frozen=True, slots=True)
class News:
    """The head office has another version of ``table`` than we hold."""

    table: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The question that is out was answered."""

    is_more: bool
    """Whether there is more to be had at once."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What came could not be taken."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. ``may_state`` is false while the ledger is far ahead of the head office."""

    may_state: bool = True


Event = Opened | Closed | News | Answered | Refused | Tick
Draw = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Question:
    """Ask for ``table`` now, for so many bytes."""

    table: str
    room: int


Step = tuple[State, Question | None]


def step(state: State, event: Event, now_ms: int, draw: Draw) -> Step:
    """Return what follows from ``event``, and the question to ask."""
    match event:
        case Opened():
            due = {table: _NEVER_MS if table in OFFERED else now_ms for table in TABLES}
            return _next(replace(state, is_open=True, due_ms=due, tries=0, flight=None), now_ms)
        case Closed():
            return replace(state, is_open=False, flight=None), None
        case News(table) if state.is_open:
            return _next(_news(state, table, now_ms + draw(SPREAD_MS)), now_ms)
        case Answered(is_more):
            return _answered(state, now_ms, draw, is_more=is_more)
        case Refused() if state.flight is not None:
            at = now_ms + REFUSED_MS + draw(REFUSED_MS)
            return _next(replace(_due(state, state.flight.table, at), flight=None), now_ms)
        case Tick(may_state) if state.is_open:
            return _tick(state, now_ms, draw, may_state=may_state)
        case _:
            return state, None


def _news(state: State, table: str, at_ms: int) -> State:
    flight = state.flight
    if flight is not None and flight.table == table:
        return replace(state, flight=replace(flight, is_stale=True))
    return _due(state, table, min(state.due_ms[table], at_ms))


def _answered(state: State, now_ms: int, draw: Draw, *, is_more: bool) -> Step:
    flight = state.flight
    if flight is None:
        return state, None
    room = state.room
    if now_ms - flight.sent_ms <= QUICK_MS:
        room = min(ROWS_PACKED_MAX, room * 2)
    at = now_ms if is_more or flight.is_stale else now_ms + CHECK_MS // 2 + draw(CHECK_MS // 2)
    state = replace(_due(state, flight.table, at), flight=None, tries=0, room=room)
    return _next(state, now_ms)


def _tick(state: State, now_ms: int, draw: Draw, *, may_state: bool) -> Step:
    if not may_state:
        late = max(state.due_ms[TABLES[-1]], now_ms + PAUSE_MS_FIRST)
        state = _due(state, TABLES[-1], late)
    if state.flight is None:
        return _next(state, now_ms)
    if now_ms < state.flight.late_ms:
        return state, None
    pause = now_ms + draw(min(PAUSE_MS_MAX, PAUSE_MS_FIRST << min(state.tries, 20)))
    due = {table: max(at, pause) for table, at in state.due_ms.items()}
    room = max(ROOM_MIN, state.room // 2)
    return replace(state, flight=None, due_ms=due, room=room, tries=state.tries + 1), None


def _next(state: State, now_ms: int) -> Step:
    """Ask for the first table that is due, if nothing is out."""
    if state.flight is not None:
        return state, None
    table = next((each for each in TABLES if state.due_ms[each] <= now_ms), None)
    if table is None:
        return state, None
    late = now_ms + ANSWER_MS + state.room // BYTES_PER_MS
    return replace(state, flight=Flight(table, now_ms, late)), Question(table, state.room)


def _due(state: State, table: str, at_ms: int) -> State:
    return replace(state, due_ms={**state.due_ms, table: at_ms})
