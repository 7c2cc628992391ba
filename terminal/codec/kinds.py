"""Every kind of entry but the four of a sale, by its tag: a table, and what follows from it.

A body is a frozen dataclass of plain fields; it lies in an entry as an array, its tag first, then its
fields in order, and dataclasses within it likewise. A tag is given once and for ever; fields are only added
at the end, with a default, so that what was written before them still reads.

The tags by area: 8-19 points, gifts, lottery and lots; 20-29 the purse on a card; 30-39 allowances and stored
value; 40-49 coupons and rules; 50-59 members and profiles; 60-69 the life of ledger and till; 70-89 the head
office's own ledger.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from terminal.codec.bill import (
    Int,
    WireBill,
    WireTender,
    pack_bill,
    pack_tender,
    unpack_bill,
    unpack_tender,
)
from terminal.core import allowance, journal, lineage, officebook, profile, stored
from terminal.core.journal import Bill, Tender
from terminal.core.points import entries
from terminal.core.pricing.coupons import CouponsIssued

KINDS: dict[int, type] = {
    5: journal.PinChanged,
    6: journal.LockedOut,
    7: journal.Reprinted,
    8: entries.PointsGiven,
    9: entries.PointsTaken,
    10: entries.GiftGiven,
    11: entries.LotteryOpened,
    12: entries.LotteryDrawn,
    13: entries.PeriodComputed,
    30: allowance.AllowancesOpened,
    31: allowance.AllowancesClosed,
    32: stored.ToppedUp,
    50: profile.MemberRegistered,
    60: lineage.LedgerOpened,
    61: lineage.Carried,
    42: CouponsIssued,
    20: journal.PurseIntent,
    21: journal.PurseSettled,
    22: journal.PurseRepaid,
    70: officebook.ValueAdjusted,
    71: officebook.ValueLapsed,
    72: officebook.LossDeclared,
    73: officebook.AccountsMerged,
    74: officebook.Verdict,
}
"""The kind of entry by its tag."""

MOVES_LOTS = (
    entries.PointsGiven,
    entries.PointsTaken,
    entries.GiftGiven,
    entries.LotteryDrawn,
    allowance.AllowancesOpened,
    allowance.AllowancesClosed,
    stored.ToppedUp,
    officebook.ValueAdjusted,
    officebook.ValueLapsed,
    officebook.LossDeclared,
    officebook.AccountsMerged,
    officebook.Verdict,
)
"""Those whose body the books look at, beside a sale: they move lots or are the head office's alone."""

_Change = Callable[[Any], Any]
_BY_HAND: dict[type, tuple[Any, _Change, _Change]] = {
    Bill: (WireBill, pack_bill, unpack_bill),
    Tender: (WireTender, pack_tender, unpack_tender),
}
_PLAIN = (str, bytes, bool)
_TUPLE: Any = tuple


class Form:
    """How values of one type lie in an entry."""

    def __init__(self, shape: Any, pack: _Change | None, unpack: _Change | None) -> None:
        """``shape`` is what the decoder checks; ``None`` for a change that changes nothing."""
        self.shape = shape
        self.pack = pack
        self.unpack = unpack


def body_form(tag: int, kind: type) -> Form:
    """Return how a body of ``kind`` lies in an entry, its tag first."""
    form = _record(kind, tag)
    pack = form.pack
    assert pack is not None
    return Form(form.shape, lambda body: (tag, *pack(body)), form.unpack)


@cache
def _form(hint: Any) -> Form:
    if hint is int:
        return Form(Int, None, None)
    if hint in _PLAIN:
        return Form(hint, None, None)
    if hint in _BY_HAND:
        return Form(*_BY_HAND[hint])
    if is_dataclass(hint) and isinstance(hint, type):
        return _record(hint, None)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple:
        return _many(inner[0]) if inner[1:] == (...,) else _few(inner)
    if origin in {UnionType, Union} and type(None) in inner and len(inner) == len("T?"):
        return _maybe(next(each for each in inner if each is not type(None)))
    raise TypeError(f"{hint!r} cannot lie in an entry")


def _record(kind: type, tag: int | None) -> Form:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    forms = [_form(hints[name]) for name in names]
    shape = msgspec.defstruct(
        f"Wire{kind.__name__}",
        [_described(field, form) for field, form in zip(fields(kind), forms, strict=True)],
        array_like=True,
        frozen=True,
        tag=tag,
    )
    packs = [(name, form.pack) for name, form in zip(names, forms, strict=True)]
    unpacks = [(name, form.unpack) for name, form in zip(names, forms, strict=True)]

    def pack(value: Any) -> tuple[Any, ...]:
        return tuple(_changed(change, getattr(value, name)) for name, change in packs)

    def unpack(wire: Any) -> Any:
        return kind(*(_changed(change, getattr(wire, name)) for name, change in unpacks))

    return Form(shape, pack, unpack)


def _described(field: "Field[Any]", form: Form) -> tuple[str, Any] | tuple[str, Any, Any]:
    if field.default is MISSING:
        return field.name, form.shape
    return field.name, form.shape, _changed(form.pack, field.default)


def _many(hint: Any) -> Form:
    each = _form(hint)
    return Form(_TUPLE[each.shape, ...], _mapped(each.pack), _mapped(each.unpack))


def _mapped(change: _Change | None) -> _Change | None:
    return None if change is None else lambda values: tuple(change(value) for value in values)


def _few(hints: tuple[Any, ...]) -> Form:
    forms = [_form(hint) for hint in hints]

    def pack(values: Any) -> tuple[Any, ...]:
        return tuple(_changed(form.pack, v) for form, v in zip(forms, values, strict=True))

    def unpack(values: Any) -> tuple[Any, ...]:
        return tuple(_changed(form.unpack, v) for form, v in zip(forms, values, strict=True))

    return Form(_TUPLE[tuple(form.shape for form in forms)], pack, unpack)


def _maybe(hint: Any) -> Form:
    form = _form(hint)
    return Form(form.shape | None, _unless_none(form.pack), _unless_none(form.unpack))


def _unless_none(change: _Change | None) -> _Change | None:
    return None if change is None else lambda value: None if value is None else change(value)


def _changed(change: _Change | None, value: Any) -> Any:
    return value if change is None else change(value)


FORMS = {kind: body_form(tag, kind) for tag, kind in KINDS.items()}
"""How each kind of the table lies in an entry."""
BY_SHAPE = {form.shape: form for form in FORMS.values()}
"""The same by the type that the decoder makes."""
