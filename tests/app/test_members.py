"""Members registered at a till: found there at once, sent beside the ledger, erased everywhere."""

from contextlib import contextmanager

from playwright.sync_api import expect

from terminal.store.verify import verify
from tests.app.test_from_hq import FedTill, has_data, shop
from tests.app.test_restore import until_acked
from tests.kit.browser import chromium
from tests.kit.looks import sign_in
from tests.kit.secure import command
from tests.kit.till import CASHIER, COLA, PIN, TillProcess, rows
from tests.kit.waiting import until

PHONE, NAME, CARD = "13955550123", "欧阳测试员", "uid:04deadbeef1234"
SECRETS = (PHONE.encode(), NAME.encode(), CARD.removeprefix("uid:").encode())


def register(till, **more):
    who = {"name": NAME, "phone": PHONE, "birthday": "05-21", "card": CARD, **more}
    return till.api.json("POST", "/members", who)["member"]


def search(till, text):
    return [each["account"] for each in till.api.json("GET", f"/members?q={text}")["members"]]


def named(till):
    return till.state()["sale"]["member"]


def holding_files(*folders):
    """Every file below that holds a byte of the person."""
    return [
        (path.name, secret)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
        for secret in SECRETS
        if secret in path.read_bytes()
    ]


@contextmanager
def two_tills(folder):
    with shop(folder) as (broker, hq, one), FedTill(folder / "two", broker.port, "S01-T2") as two:
        for till in (one, two):
            has_data(till)
            till.api.sign_in()
        yield broker, hq, one, two


def test_a_member_registered_offline_is_served_there_at_once_and_known_to_others_later(tmp_path):
    with two_tills(tmp_path) as (broker, _, one, two):
        broker.stop()
        account = register(one)
        assert register(one, name="另一人", phone="13955550999", card="") != account
        one.tap(CARD.removeprefix("uid:"))
        one.until(lambda state: state["sale"]["member"], "the card's owner")
        assert named(one)["name"] == "欧**"
        one.api.ok("DELETE", "/sale/member")
        one.api.ok("POST", "/sale/member", {"phone": PHONE})
        one.api.add(COLA)
        one.api.pay()
        assert search(one, PHONE) == search(one, NAME) == [account]
        assert one.api.refused("POST", "/members", {"name": "x", "phone": PHONE}) == "phone-known"
        assert one.api.refused("POST", "/members", {"name": "x", "card": CARD}) == "card-taken"
        assert one.api.refused("POST", "/members", {"name": "x"}) == "member-malformed"
        assert one.api.call("POST", "/members", {"name": "x", "phone": "12"}).status_code == 400
        shared = {"name": "x", "phone": PHONE, "shared": True}
        assert one.api.refused("POST", "/members", shared) == "supervisor-only"
        one.restart()
        one.api.sign_in()
        assert search(one, PHONE) == [account]
        broker.start()
        until_acked(one)
        until(lambda: search(two, PHONE) == [account], "the other till knows")
        until(lambda: search(one, PHONE) == [account], "nobody is found twice")
        assert not any(secret in body for _, body, _ in one.records() for secret in SECRETS)


def test_erased_nothing_of_a_person_is_left_in_any_file_and_the_chain_holds(tmp_path):
    with two_tills(tmp_path) as (_, hq, one, two):
        account = register(one)
        one.api.ok("POST", "/sale/member", {"member": account})
        one.api.add(COLA)
        one.api.pay()
        until_acked(one)
        until(lambda: search(two, PHONE) == [account], "the other till knows")
        assert holding_files(one.data, two.data, hq.folder)
        code, _, err = command("hq", "erase", account, "--config", str(hq.settings))
        assert code == 0, err
        for till in (one, two):
            until(lambda till=till: search(till, PHONE) == [], "forgotten")
        until(
            lambda: not holding_files(one.data, two.data, hq.folder),
            "no byte in any file",
        )
        assert verify(one.ledger_path).faults == ()
        assert set(one.records()) <= set(hq.records())
        code, _, said = command("hq", "erase", account, "--config", str(hq.settings))
        assert (code, said.strip()) == (1, "nobody has this account number")
        one.restart()
        one.api.sign_in()
        assert search(one, PHONE) == []
    assert not holding_files(one.data, two.data, hq.folder)


def test_one_phone_registered_at_two_tills_offline_is_named_and_decided_by_a_person(tmp_path):
    with two_tills(tmp_path) as (broker, hq, one, two):
        broker.stop()
        first, second = register(one), register(two, card="")
        broker.start()
        until_acked(one)
        until_acked(two)
        until(lambda: rows(hq.database, "SELECT account FROM member_conflict"), "the conflict")
        _, said, _ = command("hq", "conflicts", "--config", str(hq.settings))
        assert set(said.split()) == {first, second}
        later = said.split()[0]
        code, said, _ = command("hq", "conflicts", "--settle", later, "--config", str(hq.settings))
        assert (code, said) == (0, "")
        merging = ("hq", "value", "merge", first, second, "--config", str(hq.settings))
        assert command(*merging)[0] == 1, "without a reason"
        code, said, told = command(*merging, "--reason", "one person")
        assert code == 0, told
        for till in (one, two):
            until(lambda till=till: search(till, PHONE) == [second], "one member is left")
            till.tap(CARD.removeprefix("uid:"))
            till.until(lambda state: state["sale"]["member"], "the card's owner")
            assert named(till)["account"] == second
        out = tmp_path / "office.db"
        assert command("hq", "value", "export", str(out), "--config", str(hq.settings))[0] == 0
        assert verify(out).faults == ()


def test_a_cashier_registers_a_member_on_the_page_with_the_card_that_is_tapped(tmp_path):
    with TillProcess(tmp_path) as till, chromium() as browser:
        till.api.sign_in()
        page = browser.new_page(viewport={"width": 1024, "height": 600}, locale="en")
        page.goto(till.address)
        sign_in(page, CASHIER, PIN)
        page.click("#menu")
        page.get_by_role("button", name="New member").click()
        page.get_by_label("Name").fill("Ouyang Test")
        page.get_by_label("Phone number").fill(PHONE)
        page.get_by_label("Birthday").fill("05-21")
        till.tap("04DEADBEEF1234")
        expect(page.get_by_label("Card:")).to_have_value(CARD)
        page.screenshot(path=str(tmp_path / "joining.png"))
        page.get_by_role("button", name="Register").click()
        till.until(lambda state: state["sale"]["member"], "the new member at the counter")
        assert search(till, PHONE)
