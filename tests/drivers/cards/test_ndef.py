"""NDEF messages: published ones, and the law that no bytes make the parser fall over."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.ndef import (
    TNF_EXTERNAL,
    NdefError,
    Record,
    build_message,
    find_message,
    parse_message,
    text_of,
    text_record,
    tlv,
    uri_of,
    uri_record,
    wrap_message,
)

VECTORS = {
    vector["name"]: vector
    for vector in json.loads((Path(__file__).parent / "vectors" / "storage.json").read_text())[
        "ndef"
    ]
}


def test_published_short_block():
    vector = VECTORS["tlv_short"]

    assert tlv(vector["kind"], bytes.fromhex(vector["value"])).hex().upper() == vector["tlv"]
    assert find_message(bytes.fromhex(vector["tlv"])) == bytes.fromhex(vector["value"])


def test_published_uri_record():
    vector = VECTORS["uri_record_https"]

    assert build_message((uri_record(vector["uri"]),)).hex().upper() == vector["message"]
    [record] = parse_message(bytes.fromhex(vector["message"]))
    assert uri_of(record) == vector["uri"]


def test_the_header_of_a_block_of_660_bytes_is_as_libfreefare_has_it():
    # nfc-tools/libfreefare test/test_tlv.c: a block of kind 7 and 660 bytes begins 07 FF 02 94.
    assert tlv(7, bytes(660))[:4].hex().upper() == "07FF0294"


records = st.builds(Record, st.just(TNF_EXTERNAL), st.binary(max_size=20), st.binary(max_size=300))


@given(st.lists(records, min_size=1, max_size=2))
def test_a_message_comes_back_whole(given_records):
    message = build_message(tuple(given_records))

    assert parse_message(message) == tuple(given_records)
    assert find_message(b"\x00\x01\x03abc" + wrap_message(message) + b"rest") == message


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_texts_and_addresses_come_back(text):
    assert text_of(text_record(text)) == text
    assert uri_of(uri_record("https://" + text)) == "https://" + text


@given(st.binary(max_size=900))
def test_any_bytes_are_a_message_or_refused(raw):
    for parse in (parse_message, find_message):
        try:
            found = parse(raw)
        except NdefError:
            continue
        assert len(found) <= len(raw)


@given(records, st.data())
def test_a_damaged_message_is_records_or_refused(record, data):
    message = bytearray(build_message((record, uri_record("https://a.example/"))))
    message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))

    try:
        found = parse_message(bytes(message))
    except NdefError:
        return
    for one in found:
        uri_of(one)
        text_of(one)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("0305aa", "ends behind the memory"),
        ("03ff01", "half a length"),
        ("03", "without length"),
        ("03ffffff" + "00" * 70000, "a message of 65535 bytes"),
    ],
)
def test_a_memory_that_lies_about_its_blocks_is_refused(raw, reason):
    with pytest.raises(NdefError, match=reason):
        find_message(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("5101005400", "mark of the first record"),
        ("910100549101005400", "mark of the first record"),
        ("9101005400", "a field of|mark of"),
        ("f1010054", "chunked"),
        ("c101ffffffff54", "ends behind the message"),
        ("d1010054ff", "1 bytes behind the last record"),
        ("91010054", "no record is marked as the last"),
    ],
)
def test_a_message_that_contradicts_itself_is_refused(raw, reason):
    with pytest.raises(NdefError, match=reason):
        parse_message(bytes.fromhex(raw))
