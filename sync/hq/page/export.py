"""Tables as files: CSV and XLSX, written while read, bounded, and with nothing a spreadsheet would run.

A text that begins as a formula does gets an apostrophe before it in CSV and stays a text in XLSX. Amounts are
decimals with two places, never floats.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice

from starlette.responses import Response, StreamingResponse
from xlsxwriter import Workbook

from sync.hq import audit
from sync.hq.audit import Act
from sync.hq.database import Database
from sync.hq.page import wording
from sync.hq.page.around import Around
from sync.hq.page.asking import ROWS_MAX, BadParameterError
from sync.hq.page.language import Language
from sync.hq.page.lookback import Lookback
from sync.hq.page.questions import Given, Questions
from sync.hq.reader import HqReader

CSV_ROWS_MAX = 200_000
XLSX_ROWS_MAX = 50_000
_CHUNK_ROWS = 500
_CHUNK_BYTES = 65_536
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cell = str | int | Decimal
Rows = Callable[[Given, Language], Iterator[tuple[Cell, ...]]]


COLUMNS = {
    "sales": (
        "Receipt", "Time", "Till", "Store", "Member", "Lines", "Discount", "Total", "Points",
    ),
    "days": (
        "Day", "Store", "Sales", "Amount", "Discount", "Points earned", "Points used",
        "Sales to members",
    ),
    "members": ("Account number", "Member", "Kind", "Holds"),
    "movements": ("Time", "Till", "Record", "Kind", "Receipt", "Unit", "Changed"),
    "anomalies": (
        "Time", "What", "Till", "Operator", "Member", "Record", "Settled by", "What it was",
    ),
    "audit": ("Time", "Who", "What", "Whom or which", "Detail", "From"),
}  # fmt: skip
"""Every table that can be taken out, and its columns as the page calls them."""


class Exports:
    """Every table by its name in the path."""

    def __init__(self, reader: HqReader, around: Around) -> None:
        self._around = around
        self._look = Lookback(reader, around)
        self._questions = Questions(reader, around)
        self._rows: dict[str, Rows] = {
            "sales": self._sales, "days": self._days, "members": self._members,
            "movements": self._movements, "anomalies": self._anomalies, "audit": self._audit,
        }  # fmt: skip

    def answer(self, name: str, query: Given, language: Language, act: Act) -> Response:
        """Return the table ``name`` as a file, and write down who took it.

        Raises:
            BadParameterError: There is no such table, or form.
        """
        rows_of = self._rows.get(name)
        form = query.get("form", "csv")
        if rows_of is None or form not in ("csv", "xlsx"):
            raise BadParameterError("form", "must be csv or xlsx, of a table that there is")
        asked = ", ".join(f"{key}={value}" for key, value in query.items() if key != "form")

        def note(database: Database) -> None:
            with database.transaction():
                audit.note(database, act, "exported", f"{name}.{form}", asked)

        self._around.clerk.do(note)
        columns = [language(each) for each in COLUMNS[name]]
        rows = rows_of(query, language)
        body, kind = (
            (_csv(columns, rows), "text/csv; charset=utf-8")
            if form == "csv"
            else (
                _xlsx(columns, rows),
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            )
        )
        day = wording.moment(act.now_ms, self._look.zone)[:10]
        headers = {
            "content-disposition": f'attachment; filename="{name}-{day}.{form}"',
            "cache-control": "no-store",
        }
        return StreamingResponse(body, media_type=kind, headers=headers)

    def _time(self, ms: int) -> str:
        return wording.moment(ms, self._look.zone)

    def _sales(self, query: Given, _language: Language) -> Iterator[tuple[Cell, ...]]:
        reader, before = self._questions.reader, None
        while True:
            found = reader.newest_sales(
                ROWS_MAX, before, terminal=query.get("terminal", ""), member=query.get("member", "")
            )
            for row in found:
                yield (
                    row.receipt, self._time(row.wall_ms), row.terminal, row.store, row.member,
                    row.lines, money(row.discount), money(row.total), row.earned,
                )  # fmt: skip
            if len(found) < ROWS_MAX:
                return
            before = found[-1].id

    def _days(self, query: Given, language: Language) -> Iterator[tuple[Cell, ...]]:
        for row in self._look.days({}, query, language).rows:
            yield (
                wording.day(row.business_date), row.store, row.sales, money(row.amount),
                money(row.discount), row.earned, row.used, row.members,
            )  # fmt: skip

    def _members(self, _query: Given, language: Language) -> Iterator[tuple[Cell, ...]]:
        after = ""
        while True:
            page = self._look.members({}, {"limit": str(ROWS_MAX), "after": after}, language)
            for row in page.members:
                for unit, amount in row.held:
                    yield row.account, row.name, language(f"unit {unit}"), held(unit, amount)
            if page.next is None:
                return
            after = page.next

    def _movements(self, query: Given, language: Language) -> Iterator[tuple[Cell, ...]]:
        asked = {"limit": str(ROWS_MAX)}
        while True:
            page = self._look.member({"account": query.get("account", "")}, asked, language)
            for row in page.moved:
                entry = row.entry
                for unit, change in row.changes:
                    yield (
                        self._time(entry.wall_ms), entry.terminal, f"{entry.ledger_id} #{entry.seq}",
                        language(entry.kind), entry.receipt, language(f"unit {unit}"),
                        held(unit, change),
                    )  # fmt: skip
            if page.next is None:
                return
            asked["before"] = str(page.next)

    def _anomalies(self, _query: Given, language: Language) -> Iterator[tuple[Cell, ...]]:
        asked = {"limit": str(ROWS_MAX), "settled": "yes"}
        while True:
            page = self._look.anomalies({}, asked, language)
            for row in page.rows:
                yield (
                    self._time(row.at_ms), wording.oddity(row.kind, row.value, language), row.terminal,
                    row.operator, row.account, f"{row.ledger_id} #{row.seq}", row.settled_by, row.reason,
                )  # fmt: skip
            if page.next is None:
                return
            asked["before"] = str(page.next)

    def _audit(self, query: Given, language: Language) -> Iterator[tuple[Cell, ...]]:
        asked = {"limit": str(ROWS_MAX), "who": query.get("who", "")}
        while True:
            page = self._questions.audit({}, asked, language)
            for row in page.lines:
                yield (
                    self._time(row.at_ms), row.who, language(f"did {row.what}"), row.subject,
                    row.detail, row.address,
                )  # fmt: skip
            if page.next is None:
                return
            asked["before"] = str(page.next)


def money(amount: int) -> Decimal:
    """Return minor units as a decimal with two places.

    >>> money(-1205)
    Decimal('-12.05')
    """
    return Decimal(amount).scaleb(-2)


def held(unit: str, amount: int) -> Cell:
    """Return an amount of a unit as a cell: points are whole, all else is money."""
    return amount if wording.is_counted(unit) else money(amount)


def safe(cell: Cell) -> str:
    """Return a cell for CSV that no spreadsheet takes for a formula.

    >>> safe("=1+1"), safe("张三"), safe(-5), safe(money(-5))
    ("'=1+1", '张三', '-5', '-0.05')
    """
    if not isinstance(cell, str):
        return str(cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _csv(columns: list[str], rows: Iterator[tuple[Cell, ...]]) -> Iterator[bytes]:
    cut = islice(rows, CSV_ROWS_MAX)
    yield "\ufeff".encode()  # Or spreadsheets do not read Chinese.
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    while chunk := list(islice(cut, _CHUNK_ROWS)):
        writer.writerows([[safe(cell) for cell in row] for row in chunk])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def _xlsx(columns: list[str], rows: Iterator[tuple[Cell, ...]]) -> Iterator[bytes]:
    plain = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False,
    }  # fmt: skip
    with tempfile.TemporaryFile() as file:
        book = Workbook(file, plain)
        sheet = book.add_worksheet()
        two = book.add_format({"num_format": "#,##0.00"})
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column)
        for line, row in enumerate(islice(rows, XLSX_ROWS_MAX), 1):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(line, place, cell)
                else:
                    sheet.write_number(
                        line, place, cell, two if isinstance(cell, Decimal) else None
                    )
        sheet.freeze_panes(1, 0)
        book.close()
        file.seek(0)
        while data := file.read(_CHUNK_BYTES):
            yield data
