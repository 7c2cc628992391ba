"""Master data on their way down: what the head office has, what a till asks for, and the answer.

A *table* here is a set of rows that changes as one and has one version: the catalogue, the members, the
hotlist, the statements. A version is a number and a mark that commits to everything up to it, so that the
same number of a head office that came back from a backup is not taken for it. Rows are opaque bytes under
a kind and a key; a row without bytes was taken away. What they mean is no matter of the protocol.

Broadcast topics carry the version only. A till asks with a nonce, and the answer repeats it: nothing old can
be played to it. The first element of both messages is their format's number; a hello begins with a text, a
welcome with bytes, so that they may share a topic.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Annotated

import msgspec
import zstandard
from msgspec import Meta

from sync.protocol.keys import PublicKey, SecretKey
from sync.protocol.wire import (
    HEADER_BYTES,
    MESSAGE_BYTES_MAX,
    BadEnvelopeError,
    Branch,
    Kind,
    LedgerId,
    Nonce,
    Seq,
    Terminal,
    parse,
    read,
    sign,
    take_apart,
    verify,
)

FORMAT = 1
MARK_BYTES = 16
KEY_CHARS_MAX = 120
BODY_BYTES_MAX = 48_000
CURSOR_BYTES_MAX = 600
ROWS_MAX = 20_000
"""In one part."""
ROWS_PACKED_MAX = 100_000
"""Bytes of one part's rows, compressed."""
ROWS_UNPACKED_MAX = 1_000_000
ROOM_MIN = 8_000
QUARANTINED_MAX = 1_000
"""A till with more records set aside gets no statements until a person has looked."""
PART_BYTES_MAX = HEADER_BYTES + ROWS_PACKED_MAX + 10_000
_LEVEL = 6
_FIXINT_MAX = 0x7F
"""The first byte of a small number in MessagePack is not larger."""

CATALOGUE, MEMBERS, HOTLIST, STATEMENTS = "catalogue", "members", "hotlist", "statements"
RULES, PURSES = "rules", "purses"
TABLES = (CATALOGUE, MEMBERS, HOTLIST, RULES, PURSES, STATEMENTS)
"""In the order in which a till fetches them."""
OFFERED = (RULES, PURSES)
"""Asked for only where the head office says that it has them: an older one does not know their name."""

Table = Annotated[str, Meta(pattern=rf"^({'|'.join(TABLES)})\Z", max_length=20)]
Mark = Annotated[bytes, Meta(max_length=MARK_BYTES)]
"""Empty before the first version."""
Version = Annotated[int, Meta(ge=0, le=2**53)]
Cursor = Annotated[bytes, Meta(max_length=CURSOR_BYTES_MAX)]
Row = tuple[
    Annotated[str, Meta(min_length=1, max_length=20)],
    Annotated[str, Meta(min_length=1, max_length=KEY_CHARS_MAX)],
    Annotated[bytes, Meta(max_length=BODY_BYTES_MAX)] | None,
]
"""Kind, key, body; no body where the row was taken away."""
_Format = Annotated[int, Meta(ge=1, le=_FIXINT_MAX)]


class What(IntEnum):
    """What a part is; and in a question what it goes on with."""

    CURRENT = 0
    """There is nothing newer. In a question: whatever is newer than what is held."""
    DELTA = 1
    """What changed after the version held."""
    SNAPSHOT = 2
    """Everything."""
    STATEMENT = 3
    """Balances that changed, each part whole in itself."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A snapshot that is being fetched."""

    version: int
    mark: bytes
    cursor: bytes
    """Where it goes on; empty once it is whole and only lacks what changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a till holds of one table."""

    version: int
    mark: bytes
    draft: Draft | None = None


class Word(msgspec.Struct, array_like=True, frozen=True):
    """What the head office has of one table. Fields are only ever added at the end."""

    format: _Format
    table: str
    version: Version
    mark: Mark


class Ask(msgspec.Struct, array_like=True, frozen=True):
    """A till's question. Fields are only ever added at the end."""

    format: _Format
    terminal: Terminal
    nonce: Nonce
    table: Table
    version: Version
    """What the till holds whole."""
    mark: Mark
    what: What
    """What it goes on with; ``CURRENT`` at the beginning."""
    to_version: Version
    """Version of what it goes on with."""
    to_mark: Mark
    cursor: Cursor
    """Where it goes on: as the last part said."""
    room: Annotated[int, Meta(ge=ROOM_MIN, le=ROWS_PACKED_MAX)]
    """So many bytes of rows it wants at once."""
    ledger_id: LedgerId
    branch: Branch


class Part(msgspec.Struct, array_like=True, frozen=True):
    """The head office's answer. Fields are only ever added at the end."""

    format: _Format
    nonce: Nonce
    table: Table
    what: What
    version: Version
    """What the till holds once it has all parts."""
    mark: Mark
    cursor: Cursor = b""
    """Where to go on; empty with the last part."""
    is_first: bool = True
    """False when it goes on where the question said."""
    packed: Annotated[bytes, Meta(max_length=ROWS_PACKED_MAX)] = b""
    """Rows, see :func:`pack_rows`."""
    ledger_id: str = ""
    """Of a statement: whose records it contains, up to ``seq``, except those set aside."""
    branch: Branch = 0
    seq: Seq = 0
    quarantined: Annotated[tuple[Seq, ...], Meta(max_length=QUARANTINED_MAX)] = ()


_encoder = msgspec.msgpack.Encoder()
_words = msgspec.msgpack.Decoder(Word)
_asks = msgspec.msgpack.Decoder(Ask)
_parts = msgspec.msgpack.Decoder(Part)


@cache
def _rows() -> "msgspec.msgpack.Decoder[tuple[Row, ...]]":
    return msgspec.msgpack.Decoder(Annotated[tuple[Row, ...], Meta(max_length=ROWS_MAX)])


def is_numbered(data: bytes) -> bool:
    """Return whether a message begins with a format's number: an ask or a part, if it is one at all."""
    return data[HEADER_BYTES + 1 : HEADER_BYTES + 2] <= bytes((_FIXINT_MAX,))


def write_word(word: Word, key: SecretKey) -> bytes:
    """Return ``word``, signed."""
    return sign(Kind.MASTER, _encoder.encode(word), key)


def read_word(data: bytes, key: PublicKey) -> Word:
    """Return the word in ``data`` that ``key`` signed.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
    """
    word = read(Kind.MASTER, _words, data, key)
    _check_format(word.format)
    return word


def write_ask(ask: Ask, key: SecretKey) -> bytes:
    """Return ``ask``, signed."""
    return sign(Kind.ASK, _encoder.encode(ask), key)


def read_ask(data: bytes, key: PublicKey) -> Ask:
    """Return the question in ``data`` that ``key`` signed.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
    """
    ask = read(Kind.ASK, _asks, data, key)
    _check_format(ask.format)
    return ask


def ask_key_id(data: bytes) -> bytes:
    """Return the name of the key that claims to have signed a question.

    Raises:
        BadEnvelopeError: The envelope is too large, too short or of an unknown version.
    """
    return take_apart(data, MESSAGE_BYTES_MAX).key_id


def write_part(part: Part, key: SecretKey) -> bytes:
    """Return ``part``, signed."""
    return sign(Kind.PART, _encoder.encode(part), key)


def read_part(data: bytes, key: PublicKey) -> Part:
    """Return the part in ``data`` that ``key`` signed.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
    """
    envelope = take_apart(data, PART_BYTES_MAX)
    verify(Kind.PART, envelope, key)
    part = parse(_parts, envelope.payload)
    _check_format(part.format)
    return part


def pack_rows(rows: list[Row], room: int) -> tuple[int, bytes]:
    """Return how many of ``rows`` fit into ``room`` bytes, at least one if there is any, and them packed."""
    count, size = 0, 0
    for row in rows[:ROWS_MAX]:
        size += len(row[2] or b"") + 2 * len(row[1]) + 30
        if count and size > ROWS_UNPACKED_MAX:
            break
        count += 1
    while True:
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(_encoder.encode(rows[:count]))
        if len(packed) <= room or count <= 1:
            return count, packed
        count = max(1, min(count - 1, count * room * 9 // (len(packed) * 10)))


def unpack_rows(packed: bytes) -> tuple[Row, ...]:
    """Return the rows of a part that was verified.

    Raises:
        BadEnvelopeError: ``too-large`` or ``malformed``.
    """
    if not packed:
        return ()
    try:
        size = zstandard.get_frame_parameters(packed).content_size
        if not 0 < size <= ROWS_UNPACKED_MAX:
            raise BadEnvelopeError("too-large", f"{size} bytes, at most {ROWS_UNPACKED_MAX}")
        payload = zstandard.ZstdDecompressor().decompress(
            packed, max_output_size=ROWS_UNPACKED_MAX, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise BadEnvelopeError("malformed", str(error)) from error
    return parse(_rows(), payload)


def _check_format(number: int) -> None:
    if number != FORMAT:
        raise BadEnvelopeError("version", f"format {number} is not known here")
