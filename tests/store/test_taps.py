"""Signed taps: only a newer one counts, over restarts and a rebuild."""

import sqlite3
from dataclasses import replace

from terminal.store import taps
from terminal.store.ledger import Ledger
from terminal.store.rebuild import rebuild
from terminal.store.schema import Identity
from terminal.store.succession import Succession, follow
from tests.store.entries import BOOT, IDENTITY, KEY, entry

TAG, OTHER = bytes.fromhex("04a1b2c3d4e5f6"), bytes.fromhex("04a1b2c3d4e5f7")


def made(body, corrects):
    return replace(entry(body, ""), postings=(), corrects=corrects)


def opened(folder) -> Ledger:
    return Ledger.open(folder / "ledger.db", IDENTITY, "boot")


def test_only_a_tap_after_the_last_that_was_seen_counts_over_restarts_and_a_rebuild(tmp_path):
    ledger = opened(tmp_path)
    assert [ledger.take_tap(TAG, count) for count in (7, 7, 6, 8)] == [True, False, False, True]
    assert ledger.take_tap(OTHER, 1)
    ledger.close()

    ledger = opened(tmp_path)
    assert [ledger.take_tap(TAG, count) for count in (8, 7, 9)] == [False, False, True]
    ledger.close()
    rebuild(tmp_path / "ledger.db")

    ledger = opened(tmp_path)
    assert [ledger.take_tap(TAG, 9), ledger.take_tap(OTHER, 1)] == [False, False]
    ledger.close()


def test_the_ledger_after_a_restore_knows_the_taps_of_the_one_before(tmp_path):
    ledger = opened(tmp_path)
    assert ledger.take_tap(TAG, 7)
    ledger.close()
    anew = Identity("02LEDGER", KEY)

    follow(tmp_path, Succession("restored", 2), anew, BOOT, made, lambda _: 5)

    ledger = Ledger.open(tmp_path / "ledger.db", anew, BOOT)
    assert [ledger.take_tap(TAG, count) for count in (7, 8)] == [False, True]
    ledger.close()


def test_only_so_many_tags_are_remembered(tmp_path):
    opened(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    for number in range(4):
        assert taps.take(connection, bytes((number,)), 5, tags_max=3)

    assert not taps.take(connection, b"\x01", 5, tags_max=3)
    assert taps.take(connection, b"\x00", 5, tags_max=3), "the first was forgotten"
    connection.close()
