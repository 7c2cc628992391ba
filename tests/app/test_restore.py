"""Tills whose ledger came from a backup lose nothing, double nothing, and go on by themselves."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from terminal.store.prints import PrintState
from terminal.store.reader import Reader
from terminal.store.verify import verify
from tests.app.test_from_hq import ACCOUNT, GOLD, has_data, shop
from tests.kit.broker import Broker
from tests.kit.tcp_printer import TcpPrinter
from tests.kit.till import COLA, WATER, HqProcess, TillProcess, rows
from tests.kit.waiting import until


def points(till):
    """What the till says the gold member holds."""
    found = till.api.json("GET", f"/members?q={ACCOUNT}")["members"]
    return found[0]["points"]


def sell_to_member(till, *codes):
    return till.api.json(
        "POST",
        "/sales",
        {
            "lines": [{"code": code} for code in codes],
            "member": {"card": f"uid:{GOLD.lower()}"},
            "tenders": [{"type": "cash", "amount": 100_000}],
        },
    )


def until_acked(till):
    till.until(
        lambda state: state["sync"]["pending"] == 0 and not state["sync"]["trouble"], "all sent"
    )


def ledgers_at(hq):
    return rows(
        hq.database,
        "SELECT ledger_id, branch, last_seq FROM stream ORDER BY id",
    )


def receipts_at(hq):
    return rows(hq.database, "SELECT count(*) FROM sale")[0][0]


def books_fold(hq):
    """Every account's balance at the head office, which counts each record once."""
    return {key: amount for key, amount in hq.balances().items() if key[0].startswith("member:")}


def put_back(image, till):
    """Put the file alone back, as an image of a card would."""
    shutil.copy(image, till.ledger_path)
    for end in ("-wal", "-shm"):
        Path(f"{till.ledger_path}{end}").unlink(missing_ok=True)


def test_a_restored_till_opens_a_new_ledger_and_nothing_is_lost_or_doubled(tmp_path):
    with shop(tmp_path) as (_, hq, till):
        has_data(till)
        till.api.sign_in()
        names = [sell_to_member(till, COLA)["receipt"] for _ in range(3)]
        until_acked(till)
        made = till.tallypoint(
            "backup", "--to", str(tmp_path / "stick"), "--config", str(till.settings)
        )
        assert made.returncode == 0, made.stderr
        (copy,) = (tmp_path / "stick").glob("*.db")
        names += [sell_to_member(till, WATER, COLA)["receipt"] for _ in range(2)]
        until_acked(till)
        right = points(till)
        till.stop()

        # The card died; the backup is put in place, as a technician does.
        restored = till.tallypoint("restore", str(copy), "--config", str(till.settings))
        assert restored.returncode == 0, restored.stderr
        till.start()
        till.wait_until_up()
        till.api.sign_in()
        has_data(till)
        until(lambda: points(till) == right, "what the lost tail earned")
        names.append(sell_to_member(till, COLA)["receipt"])
        until_acked(till)
        assert len(set(names)) == 6
        assert names[-1].startswith("S01-T1-") and not names[-1].startswith("S01-T1-1-")
        first, second = (
            row[0] for row in rows(hq.database, "SELECT ledger_id FROM stream ORDER BY id")
        )
        lineage = rows(hq.database, "SELECT ledger_id, previous FROM lineage WHERE previous != ''")
        assert lineage == [(second, first)]
        assert receipts_at(hq) == 6
        old = till.api.json("GET", f"/receipts/{names[0]}")
        assert old["kind"] == "sale_posted"

        # And once more without a word: the file alone is put back, as an image of a card would.
        till.stop()
        with (
            closing(sqlite3.connect(tmp_path / "image.db")) as image,
            closing(sqlite3.connect(till.ledger_path)) as live,
        ):
            live.backup(image)
        till.start()
        till.wait_until_up()
        till.api.sign_in()
        names += [sell_to_member(till, COLA)["receipt"] for _ in range(2)]
        until_acked(till)
        right = points(till)
        till.stop()
        put_back(tmp_path / "image.db", till)
        till.start()
        till.wait_until_up()
        before = names[-1].rpartition("-")[0]
        until(
            lambda: rows(till.ledger_path, "SELECT ledger_id FROM state") != [(second,)],
            "a new ledger",
        )
        till.api.sign_in()
        until(lambda: points(till) == right, "what the lost tail earned, again")
        names.append(sell_to_member(till, COLA)["receipt"])
        assert names[-1].rpartition("-")[0] != before
        until_acked(till)
        assert len(set(names)) == 9 == receipts_at(hq)
        assert not any(row[1] for row in ledgers_at(hq)), "no branch: nothing was sold twice"
        assert verify(till.ledger_path).faults == ()


def test_a_till_sells_and_prints_on_over_its_new_ledger(tmp_path):
    """Its devices tell only news, and a printer's late word is about the ledger before."""
    with TcpPrinter() as printer, Broker(tmp_path) as broker:
        device = {"name": "receipt", "driver": "network", "host": "127.0.0.1", "port": printer.port}
        with (
            HqProcess(tmp_path, broker.port) as hq,
            TillProcess(tmp_path, broker=broker.port, printers=[device]) as till,
        ):
            till.api.sign_in()
            till.until_light("receipt", "ok")
            till.api.sell(WATER)
            till.until(lambda state: not state["doubts"] and not state["sync"]["pending"], "sent")
            till.stop()
            shutil.copy(till.ledger_path, tmp_path / "image.db")
            till.restart()
            till.api.sign_in()
            for _ in range(3):
                till.api.sell(COLA)
            till.until(lambda state: not state["doubts"] and not state["sync"]["pending"], "sent")
            till.stop()
            broker.stop()
            put_back(tmp_path / "image.db", till)
            first = rows(till.ledger_path, "SELECT ledger_id FROM state")
            till.restart()
            till.api.sign_in()
            till.until_light("receipt", "ok")
            till.api.sell(WATER)
            broker.start()
            branch = "SELECT last_seq FROM stream WHERE branch = 1"
            until(lambda: bool(rows(hq.database, branch)), "what was sold apart is a branch")
            till.until(lambda state: not state["sync"]["pending"], "the head office holds all")
            until(
                lambda: rows(till.ledger_path, "SELECT ledger_id FROM state") != first,
                "a new ledger",
            )
            till.api.sell(WATER)
            sold = till.state()["last_receipt"]
            till.until(
                lambda state: sold not in [doubt["receipt"] for doubt in state["doubts"]],
                "the new ledger's first receipt is on paper",
            )
            assert till.is_running
            with closing(Reader.open(till.data / "ledger-1.db")) as closed:
                outcome = closed.print_state(2)
            assert outcome is not PrintState.STARTED, (
                "nothing was at work when its ledger was closed"
            )
