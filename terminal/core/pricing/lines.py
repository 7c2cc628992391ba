"""Changing the lines of a basket: each function gives the lines after, or why not."""

from dataclasses import replace

from terminal.core.pricing.basket import LINES_MAX, Goods, Line
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.units import MONEY_MAX, QUANTITY_MAX, Minor, Thousandths

PIECE = "piece"
Lines = tuple[Line, ...]


def added(
    lines: Lines, next_n: int, goods: Goods, quantity: Thousandths, unit_price: Minor | None
) -> Lines | Refusal:
    """Return ``lines`` with ``goods`` at ``unit_price`` (None: the shelf's), as line ``next_n`` if new."""
    price = goods.price if unit_price is None else unit_price
    refusal = _out_of_range(quantity, price)
    if refusal is not None:
        return refusal
    same = _same_piece(lines, goods, price)
    if same is not None:
        return changed(lines, same.n, same.quantity + quantity, None)
    if len(lines) >= LINES_MAX:
        return refuse(Key.BASKET_FULL, lines=LINES_MAX)
    return (*lines, Line(next_n, goods, quantity, price))


def changed(
    lines: Lines, n: int, quantity: Thousandths | None, unit_price: Minor | None
) -> Lines | Refusal:
    """Return ``lines`` with another quantity or unit price of line ``n``; None leaves it."""
    line = next((line for line in lines if line.n == n), None)
    if line is None:
        return refuse(Key.NO_SUCH_LINE, n=n)
    quantity = line.quantity if quantity is None else quantity
    price = line.price if unit_price is None else unit_price
    refusal = _out_of_range(quantity, price)
    if refusal is not None:
        return refusal
    after = replace(line, quantity=quantity, price=price)
    return tuple(after if each is line else each for each in lines)


def without(lines: Lines, n: int) -> Lines | Refusal:
    """Return ``lines`` without line ``n``."""
    left = tuple(line for line in lines if line.n != n)
    return left if len(left) < len(lines) else refuse(Key.NO_SUCH_LINE, n=n)


def _out_of_range(quantity: Thousandths, price: Minor) -> Refusal | None:
    if not 0 < quantity <= QUANTITY_MAX:
        return refuse(Key.QUANTITY_RANGE)
    return None if 0 <= price <= MONEY_MAX else refuse(Key.AMOUNT_RANGE)


def _same_piece(lines: Lines, goods: Goods, price: Minor) -> Line | None:
    """Return the line that one more of ``goods`` joins.

    Wherever it stands: percentages round once on a line, so two lines of one article could cost another
    total than one line of both, and the order of scanning must not. Each weighing is a line of its own,
    as the label on the bag says.
    """
    if goods.unit != PIECE:
        return None
    return next((line for line in lines if line.price == price and line.goods == goods), None)
