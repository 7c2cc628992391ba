"""The loop's lookups: goods, members and lost cards, over the files the head office's word lies in."""

from dataclasses import dataclass, replace

from terminal.app.coupons import CouponDesk
from terminal.app.wallet import Wallet
from terminal.core.journal import Buyer
from terminal.core.points.lots import Holding
from terminal.core.pricing.basket import Goods, Member
from terminal.core.pricing.coupons import Coupon
from terminal.core.refusal import Refusal
from terminal.store.catalog import Catalog
from terminal.store.members import Members

NO_COUPONS = CouponDesk("", is_alone=True)


@dataclass(frozen=True, slots=True)
class Look:
    """See :class:`terminal.app.translate.Lookup`."""

    catalog: Catalog
    members: Members
    wallet: Wallet
    coupons: CouponDesk = NO_COUPONS

    def close(self) -> None:
        """Let go of the files."""
        self.catalog.close()
        self.members.close()

    def goods(self, code: str) -> Goods | None:
        """Return the goods with this code or bar code."""
        return self.catalog.goods(code)

    def member_by_medium(self, medium: str) -> Member | None:
        """Return whose medium this is, with what they have now; None also when it was lost."""
        if self.members.is_lost(medium):
            return None
        return self._seen(self.members.by_medium(medium))

    def coupon(self, code: str) -> Coupon | Refusal:
        """Return the coupon of a code that is good at this till, as far as its signature says."""
        return self.coupons.read(code)

    def is_lost(self, medium: str) -> bool:
        """Return whether ``medium`` was reported lost."""
        return self.members.is_lost(medium)

    def members_by_phone(self, phone: str) -> tuple[Member, ...]:
        """Return who is registered with this phone number."""
        return tuple(self.wallet.seen(each, self.members) for each in self.members.by_phone(phone))

    def member_by_account(self, account: str) -> Member | None:
        """Return the member with this account number."""
        return self._seen(self.members.by_account(account))

    def holding(self, account: str) -> Holding | None:
        """Return the lots of points of the member with this account number; None: there is none."""
        found = self.members.by_account(account)
        return None if found is None else self.wallet.holding(found, self.members)

    def _seen(self, found: Member | None) -> Member | None:
        return None if found is None else self.wallet.seen(found, self.members)

    def buyer(self, buyer: Buyer) -> Member:
        """Return the member of a sale that comes back, as they were when its price was fixed."""
        found = self.members.by_account(buyer.account)
        if found is None:
            found = Member(buyer.account, "", "", buyer.tier, buyer.tier, 0, 0, 0, "", "")
        return replace(found, tier=buyer.tier, points=buyer.points_before, medium=buyer.medium)
