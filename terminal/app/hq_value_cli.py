"""``tallypoint hq value adjust|lost|lapse|merge|exposure|export``: value at the head office, by hand.

What is done here stands in the head office's own ledger, with its reason and who did it. The head office may
be running meanwhile.
"""

import argparse
import getpass
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from config.faults import ConfigError, render_all
from config.load import load_hq
from config.schema import Hq
from sync.hq import merging
from sync.hq.audit import Act
from sync.hq.clock import now_ms
from sync.hq.database import StoreError
from sync.hq.exposure import exposure
from sync.hq.opening import SQLITE, address_of, open_database
from sync.hq.ownledger import NotTakenError, OwnLedger, records
from sync.hq.people import DeniedError
from sync.hq.store import Store
from sync.protocol.keys import BadKeyError, load_secret
from terminal.app.hq_cli import become_owner
from terminal.codec.entry import decode
from terminal.store.errors import LedgerError
from terminal.store.ledger import Ledger
from terminal.store.schema import Identity

_BAD_SETTINGS = 78


def run_value(asked: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    try:
        office = load_hq(Path(asked.config)).hq
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return _BAD_SETTINGS
    try:
        data = address_of(office)
        if data.startswith(SQLITE):
            become_owner(Path(data.removeprefix(SQLITE)))
        key = load_secret(Path(office.signing_key))
        store = Store(open_database(data))
        try:
            _carry_out(asked, office, store, OwnLedger(store, key))
        finally:
            store.close()
    except (BadKeyError, OSError, StoreError, NotTakenError, LedgerError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _carry_out(asked: argparse.Namespace, office: Hq, store: Store, own: OwnLedger) -> None:
    at, by = now_ms(), f"command:{getpass.getuser()}"[:40]
    today = datetime.fromtimestamp(at / 1_000, ZoneInfo(office.timezone))
    date = today.year * 10_000 + today.month * 100 + today.day
    match asked.what:
        case "adjust":
            _need(asked.name, asked.reason, asked.amount)
            seq = own.adjust(asked.name, asked.unit, asked.amount, asked.reason, by, date, at)
            print(f"record {seq} of the head office's ledger")
        case "lost":
            _need(asked.name, asked.reason, 1)
            count = own.declare_lost(asked.name, asked.reason, by, date, at)
            print(f"{count} allowances of {asked.name} are free again")
        case "lapse":
            print(f"{own.lapse(date, at)} lots are past their day and booked as gone")
        case "merge":
            _merge(asked, own, date, Act(by, "", at))
        case "export":
            print(f"{_export(store, own, Path(asked.name))} records in {asked.name}")
        case _:
            for each in exposure(store.database.sql.execute, at):
                print(
                    each.terminal, each.unit, each.amount,
                    f"{each.expired} of it expired" if each.expired else "", sep="\t",
                )  # fmt: skip


def _merge(asked: argparse.Namespace, own: OwnLedger, date: int, act: Act) -> None:
    wanted = merging.Merge(asked.name, asked.into, asked.reason)
    try:
        count = merging.merge(own, act, wanted, date)
    except DeniedError as error:
        raise ValueError(merging.SAID[str(error)]) from error
    print(f"{asked.name} is one with {asked.into}: {count} records of the head office's ledger")


def _need(name: str, reason: str, amount: int) -> None:
    if not name or not reason or not amount:
        raise ValueError("a name, a reason and an amount other than 0 are needed")


def _export(store: Store, own: OwnLedger, path: Path) -> int:
    """Write the head office's ledger into a file that ``tallypoint ledger verify`` reads."""
    if path.exists():
        raise ValueError(f"{path} is there already")
    ledger_id, raw = own.identity()
    ledger = Ledger.open(path, Identity(ledger_id, raw), "hq")
    try:
        for body, _ in records(store.database):
            ledger.post(decode(body), body, None)
        return ledger.head_seq
    finally:
        ledger.close()
