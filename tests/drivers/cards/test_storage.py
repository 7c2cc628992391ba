"""Storage cards through a reader: which card, and commands that only the card knows, let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import CardTornError
from drivers.cards.member import seal, unseal
from drivers.cards.seam import BadMacError, CardRefusedError, Response
from drivers.cards.storage import CardName, Passage, card_name, pass_through, read, read_uid
from tests.cards.sim import classic, felica, ultralight


@pytest.mark.parametrize(
    ("atr", "name"),
    [
        (classic.ATR_1K, CardName.CLASSIC_1K),
        (classic.ATR_4K, CardName.CLASSIC_4K),
        (ultralight.ATR, CardName.ULTRALIGHT),
        (felica.Felica(bytes(8)).atr, CardName.FELICA_212),
        (felica.Felica(bytes(8), is_fast=True).atr, CardName.FELICA_424),
        (bytes.fromhex("3b80800101"), None),
        (bytes.fromhex("3b8f8001804f0ca00000030603"), None),
        (b"", None),
    ],
)
def test_a_storage_card_is_named_by_the_atr_that_its_reader_makes_up(atr, name):
    assert card_name(atr) == name


def test_simulated_readers_make_up_sound_atrs():
    for atr in (classic.ATR_1K, classic.ATR_4K, ultralight.ATR, felica.Felica(bytes(8)).atr):
        check = 0
        for byte in atr[1:]:
            check ^= byte
        assert check == 0


@given(st.binary(max_size=60))
def test_any_bytes_are_an_atr(raw):
    name = card_name(raw)

    assert name is None or 0 <= name <= 0xFFFF


@given(st.sampled_from(Passage), st.binary(max_size=260))
def test_whatever_a_reader_lets_through_is_an_answer_or_a_refusal(passage, raw):
    try:
        answer = pass_through(lambda _: Response.parse(raw), passage, b"\x60")
    except (CardRefusedError, CardTornError):
        return
    assert answer is None or len(answer) <= len(raw)


@pytest.mark.parametrize(
    ("passage", "raw", "answer"),
    [
        (Passage.PN532, "d5430001029000", "0102"),
        (Passage.PN532, "d543019000", None),
        (Passage.PCSC, "c003009000970201029000", "0102"),
        (Passage.PCSC, "c0030164019000", None),
        (Passage.PCSC, "c0030090009000", None),
    ],
)
def test_the_answer_of_the_card_is_taken_out_of_the_readers(passage, raw, answer):
    found = pass_through(lambda _: Response.parse(bytes.fromhex(raw)), passage, b"\x60")

    assert found == (None if answer is None else bytes.fromhex(answer))


@given(st.binary(max_size=258))
def test_a_block_has_its_length_or_is_refused(raw):
    def transmit(_: bytes) -> Response:
        return Response.parse(raw)

    try:
        assert len(read(transmit, 4, 16)) == 16
    except (CardRefusedError, CardTornError):
        assert len(raw) != 18 or raw[-2:] != b"\x90\x00"


@pytest.mark.parametrize("uid", ["", "010203", "00" * 11])
def test_an_identifier_of_no_standard_is_refused(uid):
    with pytest.raises(CardRefusedError, match="identifier of"):
        read_uid(lambda _: Response.parse(bytes.fromhex(uid) + b"\x90\x00"))


@given(st.binary(max_size=10), st.binary(min_size=1, max_size=38), st.integers(0, 383))
def test_a_member_record_with_any_bit_wrong_is_refused(binding, text, bit):
    record = seal(b"K" * 16, binding, text)
    wrong = (int.from_bytes(record, "big") ^ 1 << bit).to_bytes(48, "big")

    assert unseal(b"K" * 16, binding, record) == text
    with pytest.raises((BadMacError, CardRefusedError)):
        unseal(b"K" * 16, binding, wrong)
    with pytest.raises(BadMacError):
        unseal(b"K" * 16, binding + b"x", record)


@given(st.binary(max_size=60))
def test_any_bytes_are_no_member_record(raw):
    with pytest.raises((BadMacError, CardRefusedError)):
        unseal(b"K" * 16, b"card", raw)
