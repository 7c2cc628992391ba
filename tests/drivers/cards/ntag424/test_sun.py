"""Addresses that tags sign: published ones, forged ones, copied ones, and any text at all."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.keys import Masters
from drivers.cards.ntag424.sun import (
    Tap,
    opened,
    session_keys,
    verify,
)
from drivers.cards.ntag424.template import Template, TemplateError
from drivers.cards.seam import BadMacError, CardRefusedError

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "storage.json").read_text())
MESSAGES = {vector["name"]: vector for vector in VECTORS["ntag424"]}
NAMES = pytest.mark.parametrize("name", list(MESSAGES))


def tap_of(vector, address: str) -> Tap | None:
    message = Template.parse(vector["template"]).read(address)
    file_key = bytes.fromhex(vector["file_key"])
    return opened(message, 1, bytes.fromhex(vector["meta_key"]), lambda _: file_key)


@NAMES
def test_published_messages_are_verified(name):
    vector = MESSAGES[name]

    tap = tap_of(vector, vector["url"])

    assert tap is not None
    assert tap.uid.hex().upper() == vector["uid"]
    assert tap.counter == vector["counter"]
    assert tap.file == bytes.fromhex(vector["file"] or "")


def test_published_session_keys():
    vector = VECTORS["ntag424_session_keys"]

    enc, mac = session_keys(
        bytes.fromhex(vector["key"]), bytes.fromhex(vector["uid"]), vector["counter"]
    )

    assert (enc.hex().upper(), mac.hex().upper()) == (vector["enc"], vector["mac"])


@NAMES
def test_a_message_with_any_digit_changed_is_not_believed(name):
    vector = MESSAGES[name]
    address = vector["url"]
    template = Template.parse(vector["template"])

    for place in template.places:
        for at in range(place.at, place.at + place.digits):
            digit = "0" if address[at] != "0" else "1"
            forged = address[:at] + digit + address[at + 1 :]
            assert tap_of(vector, forged) is None


@given(st.text(max_size=260))
def test_any_text_is_no_address_of_ours(text):
    with pytest.raises(CardRefusedError):
        Template.parse("https://example.com/m?e={picc}&c={mac}").read(text)


@given(st.text("0123456789ABCDEF", min_size=48, max_size=48))
def test_digits_without_keys_are_no_tap_of_ours(digits):
    template = Template.parse("https://example.com/m?e={picc}&c={mac}")
    address = f"https://example.com/m?e={digits[:32]}&c={digits[32:]}"

    with pytest.raises(BadMacError):
        verify(template.read(address), Masters(((1, b"M" * 16), (2, b"N" * 16))))


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/m?u=04A1B2C3D4E5F6&n=00000A&c=00112233445566gg",
        "https://example.com/m?u=04a1b2c3d4e5f6&n=00000A&c=0011223344556677",
        "https://example.com/m?u=04A1B2C3D4E5F6&n=00000A&c=0011223344556677\n",
        "https://example.com/m?u=04A1B2C3D4E5F6&n=00000A&c=0011223344556677&x=1",
        "https://example.org/m?u=04A1B2C3D4E5F6&n=00000A&c=0011223344556677",
        "http://example.com/m?u=04A1B2C3D4E5F6&n=00000A&c=0011223344556677",
        "https://example.com/m?u=04A1B2C3D4E5F6&n=\uff10\uff10000A&c=0011223344556677",
    ],
)
def test_an_address_that_differs_from_ours_anywhere_is_refused(address):
    template = Template.parse("https://example.com/m?u={uid}&n={counter}&c={mac}")

    with pytest.raises(CardRefusedError, match="no address of a tag of ours"):
        template.read(address)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/",
        "https://example.com/?e={picc}",
        "https://example.com/?c={mac}",
        "https://example.com/?c={mac}&e={picc}",
        "https://example.com/?e={picc}&u={uid}&n={counter}&c={mac}",
        "https://example.com/?u={uid}&c={mac}",
        "https://example.com/?e={picc}&e={picc}&c={mac}",
        "https://example.com/?e={picc}&f={file:15}&c={mac}",
        "https://example.com/?e={picc}&f={file:0}&c={mac}",
        "https://example.com/?e={picc}&f={file:112}&c={mac}",
        "https://example.com/?f={file:16}&e={picc}&c={mac}",
        "https://example.com/?u={uid}&n={counter}&f={file:16}&c={mac}",
        "https://example.com/" + "x" * 200 + "?e={picc}&c={mac}",
        "https://éxample.com/?e={picc}&c={mac}",
    ],
)
def test_a_template_that_no_tag_could_write_is_refused(text):
    with pytest.raises(TemplateError):
        Template.parse(text)
