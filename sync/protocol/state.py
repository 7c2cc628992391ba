"""The retained messages that say who is there: of each till, and of the head office.

They move no position. The broker publishes the last will of whoever disappears, which was signed when the
connection was made; ``session`` tells it from the will of an earlier connection.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from sync.protocol.keys import PublicKey, SecretKey
from sync.protocol.wire import (
    Branch,
    Kind,
    LedgerId,
    Nonce,
    Program,
    Seq,
    Terminal,
    Timeline,
    read,
    sign,
)


class TillState(msgspec.Struct, array_like=True, frozen=True):
    """What a till says of itself. Fields are only ever added at the end."""

    terminal: Terminal
    ledger_id: LedgerId
    branch: Branch
    connected: bool
    head_seq: Seq
    session: Nonce
    program: Program = ""
    rules: Annotated[str, Meta(max_length=40)] = ""
    """Version of the rules in force at the till."""
    rules_since_ms: Annotated[int, Meta(ge=0, le=2**53)] = 0
    rules_fault: Annotated[str, Meta(max_length=400)] = ""
    """Why newer rules are not in force."""
    paper: Annotated[str, Meta(max_length=20)] = ""
    """``ok``, ``low``, ``out``, ``unknown``, or empty without a printer."""
    disk_mb: Annotated[int, Meta(ge=-1, le=2**40)] = -1
    """Free on the disk of the ledger, -1 unknown."""
    clock: Annotated[str, Meta(max_length=20)] = ""
    """``synchronised`` or ``alone``."""


class HqState(msgspec.Struct, array_like=True, frozen=True):
    """What the head office says of itself. Fields are only ever added at the end."""

    connected: bool
    timeline: Timeline
    session: Nonce


_encoder = msgspec.msgpack.Encoder()
_tills = msgspec.msgpack.Decoder(TillState)
_hqs = msgspec.msgpack.Decoder(HqState)


def write_till_state(state: TillState, key: SecretKey) -> bytes:
    """Return ``state``, signed."""
    return sign(Kind.TILL_STATE, _encoder.encode(state), key)


def read_till_state(data: bytes, key: PublicKey) -> TillState:
    """Return the state in ``data`` that ``key`` signed.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
    """
    return read(Kind.TILL_STATE, _tills, data, key)


def write_hq_state(state: HqState, key: SecretKey) -> bytes:
    """Return ``state``, signed."""
    return sign(Kind.HQ_STATE, _encoder.encode(state), key)


def read_hq_state(data: bytes, key: PublicKey) -> HqState:
    """Return the state in ``data`` that ``key`` signed.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
    """
    return read(Kind.HQ_STATE, _hqs, data, key)
