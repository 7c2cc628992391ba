"""Whole columns as PostgreSQL's arrays in binary, so that rows by the hundred travel in one statement.

psycopg sends lists as text, bytes in hexadecimal. Source of the format: PostgreSQL, ``array_recv`` in
``src/backend/utils/adt/arrayfuncs.c``.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = struct.Struct("!5i")
_LENGTH = struct.Struct("!i")
_INT8, _TEXT, _BYTEA = 20, 25, 17
_INT8S, _TEXTS, _BYTEAS = 1016, 1009, 1001


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one column, all of the type that its class stands for."""

    values: Sequence[Any]


class Numbers(Column):
    """Of ``bigint``."""

    __slots__ = ()
    type: ClassVar = "bigint[]"


class Texts(Column):
    """Of ``text``."""

    __slots__ = ()
    type: ClassVar = "text[]"


class Blobs(Column):
    """Of ``bytea``."""

    __slots__ = ()
    type: ClassVar = "bytea[]"


def columns(rows: Sequence[tuple[Any, ...]]) -> list["Numbers | Texts | Blobs"]:
    """Return ``rows``, of which there is at least one, turned into columns."""
    return [_KINDS[type(values[0])](values) for values in zip(*rows, strict=True)]


_KINDS: dict[type, type[Numbers] | type[Texts] | type[Blobs]] = {
    int: Numbers, str: Texts, bytes: Blobs,
}  # fmt: skip


def register(context: AdaptContext) -> None:
    """Make a connection know columns."""
    assert context.adapters is not None
    for kind, dumper in ((Numbers, _NumbersDumper), (Texts, _TextsDumper), (Blobs, _BlobsDumper)):
        context.adapters.register_dumper(kind, dumper)


class _NumbersDumper(Dumper):
    format = Format.BINARY
    oid = _INT8S

    def dump(self, column: Column) -> Buffer:
        count = len(column.values)
        flat: list[int] = [8] * (2 * count)
        flat[1::2] = column.values
        return _HEAD.pack(1, 0, _INT8, count, 1) + struct.pack("!" + "iq" * count, *flat)


class _BlobsDumper(Dumper):
    format = Format.BINARY
    oid = _BYTEAS

    def dump(self, column: Column) -> Buffer:
        return _joined(_BYTEA, column.values)


class _TextsDumper(Dumper):
    format = Format.BINARY
    oid = _TEXTS

    def dump(self, column: Column) -> Buffer:
        return _joined(_TEXT, [text.encode() for text in column.values])


def _joined(oid: int, values: Sequence[bytes]) -> bytes:
    parts = [_HEAD.pack(1, 0, oid, len(values), 1)]
    for value in values:
        parts += (_LENGTH.pack(len(value)), value)
    return b"".join(parts)
