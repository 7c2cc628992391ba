"""A doubt at one till is settled at another: two tills and a head office as processes, one card."""

from contextlib import ExitStack

from terminal.codec.entry import decode
from terminal.core.journal import PurseSettled
from tests.app.test_from_hq import FedTill, has_data
from tests.kit.broker import Broker
from tests.kit.till import READER, WATER, HqProcess
from tests.kit.waiting import until

CARD = "purse:04A1B2C3D4E5F6"


def till_with_purses(folder, broker, name):
    """A till whose virtual cards are those of the other tills too."""
    till = FedTill(folder / name, broker.port, name)
    reader = {**READER, "purses": str(folder / "cards.json")}
    till.tables = [
        (head, reader if head == "[[readers]]" else table) for head, table in till.tables
    ]
    till.tables.append(("[cards]", {"purses": True}))
    till.write_settings()
    return till


def lay(till, card):
    till.api.ok("POST", "/virtual/counter", {"card": card})


def doubts(state):
    return [(each["state"], each["amount"]) for each in state["purse_doubts"]]


def settled(till):
    """What the till's ledger says of how movements came out, oldest first."""
    bodies = [decode(raw).body for _, raw, _ in till.records()]
    return [
        (body.outcome, body.how, body.is_witness)
        for body in bodies
        if isinstance(body, PurseSettled)
    ]


def test_what_was_torn_at_one_till_is_settled_at_the_next_tap_at_another(tmp_path):
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(tmp_path))
        stack.enter_context(HqProcess(tmp_path / "hq", broker.port))
        one, two = (
            stack.enter_context(till_with_purses(tmp_path, broker, name))
            for name in ("S01-T1", "S01-T2")
        )
        for each in (one, two):
            has_data(each)
            each.api.sign_in()
        one.api.add(WATER)
        one.api.ok("POST", "/sale/tenders", {"type": "purse", "amount": 200})
        lay(one, CARD + ":torn")
        one.until(lambda state: doubts(state) == [("unknown", 200)], "a doubt")
        assert one.sales() == 0

        def is_witnessed():
            """The card is laid on until the head office has told of the doubt."""
            lay(two, CARD)
            return settled(two)

        until(is_witnessed, "the card's word at the other till")
        state = one.until(lambda state: state["last_receipt"], "the sale is posted")

        assert settled(two) == [("paid", "record", True)]
        assert settled(one) == [("unknown", "silence", False), ("paid", "witness", False)]
        assert doubts(state) == []
        assert state["last_receipt"] == "S01-T1-1-000001"
        assert (one.sales(), two.sales()) == (1, 0)
        for each in (one, two):
            each.assert_whole()
