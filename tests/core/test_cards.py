"""What a card's image means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.cards import check_characters, code, medium, parse_code
from terminal.core.refusal import Key, Refusal

NUMBERS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=20)


@pytest.mark.parametrize(
    ("uid", "named"),
    [
        ("04a1b2c3", "uid:04a1b2c3"),  # single size, ISO/IEC 14443-3
        ("04a1b2c3d4e5f6", "uid:04a1b2c3d4e5f6"),  # double size
        ("04a1b2c3d4e5f60718a9", "uid:04a1b2c3d4e5f60718a9"),  # triple size
        ("0102030405060708", "uid:0102030405060708"),  # FeliCa IDm, ISO/IEC 15693
        ("08a1b2c3d4e5f6", "uid:08a1b2c3d4e5f6"),  # 08 means random only in a single size UID
    ],
)
def test_a_uid_names_a_medium(uid, named):
    assert medium("uid", bytes.fromhex(uid), b"") == named


def test_a_random_uid_is_refused():
    # ISO/IEC 14443-3 6.4.4: a single size UID that starts with 08 is drawn anew at every selection.
    assert medium("uid", bytes.fromhex("08a1b2c3"), b"") == Refusal(Key.RANDOM_UID)


@pytest.mark.parametrize("idm", ["01fe2e4cd8a30b12", "02fe2e4cd8a30b12"])
def test_an_idm_that_a_phone_made_up_is_refused(idm):
    # NFC Forum Digital Protocol 2.0: 01FE is drawn for peer to peer, 02FE set by the phone's software.
    assert medium("felica", bytes.fromhex(idm), b"") == Refusal(Key.RANDOM_UID)
    assert medium("uid", bytes.fromhex(idm), b"") == f"uid:{idm}"  # An ISO/IEC 15693 card may.


@pytest.mark.parametrize("length", [0, 1, 3, 5, 6, 9, 11, 300])
def test_a_uid_of_no_known_length_is_refused(length):
    assert medium("uid", b"\x01" * length, b"") == Refusal(Key.CARD_MALFORMED)


def test_check_characters_are_mod_97_10():
    # ISO/IEC 7064: 79400 mod 97 = 54, and 98 - 54 = 44.
    assert check_characters("794") == "44"
    # Letters count from A = 10, so "A0" is 100: 10000 mod 97 = 9, and 98 - 9 = 89.
    assert check_characters("A0") == "89"


def test_a_card_with_a_number_names_it():
    assert medium("iso7816", b"", code("100001").encode()) == "card:100001"


def test_a_card_that_proved_its_number_names_it_and_not_its_identifier():
    for family in ("desfire", "classic", "tag", "ntag424", "sle44xx", "cpu"):
        assert medium(family, b"\x04\xa1\xb2\xc3", code("100001").encode()) == "card:100001"
        assert medium(family, b"\x04\xa1\xb2\xc3", b"TP1:100001:00") == Refusal(Key.CARD_MALFORMED)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"TP1:100001:00",
        b"TP1:100001",
        b"\xff" * 32,
        "TP1:１００００１:00".encode(),
        code("100001").encode() + b"\n",
        code("100001").encode() + b"\x00",
        b"TP1:" + b"9" * 10_000 + b":00",
    ],
)
def test_a_malformed_card_is_refused(data):
    assert medium("iso7816", b"", data) == Refusal(Key.CARD_MALFORMED)


@given(NUMBERS)
def test_a_code_reads_back_as_its_number(number):
    assert parse_code(code(number)) == number


@given(NUMBERS, st.data())
def test_two_swapped_neighbours_are_found(number, data):
    # ISO/IEC 7064 MOD 97-10 detects transpositions of digits; letters are two digits each.
    digits = "".join(char for char in number if char.isdigit()).ljust(4, "7")
    place = data.draw(st.integers(0, len(digits) - 2))
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    if swapped != digits:
        assert isinstance(parse_code(f"TP1:{swapped}:{check_characters(digits)}"), Refusal)


@given(st.binary(max_size=64), st.binary(max_size=64), st.sampled_from(["uid", "iso7816", "tag"]))
def test_any_card_is_a_medium_or_a_refusal(uid, data, family):
    assert isinstance(medium(family, uid, data), str | Refusal)
