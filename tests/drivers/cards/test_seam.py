"""The seam: errors that carry the datum needed next, and traffic that shows no secret."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import CardTornError
from drivers.cards import crypto
from drivers.cards.desfire.purse import open_purse
from drivers.cards.seam import (
    TRAFFIC,
    CardRefusedError,
    Response,
    WrongPinError,
    masked,
    traced,
)
from tests.cards.issued import EV2, KEYS, Drawn, issued, moved
from tests.cards.link import Link
from tests.cards.sim.ciphers import Block

log = logging.getLogger("tests.cards")


def test_a_refusal_carries_its_status_word():
    with pytest.raises(CardRefusedError, match="VERIFY: SW=6982") as caught:
        Response(b"", 0x6982).expect_ok("VERIFY")
    assert (caught.value.doing, caught.value.status) == ("VERIFY", 0x6982)


def test_a_wrong_pin_carries_how_often_one_may_still_be_wrong():
    error = WrongPinError("VERIFY", 0x63C2, tries_left=2)
    assert isinstance(error, CardRefusedError)
    assert (str(error), error.tries_left) == ("VERIFY: SW=63C2", 2)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("00a4040002f00100", "00a4040002 f00100"),
        ("905a00000354414c00", "905a000003 54414c00"),
        ("ffca000000", "ffca000000"),
        ("0020000003313233", "0020000003 (3 bytes)"),
        ("ff82000006ffffffffffff", "ff82000006 (6 bytes)"),
        ("90c400000200ff00", "90c4000002 (3 bytes)"),
        ("80540100020102", "8054010002 (2 bytes)"),
        ("00b0000006", "00b0000006"),
        ("", ""),
    ],
)
def test_a_body_is_shown_only_of_commands_known_to_be_harmless(command: str, shown: str):
    assert masked(bytes.fromhex(command)) == shown


def test_traffic_is_logged_at_its_own_level_without_keys_numbers_or_amounts(caplog):
    caplog.set_level(TRAFFIC, logger=log.name)
    sim = issued(EV2)

    open_purse(traced(Link(sim), log), Drawn(), KEYS, EV2).move(moved(1_250))

    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 16
    assert lines[0] == "> ffca000000"
    assert lines[1] == "< (7 bytes) 9000"
    assert all(record.levelno == TRAFFIC < logging.DEBUG for record in caplog.records)
    assert "04782e21801d80" not in "".join(lines)
    for _, master in KEYS.masters:
        assert master.hex() not in "".join(lines)


def test_traffic_that_is_not_asked_for_costs_nothing(caplog):
    caplog.set_level(logging.DEBUG, logger=log.name)
    link = Link(issued(EV2))

    assert traced(link, log) is link


@given(st.binary(max_size=300))
def test_whatever_a_reader_returns_is_an_answer_torn_or_refused(raw: bytes):
    try:
        answer = Response.parse(raw)
    except CardTornError:
        assert len(raw) < 2
    except CardRefusedError:
        assert len(raw) > 258
    else:
        assert answer.data + answer.status.to_bytes(2, "big") == raw


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=70))
def test_ciphers_agree_with_those_written_apart_from_them(key: bytes, data: bytes):
    aes, des = Block(key), Block(key, des=True)
    whole = data + bytes(-len(data) % 16)

    assert crypto.aes_cmac(key, data) == aes.cmac(data)
    assert crypto.des_cmac(key, data) == des.cmac(data)
    assert crypto.aes_cbc_encrypt(key, key, whole) == aes.encrypt(key, whole)
    assert crypto.aes_cbc_decrypt(key, key, whole) == aes.decrypt(key, whole)
    assert crypto.des_cbc_decrypt(key, key[:8], whole) == des.decrypt(key[:8], whole)
    assert crypto.unpad_80(crypto.pad_80(data, 16)) == data
