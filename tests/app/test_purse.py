"""Money on cards at the till: paid, short, torn, settled, given back, loaded; real ledger, real families."""

import pytest

from terminal.core.journal import PurseIntent, PurseSettled, SalePosted
from terminal.core.refusal import Key, Refusal
from terminal.core.sale import Due, Idle, Open
from terminal.core.till import Operator
from terminal.counter import desk
from terminal.store.rebuild import rebuild
from terminal.store.verify import verify
from tests.cards.issued import EV1, EV2, issued
from tests.cards.sim.desfire import ATR
from tests.cards.sim.power import Fate
from tests.kit.purses import Till, prepare, started, tilled
from tests.kit.till import COLA, SOAP, WATER

SUPERVISOR = Operator("9001", "test", "supervisor")


@pytest.fixture
def till(tmp_path):
    with tilled(tmp_path) as running:
        yield running


def bodies(till: Till):
    ledger = till.edges.ledger
    return [ledger.entry(seq).body for seq in range(1, ledger.head_seq + 1)]


def books(till: Till):
    ledger = till.edges.ledger
    names = ("house:purses", "house:due", "house:sales", "house:cash")
    return {name: ledger.balance(name, "money") for name in names if ledger.balance(name, "money")}


def money_on(till: Till, card) -> int:
    till.lay(card, ATR)
    till.lift()
    (value,) = (f.value for f in card.applications[b"TAL"].files.values() if f.kind == 2)
    return value


@pytest.mark.parametrize(("make", "commands"), [(EV2, 8), (EV1, 9)], ids=["EV2", "EV1"])
def test_a_sale_is_paid_off_the_card_that_is_laid_on(till, make, commands):
    total = till.fill(WATER, COLA)
    till.pay(total)
    assert till.sold == 0
    seen = till.lay(issued(make), ATR)

    assert len(seen) == commands
    intent, settled, sale = bodies(till)
    assert isinstance(intent, PurseIntent)
    assert isinstance(settled, PurseSettled)
    assert isinstance(sale, SalePosted)
    assert (settled.outcome, settled.how, sale.tenders[0].type) == ("paid", "answer", "purse")
    assert books(till) == {"house:purses": total, "house:sales": -total}
    assert till.doubts == ()
    assert "paid" in till.notices


def test_a_card_that_named_its_member_pays_without_a_second_selection(till):
    card = issued()
    first = till.lay(card, ATR)
    till.lift()
    again = till.lay(card, ATR)
    total = till.fill(WATER)
    assert (len(first), len(again)) == (6, 5)
    till.pay(total)

    assert till.sold == 1
    assert len(till.reader.teller._transmit.commands) == 8


def test_a_card_with_too_little_moves_nothing_and_the_rest_is_paid_otherwise(till):
    till.fill(SOAP)
    till.pay(3990)
    till.lay(issued(EV2, 1_000), ATR)
    assert (bodies(till), "purse-short" in till.notices) == ([], True)
    till.lift()
    till.pay(1_000)
    till.lay(card := issued(EV2, 1_000), ATR)

    assert isinstance(till.state, Due)
    assert till.state.paid == 1_000
    assert card is not None
    till.call(desk.TakeTender("cash", 2_990, ""))
    assert (till.sold, till.state) == (1, Idle())
    assert books(till) == {"house:purses": 1_000, "house:sales": -3_990, "house:cash": 2_990}


@pytest.mark.parametrize("at", range(7))
def test_a_card_torn_before_its_commit_pays_when_it_is_laid_on_again(till, at):
    card = issued()
    total = till.fill(WATER)
    till.pay(total)
    till.lay(Fate(card, lost_at=at), ATR)
    till.lift()
    card.power_off()
    assert till.sold == 0
    till.lay(card, ATR)

    assert till.sold == 1
    assert money_on(till, card) == 5_000 - total
    assert till.doubts == ()


@pytest.mark.parametrize("fate", ["lost_at", "unheard_at"])
def test_what_became_of_a_torn_commit_is_told_by_the_next_tap(till, fate):
    card = issued()
    total = till.fill(WATER)
    till.pay(total)
    till.lay(Fate(card, **{fate: 7}), ATR)
    assert till.sold == 0
    assert [doubt.state for doubt in till.doubts] == ["unknown"]
    assert "purse-doubt" in till.notices
    till.lift()
    card.power_off()
    till.lay(card, ATR)

    assert (till.sold, till.doubts) == (1, ())
    assert money_on(till, card) == 5_000 - total


@pytest.mark.parametrize(
    "lie",
    [lambda _: b"\x91\x00", lambda said: said[1:], lambda said: bytes((said[0] ^ 1,)) + said[1:]],
    ids=["no MAC", "short", "wrong"],
)
def test_an_answer_without_its_whole_mac_is_not_believed_and_the_card_is_asked_again(till, lie):
    card = issued()
    total = till.fill(WATER)
    till.pay(total)
    till.lay(Fate(card, lie_at=7, lie=lie), ATR)

    outcomes = [body.how for body in bodies(till) if isinstance(body, PurseSettled)]
    assert outcomes == ["silence", "record"]
    assert (till.sold, till.doubts) == (1, ())
    assert money_on(till, card) == 5_000 - total


def test_a_sale_in_doubt_comes_back_as_due_and_is_settled_by_the_card(tmp_path):
    card, settings = issued(), prepare(tmp_path)
    till = started(settings)
    total = till.fill(WATER)
    till.pay(total)
    till.lay(Fate(card, unheard_at=7), ATR)
    till.close()
    card.power_off()
    (tmp_path / "till" / "basket").unlink()
    till = started(settings)
    assert isinstance(till.state, Due)
    assert till.state.sale.quote.total == total
    assert till.attendant.view().purse_doubts[0].state == "unknown"
    till.lay(card, ATR)

    assert (till.sold, till.doubts, till.state) == (1, (), Idle())
    till.close()
    assert verify(tmp_path / "till" / "ledger.db").faults == ()
    rebuild(tmp_path / "till" / "ledger.db")
    assert verify(tmp_path / "till" / "ledger.db").faults == ()


def test_money_taken_for_a_sale_that_was_paid_otherwise_is_owed_and_goes_back(till):
    card = issued()
    total = till.fill(WATER)
    till.pay(total)
    till.lay(Fate(card, unheard_at=7), ATR)
    till.lift()
    card.power_off()
    till.call(desk.DropCard())
    till.call(desk.TakeTender("cash", total, ""))
    assert till.sold == 1
    till.lay(card, ATR)
    [doubt] = till.doubts
    assert doubt.state == "owed"
    assert books(till)["house:due"] == -total
    till.call(desk.SettleMovement(doubt.sequence, "card"))

    assert till.doubts == ()
    assert money_on(till, card) == 5_000
    assert books(till) == {"house:sales": -total, "house:cash": total}


def test_a_payment_off_a_card_is_given_back_before_its_sale_is_called_off(till):
    card = issued()
    total = till.fill(SOAP)
    till.pay(1_000)
    till.lay(card, ATR)
    refused = till.call(desk.VoidSale())
    assert isinstance(refused, Refusal)
    assert refused.key is Key.PURSE_GIVE_BACK
    sequence = int(till.state.ahead[0].reference.split("/")[1])
    till.call(desk.SettleMovement(sequence, "card"))

    assert isinstance(till.state, Open)
    assert till.state.sale.quote.total == total
    assert money_on(till, card) == 5_000
    till.call(desk.VoidSale())
    assert (till.state, books(till)) == (Idle(), {})


def test_a_card_is_loaded_up_to_what_the_rule_allows_and_the_right_reaches(till):
    card = issued()
    refused = till.call(desk.TopUp("cash", 60_000, ""))
    assert isinstance(refused, Refusal)
    assert refused.key is Key.PURSE_RIGHT
    till.call(desk.TopUp("cash", 20_000, ""))
    till.lay(card, ATR)
    assert books(till) == {"house:purses": -20_000, "house:cash": 20_000}
    till.lift()
    assert money_on(till, card) == 25_000
    till.operator = SUPERVISOR
    till.call(desk.TopUp("cash", 80_000, ""))
    till.lay(card, ATR)

    assert "purse-ceiling" in till.notices
    assert money_on(till, card) == 25_000


def test_a_card_that_is_older_than_it_was_is_refused_with_that_reason(till):
    card = issued()
    image = card.image()
    till.pay(till.fill(WATER))
    till.lay(card, ATR)
    till.lift()
    card.restore(image)
    till.pay(till.fill(WATER))
    till.lay(card, ATR)

    assert till.sold == 1
    assert "card-rolled-back" in till.notices
