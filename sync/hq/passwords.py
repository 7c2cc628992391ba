"""Passwords of people at the head office: hashed by Argon2id, and how long one must be.

19 MiB, two passes, one lane. Source: RFC 9106; OWASP Password Storage Cheat Sheet. A one-time password has
75 random bits in letters that are not mistaken for each other.
"""

from collections.abc import Callable
from threading import Lock

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

PASSWORD_MIN, PASSWORD_MAX = 10, 200
SALT_BYTES = 16
_ONE_TIME_CHARS = 15
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_DRAWN = 32
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_DECOY_SALT = b"nobody-has-this."
_one_at_a_time = Lock()
"""So that many who sign in at once take no more memory than one."""


def hashed(password: str, salt: bytes) -> str:
    """Return the verifier of ``password``; about 20 ms and 19 MiB."""
    argon2 = Argon2id(salt=salt, length=32, iterations=_PASSES, lanes=1, memory_cost=_MEMORY_KIB)
    with _one_at_a_time:
        return argon2.derive_phc_encoded(password.encode())


def is_right(password: str, verifier: str | None) -> bool:
    """Return whether ``verifier`` is that of ``password``; None (nobody) takes as long and is False."""
    if len(password) > PASSWORD_MAX:
        return False
    if verifier is None:
        hashed(password, _DECOY_SALT)  # Nobody can tell by the time who exists.
        return False
    try:
        with _one_at_a_time:
            Argon2id.verify_phc_encoded(password.encode(), verifier)
    except InvalidKey:
        return False
    return True


def is_good(password: str, name: str) -> bool:
    """Return whether ``password`` may be chosen: long enough, not one letter over and over, not the name.

    >>> is_good("correct horse", "li"), is_good("aaaaaaaaaaaa", "li"), is_good("short", "li")
    (True, False, False)
    """
    return (
        PASSWORD_MIN <= len(password) <= PASSWORD_MAX
        and len(set(password)) > len("abcd")
        and name.casefold() not in password.casefold()
    )


def one_time(random_bytes: Callable[[int], bytes]) -> str:
    """Return a password that is to be changed at the first sign-in.

    >>> one_time(bytes)
    '22222-22222-22222'
    """
    drawn: list[str] = []
    while len(drawn) < _ONE_TIME_CHARS:
        number = random_bytes(1)[0] % _DRAWN
        if number < len(_LETTERS):
            drawn.append(_LETTERS[number])
    text = "".join(drawn)
    return "-".join(text[place : place + 5] for place in range(0, len(text), 5))
