"""How much is granted, and of which lots: pure, over what a member's lots hold and what tills hold of them.

At most ``balance - open allowances`` is granted, lot by lot; what an open allowance has spent is no longer in
the lot, so only what is left of it is held back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from terminal.core.allowance import LOTS_MAX, LotShare
from terminal.core.rounding import share as shared

Lots = Mapping[tuple[str, str], LotShare]
"""By unit and name."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What is granted of one unit."""

    unit: str
    lots: tuple[LotShare, ...]


def free(lots: Lots, outstanding: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], LotShare]:
    """Return what no till holds, of each lot that has any.

    ``outstanding`` is what open allowances still may spend. A lot that was overspent holds nothing.
    """
    found = {}
    for key, lot in lots.items():
        amount = lot.amount - outstanding.get(key, 0)
        if amount > 0:
            found[key] = replace(lot, amount=amount)
    return found


def slices(lots: Lots, units: Sequence[str], most: int | None) -> tuple[Slice, ...]:
    """Return up to ``most`` (None: everything) of ``lots``, the oldest first.

    Lots of one name, such as the principal and the bonus of a top-up, are taken in proportion, as they are
    spent. At most :data:`~terminal.core.allowance.LOTS_MAX` names are granted at once.
    """
    taken: dict[str, list[LotShare]] = {unit: [] for unit in units}
    names = sorted({(lot.since, name) for (unit, name), lot in lots.items() if unit in taken})
    left = most
    for _, name in names[:LOTS_MAX]:
        pair = [(unit, lots[unit, name]) for unit in units if (unit, name) in lots]
        whole = sum(lot.amount for _, lot in pair)
        part = whole if left is None else min(left, whole)
        if left is not None:
            left -= part
        amounts = shared(part, [lot.amount for _, lot in pair])
        for (unit, lot), amount in zip(pair, amounts, strict=True):
            if amount:
                taken[unit].append(replace(lot, amount=amount))
    return tuple(Slice(unit, tuple(given)) for unit, given in taken.items() if given)
