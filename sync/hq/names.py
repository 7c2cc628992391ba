"""What the head office knows of members and tiers from the shop file, where the settings name one."""

from dataclasses import dataclass, field

from config.load import load_shop
from terminal.core import accounts


@dataclass(frozen=True, slots=True)
class Known:
    """Names for what the books know by number, and what members held before the first entry."""

    names: dict[str, str] = field(default_factory=dict)
    """Members' names by account number."""
    tiers: dict[str, str] = field(default_factory=dict)
    """Tiers' names by id."""
    opening: dict[tuple[str, str], int] = field(default_factory=dict)
    """What a member held at the opening of the books, by account in the books and unit; positive."""


def known(shop: str | None) -> Known:
    """Return what the shop file ``shop`` says; nothing where there is none.

    Raises:
        ConfigError: The shop file has faults.
    """
    if shop is None:
        return Known()
    file = load_shop(shop)
    held = (
        (member.id, unit, amount)
        for member in file.members
        for unit, amount in (
            (accounts.POINTS, member.points),
            (accounts.PRINCIPAL, member.stored),
            (accounts.BONUS, member.bonus),
        )
    )
    return Known(
        {member.id: member.name for member in file.members},
        {tier.id: tier.name for tier in file.tiers},
        {(accounts.member(number), unit): amount for number, unit, amount in held if amount},
    )
