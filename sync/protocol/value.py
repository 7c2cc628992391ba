"""Asking for allowances, and granting them: what a till may spend of a member's value.

A till asks under an id that it draws; the head office answers the same ask in the same way, however often it
comes. An ask says how far the till's ledger reaches, in which timeline of the head office it lives, and which
of its asks are still open: grants of all others that are not in its ledger by then are never taken up. That
makes each ask a roll call, too. What units and lots mean is no matter of the protocol.

Both messages share their topics with others; they begin with the number of their format.
"""

from typing import Annotated

import msgspec
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
    Short,
    Terminal,
    Timeline,
    parse,
    read,
    sign,
    take_apart,
    verify,
)

FORMAT = 16
GRANT_BYTES_MAX = 100_000
ALLOWANCES_MAX = 200
LOTS_MAX = 12
OUTSTANDING_MAX = 20
MISSING_MAX = 20
SECONDS_MAX = 400 * 86_400

Id = Annotated[str, Meta(min_length=1, max_length=48, pattern=r"^[0-9A-Za-z:_-]+\Z")]
Account = Annotated[str, Meta(max_length=64)]
Amount = Annotated[int, Meta(ge=0, le=10**15)]
Date = Annotated[int, Meta(ge=0, le=99_991_231)]
_Word = Annotated[str, Meta(max_length=32)]


class Ask(msgspec.Struct, array_like=True, frozen=True):
    """A till asks. Fields are only ever added at the end."""

    format: int
    terminal: Terminal
    nonce: Nonce
    ledger_id: LedgerId
    branch: Branch
    store: Annotated[str, Meta(max_length=40)]
    timeline: Timeline
    """The head office's, as the till knows it."""
    head_seq: Seq
    """Last record of the till's ledger when it asked."""
    ask: Id
    outstanding: Annotated[tuple[Id, ...], Meta(max_length=OUTSTANDING_MAX)]
    """Other asks whose grants it may still take up."""
    account: Account = ""
    """Whose value; empty: whatever the head office grants ahead to this till."""
    ack: Short = b""
    """The last acknowledgement, exactly as it came: one that the head office signed and does not hold shows
    that it came back from a backup, and may have forgotten what it granted."""


class Lot(msgspec.Struct, array_like=True, frozen=True):
    """So much of one lot."""

    lot: Id
    amount: Amount
    since: Date
    usable_on: Date
    lapses_on: Date


class Granted(msgspec.Struct, array_like=True, frozen=True):
    """One allowance."""

    id: Id
    account: Annotated[str, Meta(min_length=1, max_length=64)]
    unit: _Word
    cause: _Word
    lives_s: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    lots: Annotated[tuple[Lot, ...], Meta(min_length=1, max_length=LOTS_MAX)]


class Grant(msgspec.Struct, array_like=True, frozen=True):
    """The head office answers. Fields are only ever added at the end."""

    format: int
    nonce: Nonce
    ask: Id
    timeline: Timeline
    allowances: Annotated[tuple[Granted, ...], Meta(max_length=ALLOWANCES_MAX)] = ()
    why: _Word = ""
    """Why nothing, or no more: ``roll-call``, ``other-timeline``, ``nothing``, ``elsewhere``,
    ``held-here``, ``forked``."""
    elsewhere: Amount = 0
    """How much of it other tills hold."""
    missing: Annotated[tuple[Terminal, ...], Meta(max_length=MISSING_MAX)] = ()
    """Tills that have not answered the roll call yet."""


_encoder = msgspec.msgpack.Encoder()
_asks = msgspec.msgpack.Decoder(Ask)
_grants = msgspec.msgpack.Decoder(Grant)


def is_about_value(data: bytes) -> bool:
    """Return whether a message begins as an ask or a grant does, if it is one at all."""
    return data[HEADER_BYTES + 1 : HEADER_BYTES + 2] == bytes((FORMAT,))


def write_ask(ask: Ask, key: SecretKey) -> bytes:
    """Return ``ask``, signed."""
    return sign(Kind.VALUE_ASK, _encoder.encode(ask), key)


def read_ask(data: bytes, key: PublicKey) -> Ask:
    """Return the ask in ``data`` that ``key`` signed.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
    """
    return _known(read(Kind.VALUE_ASK, _asks, data, key))


def ask_key_id(data: bytes) -> bytes:
    """Return the name of the key that claims to have signed an ask.

    Raises:
        BadEnvelopeError: The envelope is too large, too short or of an unknown version.
    """
    return take_apart(data, MESSAGE_BYTES_MAX).key_id


def write_grant(grant: Grant, key: SecretKey) -> bytes:
    """Return ``grant``, signed."""
    return sign(Kind.VALUE_GRANT, _encoder.encode(grant), key)


def read_grant(data: bytes, key: PublicKey) -> Grant:
    """Return the grant in ``data`` that ``key`` signed.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
    """
    envelope = take_apart(data, GRANT_BYTES_MAX)
    verify(Kind.VALUE_GRANT, envelope, key)
    grant = parse(_grants, envelope.payload)
    if grant.format != FORMAT:
        raise BadEnvelopeError("version", f"format {grant.format} is not known here")
    return grant


def _known(ask: Ask) -> Ask:
    if ask.format != FORMAT:
        raise BadEnvelopeError("version", f"format {ask.format} is not known here")
    return ask
