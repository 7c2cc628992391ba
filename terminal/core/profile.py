"""Who a member is, apart from what the ledger says of them: personal data never lie in a record.

A record holds a commitment, the digest of a salt and the profile. Salt and profile travel beside it and are
kept beside it; once both are deleted everywhere nothing in the ledger leads back to the person, and no byte
of the chain has changed. Without the salt a phone number could be found by trying them all.
"""

from dataclasses import dataclass

NAME_CHARS_MAX = 60
MEDIA_MAX = 10


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a person."""

    name: str
    phone: str
    birthday: str
    """``MM-DD``, or empty."""
    media: tuple[str, ...]
    """Cards that name the member, such as ``uid:04a1b2c3d4e5f6``."""


@dataclass(frozen=True, slots=True)
class MemberRegistered:
    """Somebody became a member at this till."""

    account: str
    tier: str
    commitment: bytes
    """SHA-256 of the salt and the profile's bytes; 32 bytes."""
