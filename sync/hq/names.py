"""What the head office's page knows of members and tiers besides the books."""

from dataclasses import dataclass, field

from sync.hq.master import MasterStore
from terminal.codec import master
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

    def learn(self, store: MasterStore) -> None:
        """Take in what the master data says now; whoever is gone keeps their name, unless erased."""
        read = master.read
        self.names.update(
            (number, read(master.member_bodies, body).name)
            for number, body in store.bodies(master.MEMBER)
        )
        for number, _ in store.bodies(master.ERASED):
            self.names.pop(number, None)
        self.tiers.update(
            (tier, read(master.tiers, body)[2].name) for tier, body in store.bodies(master.TIER)
        )
        units = (accounts.POINTS, accounts.PRINCIPAL, accounts.BONUS)
        self.opening.update(
            ((accounts.member(number), unit), amount)
            for number, *held in store.openings()
            for unit, amount in zip(units, held, strict=True)
            if amount
        )
