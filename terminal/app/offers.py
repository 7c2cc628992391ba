"""What the cashier may offer on an open basket: rules to choose, and what it comes to in cash."""

from terminal.app.edges import Edges
from terminal.core import sale as sales
from terminal.core.circumstances import choices
from terminal.core.refusal import Refusal
from terminal.core.tenders import CASH
from terminal.core.till import Till
from terminal.counter.offers import Offers, RulesShown


def offers_of(edges: Edges, till: Till) -> Offers:
    """Return what there is to choose for the open basket; nothing while there is none."""
    shown = RulesShown(edges.rules, edges.promotions.since_ms, edges.promotions.faults)
    if edges.rules.is_plain or not isinstance(till.sale, sales.Open):
        return Offers(shown=shown)
    basket = till.sale.sale
    cash_total = None
    if edges.rules.asks_tender and basket.lines:
        in_cash = sales.repriced(basket, edges.turn(""), CASH)
        if not isinstance(in_cash, Refusal) and in_cash.quote.total != basket.quote.total:
            cash_total = in_cash.quote.total
    return Offers(tuple(sorted(choices(edges.rules).items())), cash_total, shown)
