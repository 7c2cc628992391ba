"""The action by which somebody becomes a member."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegisterMember:
    """Somebody becomes a member."""

    name: str
    phone: str
    birthday: str
    """``MM-DD``, or empty."""
    card: str
    """As a reader names it (``uid:…``), a printed number, or empty."""
    tier: str = ""
    """Empty for the one that most members are of."""
    is_shared: bool = False
    """Whether another member may have the phone number."""
