"""Tills without a shop file: goods, members and rules come from a real head office over a real broker."""

import re
from contextlib import contextmanager

from tests.kit.broker import Broker
from tests.kit.till import COLA, WATER, HqProcess, TillProcess
from tests.kit.waiting import until

GOLD = "04A1B2C3D4E5F6"
ACCOUNT = "100001"


class FedTill(TillProcess):
    """A till with ``[sync]`` and no ``[shop]``."""

    def __init__(self, folder, broker, name="S01-T1"):
        super().__init__(folder, broker=broker)
        self.tables = [each for each in self.tables if each[0] != "[shop]"]
        self.tables = [
            (head, {**table, "id": name} if head == "[terminal]" else table)
            for head, table in self.tables
        ]
        self.write_settings()


@contextmanager
def shop(folder):
    with (
        Broker(folder) as broker,
        HqProcess(folder / "hq", broker.port) as hq,
        FedTill(folder / "one", broker.port) as till,
    ):
        yield broker, hq, till


def has_data(till):
    return till.until(lambda state: {"catalogue", "members"} <= set(state["sync"]["fresh"]), "data")


def change(hq, pattern, text):
    """Change the head office's shop file as an editor does: a new file in its place."""
    path = hq.folder / "shop.toml"
    before = path.read_text(encoding="utf-8")
    after = re.sub(pattern, text, before, count=1)
    assert after != before
    beside = path.with_suffix(".tmp")
    beside.write_text(after, encoding="utf-8")
    beside.replace(path)


def price_of(till, code):
    return till.api.json("POST", "/quote", {"lines": [{"code": code}]})["quote"]["total"]


def points(till):
    found = till.api.json("GET", f"/members?q={ACCOUNT}")["members"]
    return found[0]["points"]


def test_a_new_till_waits_in_words_then_sells_and_follows_every_change(tmp_path):
    with Broker(tmp_path) as broker, FedTill(tmp_path / "one", broker.port) as till:
        state = till.state()
        assert state["sync"]["trouble"] == "first-data"
        assert len(state["sync"]["message"]) > 20
        assert state["sync"]["fresh"] == {}
        tried = {"operator": "1001", "pin": "246810"}
        assert [till.api.refused("POST", "/session", tried) for _ in range(9)] == [
            "no-data-yet"
        ] * 9
        with HqProcess(tmp_path / "hq", broker.port) as hq:
            state = has_data(till)
            assert state["sync"]["trouble"] == ""
            till.api.sign_in()
            assert price_of(till, WATER) == 200

            till.tap(GOLD)
            till.until(lambda state: state["sale"]["member"], "the member")
            till.scan(COLA)
            before = till.until(lambda state: state["sale"]["quote"]["total"], "a basket")["sale"]
            change(hq, r"(?m)^percent = 95$", "percent = 50")
            change(hq, r"(?m)^price = 200$", "price = 250")
            after = till.until(
                lambda state: state["sale"]["quote"]["total"] != before["quote"]["total"],
                "the open basket at the new rules",
            )["sale"]
            assert after["quote"]["total"] < before["quote"]["total"]
            until(lambda: price_of(till, WATER) == 250, "the new price")
            done = till.api.pay()
            first = till.api.json("GET", f"/ledger/{done['seq']}")["versions"]
            assert int(first["rules"]) >= 2

            till.api.add(COLA)
            till.api.ok("POST", "/sale/tenders", {"type": "cash", "amount": 1})
            due = till.until(lambda state: state["sale"]["state"] == "due", "a sale being paid")
            fresh = due["sync"]["fresh"]["catalogue"]
            change(hq, r"(?m)^price = 350$", "price = 360")
            till.until(lambda state: state["sync"]["fresh"]["catalogue"] > fresh, "the change")
            assert price_of(till, COLA) == 350, "not while a sale is being paid"
            done = till.api.pay()
            assert till.api.json("GET", f"/ledger/{done['seq']}")["versions"] == first
            until(lambda: price_of(till, COLA) == 360, "the new price after it")
            till.assert_whole()


def test_two_tills_know_of_each_others_sales_and_of_a_lost_card(tmp_path):
    with (
        shop(tmp_path) as (broker, hq, till),
        FedTill(tmp_path / "two", broker.port, "S01-T2") as two,
    ):
        for each in (till, two):
            has_data(each)
            each.api.sign_in()
        opening = points(till)
        assert points(two) == opening

        earned = 0
        for _ in range(3):
            till.tap(GOLD)
            till.until(lambda state: state["sale"]["member"], "the member")
            till.scan(COLA)
            quote = till.until(lambda state: state["sale"]["quote"]["lines"], "the line")["sale"][
                "quote"
            ]
            earned += quote["points"]["earned"]
            till.api.pay()
            till.until(lambda state: state["sale"]["state"] == "idle", "the end of the sale")
        assert points(till) == opening + earned
        until(lambda: points(two) == opening + earned, "the other till knows")
        assert points(till) == opening + earned

        change(hq, r'uid = "04A1B2C3D4E5F6"', 'uid = "04A1B2C3D4E5F6", lost = true')
        with two.listen() as heard:

            def is_refused():
                two.tap(GOLD)
                return "card-lost" in heard.keys

            until(is_refused, "the lost card is refused")


def test_a_till_that_is_cut_off_sells_with_what_it_has_and_says_how_old_that_is(tmp_path):
    with shop(tmp_path) as (broker, hq, till):
        has_data(till)
        till.api.sign_in()
        till.until(lambda state: "hotlist" in state["sync"]["fresh"], "the hotlist")
        till.kill()
        broker.stop()
        hq.kill()
        till.start()
        till.wait_until_up()

        state = till.state()
        assert {"catalogue", "members", "hotlist"} <= set(state["sync"]["fresh"])
        assert max(state["sync"]["fresh"].values()) < state["now"]
        assert state["sync"]["trouble"] in ("", "no-answer")
        till.api.sign_in()
        till.tap(GOLD)
        till.until(lambda state: state["sale"]["member"], "the member")
        till.api.add(WATER)
        till.api.pay()
        assert till.sales() == 1


def test_killed_in_the_middle_of_its_first_data_a_till_still_gets_all_of_it(tmp_path):
    with shop(tmp_path) as (_, hq, till):
        for victim in (till, hq, till):
            victim.kill()
            victim.start()
            victim.wait_until_up()
        has_data(till)
        till.api.sign_in()
        assert price_of(till, WATER) == 200
