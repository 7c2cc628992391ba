"""Keys of cards from a SAM: a chip in a contact slot that holds the masters and gives out a card's own keys.

It makes the same keys as :class:`~drivers.cards.keys.Masters` (AN10922), so a shop may go over from a key
file. The masters never leave it; what is given out opens one card. The till shows who it is with a key of
its own (SAM_AuthenticateHost), and all that passes then is enciphered, counted and signed.

One entry of the SAM holds the masters: AES-128 keys that may be dumped when diversified. Its up to three
versions are those of the cards in use, the newest in the highest number.

NXP's manuals of MIFARE SAM AV2 and AV3 are not public and there are no vectors: **unproven until a real one
was seen**, above all the padding of answers. Sources: AN10922 (diversification); the public command names and
codes (SAM_AuthenticateHost A4, SAM_GetKeyEntry 64, SAM_DumpSecretKey D6), and how published drivers speak
them.
"""

import contextlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeVar

from drivers.api import CardTornError, DeviceLostError
from drivers.cards.crypto import (
    AES_BLOCK,
    ZERO_IV,
    aes_cbc_decrypt,
    aes_cbc_encrypt,
    aes_cmac,
    aes_encrypt_block,
    is_equal,
    pad_80,
    unpad_80,
    xor,
)
from drivers.cards.keys import KEY_LENGTH, Purpose, diversify_des
from drivers.cards.seam import BadMacError, CardRefusedError, Draw, Response, Transmit

Said = TypeVar("Said")

ENTRY_MAX = 0x7F
_CLASS = 0x80
_AUTHENTICATE, _GET_ENTRY, _DUMP = 0xA4, 0x64, 0xD6
_FULL = 0x02
"""Host mode: everything is enciphered and signed."""
_DIVERSIFIED = 0x02
_MORE = 0x90AF
_SHORT_RANDOM, _MAC = 12, 8
_VERSIONS = 3
_COUNTER = 4
_KXE, _KE, _KM = 0x91, 0x81, 0x82
_TO_SAM, _FROM_SAM = b"\x01" * 4, b"\x02" * 4


@dataclass(frozen=True, slots=True)
class Host:
    """What the till shows itself to the SAM with."""

    entry: int
    """Number of the key in the SAM."""
    version: int
    key: bytes = field(repr=False)


class Session:
    """What was agreed with the SAM; ends with the first answer that is not right."""

    def __init__(self, transmit: Transmit, draw: Draw, host: Host) -> None:
        """Show who we are, and have the SAM do the same.

        Raises:
            BadMacError: It does not know our key.
            CardRefusedError: It does not know the entry, or is no SAM.
            CardTornError: It left.
        """
        self._transmit = transmit
        self._counter = 0
        mode = bytes((_FULL,)).ljust(AES_BLOCK - _SHORT_RANDOM, b"\0")
        second = self._step(bytes((host.entry, host.version, _FULL)), _SHORT_RANDOM, _MORE)
        first = draw(_SHORT_RANDOM)
        proof = _short(aes_cmac(host.key, second + mode))
        answer = self._step(proof + first, _MAC + AES_BLOCK, _MORE)
        if not is_equal(answer[:_MAC], _short(aes_cmac(host.key, first + mode))):
            raise BadMacError("the SAM does not know the till's key")
        kxe = _derived(host.key, first, second, (7, 0), _KXE)
        theirs = aes_cbc_decrypt(kxe, ZERO_IV, answer[_MAC:])
        ours = draw(AES_BLOCK)
        both = aes_cbc_encrypt(kxe, ZERO_IV, ours + theirs[2:] + theirs[:2])
        said = aes_cbc_decrypt(kxe, ZERO_IV, self._step(both, AES_BLOCK, 0x9000))
        if not is_equal(said, ours[2:] + ours[:2]):
            raise BadMacError("the SAM does not know the till's key")
        self._cipher = _derived(host.key, ours, theirs, (11, 4), _KE)
        self._sign = _derived(host.key, ours, theirs, (7, 0), _KM)

    def versions(self, entry: int) -> tuple[int, ...]:
        """Return the versions of the keys in ``entry``, newest first; 0 is none of ours.

        Raises:
            BadMacError, CardRefusedError, CardTornError: As for :meth:`dump`.
        """
        found = self._ask(_GET_ENTRY, entry, 0, b"")[:_VERSIONS]
        return tuple(sorted({version for version in found if version}, reverse=True))

    def dump(self, entry: int, version: int, number: bytes) -> bytes:
        """Return the key that belongs to ``number``.

        Raises:
            BadMacError: The answer is not the SAM's.
            CardRefusedError: It gives no such key.
            CardTornError: It left.
        """
        key = self._ask(_DUMP, _DIVERSIFIED, 0, bytes((entry, version)) + number)
        if len(key) != KEY_LENGTH:
            raise CardRefusedError(f"SAM: a key of {len(key)} bytes")
        return key

    def _step(self, body: bytes, length: int, status: int) -> bytes:
        answer = self._transmit(bytes((_CLASS, _AUTHENTICATE, 0, 0, len(body))) + body + b"\0")
        if answer.status != status or len(answer.data) != length:
            raise CardRefusedError("SAM_AuthenticateHost", answer.status)
        return answer.data

    def _ask(self, code: int, first: int, second: int, body: bytes) -> bytes:
        padded = pad_80(body, AES_BLOCK) if len(body) % AES_BLOCK else body
        counter = self._counter.to_bytes(_COUNTER, "big")
        iv = aes_encrypt_block(self._cipher, _TO_SAM + 3 * counter)
        sealed = aes_cbc_encrypt(self._cipher, iv, padded) if padded else b""
        place = bytes((first, second, len(sealed) + _MAC))
        signed = bytes((_CLASS, code)) + counter + place + sealed + b"\0"
        mac = _short(aes_cmac(self._sign, signed))
        self._counter += 1
        command = bytes((_CLASS, code)) + place + sealed + mac + b"\0"
        return self._opened(self._transmit(command), code)

    def _opened(self, answer: Response, code: int) -> bytes:
        if len(answer.data) < _MAC:
            answer.expect_ok(f"SAM {code:02X}")
            raise BadMacError("an answer of the SAM without a MAC")
        sealed, mac = answer.data[:-_MAC], answer.data[-_MAC:]
        counter = self._counter.to_bytes(_COUNTER, "big")
        signed = answer.status.to_bytes(2, "big") + counter + sealed
        if len(sealed) % AES_BLOCK or not is_equal(mac, _short(aes_cmac(self._sign, signed))):
            raise BadMacError("an answer that is not the SAM's")
        answer.expect_ok(f"SAM {code:02X}")
        if not sealed:
            return b""
        iv = aes_encrypt_block(self._cipher, _FROM_SAM + 3 * counter)
        plain = aes_cbc_decrypt(self._cipher, iv, sealed)
        content = unpad_80(plain)
        return plain if content is None else content


def _short(mac: bytes) -> bytes:
    """Return every second byte, from the second on."""
    return mac[1::2]


def _derived(key: bytes, one: bytes, other: bytes, at: tuple[int, int], label: int) -> bytes:
    plain, mixed = (slice(start, start + 5) for start in at)
    vector = one[plain] + other[plain] + xor(one[mixed], other[mixed]) + bytes((label,))
    return aes_encrypt_block(key, vector)


Reach = Callable[[], AbstractContextManager[Transmit]]
"""Connects to the SAM's slot for a ``with`` block; raises CardTornError or DeviceLostError."""


class SamKeys:
    """Keys from a SAM; see :class:`drivers.cards.keys.Keys`. Safe from the threads of all readers.

    A SAM that does not do what it should is a lost device to the reader that asked: its light says why.
    """

    def __init__(self, reach: Reach, draw: Draw, host: Host, entry: int) -> None:
        self._reach = reach
        self._draw = draw
        self._host = host
        self._entry = entry
        self._lock = threading.Lock()
        self._open = contextlib.ExitStack()
        self._session: Session | None = None
        self._versions: tuple[int, ...] = ()

    @property
    def versions(self) -> tuple[int, ...]:
        """Return the versions there are masters of, newest first.

        Raises:
            DeviceLostError: The SAM is not there, or not ours, or holds none.
        """
        if not self._versions:
            self._versions = self._ask(lambda session: session.versions(self._entry))
        if not self._versions:
            raise DeviceLostError(f"the SAM's entry {self._entry} holds no keys")
        return self._versions

    def aes_key(self, purpose: Purpose, version: int, card: bytes) -> bytes:
        """Return the card's own AES key.

        Raises:
            DeviceLostError: The SAM is not there, or does not give it.
        """
        return self._dumped(version, card + purpose.encode())

    def des_key(self, purpose: Purpose, version: int, card: bytes) -> bytes:
        """Return the card's own double-length DES key.

        Raises:
            DeviceLostError: The SAM is not there, or does not give it.
        """
        return diversify_des(self._dumped(version, purpose.encode()), card)

    def _dumped(self, version: int, number: bytes) -> bytes:
        return self._ask(lambda session: session.dump(self._entry, version, number))

    def _ask(self, question: Callable[[Session], Said]) -> Said:
        """Return what the SAM says, in the session that stands or, once, in a fresh one."""
        with self._lock:
            if self._session is not None:
                with contextlib.suppress(BadMacError, CardRefusedError, CardTornError):
                    return question(self._session)
            self._end()
            try:
                transmit = self._open.enter_context(self._reach())
                self._session = Session(transmit, self._draw, self._host)
                return question(self._session)
            except (BadMacError, CardRefusedError, CardTornError) as error:
                self._end()
                raise DeviceLostError(f"the SAM: {error}") from error

    def _end(self) -> None:
        self._session = None
        self._open.close()
