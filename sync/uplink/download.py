"""The till's end of the way down, without threads and network: bytes and time in; bytes and events out.

It checks who signed what comes in and that it answers the question that is out, gathers the parts of a
delta until it is whole, and hands snapshots part by part to the mirror, which keeps the place. Nothing that
comes can change what is held before all of it is there and was understood.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sync import topics
from sync.protocol import master
from sync.protocol.errors import NotTakenError
from sync.protocol.keys import PublicKey
from sync.protocol.master import (
    CATALOGUE,
    FORMAT,
    MEMBERS,
    OFFERED,
    STATEMENTS,
    TABLES,
    Ask,
    Part,
    Row,
    What,
    read_part,
    read_word,
    unpack_rows,
    write_ask,
)
from sync.protocol.wire import NONCE_BYTES, BadEnvelopeError
from sync.uplink import fetch
from sync.uplink.api import Mastered, Mirror, SyncTrouble, TillIdentity
from sync.uplink.session import Publish

GATHERED_MAX = 200_000
"""Rows of a delta, or of the hotlist, that are kept in memory until it is whole."""
NOT_TAKEN = "master-refused"
_NO_NONCE = bytes(NONCE_BYTES)
Out = Publish | Mastered | SyncTrouble


@dataclass(slots=True)
class _Gathered:
    """A delta of which some parts are there."""

    table: str
    version: int
    mark: bytes
    cursor: bytes
    what: What
    rows: list[Row]


class Download:
    """One till's questions for master data, over all connections."""

    def __init__(
        self,
        identity: TillIdentity,
        mirror: Mirror,
        draw: Callable[[int], int],
        nonce: Callable[[], bytes],
    ) -> None:
        self.state = fetch.State()
        self._identity = identity
        self._mirror = mirror
        self._draw = draw
        self._draw_nonce = nonce
        self._nonce = _NO_NONCE
        self._trusted: PublicKey | None = None
        self._branch = 0
        self._gathered: _Gathered | None = None
        self._offered: set[str] = set()
        """Tables that this head office has and older ones do not know."""
        self._catching_up = ""
        """The table whose draft is whole and only lacks what changed meanwhile."""

    @property
    def wake_ms(self) -> int | None:
        """When :meth:`tick` wants to be called."""
        return self.state.wake_ms

    def opened(self, trusted: PublicKey, branch: int, now_ms: int) -> list[Out]:
        """Begin: the head office, which signs with ``trusted``, greeted us; does nothing twice."""
        self._trusted, self._branch = trusted, branch
        if self.state.is_open:
            return []
        out = self._step(fetch.Opened(), now_ms)
        for table in sorted(self._offered):
            out += self._step(fetch.News(table), now_ms)
        return out

    def closed(self, now_ms: int) -> list[Out]:
        """Forget what was on its way."""
        self._nonce = _NO_NONCE
        return self._step(fetch.Closed(), now_ms)

    def tick(self, now_ms: int, *, may_state: bool = True) -> list[Out]:
        """Do what is due."""
        return self._step(fetch.Tick(may_state), now_ms)

    def heard(self, topic: str, payload: bytes, now_ms: int) -> list[Out]:
        """Take in a message; one that is not what it should be changes nothing."""
        table = topics.table_of(topic)
        if table in OFFERED:
            self._offered.add(table)  # Only a hint: what comes of asking is checked.
        if self._trusted is None:
            return []
        try:
            if table is not None:
                return self._heard_word(table, payload, self._trusted, now_ms)
            return self._heard_part(payload, self._trusted, now_ms)
        except BadEnvelopeError as error:
            key = "other-version" if error.reason == "version" else "forged"
            return [SyncTrouble(key, f"{topic}: {error}")]
        except NotTakenError as error:
            return [SyncTrouble(NOT_TAKEN, str(error))]

    def _heard_word(self, table: str, payload: bytes, trusted: PublicKey, now_ms: int) -> list[Out]:
        if table not in TABLES or not payload:
            return []  # A later version's, or somebody cleared it.
        word = read_word(payload, trusted)
        held = self._mirror.held(table)
        if word.table != table or (word.version, word.mark) == (held.version, held.mark):
            return []
        return self._step(fetch.News(table), now_ms)

    def _heard_part(self, payload: bytes, trusted: PublicKey, now_ms: int) -> list[Out]:
        part = read_part(payload, trusted)
        flight = self.state.flight
        if flight is None or part.table != flight.table or part.nonce != self._nonce:
            return []
        self._nonce = _NO_NONCE
        rows = unpack_rows(part.packed)
        try:
            is_more, is_done, is_new = self._take(part, rows)
        except NotTakenError as error:
            self._gathered = None
            trouble: list[Out] = [SyncTrouble(NOT_TAKEN, str(error))]
            return trouble + self._step(fetch.Refused(), now_ms)
        said: list[Out] = [Mastered(part.table, is_changed=is_new)] if is_done else []
        return said + self._step(fetch.Answered(is_more), now_ms)

    def _take(self, part: Part, rows: Sequence[Row]) -> tuple[bool, bool, bool]:
        """Return whether there is more at once, whether the table is now fresh, and whether it changed."""
        table = part.table
        if part.what is What.CURRENT:
            if not part.version:
                return False, False, False  # The head office has nothing itself.
            if self._catching_up == table:
                self._mirror.finish(part, rows)
                return False, True, True
            self._mirror.confirm(table)
            return False, True, False
        if part.what is What.STATEMENT:
            self._mirror.apply(part, rows)
            is_more = bool(part.cursor)
            return is_more, not is_more, True
        if part.what is What.SNAPSHOT and table in (CATALOGUE, MEMBERS):
            draft = self._mirror.held(table).draft
            if not part.is_first and (
                draft is None or (draft.version, draft.mark) != (part.version, part.mark)
            ):
                raise NotTakenError("the part goes on with another snapshot than ours")
            self._mirror.fill(part, rows)
            return True, False, False
        return self._gather(part, rows)

    def _gather(self, part: Part, rows: Sequence[Row]) -> tuple[bool, bool, bool]:
        """Keep the parts of a delta until it is whole, and apply it."""
        kept, before = self._gathered, list[Row]()
        if not part.is_first:
            name = (part.table, part.version, part.mark)
            if kept is None or (kept.table, kept.version, kept.mark) != name:
                raise NotTakenError("the part goes on with another delta than ours")
            before = kept.rows
        if len(before) + len(rows) > GATHERED_MAX:
            raise NotTakenError(f"more than {GATHERED_MAX} rows at once")
        whole = [*before, *rows]
        if part.cursor:
            self._gathered = _Gathered(
                part.table, part.version, part.mark, part.cursor, part.what, whole
            )
            return True, False, False
        self._gathered = None
        if self._catching_up == part.table:
            self._mirror.finish(part, whole)
        else:
            self._mirror.apply(part, whole)
        return False, True, True

    def _step(self, event: fetch.Event, now_ms: int) -> list[Out]:
        self.state, question = fetch.step(self.state, event, now_ms, self._draw)
        if question is None:
            return []
        try:
            return [self._ask(question)]
        except NotTakenError as error:
            return [SyncTrouble(NOT_TAKEN, str(error))]  # Asked again when no answer comes.

    def _ask(self, question: fetch.Question) -> Publish:
        who, table = self._identity, question.table
        self._nonce = self._draw_nonce()
        held, kept = self._mirror.held(table), self._gathered
        version, mark, draft = held.version, held.mark, held.draft
        self._catching_up = ""
        on = (What.CURRENT, 0, b"", b"")
        if draft is not None and draft.cursor:
            on = (What.SNAPSHOT, draft.version, draft.mark, draft.cursor)
        elif draft is not None:
            version, mark, self._catching_up = draft.version, draft.mark, table
        if kept is not None and kept.table == table:
            on = (kept.what, kept.version, kept.mark, kept.cursor)
        ask = Ask(
            FORMAT, who.terminal, self._nonce, table, version, mark, *on, question.room,
            who.ledger_id, self._branch,
        )  # fmt: skip
        return Publish(topics.topic(who.terminal, topics.REQUEST), write_ask(ask, who.key))


def is_for(topic: str, payload: bytes) -> bool:
    """Return whether a message is about master data: a version, or an answer that begins with a number."""
    return topics.table_of(topic) is not None or (
        topic.endswith(f"/{topics.RESPONSE}") and master.is_numbered(payload)
    )


assert TABLES[-1] == STATEMENTS, "fetch puts the last table off while the ledger is far ahead"
