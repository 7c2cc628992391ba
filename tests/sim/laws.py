"""What must hold after every action, and at the end."""

from sync.hq.store import Stream
from terminal.codec.entry import UndecodableError, decode
from terminal.core.books import deltas
from tests.sim.broken import LawBrokenError
from tests.sim.office import SimOffice
from tests.sim.till import Row, SimTill


def check(tills: list[SimTill], office: SimOffice, *, is_behind: bool) -> None:
    """Check what holds at any time; ``is_behind`` while the head office may hold less than it signed."""
    streams = {till.ledger.ledger_id: _streams(till, office) for till in tills}
    for till in tills:
        if not is_behind and till.is_live:
            _acked_is_held(till, streams[till.ledger.ledger_id], office)
    for held in streams.values():
        for stream in held:
            _no_gap(stream, office)
    _balanced(office)


def _streams(till: SimTill, office: SimOffice) -> list[Stream]:
    return office.store.streams(till.ledger.ledger_id)


def _acked_is_held(till: SimTill, streams: list[Stream], office: SimOffice) -> None:
    timeline, acked = till.acked
    if not acked or timeline != office.receiver.timeline:
        return
    digest = till.live.read(acked, 1)[0][2]
    if not any(office.store.digest_at(stream, acked) == digest for stream in streams):
        raise LawBrokenError(
            f"{till.name}: acknowledged {acked}, which the head office does not hold"
        )


def _no_gap(stream: Stream, office: SimOffice) -> None:
    count, first, last = office.store._sql.execute(
        "SELECT count(*), min(seq), max(seq) FROM records WHERE ledger_id = ? AND branch = ?",
        (stream.ledger_id, stream.branch),
    ).fetchone()
    if count and (first != stream.base_seq + 1 or last != stream.last_seq):
        raise LawBrokenError(f"{stream.ledger_id}/{stream.branch}: holds {first} to {last}")
    if count != stream.last_seq - stream.base_seq:
        raise LawBrokenError(f"{stream.ledger_id}/{stream.branch}: {count} records, not whole")


def _balanced(office: SimOffice) -> None:
    for unit, amount in office.store._sql.execute(
        "SELECT unit, sum(amount) FROM balance GROUP BY unit HAVING sum(amount) != 0"
    ):
        raise LawBrokenError(f"the books do not balance: {amount} {unit}")


def check_end(tills: list[SimTill], office: SimOffice) -> None:
    """Check what holds once the link was good for long enough: both sides hold the same."""
    for till in tills:
        for ledger_id, rows in till.ledgers():
            _is_held(till, ledger_id, rows, office)
        if till.acked[1] != till.ledger.head_seq:
            raise LawBrokenError(
                f"{till.name}: {till.acked[1]} of {till.ledger.head_seq} acknowledged"
            )
    _books_are_the_fold(office)
    if not any(till.paid.is_copied for till in tills):
        _no_lot_is_overdrawn(office)


def _is_held(till: SimTill, ledger_id: str, rows: list[Row], office: SimOffice) -> None:
    """The head office holds a ledger; longer only where a card was copied or a backup put back."""
    if not rows:
        return
    streams = office.store.streams(ledger_id)
    branches = [office.rows(ledger_id, stream.branch) for stream in streams]
    held = next((each for each in branches if each[: len(rows)] == rows), None)
    if held is None:
        raise LawBrokenError(f"{till.name}: the two ends differ at the end")
    if ledger_id == till.ledger.ledger_id and len(held) > len(rows) and not till.is_clone:
        raise LawBrokenError(f"{till.name}: the head office holds more than there was")


def _books_are_the_fold(office: SimOffice) -> None:
    folded: dict[tuple[str, str], int] = {}
    booked = "SELECT body FROM record WHERE id NOT IN (SELECT record FROM quarantine)"
    for (body,) in office.store._sql.execute(booked):
        try:
            change = deltas(decode(body))
        except UndecodableError:
            continue
        for key, amount in change.items():
            folded[key] = folded.get(key, 0) + amount
    kept = {
        (account, unit): amount
        for account, unit, amount in office.store._sql.execute("SELECT * FROM balance")
    }
    wrong = {key: (kept.get(key, 0), folded.get(key, 0)) for key in kept.keys() | folded.keys()}
    wrong = {key: both for key, both in wrong.items() if both[0] != both[1]}
    if wrong:
        raise LawBrokenError(f"the books are not the fold of the records: {wrong}")


def _no_lot_is_overdrawn(office: SimOffice) -> None:
    for account, unit, lot, amount in office.store._sql.execute(
        "SELECT account, unit, lot, amount FROM value_lot WHERE amount < 0"
    ):
        raise LawBrokenError(f"lot {lot} of {account}: {amount} {unit}")
