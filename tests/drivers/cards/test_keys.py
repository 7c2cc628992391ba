"""Master keys: read from a credential file, diversified for each card, shown nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.keys import (
    CREDENTIAL_MAX,
    KeyFileError,
    Masters,
    Purpose,
    UnknownVersionError,
    read_masters,
    wallet_number,
)

OLD, NEW = b"\x11" * 16, b"\x22" * 16
CONTENT = f"# keys of the shop\n\n1 {OLD.hex()}\n 2\t{NEW.hex().upper()}\n".encode()
UID = bytes.fromhex("04782e21801d80")


def test_the_newest_version_stands_last_in_the_file():
    masters = read_masters(CONTENT, "card-keys")

    assert masters == Masters(((1, OLD), (2, NEW)))
    assert masters.versions == (2, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 keys; there must be 1 to 8"),
        (b"1 1122\n", "line 1: not a version"),
        (b"# \n1 " + b"zz" * 16, "line 2: not a version"),
        (b"0 " + b"11" * 16, "line 1: not a version"),
        (b"256 " + b"11" * 16, "line 1: not a version"),
        ((b"1 " + b"11" * 16 + b"\n") * 2, "line 2: version 1 stands there twice"),
        (b"".join(b"%d %s\n" % (n, b"11" * 16) for n in range(1, 10)), "9 keys"),
        (b"#" * (CREDENTIAL_MAX + 1), "larger than 4096 bytes"),
    ],
)
def test_a_file_that_is_no_key_file_is_refused_without_showing_what_it_holds(content, reason):
    with pytest.raises(KeyFileError, match=reason) as caught:
        read_masters(content, "card-keys")
    assert "1111" not in str(caught.value)


@given(st.binary(max_size=200))
def test_whatever_a_key_file_holds_it_is_masters_or_a_reason(content: bytes):
    try:
        assert read_masters(content, "card-keys").versions
    except KeyFileError as error:
        assert str(error).startswith("card-keys")


def test_every_card_purpose_and_version_has_a_key_of_its_own():
    masters = Masters(((1, OLD), (2, NEW)))
    keys = [
        masters.aes_key(purpose, version, card)
        for purpose in Purpose
        for version in (1, 2)
        for card in (UID, UID[::-1])
    ]
    keys += [masters.des_key(purpose, 1, UID + b"\0") for purpose in Purpose]

    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {16}


def test_masters_show_themselves_without_their_keys():
    masters = Masters(((1, OLD),))

    for shown in (repr(masters), str(masters), f"{masters!r:>200}"):
        assert OLD.hex() not in shown
        assert repr(OLD) not in shown


def test_an_unknown_version_is_told():
    error = UnknownVersionError("authenticate", 9)
    assert (error.version, str(error)) == (
        9,
        "authenticate: keys of version 9, of which there is no master here",
    )


def test_a_wallet_is_known_by_the_end_of_its_serial_number():
    assert wallet_number(bytes(range(10))) == bytes(range(2, 10))
    assert wallet_number(b"\x01\x02") == bytes.fromhex("0102800000000000")
