"""Stored value at a simulated till: asked for by the real protocol, spent by the real core."""

from dataclasses import dataclass, field

from sync.protocol.value import Grant, Granted
from sync.uplink.api import TillIdentity, ValueGranted, ValueUnanswered, Wanted
from sync.uplink.asking import Asking, Out
from sync.uplink.session import Publish
from terminal.core import accounts
from terminal.core.allowance import Allowance, AllowancesOpened, LotShare, Spent, oldest
from terminal.core.stored import ToppedUp

HOUR_MS = 3_600_000
DATE = 20261121
TOPUP_HOURS = 12
UNIT = accounts.PRINCIPAL


@dataclass
class Paid:
    """What truly happened between members and tills, whatever became of the disks."""

    held: dict[str, int] = field(default_factory=dict)
    is_copied: bool = False
    """Whether a card was copied, or put back unawares: until then spending is bounded, not excluded."""

    def add(self, member: str, amount: int) -> int:
        """Count money in, or out when negative; return what the member is owed then."""
        self.held[member] = self.held.get(member, 0) + amount
        return self.held[member]


class ValueSide:
    """Asks over one session, and which of them may still be taken up."""

    def __init__(self, identity: TillIdentity, nonce) -> None:
        self.asking = Asking(identity, nonce)
        self.outstanding: dict[str, str] = {}

    def ask(self, wanted: Wanted, branch: int, now_ms: int, proof: bytes) -> list[Out]:
        outs = self.asking.ask(wanted, branch, now_ms, is_open=True, proof=proof)
        self.outstanding[wanted.ask] = wanted.account
        return outs

    def taken(self, outs: list[Out], timeline: int) -> tuple[list[Publish], list[Grant]]:
        """Return what is to be sent, and the grants that may be taken up."""
        sent, grants = [], []
        for out in outs:
            match out:
                case Publish():
                    sent.append(out)
                case ValueUnanswered(ask):
                    self.outstanding.pop(ask, None)
                case ValueGranted(grant):
                    is_known = self.outstanding.pop(grant.ask, None) is not None
                    if is_known and grant.timeline == timeline:
                        grants.append(grant)
        return sent, grants


def opened(grant: Grant, known: set[str], now_ms: int) -> AllowancesOpened | None:
    """Return the entry that takes a grant up."""
    taken = tuple(
        _allowance(each, grant, now_ms) for each in grant.allowances if each.id not in known
    )
    return AllowancesOpened(taken) if taken else None


def _allowance(granted: Granted, grant: Grant, now_ms: int) -> Allowance:
    lots = tuple(
        LotShare(lot.lot, lot.amount, lot.since, lot.usable_on, lot.lapses_on)
        for lot in granted.lots
    )
    until = now_ms + granted.lives_s * 1_000
    return Allowance(
        granted.id, granted.account, granted.unit, lots, granted.cause, grant.timeline, now_ms, until
    )  # fmt: skip


def spent_from(wallet, amount: int, now_ms: int) -> tuple[Spent, ...]:
    """Return the parts of what may be spent, up to ``amount``."""
    may = wallet.spendable(UNIT, now_ms, DATE, oldest)
    parts = wallet.spend(UNIT, min(amount, may.amount), now_ms, DATE, oldest)
    assert isinstance(parts, tuple)
    return parts


def topped_up(receipt: str, lot: str, member: str, amount: int, now_ms: int) -> ToppedUp:
    """Return the entry of money paid in."""
    return ToppedUp(
        receipt, lot, member, "uid:1", (("external", amount, "QR"),), amount, 0, "", "", (0, 0),
        DATE, now_ms, now_ms + TOPUP_HOURS * HOUR_MS,
    )  # fmt: skip
