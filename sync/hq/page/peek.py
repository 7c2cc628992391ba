"""Bytes that nobody could take, shown as far as they can be understood. Nothing of it is believed."""

import json
from typing import Any

import msgspec
import zstandard

from sync.protocol.wire import HEADER_BYTES

DUMP_BYTES_MAX = 512
TEXT_CHARS_MAX = 6_000
_UNPACKED_MAX = 1_000_000
_PER_LINE = 16


def of_record(body: bytes) -> str:
    """Return what can be read of a record's body."""
    try:
        return _drawn(msgspec.msgpack.decode(body))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return f"{error}\n\n{dump(body)}"


def of_envelope(data: bytes) -> str:
    """Return what can be read of a message: its envelope, and the payload as far as it goes."""
    if len(data) <= HEADER_BYTES:
        return dump(data)
    head = f"version {data[0]}\nkey {data[1:9].hex()}\nsignature {data[9:HEADER_BYTES].hex()}\n\n"
    payload = data[HEADER_BYTES:]
    return head + of_record(_unpacked(payload))


def _unpacked(payload: bytes) -> bytes:
    """Return what was compressed, which only batches are."""
    try:
        if 0 < zstandard.get_frame_parameters(payload).content_size <= _UNPACKED_MAX:
            return zstandard.ZstdDecompressor().decompress(payload, max_output_size=_UNPACKED_MAX)
    except zstandard.ZstdError:
        return payload
    return payload


def dump(data: bytes) -> str:
    r"""Return the first bytes as people read them.

    >>> dump(b"\x00AB")
    '0000  00 41 42                                         .AB'
    """
    lines = []
    for place in range(0, min(len(data), DUMP_BYTES_MAX), _PER_LINE):
        part = data[place : place + _PER_LINE]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)  # noqa: PLR2004 - ASCII
        lines.append(f"{place:04x}  {part.hex(' '):<47}  {text}")
    more = len(data) - DUMP_BYTES_MAX
    return "\n".join([*lines, *([f"… {more} more"] if more > 0 else [])])


def _drawn(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=1, default=_named)
    return text if len(text) <= TEXT_CHARS_MAX else text[:TEXT_CHARS_MAX] + "\n…"


def _named(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)
