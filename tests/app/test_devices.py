"""The whole till on real devices that fail: in words, selling goes on, nothing printed twice by itself."""

from contextlib import contextmanager

import pytest

from terminal.core.cards import code
from tests.kit.gun import Gun
from tests.kit.pcscd import READERS, Pcscd, card_is_seen
from tests.kit.tcp_printer import TcpPrinter
from tests.kit.till import COLA, WATER, TillProcess
from tests.kit.vcard import PULL, SILENCE, VirtualCard, member_card, uid_card
from tests.kit.waiting import until

GOLD_UID = bytes.fromhex("04a1b2c3d4e5f6")
GOLD_CARD = code("880100001").encode()
COPY = "COPY"


@pytest.fixture(scope="module")
def pcscd():
    with Pcscd() as service:
        yield service


@pytest.fixture
def printer():
    with TcpPrinter() as device:
        yield device


def till_with(folder, *, reader=False, gun=None, printer=None, answers=True) -> TillProcess:
    pcsc = {"name": "counter", "driver": "pcsc", "match": READERS[0]}
    return TillProcess(
        folder,
        readers=[pcsc] if reader else [],
        scanners=[{"name": "gun", "driver": "serial", "port": str(gun.path)}] if gun else [],
        printers=[
            {"name": "receipt", "driver": "network", "host": "127.0.0.1", "port": printer.port,
             "answers": answers}
        ] if printer else [],
    )  # fmt: skip


@contextmanager
def laid(answers):
    """A card on the reader; pcscd looks every 400 ms, so that it is really gone only a while later."""
    with VirtualCard(answers):
        yield
    until(lambda: not card_is_seen(0), "the card is gone")


def member(state):
    found = state["sale"]["member"]
    return found["account"] if found else None


def doubts(state):
    return {each["receipt"][-3:]: each["state"] for each in state["doubts"]}


def no_doubts(state):
    return not state["doubts"]


def numbers(slips):
    """The receipt numbers on slips, those of copies with a mark."""
    found = []
    for slip in slips:
        number = next(line for line in slip.splitlines() if line.startswith("No."))
        found.append(number[-3:] + ("c" if COPY in slip.upper() else ""))
    return found


# Cards.


def test_one_sale_on_a_real_reader_a_serial_scanner_and_a_network_printer(tmp_path, pcscd, printer):
    with Gun(tmp_path) as gun, till_with(tmp_path, reader=True, gun=gun, printer=printer) as till:
        till.api.sign_in()
        with laid(uid_card(GOLD_UID)):
            till.until(lambda state: member(state) == "100001", "the member of the card")
        till.until_light("gun", "ok")
        gun.send(WATER.encode() + b"\r")
        till.until_total(190)
        done = till.api.pay(200)

        [slip] = printer.wait_for_slips(1)
        till.until(no_doubts, "the printer's word")

    assert done["receipt"] in slip
    assert "农夫山泉饮用天然水" in slip
    assert "-0.10" in slip


def test_a_card_with_our_file_names_the_member(tmp_path, pcscd):
    with till_with(tmp_path, reader=True) as till:
        till.api.sign_in()
        with laid(member_card(GOLD_CARD)):
            till.until(lambda state: member(state) == "100001", "the member of the card")


BAD_CARDS = (
    (member_card(b""), "card-unreadable"),
    (member_card(b"TP1:880100001:00"), "card-malformed"),
    (member_card(b"\xff" * 16), "card-malformed"),
    (member_card(b"TP1:" + b"9" * 200), "card-malformed"),
    (member_card(code("999999999").encode()), "unknown-card"),
    (uid_card(b"\x08\x01\x02\x03"), "random-uid"),
    (lambda _: b"\x90", "card-unreadable"),
)


def test_bad_cards_are_refused_in_words_and_change_nothing(tmp_path, pcscd):
    with till_with(tmp_path, reader=True) as till:
        till.api.sign_in()
        till.api.add(WATER)
        before = till.until_total(200)["sale"]
        head = till.records()
        for answers, key in BAD_CARDS:
            with till.listen() as heard, laid(answers):
                heard.until(key)

        assert till.state()["sale"] == before
        assert till.records() == head
        till.api.pay(200)


def test_a_card_pulled_in_the_middle_is_said_and_the_next_tap_works(tmp_path, pcscd):
    with till_with(tmp_path, reader=True) as till:
        till.api.sign_in()
        with till.listen() as heard:
            with laid(lambda _: PULL):
                heard.until("card-unreadable")
            till.api.sell()
            with laid(uid_card(GOLD_UID)):
                till.until(lambda state: member(state) == "100001", "the member of the card")


def test_a_card_that_never_answers_lights_the_reader_and_selling_goes_on(tmp_path, pcscd):
    with till_with(tmp_path, reader=True) as till:
        till.api.sign_in()
        with laid(lambda _: SILENCE):
            light = till.until_light("counter", "card-hung")
            assert light["state"] == "down"
            assert "card" in light["message"].lower()
            till.api.sell()

        till.until_light("counter", "ok")
        with laid(uid_card(GOLD_UID)):
            till.until(lambda state: member(state) == "100001", "the member of the card")
        assert till.stop() == 0


def test_a_killed_pcscd_lights_the_reader_and_cards_are_read_when_it_is_back(tmp_path, pcscd):
    with till_with(tmp_path, reader=True) as till:
        till.api.sign_in()
        till.until_light("counter", "ok")

        pcscd.kill()

        assert till.until_light("counter", "lost")["state"] == "down"
        till.api.sell()
        pcscd.start()
        till.until_light("counter", "ok")
        with laid(uid_card(GOLD_UID)):
            till.until(lambda state: member(state) == "100001", "the member of the card")


# Scanners.


def test_an_unplugged_scanner_lights_and_reads_again_when_it_is_back(tmp_path):
    with Gun(tmp_path) as gun, till_with(tmp_path, gun=gun) as till:
        till.api.sign_in()
        till.until_light("gun", "ok")

        gun.unplug()

        assert till.until_light("gun", "lost")["state"] == "down"
        till.api.sell()
        gun.plug_in()
        till.until_light("gun", "ok")
        gun.send(COLA.encode() + b"\r")
        till.until_total(350)


BAD_SCANS = (
    (b"6999999999997\r", "unknown-code"),
    (b"6921168509200\r", "check-digit"),
    (b"7" * 10_000 + b"\r", "unreadable-code"),
    (bytes(range(128, 256)) + b"\x00\x01\x02\r", "unreadable-code"),
    (b"134567890123456789\r", "payment-code"),
    (b"TP1:880100001:99\r", "check-digit"),
)


def test_bad_scans_are_refused_in_words_and_change_nothing(tmp_path):
    with Gun(tmp_path) as gun, till_with(tmp_path, gun=gun) as till:
        till.api.sign_in()
        till.until_light("gun", "ok")
        head = till.records()
        for sent, key in BAD_SCANS:
            with till.listen() as heard:
                gun.send(sent)
                sentence = heard.until(key)
            assert "134567890123456789" not in sentence

        assert "134567890123456789" not in till.log
        assert till.state()["sale"]["state"] == "idle"
        assert till.records() == head
        gun.send(WATER.encode() + b"\r")
        till.until_total(200)


# Printers.


def test_receipts_wait_for_paper_and_come_out_once_in_order(tmp_path, printer):
    with till_with(tmp_path, printer=printer) as till:
        till.api.sign_in()
        till.until_light("receipt", "ok")

        printer.paper = "out"

        assert till.until_light("receipt", "paper-out")["state"] == "down"
        for _ in range(3):
            till.api.sell()
        till.until(
            lambda state: doubts(state) == {"001": "waiting", "002": "waiting", "003": "waiting"},
            "three receipts wait",
        )
        printer.paper = "ok"
        slips = printer.wait_for_slips(3)
        till.until(no_doubts, "no doubt")
        till.api.sell()
        slips = printer.wait_for_slips(4)
        till.until(no_doubts, "no doubt")

    assert numbers(slips) == ["001", "002", "003", "004"]


def test_receipts_wait_for_a_printer_that_is_off_even_across_a_kill(tmp_path, printer):
    printer.switch_off()
    with till_with(tmp_path, printer=printer) as till:
        till.api.sign_in()
        till.until_light("receipt", "lost")
        till.api.sell()
        till.api.sell()
        till.until(lambda state: len(doubts(state)) == 2, "two receipts wait")

        till.restart()
        till.api.sign_in()
        printer.switch_on()

        slips = printer.wait_for_slips(2)
        till.until(no_doubts, "no doubt")
        assert till.stop() == 0
    assert numbers(slips) == ["001", "002"]


def test_a_receipt_cut_off_in_the_middle_is_a_doubt_and_only_a_person_prints_a_copy(
    tmp_path, printer
):
    with till_with(tmp_path, printer=printer) as till:
        till.api.sign_in()
        till.until_light("receipt", "ok")
        printer.reset_after = 150
        with till.listen() as heard:
            first = till.api.sell()
            heard.until("print-unknown")
        till.until(lambda state: doubts(state) == {"001": "unknown"}, "a doubt")
        printer.reset_after = None
        second = till.api.sell()
        till.until(lambda state: doubts(state) == {"001": "unknown"}, "only the doubt is left")
        assert numbers(printer.wait_for_slips(1)) == ["002"]

        till.restart()

        till.api.sign_in()
        till.until(lambda state: doubts(state) == {"001": "unknown"}, "the doubt outlives a kill")
        till.until_light("receipt", "ok")  # A copy is never tried twice by itself.
        till.api.ok("POST", f"/receipts/{first['receipt']}/print")
        slips = printer.wait_for_slips(2)
        till.until(no_doubts, "no doubt")

    assert numbers(slips) == ["002", "001c"]
    assert second["receipt"] in slips[0]


def test_a_copy_that_could_not_be_printed_leaves_the_doubt(tmp_path, printer):
    with till_with(tmp_path, printer=printer) as till:
        till.api.sign_in()
        till.until_light("receipt", "ok")
        printer.reset_after = 150
        first = till.api.sell()
        till.until(lambda state: doubts(state) == {"001": "unknown"}, "a doubt")
        printer.reset_after = None
        printer.paper = "out"
        till.until_light("receipt", "paper-out")

        with till.listen() as heard:
            till.api.ok("POST", f"/receipts/{first['receipt']}/print")
            heard.until("copy-not-printed")

        assert doubts(till.state()) == {"001": "unknown"}
        printer.paper = "ok"
        till.until_light("receipt", "ok")
        till.api.ok("POST", f"/receipts/{first['receipt']}/print")
        [slip] = printer.wait_for_slips(1)
        till.until(no_doubts, "no doubt")
    assert numbers([slip]) == ["001c"]


def test_paper_that_ends_inside_a_receipt_is_a_doubt(tmp_path, printer):
    with till_with(tmp_path, printer=printer) as till:
        till.api.sign_in()
        till.until_light("receipt", "ok")
        printer.lines_left = 5
        till.api.sell()
        till.until(lambda state: doubts(state) == {"001": "unknown"}, "a doubt")
        till.until_light("receipt", "paper-out")
        till.api.sell()
        till.until(lambda state: doubts(state) == {"001": "unknown", "002": "waiting"}, "both")

        printer.lines_left = None
        printer.paper = "ok"

        till.until(lambda state: doubts(state) == {"001": "unknown"}, "002 is printed")
    originals = [each for each in numbers(printer.texts()) if not each.endswith("c")]
    assert originals.count("002") == 1
    assert originals.count("001") <= 1


def test_a_printer_that_says_nothing_is_a_doubt_and_selling_goes_on(tmp_path, printer):
    with till_with(tmp_path, printer=printer) as till:
        till.api.sign_in()
        till.until_light("receipt", "ok")

        printer.silent = True

        assert till.until_light("receipt", "silent")["state"] == "warn"
        till.api.sell()
        till.api.sell()
        till.until(lambda state: len(doubts(state)) == 2, "both are in doubt")
        printer.silent = False
        till.until_light("receipt", "ok")
        till.until(lambda state: "waiting" not in doubts(state).values(), "nothing waits")
    assert len(set(numbers(printer.texts()))) == len(printer.texts())


def test_a_till_killed_while_it_prints_prints_nothing_twice(tmp_path, printer):
    with till_with(tmp_path, printer=printer) as till:
        till.api.sign_in()
        till.until_light("receipt", "ok")
        printer.hold()
        for _ in range(6):
            till.api.sell()

        till.kill()
        printer.release()
        till.restart()

        till.api.sign_in()
        till.until_light("receipt", "ok")
        state = till.until(lambda state: "waiting" not in doubts(state).values(), "nothing waits")
    done = numbers(printer.texts())
    assert len(set(done)) == len(done)
    assert set(done) | set(doubts(state)) == {"001", "002", "003", "004", "005", "006"}
    assert len(doubts(state)) <= 2, "only what was at work is a doubt"


def test_what_became_of_each_device_is_kept_and_shown(tmp_path):
    with Gun(tmp_path) as gun, till_with(tmp_path, gun=gun) as till:
        till.api.sign_in()
        till.until_light("gun", "ok")
        gun.unplug()
        till.until_light("gun", "lost")
        gun.plug_in()
        till.until_light("gun", "ok")

        [device] = till.api.json("GET", "/devices")["devices"]

    assert (device["name"], device["up"]) == ("gun", True)
    assert device["restarts"] >= 1
    [first, *_, last] = device["history"]
    assert (first["up"], last["up"], last["reason"]) == (True, True, "")
    assert any("unplugged" in each["reason"] for each in device["history"])
    assert first["at"] < last["at"]
