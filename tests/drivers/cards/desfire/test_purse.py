"""Our purse on a DESFire, against a strict card: what it costs, what it believes, what is in doubt."""

from collections.abc import Callable

import pytest

from drivers.api import CardTornError
from drivers.cards.desfire import tmac
from drivers.cards.desfire.card import Card
from drivers.cards.desfire.issue import issue
from drivers.cards.desfire.purse import CREDIT_KEY, RECORDS_KEPT, Make
from drivers.cards.keys import Masters, Purpose, UnknownVersionError, WrongKeyError
from drivers.cards.purse import DoubtError, Evidence, Kind, Outcome, Record
from drivers.cards.seam import BadMacError, CardRefusedError
from drivers.cards.steps import run
from tests.cards.issued import (
    EV1,
    EV2,
    KEYS,
    NEWER,
    OTHER_SHOP,
    TILL,
    UID,
    Drawn,
    issued,
    moved,
    opened,
    wanted,
)
from tests.cards.link import Link
from tests.cards.sim.desfire import Desfire
from tests.cards.sim.power import Fate

MAKES = pytest.mark.parametrize("make", [EV1, EV2], ids=["EV1", "EV2"])
COMMANDS = (
    "ffca", "905a", "90aa", "90af", "90bb", "90dc", "903b", "90c7",
)  # fmt: skip
COMMIT = len(COMMANDS) - 1


def purchase(fate: Fate, make: Make, amount: int = 1_250) -> Evidence:
    return opened(fate, make).move(moved(amount))


@MAKES
def test_a_purchase_with_evidence_is_eight_commands(make: Make):
    sim = issued(make)
    fate = Fate(sim)

    evidence = purchase(fate, make)

    first = "90aa" if make is EV1 else "9071"
    heard = [command[:2].hex() for command in fate.commands]
    assert heard == [first if code == "90aa" else code for code in COMMANDS]
    assert (evidence.counter, evidence.balance) == (2, 3_750)


@MAKES
def test_the_next_tap_finds_counter_balance_and_record(make: Make):
    sim = issued(make)
    purchase(Fate(sim), make)
    sim.power_off()

    purse = opened(sim, make)

    assert purse.state.counter == 2
    assert purse.state.balance == 3_750
    assert purse.latest == Record(Kind.DEBIT, 2, 1_250, TILL, 2, 3_750)
    assert purse.latest.is_of(moved(1_250))
    assert not purse.latest.is_of(moved(1_250, sequence=3))
    assert purse.find(1) == Record(Kind.TOP_UP, 1, 5_000, TILL, 1, 5_000)
    assert purse.find(3) is None
    assert purse.audit() == 0


@MAKES
@pytest.mark.parametrize("kind", [Kind.TOP_UP, Kind.REFUND, Kind.VOID])
def test_money_is_put_on_with_the_credit_key(make: Make, kind: Kind):
    sim = issued(make)

    evidence = opened(sim, make, key=CREDIT_KEY).move(moved(700, kind))

    assert evidence.balance == 5_700


@MAKES
def test_the_key_of_a_till_that_only_sells_puts_no_money_on(make: Make):
    with pytest.raises(CardRefusedError, match="CREDIT: SW=919D"):
        opened(issued(make), make).move(moved(700, Kind.TOP_UP))


@MAKES
@pytest.mark.parametrize("at", range(len(COMMANDS)))
@pytest.mark.parametrize("arrived", [False, True])
def test_torn_at_any_command_the_counter_tells_whether_it_was_paid(make: Make, at, arrived):
    sim = issued(make)
    fate = Fate(sim, **{"unheard_at" if arrived else "lost_at": at})

    with pytest.raises(DoubtError if at == COMMIT else CardTornError):
        purchase(fate, make)
    sim.power_off()

    purse = opened(sim, make)
    is_paid = at == COMMIT and arrived
    assert purse.state.counter == (2 if is_paid else 1)
    assert purse.state.balance == (3_750 if is_paid else 5_000)
    assert purse.audit() == 0


@MAKES
@pytest.mark.parametrize("arrived", [False, True])
@pytest.mark.parametrize("later", [0, 1, RECORDS_KEPT - 2, RECORDS_KEPT])
def test_a_doubt_is_settled_by_counter_and_record_however_often_the_card_was_used_since(
    make: Make, arrived, later
):
    sim = issued(make)
    with pytest.raises(DoubtError):
        purchase(Fate(sim, **{"unheard_at" if arrived else "lost_at": COMMIT}), make)
    for sequence in range(3, 3 + later):
        sim.power_off()
        opened(sim, make).move(moved(1, sequence=sequence))
    sim.power_off()

    settled = opened(sim, make).settle(moved(1_250), before=1)

    if later + arrived > RECORDS_KEPT:
        assert settled.outcome is Outcome.UNPROVEN
    else:
        assert settled.outcome is (Outcome.HAPPENED if arrived else Outcome.DID_NOT)


LIES: dict[str, Callable[[bytes], bytes]] = {
    "one bit": lambda said: bytes((said[0] ^ 1,)) + said[1:],
    "a bit of its MAC": lambda said: said[:-3] + bytes((said[-3] ^ 1,)) + said[-2:],
    "no MAC": lambda said: said[:-10] + said[-2:],
    "a short MAC": lambda said: said[:-6] + said[-2:],
    "nothing but OK": lambda said: b"\x91\x00",
    "OK and zeros": lambda said: bytes(len(said) - 2) + b"\x91\x00",
    "no": lambda said: b"\x91\xae",
    "not a DESFire": lambda said: b"\x6d\x00",
    "half a status": lambda said: said[:1],
}


@MAKES
@pytest.mark.parametrize("at", range(2, len(COMMANDS)))
@pytest.mark.parametrize("lie", LIES.values(), ids=list(LIES))
def test_no_answer_without_its_whole_mac_is_believed(make: Make, at, lie):
    sim = issued(make)

    with pytest.raises((BadMacError, CardRefusedError, CardTornError, DoubtError)) as caught:
        purchase(Fate(sim, lie_at=at, lie=lie), make)

    assert isinstance(caught.value, DoubtError) == (at == COMMIT)


@MAKES
def test_an_answer_of_another_session_is_not_believed(make: Make):
    sim = issued(make)
    first = Fate(sim)
    kept: list[bytes] = []
    first.card = lambda command: kept.append(sim(command)) or kept[-1]
    purchase(first, make)

    with pytest.raises((BadMacError, CardRefusedError, DoubtError)):
        sim.power_off()
        purchase(Fate(sim, lie_at=COMMIT, lie=lambda _: kept[COMMIT]), make)


@MAKES
def test_too_little_money_is_refused_and_nothing_moves(make: Make):
    sim = issued(make, money=100)

    with pytest.raises(CardRefusedError, match="SW=91BE"):
        purchase(Fate(sim), make, 101)
    sim.power_off()

    assert opened(sim, make).state.balance == 100


@MAKES
def test_more_than_the_ceiling_is_refused_by_the_card(make: Make):
    with pytest.raises(CardRefusedError, match="CREDIT: SW=91BE"):
        opened(issued(make), make, key=CREDIT_KEY).move(moved(95_001, Kind.TOP_UP))


@MAKES
def test_another_shops_card_is_refused_with_that_reason(make: Make):
    with pytest.raises(WrongKeyError):
        opened(issued(make, keys=OTHER_SHOP), make)


@MAKES
def test_a_card_of_an_unknown_key_version_is_refused_with_the_version(make: Make):
    with pytest.raises(UnknownVersionError, match="version 2") as caught:
        opened(issued(make, keys=NEWER), make, KEYS)
    assert caught.value.version == 2


@MAKES
def test_a_card_with_old_keys_pays_while_keys_are_rolled_over(make: Make):
    sim = issued(make)

    purse = opened(sim, make, NEWER)

    assert purse.state.key_version == 1
    assert purse.move(moved(1_000)).balance == 4_000


@MAKES
def test_a_card_that_is_rolled_over_keeps_its_money(make: Make):
    sim = issued(make)
    for _ in run(issue(Card(Link(sim), Drawn()), NEWER, wanted(make))):
        pass
    sim.power_off()

    assert opened(sim, make, NEWER).state.key_version == 2
    sim.power_off()
    assert opened(sim, make, Masters(NEWER.masters[1:])).state.balance == 5_000


def test_an_unknown_make_costs_an_ev1_one_command_more():
    unknown = Make(None, has_transaction_mac=False)
    fate = Fate(issued(EV1))

    assert opened(fate, unknown).move(moved(1)).balance == 4_999
    assert len(fate.commands) == len(COMMANDS) + 1


def test_the_proof_of_an_ev2_is_the_transaction_mac_of_what_was_done():
    sim = issued(EV2)

    evidence = purchase(Fate(sim), EV2)

    signed = tmac.TransactionMac.parse(evidence.proof)
    key = KEYS.aes_key(Purpose.TRANSACTION, 1, UID)
    assert signed.counter == 3
    assert signed.value == tmac.value(key, 3, UID, evidence.signed)
    assert signed.value != tmac.value(key, 2, UID, evidence.signed)


@MAKES
def test_a_record_ages_out_of_the_cards_log(make: Make):
    sim = issued(make)
    for sequence in range(2, RECORDS_KEPT + 3):
        opened(sim, make).move(moved(1, sequence=sequence))
        sim.power_off()

    purse = opened(sim, make)
    newest = purse.state.counter
    oldest = purse.find(newest - RECORDS_KEPT + 1)

    assert oldest is not None
    assert oldest.counter == newest - RECORDS_KEPT + 1
    assert purse.find(newest - RECORDS_KEPT) is None
    assert purse.find(0) is None


@MAKES
def test_a_rolled_back_card_shows_a_counter_of_the_past(make: Make):
    sim = issued(make)
    before = sim.image()
    purchase(Fate(sim), make)
    copied = Desfire(UID, is_ev2=sim.is_ev2)
    copied.restore(before)

    assert opened(copied, make).state.counter == 1


@pytest.mark.parametrize("uid", [b"\x08\x01\x02\x03", bytes(10), b""])
def test_a_card_with_a_random_or_strange_identifier_has_no_purse(uid: bytes):
    sim = issued(EV2)
    sim.uid = uid

    with pytest.raises(CardRefusedError, match="identifier of"):
        opened(sim)


def test_a_cloned_identifier_without_the_keys_is_refused():
    clone = issued(EV2, keys=OTHER_SHOP)

    with pytest.raises(WrongKeyError, match="authenticate: SW=91AE"):
        opened(clone)
