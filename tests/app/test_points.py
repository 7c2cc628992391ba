"""Points at a running till: earned by rule sets, in lots, given, exchanged and drawn for."""

import pytest

from sync.protocol.keys import SecretKey
from terminal.app.clock import shop_time, wall_ms
from terminal.core.points.dates import after_days
from tests.kit.points import with_points
from tests.kit.till import COLA, SOAP, SUPERVISOR, WATER, TillProcess
from tests.kit.waiting import until

MEMBER, OTHER, THIRD = "100001", "100002", "100003"


@pytest.fixture
def till(tmp_path):
    with with_points(TillProcess(tmp_path)) as made:
        made.api.sign_in(SUPERVISOR)
        yield made


def today() -> int:
    return shop_time("Asia/Shanghai", "04:00").business_date(wall_ms())


def points(till, member=MEMBER):
    return till.api.json("GET", f"/members/{member}/points")


def act(till, path, member=MEMBER, **body):
    return till.api.json("POST", f"/members/{member}/{path}", body)


def sell(till, member, *codes):
    lines = [{"code": code} for code in codes]
    asked = {"lines": lines, "member": {"member": member}}
    total = till.api.json("POST", "/quote", asked)["quote"]["total"]
    return till.api.json(
        "POST", "/sales", {**asked, "tenders": [{"type": "cash", "amount": total}]}
    )


def test_a_sale_earns_by_all_rule_sets_into_lots_with_their_days(till):
    before = points(till)
    done = sell(till, MEMBER, COLA, COLA)
    entry = till.api.json("GET", f"/ledger/{done['seq']}")
    bill = entry["body"]["bill"]
    total = bill["totals"]["total"]

    # Drinks are double under the first rule and plain under the second; rounded down once.
    assert done["earned"] == total * 3 // 100
    assert {why["rule"] for why in bill["points_why"]} == {"base", "slow"}
    assert sum(line["points"] for line in bill["lines"]) == done["earned"]
    after = points(till)
    assert after["points"] == before["points"] + done["earned"]
    slow = next(why["points"] for why in bill["points_why"] if why["rule"] == "slow")
    assert after["pending"] == slow
    assert after["available"] == after["points"] - slow
    assert after["standing"] == total * 3 // 100
    days = {(lot["usable_on"], lot["lapses_on"]) for lot in after["lots"]}
    assert (after_days(today(), 7), 0) in days
    till.assert_whole()
    asked = ("ledger", "explain", str(done["seq"]), "--config", str(till.settings))
    again = till.tallypoint(*asked)
    assert (again.returncode, "equal" in again.stdout) == (0, True), again.stdout + again.stderr
    assert till.tallypoint("ledger", "verify", "--config", str(till.settings)).returncode == 0


def test_points_by_hand_want_a_reason_and_a_supervisor(till):
    given = act(till, "points", points=30, reason="道歉")
    assert (given["points"], given["cause"]) == (30, "by-hand")
    assert till.api.refused("POST", f"/members/{MEMBER}/points", {"points": 5, "reason": " "}) == (
        "points-reason-missing"
    )
    had = points(till)["points"]
    act(till, "points", points=-(had + 20), reason="刷分")
    assert points(till)["debt"] == 20
    till.api.sign_in()
    assert till.api.refused("POST", f"/members/{MEMBER}/points", {"points": 5, "reason": "x"}) == (
        "points-right"
    )
    till.assert_whole()


def test_joining_checking_in_and_sharing_are_given_once(till):
    act(till, "welcome", OTHER, brought_by=MEMBER)
    had = points(till)["points"]
    # Who brought the second brought the third through them: the second level counts.
    act(till, "welcome", THIRD, brought_by=OTHER)
    assert points(till)["points"] == had + 10
    assert till.api.refused("POST", f"/members/{THIRD}/welcome", {}) == "points-already-given"
    assert act(till, "checkins")["n"] == 1
    assert till.api.refused("POST", f"/members/{MEMBER}/checkins", {}) == "points-already-given"
    assert act(till, "events", event="share")["points"] == 5
    assert till.api.refused("POST", f"/members/{MEMBER}/events", {"event": "share"}) == (
        "points-member-limit"
    )
    assert (
        till.api.refused("POST", f"/members/{MEMBER}/events", {"event": "no"}) == "points-no-rule"
    )
    till.assert_whole()


def test_gifts_take_points_money_and_stock(till):
    act(till, "points", points=1000, reason="开业")
    before = points(till)["available"]
    cash = till.balances().get(("house:cash", "money"), 0)
    given = act(till, "gifts", gift="mug", pieces=2)
    assert (given["points"], given["money"]) == (120, 1980)
    assert points(till)["available"] == before - 120
    assert till.balances()["house:cash", "money"] == cash + 1980
    assert till.api.refused("POST", f"/members/{MEMBER}/gifts", {"gift": "mug"}) == (
        "points-member-limit"
    )
    act(till, "points", OTHER, points=1000, reason="开业")
    asked = {"gift": "mug", "pieces": 2}
    assert till.api.refused("POST", f"/members/{OTHER}/gifts", asked) == "points-out-of-stock"
    assert len(act(till, "gifts", gift="park")["code"]) == 8
    act(till, "gifts", OTHER, gift="gold")
    found = till.api.json("GET", f"/members?q={OTHER}")["members"]
    till.api.ok("POST", "/sale/member", {"member": OTHER})
    assert till.state()["sale"]["member"]["tier"] == "gold", found
    till.assert_whole()


def test_a_lottery_is_opened_before_anybody_draws_and_proved_afterwards(till):
    opened = till.api.json("GET", "/ledger/1")
    assert opened["kind"] == "lottery_opened"
    act(till, "points", points=100, reason="开业")
    drawn = [act(till, "draws", lottery="wheel") for _ in range(3)]
    assert [each["name"] for each in drawn] == ["纸巾", "纸巾", ""]
    assert till.api.refused("POST", f"/members/{MEMBER}/draws", {"lottery": "wheel"}) == (
        "points-draws-used-up"
    )
    proved = till.tallypoint("ledger", "draw", str(drawn[1]["seq"]), "--config", str(till.settings))
    assert proved.returncode == 0, proved.stderr
    assert "纸巾" in proved.stdout
    till.assert_whole()


def test_an_import_gives_each_row_once_and_all_is_there_after_a_rebuild(till):
    rows = [{"member": MEMBER, "points": 7, "reason": "旧系统"},
            {"member": OTHER, "points": 9, "reason": "旧系统"}]  # fmt: skip
    had = points(till)["points"]
    body = {"id": "import-1", "rows": rows}
    till.api.ok("POST", "/points/import", body)
    till.api.ok("POST", "/points/import", body)
    assert points(till)["points"] == had + 7
    sell(till, MEMBER, WATER)
    before = points(till)
    till.stop()
    assert till.tallypoint("ledger", "rebuild", "--config", str(till.settings)).returncode == 0
    till.restart()
    till.api.sign_in(SUPERVISOR)
    assert points(till) == before


def test_points_pay_as_the_cashier_chose_and_earn_nothing_themselves(till):
    act(till, "points", points=1000, reason="开业")
    till.api.ok("POST", "/sale/member", {"member": MEMBER})
    till.api.add(SOAP)
    before = till.state()["sale"]
    total, offer = before["quote"]["total"], before["quote"]["redeemable"]
    # Half of the bill, in steps of a yuan.
    assert offer["amount_max"] == min(total // 2, before["member"]["points"]) // 100 * 100
    assert (offer["points_max"], offer["step"]) == (offer["amount_max"], 100)
    pay = {"type": "points"}
    assert till.api.refused("POST", "/sale/tenders", {**pay, "amount": 150}) == "points-not-a-step"
    too_much = {**pay, "amount": offer["amount_max"] + 100}
    assert till.api.refused("POST", "/sale/tenders", too_much) == "points-over-maximum"
    till.api.ok("POST", "/sale/tenders", {**pay, "amount": 500})
    assert (
        till.api.refused("POST", "/sale/tenders", {**pay, "amount": 500}) == "points-used-already"
    )
    till.api.ok("DELETE", "/sale/tenders")
    assert points(till)["available"] == before["member"]["points"]
    till.api.ok("POST", "/sale/tenders", {**pay, "amount": 800})
    done = till.api.json("POST", "/sale/tenders", {"type": "cash", "amount": total - 800})

    entry = till.api.json("GET", f"/ledger/{done['seq']}")
    used = entry["body"]["bill"]["points"]["used"]
    assert (used["points"], used["money"], sum(used["by_line"])) == (800, 800, 800)
    assert sum(part["points"] for part in used["parts"]) == 800
    assert done["earned"] == (total - 800) * 2 // 100
    revenue = {each["account"]: each["amount"] for each in entry["postings"]}
    assert revenue["house:points-used"] == 800
    after = points(till)
    assert after["points"] == before["member"]["points"] - 800 + done["earned"]
    receipt = till.api.get(f"/receipts/{done['receipt']}.txt").text
    assert "Points as cash" in receipt
    again = till.tallypoint("ledger", "explain", str(done["seq"]), "--config", str(till.settings))
    assert (again.returncode, "equal" in again.stdout) == (0, True), again.stdout + again.stderr
    assert "-800" in receipt
    till.assert_whole()


def test_points_burn_soonest_first_and_never_twice(till):
    act(till, "points", OTHER, points=150 - points(till, OTHER)["points"], reason="开业")
    act(till, "checkins", OTHER)  # One point that lapses in a month.
    lots = points(till, OTHER)["lots"]
    soonest = min(lot["lapses_on"] for lot in lots if lot["lapses_on"])
    till.api.ok("POST", "/sale/member", {"member": OTHER})
    till.api.add(SOAP)
    till.api.ok("POST", "/sale/tenders", {"type": "points", "amount": 100})
    # A program uses them meanwhile: the sale at the counter cannot be posted with the same points.
    asked = {"lines": [{"code": SOAP}], "member": {"member": OTHER}}
    total = till.api.json("POST", "/quote", asked)["quote"]["total"]
    tenders = [{"type": "points", "amount": 100}, {"type": "cash", "amount": total - 100}]
    done = till.api.json("POST", "/sales", {**asked, "tenders": tenders})
    parts = till.api.json("GET", f"/ledger/{done['seq']}")["body"]["bill"]["points"]["used"][
        "parts"
    ]
    assert parts[0]["lapses_on"] == soonest
    rest = {"type": "cash", "amount": till.state()["sale"]["missing"]}
    assert till.api.refused("POST", "/sale/tenders", rest) == "points-not-enough"
    till.assert_whole()


def test_a_top_up_is_worth_points(till):
    had = points(till)["points"]
    till.api.ok("POST", f"/members/{MEMBER}/topups", {"amount": 10_000, "type": "cash"})
    assert points(till)["points"] == had + 20
    till.assert_whole()


def test_a_year_is_computed_by_command_and_posted_once(till, tmp_path):
    total = sell(till, MEMBER, SOAP)["total"]
    sell(till, OTHER, WATER)  # Below the first band: nothing.
    had, day = points(till), today()
    first, last = day // 10000 * 10000 + 101, day // 10000 * 10000 + 1231
    days = (f"{day // 10000}-01-01", f"{day // 10000}-12-31")
    report = tmp_path / "points.csv"
    asked = ("points", "compute", "month", "--from", days[0], "--to", days[1], "--csv", str(report),
             "--config", str(till.settings))  # fmt: skip
    said = till.tallypoint(*asked)
    assert said.returncode == 0, said.stderr
    worth = total * 2 // 100
    assert f"{MEMBER}\t{worth}" in said.stdout
    assert f"{MEMBER},{worth}" in report.read_text("utf-8-sig")
    assert points(till) == had  # A preview changes nothing.

    key = till.tallypoint(
        "key", "new", "hq", "--role", "supervisor", "--config", str(till.settings)
    )
    post = (*asked, "--post", "--key", key.stdout.strip())
    # What is over by schedule is computed first: only one is at work.
    until(lambda: till.tallypoint(*post).returncode == 0, "the till takes it")
    until(lambda: points(till)["points"] == had["points"] + worth, "the points of the year")
    again = {"rule": "month", "since": first, "until": last}
    with till.listen() as heard:
        until(lambda: till.api.post("/points/periods", again).status_code == 200, "the next one")
        heard.until("period-posted")
    assert points(till)["points"] == had["points"] + worth
    till.assert_whole()


def test_a_coupon_for_points_is_the_members_own(tmp_path):
    made = with_points(TillProcess(tmp_path))
    with (tmp_path / "rules.toml").open("a", encoding="utf-8") as rules:
        rules.write(
            '[[gifts]]\nid = "off"\nname = "五元券"\nwhat = "coupon"\ngrants = "SPRING"\n'
            "points = 20\ndays = 30\n"
        )
    (tmp_path / "coupon.pem").write_bytes(SecretKey.of_seed(bytes([5]) * 32).pem())
    made.tables.append(("[coupons]", {"issuer": "shop", "key": "coupon.pem"}))
    made.write_settings()
    with made as till:
        till.api.sign_in(SUPERVISOR)
        given = act(till, "gifts", gift="off")
        issued = till.api.json("GET", f"/ledger/{given['seq'] - 1}")
        assert issued["kind"] == "coupons_issued"
        assert (issued["body"]["campaign"], issued["body"]["holder"]) == ("SPRING", MEMBER)
        assert issued["body"]["until"] == after_days(today(), 30)
        till.assert_whole()
