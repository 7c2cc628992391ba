"""What must hold after every action, and at the end."""

from sync.hq.store import Stream
from sync.uplink.machine import Phase
from terminal.codec.entry import UndecodableError, decode
from terminal.core.books import deltas
from terminal.core.journal import SalePosted
from tests.sim.broken import LawBrokenError
from tests.sim.office import SimOffice
from tests.sim.till import SimTill

Row = tuple[int, bytes, bytes]


def check(tills: list[SimTill], office: SimOffice, *, is_behind: bool) -> None:
    """Check what holds at any time; ``is_behind`` while the head office may hold less than it signed."""
    streams = {till.ledger_id: office.store.streams(till.ledger_id) for till in tills}
    for till in tills:
        if not is_behind:
            _acked_is_held(till, streams[till.ledger_id], office)
    for held in streams.values():
        for stream in held:
            _no_gap(stream, office)
    _balanced(office)


def _acked_is_held(till: SimTill, streams: list[Stream], office: SimOffice) -> None:
    timeline, acked = till.acked
    if not acked or timeline != office.receiver.timeline:
        return
    digest = till.records.read(acked, 1)[0][2]
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
        held, rows = _held(till, office), till.rows()
        if till.session.state.phase is Phase.HALTED:
            _is_rightly_halted(till, held, rows)
            continue
        # What the other machine with a copied card sold continues what this one has.
        if held[: len(rows)] != rows or (len(held) > len(rows) and not till.is_clone):
            raise LawBrokenError(f"{till.name}: the two ends differ at the end")
        if till.acked[1] != till.ledger.head_seq:
            raise LawBrokenError(
                f"{till.name}: {till.acked[1]} of {till.ledger.head_seq} acknowledged"
            )
    _books_are_the_fold(office)
    _receipts_are_named_once(tills)


def _held(till: SimTill, office: SimOffice) -> list[Row]:
    """Return what the head office holds of a machine: of two with one card, each has a branch."""
    rows = till.rows()
    branches = [office.rows(till.ledger_id, s.branch) for s in office.store.streams(till.ledger_id)]
    return next((held for held in branches if held[: len(rows)] == rows), branches[0])


def _is_rightly_halted(till: SimTill, held: list[Row], rows: list[Row]) -> None:
    """The other machine with this card sold more before this one spoke; a person was told."""
    is_told = any(trouble.key == "ledger-behind" for trouble in till.troubles)
    if not till.is_clone or not is_told or held[: len(rows)] != rows or len(held) <= len(rows):
        raise LawBrokenError(f"{till.name}: halted without cause or word")


def _books_are_the_fold(office: SimOffice) -> None:
    folded: dict[tuple[str, str], int] = {}
    for (body,) in office.store._sql.execute("SELECT body FROM record"):
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


def _receipts_are_named_once(tills: list[SimTill]) -> None:
    """Of two machines with one copied card the head office names the fork; all others number once."""
    seen: dict[str, str] = {}
    for till in tills:
        if till.is_clone:
            continue
        for _, body, digest in till.rows():
            made = decode(body).body
            if (
                isinstance(made, SalePosted)
                and seen.setdefault(made.receipt, digest.hex()) != digest.hex()
            ):
                raise LawBrokenError(f"{till.name}: receipt {made.receipt} was given twice")
