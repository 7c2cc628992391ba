"""What must hold when all is whole again."""

from collections import Counter
from contextlib import closing
from pathlib import Path

from sync.hq.opening import open_database
from terminal.codec.entry import UndecodableError, decode
from terminal.core.books import deltas
from terminal.core.journal import SalePosted
from terminal.store.older import Older
from terminal.store.reader import Reader
from terminal.store.verify import verify
from tests.kit.till import TillProcess
from tests.kit.waiting import until
from tests.outage.shop import Shop

SETTLE_S = 300.0


def settle(shop: Shop) -> None:
    """Wait until every till has its last record acknowledged."""
    for name, till in shop.tills.items():
        until(lambda till=till: _is_settled(till), f"{name}: all is acknowledged", SETTLE_S)


def _is_settled(till: TillProcess) -> bool:
    sync = till.state()["sync"]
    return bool(sync["connected"]) and sync["pending"] == 0


def faults(shop: Shop) -> list[str]:
    """Return what does not hold; every program has stopped but the database."""
    held, books = _at_hq(shop)
    found: list[str] = []
    chains = {row for rows in held.values() for row in rows}
    for name, till in shop.tills.items():
        found += [f"{name}: {fault}" for fault in verify(till.ledger_path).faults]
        for ledger_id, rows in _ledgers(till):
            missing = [
                seq for seq, body, digest in rows if (ledger_id, seq, digest, body) not in chains
            ]
            if missing:
                found.append(f"{name}: the head office lacks {missing[:5]} of {ledger_id}")
        found += _sales(name, till, shop)
    if books != _fold(held):
        found.append("the head office's books are not the fold of its records")
    return found


def _at_hq(
    shop: Shop,
) -> tuple[dict[str, set[tuple[str, int, bytes, bytes]]], Counter[tuple[str, str]]]:
    database = open_database(shop.data())
    try:
        held: dict[str, set[tuple[str, int, bytes, bytes]]] = {}
        for ledger_id, seq, body, digest in database.sql.execute(
            "SELECT ledger_id, seq, body, digest FROM records"
        ).fetchall():
            row = (ledger_id, int(seq), bytes(digest), bytes(body))
            held.setdefault(ledger_id, set()).add(row)
        kept = database.sql.execute("SELECT account, unit, amount FROM balance").fetchall()
        return held, Counter({(a, u): int(n) for a, u, n in kept if n})
    finally:
        database.close()


def _ledgers(till: TillProcess) -> list[tuple[str, list[tuple[int, bytes, bytes]]]]:
    closed = [(head.ledger_id, head.path) for head in Older(till.data).heads()]
    with closing(till.ledger()) as live:
        name = live.head()[0]
    return [(ledger, _rows(path)) for ledger, path in [*closed, (name, till.ledger_path)]]


def _rows(path: Path) -> list[tuple[int, bytes, bytes]]:
    with closing(Reader.open(path)) as reader:
        rows: list[tuple[int, bytes, bytes]] = []
        while more := reader.records(len(rows) + 1, 500):
            rows += more
    return rows


def _fold(held: dict[str, set[tuple[str, int, bytes, bytes]]]) -> Counter[tuple[str, str]]:
    fold: Counter[tuple[str, str]] = Counter()
    for rows in held.values():
        for _, _, _, body in rows:
            try:
                fold.update(deltas(decode(body)))
            except UndecodableError:
                continue
    return Counter({key: amount for key, amount in fold.items() if amount})


def _sales(name: str, till: TillProcess, shop: Shop) -> list[str]:
    """Every answered sale is in some ledger of the head office once; none is there twice."""
    calls: Counter[str] = Counter()
    for _, rows in _ledgers(till):
        for _, body, _ in rows:
            entry = decode(body)
            if isinstance(entry.body, SalePosted):
                calls[entry.call_id] += 1
    twice = [call for call, count in calls.items() if count > 1]
    return [f"{name}: sold twice: {twice[:3]}"] if twice else []
