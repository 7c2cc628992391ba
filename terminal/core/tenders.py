"""Which tenders a sale takes, and how much of each.

Cash and external payments need nobody's word. Value (stored value, points, coupons, counts, credit) is spent
only against an allowance (:mod:`terminal.core.allowance`) and refused where there is none.
"""

from dataclasses import dataclass

from terminal.core.burning import POINTS, PointsPurse, as_tender
from terminal.core.journal import Tender
from terminal.core.pricing.basket import Member
from terminal.core.pricing.quote import EMPTY, Quote
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.stored import STORED_VALUE, UNITS, Purse, pay, unproven
from terminal.core.units import MONEY_MAX, Minor

CASH, EXTERNAL = "cash", "external"
TAKEN = (CASH, EXTERNAL, STORED_VALUE, POINTS)
UNMADE = (CASH, STORED_VALUE, POINTS)
"""Tenders that can be handed back without a trace until the sale is posted."""
TENDERS_MAX = 20
REFERENCE_MAX = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """What a tender is for."""

    missing: Minor
    before: tuple[Tender, ...]
    """What was tendered already."""
    member: Member | None
    quote: Quote = EMPTY


def offered(
    asked: Asked, tender: Tender, purse: Purse | None, points: PointsPurse | None = None
) -> Tender | Refusal:
    """Return ``tender`` as it may be taken, value with the lots it comes from; or why not."""
    refusal = _objection(asked, tender)
    if refusal is not None:
        return refusal
    match tender.type:
        case "stored_value":
            return _from_account(asked, tender, purse)
        case "points":
            return as_tender(tender, asked.before, asked.quote, points)
        case _:
            return tender


def _objection(asked: Asked, tender: Tender) -> Refusal | None:
    missing = asked.missing
    if tender.type not in TAKEN:
        return refuse(Key.TENDER_NOT_HERE, type=tender.type)
    if not 0 <= tender.amount <= MONEY_MAX or (tender.amount == 0 and missing):
        return refuse(Key.AMOUNT_RANGE)
    # The last place is kept for a tender that pays the rest, so that a sale can always be ended.
    if len(asked.before) >= TENDERS_MAX - (tender.amount < missing):
        return refuse(Key.AMOUNT_RANGE)
    if tender.type != CASH and tender.amount > missing:
        return refuse(Key.OVERPAID, missing=missing)
    if tender.type == EXTERNAL and not 0 < len(tender.reference) <= REFERENCE_MAX:
        return refuse(Key.REFERENCE_MISSING)
    return None


def _from_account(asked: Asked, tender: Tender, purse: Purse | None) -> Tender | Refusal:
    """Return ``tender`` with the lots that it is paid from; its reference was only to confirm it."""
    member = asked.member
    if member is None:
        return refuse(Key.VALUE_NO_MEMBER)
    if purse is None:
        return refuse(Key.TENDER_NOT_HERE, type=tender.type)
    refusal = unproven(purse, member, tender.amount, tender.reference)
    if refusal is not None:
        return refusal
    before = [part for each in asked.before for part in each.spent]
    parts = pay(purse.less(before), tender.amount)
    if isinstance(parts, Refusal):
        return parts
    used = sum(part.amount for part in (*before, *parts) if part.unit in UNITS)
    return Tender(tender.type, tender.amount, "", parts, member.stored + member.bonus - used)
