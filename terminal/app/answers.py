"""What a call that posted an entry is told, worked out from the entry alone.

So the same call asked again, even years later or after a restart, gets the same answer.
"""

from terminal.core.journal import Entry, PaymentTaken, Reprinted, SalePosted


def answer_of(seq: int, entry: Entry) -> dict[str, object]:
    """Return the answer to the call that posted ``entry`` as record ``seq``."""
    match entry.body:
        case SalePosted(receipt, bill, _, change):
            return {
                "seq": seq,
                "receipt": receipt,
                "sale": bill.sale_id,
                "total": bill.totals.total,
                "discount": bill.totals.discount,
                "change": change,
                "earned": bill.totals.earned,
            }
        case PaymentTaken(bill, tender):
            return {"seq": seq, "sale": bill.sale_id, "taken": tender.amount}
        case Reprinted(receipt, copy):
            return {"seq": seq, "receipt": receipt, "copy": copy}
        case _:
            return {"seq": seq}
