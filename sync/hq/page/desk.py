"""The quarantine desk: what waits for a person, one of it opened, and what the person decides."""

from dataclasses import dataclass

from sync.hq import settle
from sync.hq.page import asking, peek
from sync.hq.page.around import Around
from sync.hq.page.asking import BadParameterError
from sync.hq.page.deeds import Act, Deed, Moved, Outcome, Way
from sync.hq.page.language import Language
from sync.hq.page.questions import Given, NotFoundError, Question
from sync.hq.reader import HqReader
from sync.hq.retake import retake
from sync.hq.roles import Right
from sync.hq.schema import seq_of, stream_of

ROWS_OF_TROUBLE = 200
_HOME = {"record": "/quarantine", "refused": "/quarantine", "anomaly": "/anomalies"}

DESK_WAYS = (
    Way("settle", "/settle/{kind}/{id}", Right.SETTLE, "Say that nobody need look any more, and why",
        ("reason",)),
    Way("retake", "/quarantine/record/{id}/again", Right.SETTLE,
        "Try again to take a record into the books"),
    Way("unsettle", "/unsettle/{kind}/{id}", Right.SETTLE, "Open it again"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record in quarantine, or a refused message."""

    kind: str
    """``record`` or ``refused``."""
    id: int
    received_ms: int
    terminal: str
    """Of a record."""
    ledger_id: str
    branch: int
    seq: int
    topic: str
    """Of a message."""
    fault: str
    size: int
    settled_by: str
    settled_reason: str


@dataclass(frozen=True, slots=True)
class RecordAside:
    """A record that is stored and acknowledged but not in the books."""

    id: int
    ledger_id: str
    branch: int
    seq: int
    terminal: str
    received_ms: int
    fault: str
    settled_by: str
    settled_reason: str


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A message that was not taken; the oldest are dropped."""

    id: int
    received_ms: int
    topic: str
    reason: str
    size: int
    settled_by: str
    settled_reason: str


@dataclass(frozen=True, slots=True)
class QuarantineAnswer:
    """What waits for a person, newest first; what is settled only where it is asked for."""

    records: tuple[RecordAside, ...]
    refused: tuple[MessageRefused, ...]


@dataclass(frozen=True, slots=True)
class WaitingAnswer:
    """One of what waits, opened as far as it can be understood."""

    waiting: Waiting
    peeked: str
    dump: str


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk's questions and deeds."""

    reader: HqReader
    around: Around

    def questions(self) -> dict[str, Question]:
        """Return the questions by name."""
        return {"quarantine": self.quarantine, "waiting": self.waiting}

    def deeds(self) -> dict[str, Act]:
        """Return the deeds by the name of their way."""
        return {"settle": self.settle, "unsettle": self.unsettle, "retake": self.retake}

    def quarantine(self, _path: Given, query: Given, _language: Language) -> QuarantineAnswer:
        """Return what the books or the receiver did not take."""
        whole = int(asking.text(query, "settled") == "yes")
        with self.reader.reading() as ask:
            records = ask(
                "SELECT quarantine.record, ledger_id, branch, terminal, record.received_ms, fault,"
                " coalesce(settled.who, ''), coalesce(settled.reason, '') FROM quarantine"
                " JOIN record ON record.id = quarantine.record"
                " JOIN stream ON stream.id = record.id >> 40"
                " LEFT JOIN settled ON settled.kind = 'record' AND settled.id = quarantine.record"
                " WHERE ? = 1 OR settled.who IS NULL"
                " ORDER BY record.received_ms DESC, record.id DESC LIMIT ?",
                (whole, ROWS_OF_TROUBLE),
            ).fetchall()
            refused = ask(
                "SELECT refused.id, received_ms, topic, refused.reason, size, coalesce(settled.who, ''),"
                " coalesce(settled.reason, '') FROM refused"
                " LEFT JOIN settled ON settled.kind = 'refused' AND settled.id = refused.id"
                " WHERE ? = 1 OR settled.who IS NULL ORDER BY refused.id DESC LIMIT ?",
                (whole, ROWS_OF_TROUBLE),
            ).fetchall()
        return QuarantineAnswer(
            tuple(
                RecordAside(row[0], row[1], row[2], seq_of(row[0]), *tuple(row)[3:])
                for row in records
            ),
            tuple(MessageRefused(*tuple(row)) for row in refused),
        )

    def waiting(self, path: Given, _query: Given, _language: Language) -> WaitingAnswer:
        """Return one of what waits, with its bytes."""
        kind, number = _which(path)
        with self.reader.reading() as ask:
            done = ask(
                "SELECT who, reason FROM settled WHERE kind = ? AND id = ?", (kind, number)
            ).fetchone() or ("", "")
            if kind == "refused":
                row = ask(
                    "SELECT received_ms, topic, reason, size, envelope FROM refused WHERE id = ?",
                    (number,),
                ).fetchone()
                if row is None:
                    raise NotFoundError(f"no message {number}")
                data = bytes(row[4])
                found = Waiting(kind, number, row[0], "", "", 0, 0, row[1], row[2], row[3], *done)
                return WaitingAnswer(found, peek.of_envelope(data), peek.dump(data))
            row = ask(
                "SELECT record.received_ms, terminal, ledger_id, branch, fault, body FROM quarantine"
                " JOIN record ON record.id = quarantine.record JOIN stream ON stream.id = ?"
                " WHERE quarantine.record = ?",
                (stream_of(number), number),
            ).fetchone()
        if row is None:
            raise NotFoundError(f"no record {number} in quarantine")
        body = bytes(row[5])
        found = Waiting(
            kind,
            number,
            row[0],
            row[1],
            row[2],
            row[3],
            seq_of(number),
            "",
            row[4],
            len(body),
            *done,
        )
        return WaitingAnswer(found, peek.of_record(body), peek.dump(body))

    def settle(self, deed: Deed) -> Outcome:
        """Write down what somebody decided, and why."""
        kind, number = _which(deed.path)
        reason = deed.form.get("reason", "").strip()
        if not reason.isprintable():
            raise BadParameterError("reason", "must be printable text")
        act = deed.caller.act(self.around.now_ms())
        judge = self.around.judge
        self.around.clerk.do(lambda db: settle.settle(db, act, kind, number, reason, judge(db)))
        return Moved(_HOME[kind])

    def retake(self, deed: Deed) -> Outcome:
        """Try again to take a record into the books."""
        _, number = _which({**deed.path, "kind": "record"})
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: retake(db, act, number))
        return Moved("/quarantine")

    def unsettle(self, deed: Deed) -> Outcome:
        """Open it again."""
        kind, number = _which(deed.path)
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(
            lambda db: settle.unsettle(db, act, kind, number, self.around.judge(db))
        )
        return Moved(_HOME[kind])


def _which(path: Given) -> tuple[str, int]:
    kind = asking.text(path, "kind")
    number = asking.whole(path, "id", 1, asking.NUMBER_MAX)
    if kind not in settle.KINDS or number is None:
        raise BadParameterError("kind", f"must be one of {', '.join(settle.KINDS)}")
    return kind, number
