"""The uplink's machine, event by event."""

from dataclasses import replace

import pytest

from sync.protocol.ack import Status
from sync.protocol.batch import RECORDS_MAX
from sync.uplink.machine import (
    ANSWER_MS,
    BYTES_PER_MS,
    PAUSE_MS_MAX,
    SILENCE_TRIES,
    SPREAD_MS,
    Accept,
    Answered,
    Connected,
    Disconnected,
    HqReturned,
    Outrun,
    Phase,
    Posted,
    SayHello,
    Send,
    Sent,
    State,
    Tick,
    Trouble,
    TurnedAway,
    Welcomed,
    step,
)


def at_once(_bound: int) -> int:
    return 0


def at_last(bound: int) -> int:
    return bound


def go(state: State, *events, now: int = 0, draw=at_once):
    """Return the state after ``events`` and the effects of the last one."""
    effects = ()
    for event in events:
        state, effects = step(state, event, now, draw)
    return state, effects


def ok(acked: int, **changes) -> Answered:
    usual = Answered(Status.OK, 1, acked, is_ours=True, reason="", regards_flight=True)
    return replace(usual, **changes)


def streaming(head: int, acked: int = 0) -> State:
    welcome = Welcomed(1, acked, is_ours=True)
    return go(State(head, 0, 0), Connected(), welcome)[0]


def test_a_till_greets_before_it_sends():
    state, effects = go(State(5, 0, 0), Connected())
    assert effects == (SayHello(),)
    assert go(state, Posted(6))[1] == ()
    _, effects = go(state, Welcomed(1, 2, is_ours=True))
    assert effects == (Accept(2, 1), Send(3, 1))


def test_one_batch_is_in_flight_and_the_window_doubles_with_each_answer():
    state = streaming(10_000)
    sizes = []
    while state.acked < 10_000:
        flight = state.flight
        sizes.append(flight.count)
        assert go(state, Posted(10_000), Tick())[1] == ()
        state, _ = go(state, Sent(flight.last, 100), ok(flight.last))
    assert sizes[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, RECORDS_MAX]
    assert max(sizes) == RECORDS_MAX


def test_a_batch_cut_shorter_is_followed_by_the_rest():
    state, _ = go(streaming(100), ok(1), ok(3), ok(7))
    assert state.flight.count == 8
    state, _ = go(state, Sent(10, 64_000))
    _, effects = go(state, ok(10))
    assert effects[0] == Accept(10, 1)
    assert effects[1].first == 11


def test_an_unanswered_batch_goes_again_half_as_large_after_its_own_time_and_a_drawn_pause():
    state, _ = go(streaming(100), ok(1), ok(3), Sent(7, 40_000))
    due = ANSWER_MS + 40_000 // BYTES_PER_MS
    assert state.wake_ms == due
    assert go(state, Tick(), now=due - 1) == (state, ())
    state, effects = go(state, Tick(), now=due, draw=at_last)
    assert effects == ()
    assert state.wake_ms > due
    _, effects = go(state, Tick(), now=state.wake_ms)
    assert effects == (Send(4, 2),)


def test_pauses_grow_to_a_bound_and_a_person_is_told_once():
    state, now, told = streaming(1), 0, []
    for _ in range(40):
        now = state.wake_ms
        state, effects = go(state, Tick(), now=now, draw=at_last)
        told += [effect for effect in effects if isinstance(effect, Trouble)]
        assert state.wake_ms - now <= PAUSE_MS_MAX
    assert told == [Trouble("no-answer")]
    assert SILENCE_TRIES < 40


@pytest.mark.parametrize("status", [Status.OK, Status.DUP])
def test_a_position_never_goes_back_within_a_timeline(status):
    state = streaming(20, 10)
    for acked in range(11):
        after, effects = go(state, ok(acked, status=status, regards_flight=False))
        assert (after, effects) == (state, ())
    behind = replace(state, phase=Phase.GREETING)
    after, effects = go(behind, Welcomed(1, 9, is_ours=True))
    assert after.acked == 10
    assert effects == (Trouble("head-office-behind", "9"),)


def test_a_word_of_an_earlier_timeline_is_no_word():
    state = replace(streaming(20, 10), timeline=2)
    assert go(state, ok(15))[0] == state


def test_a_new_timeline_is_asked_about_and_then_goes_back():
    state = streaming(20, 10)
    state, effects = go(state, ok(11, timeline=2))
    assert (state.acked, effects) == (10, (SayHello(),))
    state, effects = go(state, Welcomed(2, 4, is_ours=True))
    assert effects == (Accept(4, 2), Send(5, 1))


@pytest.mark.parametrize("status", [Status.DUP, Status.GAP])
def test_the_till_jumps_to_what_is_held(status):
    _, effects = go(streaming(20), ok(15, status=status))
    assert effects[0] == Accept(15, 1)
    assert effects[1].first == 16


def test_a_gap_behind_what_was_acknowledged_is_greeted_only_when_it_answers_us():
    state = streaming(20, 10)
    assert go(state, ok(4, status=Status.GAP))[1] == (SayHello(),)
    assert go(state, ok(4, status=Status.GAP, regards_flight=False)) == (state, ())


def test_a_ledger_behind_the_head_office_is_sent_whole_and_then_outrun():
    state, effects = go(State(5, 3, 1), Connected(), Welcomed(1, 9, is_ours=False))
    assert effects == (Trouble("ledger-behind", "it holds 9, we have 5"), Send(4, 1))
    state, effects = go(state, ok(4, status=Status.DUP))
    assert effects == (Accept(4, 1), Send(5, 1))
    state, effects = go(state, ok(5, status=Status.DUP))
    assert effects == (Accept(5, 1), Outrun(5))
    assert state.phase is Phase.HALTED
    assert go(state, Tick())[1] == ()


def test_what_is_posted_after_a_ledger_was_outrun_is_sent_before_it_is_outrun_again():
    state, effects = go(State(5, 5, 1), Connected(), Welcomed(1, 9, is_ours=False))
    assert effects[-1] == Outrun(5)
    state, effects = go(state, Posted(6))
    assert effects == (Send(6, 1),)
    assert go(state, ok(6))[1] == (Accept(6, 1), Outrun(6))


def test_a_ledger_whose_receipts_were_numbered_before_is_outrun_too():
    welcomed = Welcomed(1, 0, is_ours=True, is_numbered_twice=True)
    assert go(State(0, 0, 0), Connected(), welcomed)[1][-1] == Outrun(0)


def test_a_ledger_behind_that_hangs_on_nothing_is_sent_from_its_beginning():
    state, _ = go(State(5, 3, 1), Connected(), Welcomed(1, 9, is_ours=False))
    answer = Answered(Status.GAP, 1, 9, is_ours=False, reason="", regards_flight=True)
    assert go(state, answer)[1] == (Send(1, 1),)


def test_a_till_whose_chain_differs_says_so_sends_from_its_own_last_proof_and_begins_anew():
    start = State(20, 10, 1)
    state, effects = go(start, Connected(), Welcomed(1, 15, is_ours=False))
    assert effects == (Trouble("forked", "differs at 15"), Send(11, 1))
    assert state.is_outrun, "the other machine with this card gives out the same numbers"
    _, effects = go(start, Connected(), Welcomed(2, 15, is_ours=False))
    assert effects == (Trouble("forked", "differs at 15"), Send(1, 1))


def test_an_answer_to_another_till_of_the_same_name_moves_nothing():
    state = streaming(20, 10)
    after, effects = go(state, ok(12, is_ours=False))
    assert after == state
    assert effects[0].key == "forked"


def test_a_refused_batch_is_told_and_tried_again_alone_later():
    state, _ = go(streaming(100), ok(1), ok(3))
    refused = ok(0, status=Status.REFUSED, reason="chain")
    paused, effects = go(state, refused)
    assert effects == (Trouble("batch-refused", "chain"),)
    assert go(paused, Tick(), now=paused.wake_ms)[1] == (Send(4, 1),)
    assert go(state, replace(refused, regards_flight=False)) == (state, ())
    assert go(state, replace(refused, reason="unknown-key"))[1] == (SayHello(),)


def test_a_till_that_is_turned_away_says_so_and_asks_again():
    state, effects = go(State(5, 0, 0), Connected(), TurnedAway("not-enrolled"))
    assert effects == (Trouble("turned-away", "not-enrolled"),)
    assert go(state, Tick(), now=state.wake_ms)[1] == (SayHello(),)


def test_tills_spread_their_hellos_when_the_head_office_comes_back():
    state, effects = go(streaming(20, 10), HqReturned(), draw=at_last)
    assert (state.wake_ms, effects) == (SPREAD_MS, ())
    again, _ = go(state, HqReturned(), now=SPREAD_MS - 1, draw=at_last)
    assert again.wake_ms == SPREAD_MS
    assert go(state, Tick(), now=SPREAD_MS)[1] == (SayHello(),)
    assert go(State(5, 0, 0), HqReturned()) == (State(5, 0, 0), ())


def test_without_a_broker_nothing_is_sent():
    state, effects = go(streaming(20, 10), Disconnected())
    assert effects == ()
    assert go(state, Posted(21), Tick(), ok(12), now=10**9)[1] == ()
