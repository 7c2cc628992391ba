"""When a till says hello, which records go next, when again, and which answers move its position.

A pure state machine: no clock, no network, no ledger. Signatures were checked before (by
:mod:`sync.uplink.session`), and so was whether a digest is the ledger's own; what is left are numbers.

One batch is in flight at a time. The window grows from 1 to :data:`~sync.protocol.batch.RECORDS_MAX` while
answers come, and halves when one does not. The acknowledged position moves forward only, except into a
new timeline, which the head office opens after it came back from an old backup.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from sync.protocol.ack import Status
from sync.protocol.batch import RECORDS_MAX

ANSWER_MS = 3_000
"""An answer to a hello, or to an empty batch, is waited for this long at first."""
PATIENCE_DOUBLED_MAX = 2
"""After each try without an answer it is waited for twice as long, so often: who is slow is asked less."""
BYTES_PER_MS = 4
"""The slowest link that we plan for, 32 kbit/s: a batch's own time is added to the wait."""
PAUSE_MS_FIRST = 500
PAUSE_MS_MAX = 60_000
"""The pause before trying again is drawn between 0 and a bound that doubles up to this (full jitter)."""
SPREAD_MS = 1_000
"""Tills spread their hellos over this time when the head office comes back."""
SILENCE_TRIES = 3
"""After so many unanswered tries a person is told."""


class Phase(Enum):
    """What the till is doing."""

    AWAY = "away"
    """No broker."""
    GREETING = "greeting"
    """A hello is out, or about to go."""
    STREAMING = "streaming"
    HALTED = "halted"
    """The head office holds all of this ledger, which a new one must follow: nothing more to send."""


@dataclass(frozen=True, slots=True)
class Flight:
    """The batch on its way."""

    last: int
    count: int


@dataclass(frozen=True, slots=True)
class State:
    """All the machine knows."""

    head: int
    """Last record of the ledger."""
    acked: int
    """Last record that the head office is known to hold."""
    timeline: int
    phase: Phase = Phase.AWAY
    flight: Flight | None = None
    window: int = 1
    tries: int = 0
    """Tries without an answer."""
    wake_ms: int | None = None
    """When a :class:`Tick` will do something; ``None`` for never."""
    is_outrun: bool = False
    """Whether a new ledger must follow this one as soon as the head office holds all of it."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker is reached."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The broker is lost."""


@dataclass(frozen=True, slots=True)
class Posted:
    """The ledger has grown to ``head``."""

    head: int


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The head office answered the hello."""

    timeline: int
    acked: int
    is_ours: bool
    """Whether the digest it named is this ledger's own at that number."""
    is_numbered_twice: bool = False
    """Whether another ledger of this till gives out receipts of the same numbers, or later ones."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The head office answered the hello with a refusal."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An acknowledgement came."""

    status: Status
    timeline: int
    acked: int
    is_ours: bool
    reason: str
    regards_flight: bool
    """Whether it answers the very batch in flight."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The batch asked for went out, perhaps cut shorter."""

    last: int
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class HqReturned:
    """The head office says that it has just started."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = (
    Connected | Disconnected | Posted | Welcomed | TurnedAway | Answered | Sent | HqReturned | Tick
)


@dataclass(frozen=True, slots=True)
class SayHello:
    """Send a hello with a new nonce."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a batch; answer with :class:`Sent`."""

    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Accept:
    """The acknowledged position is now here."""

    acked: int
    timeline: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Tell a person."""

    key: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outrun:
    """The head office holds all of this ledger and more under its name: a new one must follow it."""

    last: int


Effect = SayHello | Send | Accept | Trouble | Outrun
Step = tuple[State, tuple[Effect, ...]]
Draw = Callable[[int], int]
"""Returns a number from 0 up to and including its argument."""


def step(state: State, event: Event, now_ms: int, draw: Draw) -> Step:
    """Return what follows from ``event``."""
    match event:
        case Connected():
            return _greet(replace(state, phase=Phase.GREETING, tries=0), now_ms, draw)
        case Disconnected():
            return replace(state, phase=Phase.AWAY, flight=None, wake_ms=None), ()
        case Posted(head):
            return _pump(_woken(replace(state, head=max(head, state.head))), now_ms)
        case Sent(last, size):
            return _sent(state, last, size, now_ms), ()
        case HqReturned():
            return _greet_later(state, now_ms + draw(SPREAD_MS)), ()
        case Welcomed():
            return _welcomed(state, event, now_ms, draw)
        case TurnedAway(reason):
            return _pause(state, now_ms, draw), (Trouble("turned-away", reason),)
        case Answered():
            return _answered(state, event, now_ms, draw)
        case Tick():
            return _tick(state, now_ms, draw)


def _greet(state: State, now_ms: int, draw: Draw) -> Step:
    wake = now_ms + ANSWER_MS + draw(_bound(state.tries))
    state = replace(state, flight=None, wake_ms=wake, tries=state.tries + 1)
    return state, (SayHello(), *_silence(state))


def _greet_later(state: State, at_ms: int) -> State:
    if state.phase is Phase.AWAY:
        return state
    if state.phase is Phase.GREETING and state.wake_ms is not None:
        at_ms = min(at_ms, state.wake_ms)
    return replace(state, phase=Phase.GREETING, flight=None, wake_ms=at_ms, tries=0)


def _pause(state: State, now_ms: int, draw: Draw) -> State:
    """Wait, then do again what the phase asks for."""
    wake = now_ms + PAUSE_MS_FIRST + draw(_bound(state.tries))
    return replace(state, flight=None, wake_ms=wake, tries=state.tries + 1)


def _pump(state: State, now_ms: int) -> Step:
    """Send what there is to send, if it may go now."""
    if state.is_outrun and state.phase is Phase.STREAMING and state.acked >= state.head:
        halted = replace(state, phase=Phase.HALTED, flight=None, wake_ms=None)
        return halted, (Outrun(state.head),)
    is_busy = state.flight is not None or (state.wake_ms is not None and now_ms < state.wake_ms)
    if state.phase is not Phase.STREAMING or is_busy or state.head <= state.acked:
        return state, ()
    count = min(state.window, state.head - state.acked)
    flight = Flight(state.acked + count, count)
    state = replace(state, flight=flight, wake_ms=now_ms + ANSWER_MS)
    return state, (Send(state.acked + 1, count),)


def _sent(state: State, last: int, size: int, now_ms: int) -> State:
    if state.flight is None:
        return state
    patience = ANSWER_MS << min(state.tries, PATIENCE_DOUBLED_MAX)
    wake = now_ms + patience + size // BYTES_PER_MS
    return replace(state, flight=Flight(last, last - state.acked), wake_ms=wake)


def _welcomed(state: State, event: Welcomed, now_ms: int, draw: Draw) -> Step:
    if state.phase is not Phase.GREETING:
        return state, ()
    is_back = event.timeline == state.timeline and event.acked < state.acked
    if event.timeline < state.timeline or is_back:
        return _pause(state, now_ms, draw), (Trouble("head-office-behind", str(event.acked)),)
    streaming = replace(
        state, phase=Phase.STREAMING, tries=0, wake_ms=None, flight=None, is_outrun=False
    )
    if event.acked > state.head or event.is_numbered_twice or not event.is_ours:
        return _drain(streaming, event, now_ms)
    moved = replace(streaming, acked=event.acked, timeline=event.timeline)
    state, effects = _pump(moved, now_ms)
    return state, (Accept(event.acked, event.timeline), *effects)


def _drain(state: State, event: Welcomed, now_ms: int) -> Step:
    """Send what the head office may lack of this ledger; then a new one follows it.

    What it has already it says by itself, and what leaves its own records becomes a branch. Going on in that
    branch would give out receipts that the other machine with this card gives out as well.
    """
    acked = state.acked if event.timeline == state.timeline else 0
    is_apart = event.acked <= state.head and not event.is_ours
    trouble = (
        Trouble("forked", f"differs at {event.acked}")
        if is_apart
        else Trouble("ledger-behind", f"it holds {event.acked}, we have {state.head}")
    )
    state, effects = _pump(
        replace(state, acked=acked, timeline=event.timeline, is_outrun=True), now_ms
    )
    return state, (trouble, *effects)


def _woken(state: State) -> State:
    """A ledger that was closed too early has grown meanwhile: that must be sent as well."""
    is_grown = state.phase is Phase.HALTED and state.is_outrun and state.head > state.acked
    return replace(state, phase=Phase.STREAMING) if is_grown else state


def _answered(state: State, event: Answered, now_ms: int, draw: Draw) -> Step:
    if state.phase is not Phase.STREAMING or event.timeline < state.timeline:
        return state, ()
    if event.status is Status.REFUSED:
        return _refused(state, event, now_ms, draw)
    is_beyond = event.acked > state.head and not state.is_outrun
    if event.timeline > state.timeline or is_beyond:
        return _greet(replace(state, phase=Phase.GREETING), now_ms, draw)
    if event.status is Status.GAP and (not event.is_ours or event.acked < state.acked):
        if not event.regards_flight:
            return state, ()
        if state.is_outrun and state.acked:
            return _pump(replace(state, acked=0, flight=None, wake_ms=None), now_ms)
        return _greet(replace(state, phase=Phase.GREETING), now_ms, draw)
    if not event.is_ours:
        return state, (Trouble("forked", f"another till was answered at {event.acked}"),)
    if event.acked <= state.acked:
        return state, ()
    return _advance(state, event, now_ms)


def _advance(state: State, event: Answered, now_ms: int) -> Step:
    flight = state.flight
    is_over = flight is None or event.acked >= flight.last or event.regards_flight
    state = replace(state, acked=event.acked)
    accept = Accept(event.acked, event.timeline)
    if not is_over:
        return state, (accept,)
    is_full = flight is not None and flight.count >= state.window
    window = min(RECORDS_MAX, state.window * 2) if is_full else state.window
    state, effects = _pump(
        replace(state, flight=None, wake_ms=None, tries=0, window=window), now_ms
    )
    return state, (accept, *effects)


def _refused(state: State, event: Answered, now_ms: int, draw: Draw) -> Step:
    if not event.regards_flight:
        return state, ()
    if event.reason in ("unknown-key", "unknown-ledger"):
        return _greet(replace(state, phase=Phase.GREETING), now_ms, draw)
    paused = replace(_pause(state, now_ms, draw), window=1)
    return paused, (Trouble("batch-refused", event.reason),)


def _tick(state: State, now_ms: int, draw: Draw) -> Step:
    if state.wake_ms is None or now_ms < state.wake_ms:
        return state, ()
    if state.phase is Phase.GREETING:
        return _greet(state, now_ms, draw)
    if state.flight is None:
        return _pump(replace(state, wake_ms=None), now_ms)
    window = max(1, state.flight.count // 2)
    paused = replace(
        state,
        flight=None,
        window=window,
        tries=state.tries + 1,
        wake_ms=now_ms + draw(_bound(state.tries)),
    )
    return paused, _silence(paused)


def _silence(state: State) -> tuple[Trouble, ...]:
    return (Trouble("no-answer"),) if state.tries == SILENCE_TRIES + 1 else ()


def _bound(tries: int) -> int:
    return int(min(PAUSE_MS_MAX, PAUSE_MS_FIRST << min(tries, 20)))
