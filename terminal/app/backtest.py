"""A back-test over a till's own ledger, a slice at a time: for the command and for the worker process."""

import csv
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from config.faults import ConfigError, render_all
from config.rules import load_rules
from terminal.app.clock import ShopTime
from terminal.codec.rulebook import rule_book
from terminal.core.backtest import Around, BackTest
from terminal.core.journal import SalePosted
from terminal.core.pricing.basket import Member
from terminal.core.pricing.rules import RuleBook
from terminal.store.catalog import Catalog
from terminal.store.members import Members
from terminal.store.played import PastSale, PastSales

MEMBERS_KEPT = 20_000
"""Members that are remembered while sales are played; then all are looked up anew."""

Report = dict[str, object]


class DraftError(Exception):
    """The draft has faults; the message names all of them with their lines."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which sales to play, and under what."""

    folder: Path
    """The till's data folder."""
    draft: Path
    """The rules file to try."""
    since: int
    until: int
    """First and last business date."""


class Playing:
    """A back-test on its way; reads files and changes none."""

    def __init__(self, asked: Asked, time: ShopTime, ledger: Path | None = None) -> None:
        """Open what it takes.

        Raises:
            DraftError: The draft has faults.
            LedgerError, MasterDataError: The till's files cannot be read.
        """
        self._time = time
        catalog = Catalog.open(asked.folder / "catalog.db")
        self._members = Members.open(asked.folder / "members.db", lambda _: {})
        self._sales = PastSales.open(ledger or asked.folder / "ledger.db")
        book = draft_book(asked.draft, catalog.rule_book())
        catalog.close()
        self._test = BackTest(book)
        self._start, self._end = self._sales.between(asked.since, asked.until)
        self._at = self._start
        self._known: dict[str, Member | None] = {}

    @property
    def done(self) -> tuple[int, int]:
        """Records that are through, and all of them."""
        return self._at - self._start, self._end - self._start

    @property
    def is_through(self) -> bool:
        """Whether all sales were played."""
        return self._at >= self._end

    def go_on(self) -> None:
        """Play the next slice."""
        sales, self._at = self._sales.slice(self._at, self._end)
        for sale in sales:
            self._test.play(sale.entry, self._around(sale))

    def close(self) -> None:
        """Let go of the files."""
        self._sales.close()
        self._members.close()

    def report(self) -> Report:
        """Return what came out so far, as JSON."""
        test = self._test
        return {
            "whole": asdict(test.whole),
            "skipped": test.skipped,
            "rules": [{"rule": rule, **asdict(row)} for rule, row in sorted(test.rules.items())],
            "segments": [
                {"segment": name, **asdict(row)} for name, row in sorted(test.segments.items())
            ],
        }

    def _around(self, sale: PastSale) -> Around:
        assert isinstance(sale.entry.body, SalePosted)
        buyer = sale.entry.body.bill.buyer
        member = None if buyer is None else self._member(buyer.account)
        return Around(self._time.minute(sale.entry.stamp.wall_ms), sale.is_first, member)

    def _member(self, account: str) -> Member | None:
        if account not in self._known:
            if len(self._known) >= MEMBERS_KEPT:
                self._known.clear()
            self._known[account] = self._members.by_account(account)
        return self._known[account]


def draft_book(draft: Path, plain: RuleBook) -> RuleBook:
    """Return the rules of a draft over the plain rules of now.

    Raises:
        DraftError: It has faults.
    """
    try:
        return rule_book(load_rules(draft), plain)
    except ConfigError as error:
        raise DraftError(render_all(error.faults)) from error


def as_csv(report: Report) -> str:
    """Return the report as CSV: a row for all sales, each segment and each rule; amounts in minor units."""
    out = io.StringIO()
    rows: list[dict[str, object]] = [{"what": "all", "name": "", **_dict(report["whole"])}]
    rows += [
        {**row, "what": "segment", "name": _plain(row["segment"])}
        for row in _rows(report["segments"])
    ]
    rows += [
        {**row, "what": "rule", "rule": _plain(row["rule"]), "name": _plain(row["name"])}
        for row in _rows(report["rules"])
    ]
    for row in rows:
        row.pop("segment", None)
    keys = ["what", "rule", "name"]
    keys += [key for row in rows for key in row if key not in keys]
    writer = csv.DictWriter(out, list(dict.fromkeys(keys)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_text(report: Report, money: Callable[[int], str]) -> str:
    """Return the report as a table for a terminal."""
    whole = _dict(report["whole"])
    lines = [
        f"{whole['sales']} sales, {report['skipped']} not comparable",
        _line("", "before", "after"),
        *(
            _line(name, _said(whole[f"{key}_before"], key, money), _said(whole[f"{key}_after"], key, money))
            for name, key in (
                ("paid", "total"), ("discount", "discount"), ("points", "points"), ("margin", "margin"),
            )
        ),
    ]  # fmt: skip
    for title, rows, key in (("segment", "segments", "segment"), ("rule", "rules", "rule")):
        lines += ["", _line(title, "discount before", "discount after")]
        for row in _rows(report[rows]):
            amounts = (row["discount_before"], row["discount_after"])
            lines.append(
                _line(str(row[key]) or "-", *(_said(each, "discount", money) for each in amounts))
            )
    return "\n".join(lines)


def _line(name: str, before: str, after: str) -> str:
    return f"{name:<24} {before:>16} {after:>16}"


def _said(value: object, key: str, money: Callable[[int], str]) -> str:
    assert isinstance(value, int)
    return str(value) if key == "points" else money(value)


def _dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return dict(value)


def _rows(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return [dict(row) for row in value]


def _plain(value: object) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
