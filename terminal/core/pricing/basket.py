"""What is being bought: goods, quantities, and who buys."""

from dataclasses import dataclass

from terminal.core.units import Minor, Points, Thousandths

LINES_MAX = 500


@dataclass(frozen=True, slots=True)
class Goods:
    """One article as the catalogue knows it."""

    code: str
    name: str
    price: Minor
    """Shelf price of one unit."""
    category: str
    earns: bool = True
    """False for what earns no points, such as tobacco and gift cards."""
    tax_basis_points: int = 0
    unit: str = "piece"
    cost: Minor | None = None
    """What one unit cost the shop, net of VAT."""
    brand: str = ""
    levels: tuple[tuple[str, Minor], ...] = ()
    """Unit prices by price level, such as ``wholesale``."""
    price_min: Minor = 0
    """No promotion takes a unit below this."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the basket. ``n`` is its number on the page and is never used again in the sale."""

    n: int
    goods: Goods
    quantity: Thousandths
    price: Minor
    """Unit price in force: the shelf price unless it was overridden by right."""


@dataclass(frozen=True, slots=True)
class Member:
    """Who buys, as far as a sale and its page need to know."""

    account: str
    name: str
    phone: str
    tier: str
    tier_name: str
    points: Points
    stored: Minor
    bonus: Minor
    birthday: str
    """``MM-DD``, or empty."""
    medium: str
    """What named the member at this till: ``uid:…``, ``card:…``, ``phone`` or ``number``."""
    tags: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    card_type: str = ""
    level: str = ""
    """Price level at which the member buys; empty is retail."""
    bought: bool = False
    """Whether the head office or the shop knows of a purchase before."""
    pending: Points = 0
    """Those of ``points`` that wait for their return period to pass."""
    lapsing: tuple[Points, int] = (0, 0)
    """How many lapse next, and the first business date on which they are gone; zeros: none will."""
    standing: Points = 0
    """Points of the kind that only grows."""
