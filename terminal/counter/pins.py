"""PINs: how they are hashed and checked, and which are too simple.

Argon2id with 19 MiB, two passes, one lane (OWASP's setting for small memory), peppered with a secret of the
till, so that a stolen ledger alone does not give away four digits.
Source: RFC 9106; OWASP Password Storage Cheat Sheet.
"""

import ctypes
import hmac
import itertools

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

PIN_MIN, PIN_MAX = 4, 12
SALT_BYTES = 16
FIRST = "first:"
"""Marks a first PIN that is kept in plain until it is changed."""
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1 << 20
_DECOY_SALT = b"nobody-has-this."


def hash_pin(pin: str, pepper: bytes, salt: bytes) -> str:
    """Return the verifier of ``pin``; about 20 ms and 19 MiB."""
    argon2 = Argon2id(
        salt=salt, length=32, iterations=_PASSES, lanes=1, memory_cost=_MEMORY_KIB, secret=pepper
    )
    _lend_memory()
    return argon2.derive_phc_encoded(pin.encode())


def is_right(pin: str, verifier: str | None, pepper: bytes) -> bool:
    """Return whether ``verifier`` is that of ``pin``; None (nobody) takes as long and is False."""
    if verifier is None or verifier.startswith(FIRST):
        hash_pin(pin, pepper, _DECOY_SALT)  # Nobody can tell by the time who exists.
        first = (verifier or "").removeprefix(FIRST)
        return bool(first) and hmac.compare_digest(pin.encode(), first.encode())
    _lend_memory()
    try:
        Argon2id.verify_phc_encoded(pin.encode(), verifier, secret=pepper)
    except InvalidKey:
        return False
    return True


def is_too_simple(pin: str, number: str) -> bool:
    """Return whether ``pin`` would be guessed among the first: one digit, a run, or the own number.

    >>> [is_too_simple(pin, "1001") for pin in ("1111", "2345", "9876", "1001", "1212", "4071")]
    [True, True, True, True, True, False]
    """
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    in_a_run = len(steps) == 1 and steps <= {0, 1, 9}
    half, odd = divmod(len(pin), 2)
    is_doubled = not odd and pin[:half] == pin[half:]
    return len(pin) < PIN_MIN or in_a_run or is_doubled or pin == number


def is_pin(text: str) -> bool:
    """Return whether ``text`` is made as PINs are: 4 to 12 digits."""
    return PIN_MIN <= len(text) <= PIN_MAX and text.isascii() and text.isdigit()


def _lend_memory() -> None:
    """Have the C library give large blocks back when they are freed.

    By itself it keeps a hash's 19 MiB for the next one: after the first large block is freed it takes the
    following ones from a heap that never shrinks. Source: mallopt(3), M_MMAP_THRESHOLD.
    """
    ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
