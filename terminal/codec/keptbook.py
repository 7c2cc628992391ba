"""A rule book as bytes, to work out a sale of long ago again: the rules file and the shop's plain rules.

The bytes say what was written, not what pricing made of it, so they outlast changes of pricing's own values.
"""

import zlib
from hashlib import sha256

import msgspec

from config.rulefile import RulesFile
from terminal.codec.rulebook import rule_book
from terminal.core.pricing.rules import EarnRule, PercentRule, RuleBook

BYTES_MAX = 4_000_000
"""Compressed; ten times the largest rules file anybody has. A larger one is not kept."""
PLAIN_MAX = 60_000_000
"""What it may unpack to."""


class UnreadableBookError(Exception):
    """The bytes hold no rule book that this version understands."""


class BookTooLargeError(Exception):
    """The rules are too many to be kept."""


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    file: RulesFile | None
    price_rules: tuple[PercentRule, ...]
    earn: EarnRule | None


_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decoder = msgspec.msgpack.Decoder(_Kept)


def pack(file: RulesFile | None, plain: RuleBook) -> bytes:
    """Return the rules of ``file`` (None: there is none) over those of ``plain``; versions are not in it.

    Raises:
        BookTooLargeError: They take more than :data:`BYTES_MAX`.
    """
    data = zlib.compress(_encode(_Kept(file, plain.price_rules, plain.earn)), 6)
    if len(data) > BYTES_MAX:
        raise BookTooLargeError(f"{len(data)} bytes, at most {BYTES_MAX}")
    return data


def digest_of(packed: bytes) -> bytes:
    """Return what names a packed book."""
    return sha256(packed).digest()


def unpack(data: bytes, rules: str, catalogue: str) -> RuleBook:
    """Return the book in ``data`` under the versions that an entry names.

    Raises:
        UnreadableBookError: There is none in it.
    """
    if len(data) > BYTES_MAX:
        raise UnreadableBookError(f"{len(data)} bytes, at most {BYTES_MAX}")
    opened = zlib.decompressobj()
    try:
        whole = opened.decompress(data, PLAIN_MAX)
        kept = _decoder.decode(whole)
    except (zlib.error, msgspec.DecodeError, RecursionError) as error:
        raise UnreadableBookError(str(error)) from error
    plain = RuleBook(rules, catalogue, kept.price_rules, kept.earn)
    if kept.file is None:
        return plain
    return rule_book(kept.file, plain)
