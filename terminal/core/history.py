"""What happened before a sale, as far as rules may ask: answered by the till's ledger, never written here."""

from typing import Protocol

from terminal.core.pricing.facts import Used


class History(Protocol):
    """The till's own past, at the moment of a step."""

    def used(self, account: str) -> tuple[Used, ...]:
        """Return how often each limited rule was used; ``account`` is the member's, or empty."""

    def has_bought(self, account: str) -> bool:
        """Return whether the member has a sale in this till's ledger."""

    def is_redeemed(self, coupon: str) -> bool:
        """Return whether the coupon with this id was redeemed here."""


class _Nothing:
    def used(self, account: str) -> tuple[Used, ...]:  # noqa: ARG002 - nothing was before
        return ()

    def has_bought(self, account: str) -> bool:  # noqa: ARG002 - nobody was before
        return False

    def is_redeemed(self, coupon: str) -> bool:  # noqa: ARG002 - none was before
        return False


NO_HISTORY: History = _Nothing()
"""The first moment of a till."""
