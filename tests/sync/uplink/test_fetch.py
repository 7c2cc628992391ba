"""The machine that asks for master data, by numbers alone."""

from sync.protocol.master import OFFERED, ROOM_MIN, ROWS_PACKED_MAX, TABLES
from sync.uplink.fetch import (
    CHECK_MS,
    REFUSED_MS,
    ROOM_FIRST,
    Answered,
    Closed,
    News,
    Opened,
    Question,
    Refused,
    State,
    Tick,
    step,
)


def least(_: int) -> int:
    return 0


def most(bound: int) -> int:
    return bound


def opened(now: int = 0) -> State:
    return step(State(), Opened(), now, least)[0]


def all_fresh(now: int = 0) -> State:
    state = opened(now)
    for _ in TABLES:
        state, _ = step(state, Answered(is_more=False), now, most)
    assert state.flight is None
    return state


def test_a_greeted_till_asks_for_every_table_in_turn_and_then_rests():
    state, question = step(State(), Opened(), 0, most)
    asked = []
    while question is not None:
        asked.append(question.table)
        state, question = step(state, Answered(is_more=False), 10, most)

    assert tuple(asked) == tuple(t for t in TABLES if t not in OFFERED)
    assert state.wake_ms == 10 + CHECK_MS


def test_nothing_is_asked_before_the_head_office_greeted_or_after_it_is_lost():
    assert step(State(), Tick(), 10**9, least) == (State(), None)
    assert step(State(), News("members"), 5, least) == (State(), None)

    lost, question = step(opened(), Closed(), 5, least)

    assert (lost.wake_ms, question) == (None, None)
    assert step(lost, Tick(), 10**9, least) == (lost, None)


def test_while_there_is_more_the_same_table_is_asked_for_again_at_once():
    _, question = step(opened(), Answered(is_more=True), 10, most)

    assert question is not None
    assert question.table == TABLES[0]


def test_news_is_asked_for_at_once_when_nothing_else_is_out():
    state, question = step(all_fresh(), News("hotlist"), 50, least)

    assert question == Question("hotlist", state.room)


def test_news_that_comes_while_the_answer_is_on_its_way_is_asked_for_after_it():
    state, _ = step(all_fresh(), News("members"), 50, least)
    state, question = step(state, News("members"), 60, least)
    assert question is None

    _, question = step(state, Answered(is_more=False), 70, most)

    assert question is not None
    assert question.table == "members"


def test_quick_answers_let_more_come_at_once_and_silence_less():
    state, _ = step(opened(), Answered(is_more=True), 10, least)
    assert state.room == 2 * ROOM_FIRST
    for now in range(20, 200, 10):
        state, _ = step(state, Answered(is_more=True), now, least)
    assert state.room == ROWS_PACKED_MAX

    now = 200
    for _ in range(10):
        assert state.wake_ms is not None
        now = state.wake_ms
        state, _ = step(state, Tick(), now, least)
        state, question = step(state, Tick(), now, least)
    assert state.room == ROOM_MIN
    assert question is not None


def test_a_slow_answer_does_not_let_more_come_at_once():
    state, _ = step(opened(), Answered(is_more=True), 4_000, least)

    assert state.room == ROOM_FIRST


def test_silence_is_followed_by_longer_and_longer_pauses():
    state, pauses = opened(), []
    for _ in range(12):
        assert state.flight is not None
        late = state.flight.late_ms
        state, question = step(state, Tick(), late, most)
        assert question is None
        assert state.wake_ms is not None
        pauses.append(state.wake_ms - late)
        state, question = step(state, Tick(), state.wake_ms, most)
        assert question is not None

    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (1_000, 120_000)


def test_what_could_not_be_taken_is_asked_for_much_later_and_holds_up_no_other_table():
    state, question = step(opened(), Refused(), 10, least)

    assert question is not None
    assert question.table == TABLES[1]
    assert state.due_ms[TABLES[0]] == 10 + REFUSED_MS


def test_statements_wait_while_the_ledger_is_far_ahead():
    state = all_fresh()
    state, _ = step(state, Tick(), CHECK_MS - 1, least)
    for now in range(CHECK_MS, CHECK_MS + 5_000, 500):
        state, question = step(state, Tick(may_state=False), now, least)
        while question is not None:
            assert question.table != "statements"
            state, question = step(state, Answered(is_more=False), now, most)

    _, question = step(state, Tick(), CHECK_MS + 10_000, least)

    assert question is not None
    assert question.table == "statements"


def test_an_answer_to_nothing_changes_nothing():
    state = all_fresh()

    assert step(state, Answered(is_more=True), 5, least) == (state, None)
    assert step(state, Refused(), 5, least) == (state, None)


def test_rules_are_asked_for_only_where_the_head_office_offers_them():
    state, asked = opened(), set()
    for now in range(0, 3 * CHECK_MS, CHECK_MS // 4):
        while state.flight is not None:
            asked.add(state.flight.table)
            state, _ = step(state, Answered(is_more=False), now, least)
        state, _ = step(state, Tick(), now, least)
    assert asked == set(TABLES) - set(OFFERED)

    while state.flight is not None:
        state, _ = step(state, Answered(is_more=False), 3 * CHECK_MS, most)
    _, question = step(state, News("rules"), 3 * CHECK_MS, least)
    assert question is not None
    assert question.table == "rules"
