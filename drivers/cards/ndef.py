"""NDEF: the messages that a phone reads from a tag, as bytes; nothing here talks to a card.

A type 2 tag wraps its message in a TLV (03, length, message) that ends with FE; a type 4 tag puts
two bytes of length before it. Everything comes from strangers: sizes are checked before structure.

Sources: NFC Forum Type 2 Tag 2.4 (TLV), NDEF 1.0 section 3 (records), URI RTD 1.0 table 3.
"""

from dataclasses import dataclass

MESSAGE_MAX = 886
"""Bytes that fit between the TLV's header and the end of the largest tag we know (NTAG216)."""
RECORDS_MAX = 16
TNF_WELL_KNOWN = 1
TNF_EXTERNAL = 4
_TLV_NULL = 0x00
_TLV_MESSAGE = 0x03
_TLV_END = 0xFE
_LONG_LENGTH = 0xFF
_BEGIN, _END, _CHUNK, _SHORT, _HAS_ID = 0x80, 0x40, 0x20, 0x10, 0x08
_TNF_MASK = 0x07
_BYTE_MAX = 255
_URI = b"U"
_TEXT = b"T"
_TEXT_UTF16 = 0x80
_TEXT_LANGUAGE = 0x3F
_PREFIXES = (
    "", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:",
    "ftp://anonymous:anonymous@", "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://", "ftp://",
    "dav://", "news:", "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:", "sips:", "tftp:",
    "btspp://", "btl2cap://", "btgoep://", "tcpobex://", "irdaobex://", "file://", "urn:epc:id:",
    "urn:epc:tag:", "urn:epc:pat:", "urn:epc:raw:", "urn:epc:", "urn:nfc:",
)  # fmt: skip


class NdefError(ValueError):
    """The bytes are no NDEF message; says where they go wrong."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a message."""

    tnf: int
    """What namespace ``kind`` is of: 1 well-known, 4 external."""
    kind: bytes
    payload: bytes


def find_message(memory: bytes) -> bytes:
    r"""Return the NDEF message in the data pages of a type 2 tag; empty if the tag has none.

    >>> find_message(b"\x00\x03\x02hi\xfe")
    b'hi'

    Raises:
        NdefError: A block ends behind the memory's end, or the message is longer than any.
    """
    at = 0
    while at < len(memory) and memory[at] != _TLV_END:
        if memory[at] == _TLV_NULL:
            at += 1
            continue
        kind = memory[at]
        length, at = _tlv_length(memory, at + 1)
        if at + length > len(memory):
            raise NdefError(f"a block of {length} bytes ends behind the memory")
        if kind == _TLV_MESSAGE:
            if length > MESSAGE_MAX:
                raise NdefError(f"a message of {length} bytes")
            return memory[at : at + length]
        at += length
    return b""


def _tlv_length(memory: bytes, at: int) -> tuple[int, int]:
    if at >= len(memory):
        raise NdefError("a block without length")
    if memory[at] != _LONG_LENGTH:
        return memory[at], at + 1
    if at + 3 > len(memory):
        raise NdefError("a block with half a length")
    return int.from_bytes(memory[at + 1 : at + 3], "big"), at + 3


def tlv(kind: int, value: bytes) -> bytes:
    """Return ``value`` as a block of ``kind``, and the end mark behind it.

    >>> tlv(3, b"elephant").hex()
    '0308656c657068616e74fe'
    """
    assert len(value) <= MESSAGE_MAX
    if len(value) < _LONG_LENGTH:
        length = bytes((len(value),))
    else:
        length = bytes((_LONG_LENGTH,)) + len(value).to_bytes(2, "big")
    return bytes((kind,)) + length + value + bytes((_TLV_END,))


def wrap_message(message: bytes) -> bytes:
    """Return what a type 2 tag holds from page 4 on, so that phones find ``message``."""
    return tlv(_TLV_MESSAGE, message)


def parse_message(message: bytes) -> tuple[Record, ...]:
    """Return the records of ``message``.

    Raises:
        NdefError: It is too long, chunked, or its records do not fill it exactly.
    """
    if len(message) > MESSAGE_MAX:
        raise NdefError(f"a message of {len(message)} bytes")
    records: list[Record] = []
    at = 0
    while at < len(message):
        if len(records) == RECORDS_MAX:
            raise NdefError(f"more than {RECORDS_MAX} records")
        _check_marks(message, at, is_first=not records)
        is_last = bool(message[at] & _END)
        record, at = _parse_record(message, at)
        records.append(record)
        if is_last:
            break
        if at == len(message):
            raise NdefError("no record is marked as the last")
    if at != len(message):
        raise NdefError(f"{len(message) - at} bytes behind the last record")
    return tuple(records)


def _check_marks(message: bytes, at: int, *, is_first: bool) -> None:
    if bool(message[at] & _BEGIN) != is_first:
        raise NdefError(f"the mark of the first record is wrong at {at}")
    if message[at] & _CHUNK:
        raise NdefError("a chunked record")


def _parse_record(message: bytes, at: int) -> tuple[Record, int]:
    flags, at = message[at], at + 1
    kind_length, at = _number(message, at, 1)
    payload_length, at = _number(message, at, 1 if flags & _SHORT else 4)
    id_length, at = _number(message, at, 1) if flags & _HAS_ID else (0, at)
    kind, at = _take(message, at, kind_length)
    _, at = _take(message, at, id_length)
    payload, at = _take(message, at, payload_length)
    return Record(flags & _TNF_MASK, kind, payload), at


def _number(message: bytes, at: int, size: int) -> tuple[int, int]:
    raw, at = _take(message, at, size)
    return int.from_bytes(raw, "big"), at


def _take(message: bytes, at: int, length: int) -> tuple[bytes, int]:
    if at + length > len(message):
        raise NdefError(f"a field of {length} bytes ends behind the message")
    return message[at : at + length], at + length


def build_message(records: tuple[Record, ...]) -> bytes:
    """Return ``records`` as one message."""
    assert 0 < len(records) <= RECORDS_MAX
    parts = []
    for index, record in enumerate(records):
        marks = (_BEGIN if index == 0 else 0) | (_END if index == len(records) - 1 else 0)
        parts.append(_build_record(record, marks))
    message = b"".join(parts)
    assert len(message) <= MESSAGE_MAX
    return message


def _build_record(record: Record, marks: int) -> bytes:
    is_short = len(record.payload) <= _BYTE_MAX
    flags = marks | record.tnf | (_SHORT if is_short else 0)
    length = len(record.payload).to_bytes(1 if is_short else 4, "big")
    return bytes((flags, len(record.kind))) + length + record.kind + record.payload


def uri_record(uri: str) -> Record:
    """Return the record that holds ``uri``, its beginning shortened as far as the table goes."""
    code = max(
        (number for number, prefix in enumerate(_PREFIXES) if uri.startswith(prefix)),
        key=lambda number: len(_PREFIXES[number]),
    )
    rest = uri[len(_PREFIXES[code]) :]
    return Record(TNF_WELL_KNOWN, _URI, bytes((code,)) + rest.encode())


def uri_of(record: Record) -> str | None:
    """Return the URI in ``record``; None if it holds none that can be read."""
    if (record.tnf, record.kind) != (TNF_WELL_KNOWN, _URI) or not record.payload:
        return None
    code, rest = record.payload[0], record.payload[1:]
    if code >= len(_PREFIXES) or not rest.isascii():
        return None
    return _PREFIXES[code] + rest.decode("ascii")


def text_record(text: str) -> Record:
    """Return the record that holds ``text``, in no particular language."""
    return Record(TNF_WELL_KNOWN, _TEXT, b"\x02en" + text.encode())


def text_of(record: Record) -> str | None:
    """Return the ASCII text in ``record``; None if it holds none."""
    if (record.tnf, record.kind) != (TNF_WELL_KNOWN, _TEXT) or not record.payload:
        return None
    status = record.payload[0]
    text = record.payload[1 + (status & _TEXT_LANGUAGE) :]
    if status & _TEXT_UTF16 or not text.isascii():
        return None
    return text.decode("ascii")
