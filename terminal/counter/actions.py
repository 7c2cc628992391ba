"""From a checked body to the action it asks of the till."""

from terminal.counter import bodies, desk, offers
from terminal.counter.bodies import BadBodyError


def line(body: bodies.LineFields, field: str = "") -> desk.AddLine:
    """Return the line that ``body`` asks for.

    Raises:
        BadBodyError: It names no goods, or goods and a name.
    """
    if (body.code is None) == (body.name is None):
        raise BadBodyError(f"{field}code", "give either code or name")
    if body.name is not None and body.unit_price is None:
        raise BadBodyError(f"{field}unit_price", "an amount-only line needs its price")
    return desk.AddLine(body.code, body.name, body.quantity, body.unit_price)


def lines(body: bodies.QuoteBody | bodies.SaleBody) -> tuple[desk.AddLine, ...]:
    """Return the lines of a whole basket."""
    return tuple(line(each, f"lines[{place}].") for place, each in enumerate(body.lines))


def member(body: bodies.MemberFields) -> desk.SetMember:
    """Return who is meant.

    Raises:
        BadBodyError: Not exactly one way to name the member is given.
    """
    given = [each for each in (body.card, body.phone, body.member) if each is not None]
    if len(given) != 1 or not given[0]:
        raise BadBodyError("member", "give exactly one of card, phone, member")
    return desk.SetMember(body.card, body.phone, body.member)


def tender(body: bodies.TenderFields) -> desk.TakeTender:
    """Return the tender."""
    return desk.TakeTender(body.type, body.amount, body.reference)


def change(body: bodies.LineChangeBody, n: int) -> desk.ChangeLine:
    """Return the change of line ``n``.

    Raises:
        BadBodyError: Nothing is to change.
    """
    if body.quantity is None and body.unit_price is None:
        raise BadBodyError("quantity", "give quantity or unit_price")
    return desk.ChangeLine(n, body.quantity, body.unit_price)


def quote(body: bodies.QuoteBody) -> desk.QuoteOnly:
    """Return the basket to price."""
    buyer = member(body.member) if body.member else None
    return desk.QuoteOnly(lines(body), buyer, body.coupons, body.chosen, body.tender)


def sale(body: bodies.SaleBody) -> desk.SellWhole:
    """Return the whole sale."""
    buyer = member(body.member) if body.member else None
    tenders = tuple(tender(each) for each in body.tenders)
    brought = (body.coupons, body.chosen)
    return desk.SellWhole(lines(body), buyer, tenders, body.total, *brought)


def issue(body: bodies.IssueBody) -> offers.IssueCoupons:
    """Return the coupons that are wanted."""
    return offers.IssueCoupons(
        body.campaign, body.until, body.holder, body.place, body.count, body.print
    )  # fmt: skip


def pay_in(body: bodies.PayInBody, account: str) -> desk.PayIn:
    """Return the top-up.

    Raises:
        BadBodyError: An external payment has no reference.
    """
    if body.type == "external" and not body.reference:
        raise BadBodyError("reference", "the number on the payment slip")
    return desk.PayIn(account, body.amount, body.type, body.reference)


def touch(body: bodies.VirtualBody, device: str) -> desk.TouchVirtual:
    """Return what is done to virtual ``device``.

    Raises:
        BadBodyError: Not exactly one thing is to be done.
    """
    given = {
        what: value
        for what, value in (("card", body.card), ("text", body.text), ("paper", body.paper))
        if value is not None
    }
    if body.remove:
        given["remove"] = ""
    if len(given) != 1:
        raise BadBodyError("card", "give exactly one of card, remove, text, paper")
    what, value = given.popitem()
    return desk.TouchVirtual(device, what, value)
