"""How a till becomes known: a one-time token, a request, and the head office's answer.

The request goes over the broker, which every till must reach anyway; the head office's page listens on its
own machine only. It goes without TLS and without a name: a till has no certificate yet and cannot check the
broker's, and nothing in it is secret. What is believed is believed for other reasons: both messages carry a
code made with the token's secret, which never travels, and the answer's certificates lead to the root whose
fingerprint is in the token. A broker that was taken over can drop an enrolment, not forge one.
"""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

from sync.protocol.hello import ORDINAL_MAX
from sync.protocol.keys import BadKeyError, PublicKey, SecretKey
from sync.protocol.wire import (
    MESSAGE_BYTES_MAX,
    BadEnvelopeError,
    Kind,
    Nonce,
    RawKey,
    Reason,
    Terminal,
    parse,
    sign,
    take_apart,
    verify,
)

FORMAT = 1
TOKEN_ID_BYTES, SECRET_BYTES, ROOT_BYTES = 5, 10, 12
"""The secret is tried against recorded messages by whoever listens: 80 bits. A root with the same 96 bits
would have to be found."""
TOKEN_CHARS_MAX = 600
HOST_CHARS_MAX = 253
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,253}", re.ASCII)
_PREFIX = "TP1"
_CHECK_BYTES = 2
_GROUP = 5
_CERTIFICATE_BYTES_MAX = 1_500
_MAC_BYTES = 32
REASONS = (
    "token-unknown", "token-used", "token-expired", "token-foreign", "token-forged", "key-ended",
    "key-foreign", "not-set-up",
)  # fmt: skip
"""Why the head office enrols nobody: each has its own words."""


class BadTokenError(Exception):
    """A text is no token, or was mistyped."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a person carries from the head office to the till. Printing it shows no secret."""

    host: str
    port: int
    id: bytes
    secret: bytes
    root: bytes
    """First bytes of the SHA-256 of the root's certificate."""

    def __repr__(self) -> str:
        """Return it without its secret."""
        return f"Token({self.host!r}, {self.port}, {self.id.hex()})"

    @property
    def text(self) -> str:
        """The token as it is typed or scanned: letters and digits in groups; a wrong one is noticed."""
        host = self.host.encode("ascii")
        data = self.port.to_bytes(2, "big") + self.id + self.secret + self.root + host
        packed = base64.b32encode(data + _check(data)).decode().rstrip("=")
        groups = [packed[n : n + _GROUP] for n in range(0, len(packed), _GROUP)]
        return "-".join((_PREFIX, *groups))


def read_token(text: str) -> Token:
    """Return the token that ``text`` is, whatever its spaces, dashes and case.

    Raises:
        BadTokenError: It is none, or has a letter wrong.
    """
    if len(text) > TOKEN_CHARS_MAX:
        raise BadTokenError("too long")
    plain = re.sub(r"[\s-]", "", text).upper().replace("0", "O").replace("1", "I").replace("8", "B")
    begin = _PREFIX.replace("1", "I")
    if not plain.startswith(begin):
        raise BadTokenError(f"a token begins with {_PREFIX}")
    packed = plain[len(begin) :]
    try:
        data = base64.b32decode(packed + "=" * (-len(packed) % 8))
    except (binascii.Error, ValueError) as error:
        raise BadTokenError("it has a character that no token has, or is cut off") from error
    data, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    fixed = 2 + TOKEN_ID_BYTES + SECRET_BYTES + ROOT_BYTES
    if len(data) <= fixed or check != _check(data):
        raise BadTokenError("it is not whole, or has a character wrong")
    host = data[fixed:].decode("ascii", "replace")
    if not _HOST.fullmatch(host):
        raise BadTokenError("it names no machine")
    at = 2 + TOKEN_ID_BYTES
    return Token(
        host, int.from_bytes(data[:2], "big"), data[2:at],
        data[at : at + SECRET_BYTES], data[at + SECRET_BYTES : fixed],
    )  # fmt: skip


class Request(msgspec.Struct, array_like=True, frozen=True):
    """From a till that wants to be known. Fields are only ever added at the end."""

    format: Annotated[int, Meta(ge=1, le=127)]
    token: Annotated[bytes, Meta(min_length=TOKEN_ID_BYTES, max_length=TOKEN_ID_BYTES)]
    terminal: Terminal
    public_key: RawKey
    csr: Annotated[bytes, Meta(min_length=1, max_length=_CERTIFICATE_BYTES_MAX)]
    """Request for a certificate of the till's TLS key, PKCS #10."""
    nonce: Nonce
    mac: Annotated[bytes, Meta(max_length=_MAC_BYTES)] = b""
    """Made with the token's secret over everything before."""


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """From the head office. Fields are only ever added at the end."""

    format: Annotated[int, Meta(ge=1, le=127)]
    nonce: Nonce
    reason: Reason
    """Empty when the till is enrolled, otherwise one of :data:`REASONS`."""
    root: Annotated[bytes, Meta(max_length=_CERTIFICATE_BYTES_MAX)]
    ca: Annotated[bytes, Meta(max_length=_CERTIFICATE_BYTES_MAX)]
    signing: Annotated[bytes, Meta(max_length=_CERTIFICATE_BYTES_MAX)]
    """Of the key that signs the head office's words."""
    certificate: Annotated[bytes, Meta(max_length=_CERTIFICATE_BYTES_MAX)] = b""
    """The till's, for TLS."""
    broker: Annotated[str, Meta(max_length=300)] = ""
    """Where the till goes from now on."""
    ordinals: Annotated[int, Meta(ge=0, le=ORDINAL_MAX)] = 0
    """Highest ordinal of the till's ledgers that the head office has seen."""
    mac: Annotated[bytes, Meta(max_length=_MAC_BYTES)] = b""


_encode = msgspec.msgpack.Encoder().encode
_requests = msgspec.msgpack.Decoder(Request)
_answers = msgspec.msgpack.Decoder(Answer)


def write_request(request: Request, secret: bytes, key: SecretKey) -> bytes:
    """Return ``request`` with its code, signed by the key that it brings."""
    assert request.public_key == key.public.raw
    coded = msgspec.structs.replace(request, mac=_mac(b"request", request, secret))
    return sign(Kind.ENROL, _encode(coded), key)


def read_request(data: bytes) -> Request:
    """Return the request in ``data``, signed by the key that it brings.

    Raises:
        BadEnvelopeError: Anything is wrong with it. Whether its code is right is the caller's question.
    """
    envelope = take_apart(data, MESSAGE_BYTES_MAX)
    request = parse(_requests, envelope.payload)
    try:
        key = PublicKey.of(request.public_key)
    except BadKeyError as error:
        raise BadEnvelopeError("malformed", str(error)) from error
    verify(Kind.ENROL, envelope, key)
    if request.format != FORMAT:
        raise BadEnvelopeError("version", f"format {request.format} is not known here")
    return request


def is_coded(request: Request, secret: bytes) -> bool:
    """Return whether whoever made ``request`` knows the token's secret."""
    bare = msgspec.structs.replace(request, mac=b"")
    return hmac.compare_digest(request.mac, _mac(b"request", bare, secret))


def write_answer(answer: Answer, secret: bytes, key: SecretKey) -> bytes:
    """Return ``answer``, signed; with its code where the token is known."""
    coded = (
        msgspec.structs.replace(answer, mac=_mac(b"answer", answer, secret)) if secret else answer
    )
    return sign(Kind.ENROLLED, _encode(coded), key)


def peek_answer(data: bytes) -> Answer:
    """Return the answer in ``data`` without asking who signed it.

    Raises:
        BadEnvelopeError: It is none.
    """
    return parse(_answers, take_apart(data, MESSAGE_BYTES_MAX).payload)


def check_answer(data: bytes, answer: Answer, secret: bytes, key: PublicKey) -> None:
    """Check that ``key`` signed the answer, and that an enrolment was made by who knows the secret.

    Raises:
        BadEnvelopeError: Either is not so.
    """
    verify(Kind.ENROLLED, take_apart(data, MESSAGE_BYTES_MAX), key)
    bare = msgspec.structs.replace(answer, mac=b"")
    is_right = hmac.compare_digest(answer.mac, _mac(b"answer", bare, secret))
    if not is_right and not answer.reason:
        raise BadEnvelopeError("signature", "the answer does not know the token's secret")


def _mac(what: bytes, message: Request | Answer, secret: bytes) -> bytes:
    return hmac.digest(secret, b"tallypoint enrol " + what + b"\x00" + _encode(message), sha256)


def _check(data: bytes) -> bytes:
    return sha256(b"tallypoint token\x00" + data).digest()[:_CHECK_BYTES]
