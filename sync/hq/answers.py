"""What the head office answers to a till that asks for master data.

A till that holds a version we know gets what changed since; any other gets everything, part by part. A
snapshot is not taken of one moment: it goes through the rows as they are, and the till then asks for what
changed after the version that the snapshot began with. A delta that changes while it is sent begins anew.
Packed rows are kept for the next till that asks the same.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec

from sync.hq.master import DELTA_ROWS_MAX, MasterStore, Version
from sync.protocol.keys import SecretKey
from sync.protocol.master import (
    FORMAT,
    QUARANTINED_MAX,
    ROWS_MAX,
    ROWS_UNPACKED_MAX,
    STATEMENTS,
    Ask,
    Part,
    Row,
    What,
    pack_rows,
    write_part,
)

KEPT_MAX = 200
"""Packed runs of rows kept, at most 20 MB."""
STATEMENTS_MAX = 2_000
"""Accounts in one part."""
_BYTES_PER_ROOM = 4
"""So many times the room of rows is packed at once: they compress a little better, and are packed once."""
_ROW_BYTES = 40
_START = ("", "")
_Place = tuple[str, str]
_encode = msgspec.msgpack.Encoder().encode
_places: "msgspec.msgpack.Decoder[tuple[str, str]]" = msgspec.msgpack.Decoder(tuple[str, str])


class Answers:
    """Answers questions; the loop's."""

    def __init__(self, master: MasterStore, key: SecretKey) -> None:
        self._master = master
        self._key = key
        self._has_begun_anew = False
        """Once in a run: who comes from a backup has just been started."""
        self._kept: OrderedDict[tuple[Any, ...], tuple[bytes, bytes]] = OrderedDict()

    def answer(self, ask: Ask) -> bytes:
        """Return the signed answer to a question whose sender was checked."""
        part = self._state(ask) if ask.table == STATEMENTS else self._part(ask)
        return write_part(part, self._key)

    def _part(self, ask: Ask) -> Part:
        master, newest = self._master, self._master.newest(ask.table)
        place = _place(ask.cursor)
        begun = Version(ask.to_version, ask.to_mark)
        if not newest.number:
            return _part(ask, What.CURRENT, newest)
        if ask.what is What.SNAPSHOT and place and master.is_known(ask.table, begun):
            return self._rows(ask, What.SNAPSHOT, begun, place)
        held = Version(ask.version, ask.mark)
        if held.number and not self._has_begun_anew and not master.is_known(ask.table, held):
            # We come from a backup: numbers of statements may mean others than the tills were told.
            self._has_begun_anew = True
            master.begin_statements_anew()
        if held == newest:
            return _part(ask, What.CURRENT, newest)
        if (
            master.is_known(ask.table, held)
            and master.changes_since(ask.table, held.number) <= DELTA_ROWS_MAX
        ):
            is_going_on = ask.what is What.DELTA and begun == newest
            return self._rows(ask, What.DELTA, newest, (is_going_on and place) or _START)
        is_going_on = ask.what is What.SNAPSHOT and begun == newest
        return self._rows(ask, What.SNAPSHOT, newest, (is_going_on and place) or _START)

    def _rows(self, ask: Ask, what: What, version: Version, after: _Place) -> Part:
        newest = self._master.newest(ask.table)
        since = ask.version if what is What.DELTA else None
        name = (ask.table, newest.mark, since, after, ask.room)
        kept = self._kept.get(name)
        if kept is None:
            kept = self._pack(ask, since, after)
            self._kept[name] = kept
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        packed, cursor = kept
        return _part(ask, what, version, packed=packed, cursor=cursor, is_first=after == _START)

    def _pack(self, ask: Ask, since: int | None, after: _Place) -> tuple[bytes, bytes]:
        size_max = min(ROWS_UNPACKED_MAX, ask.room * _BYTES_PER_ROOM)
        limit = min(ROWS_MAX, size_max // _ROW_BYTES)
        rows = self._master.rows(ask.table, since, after, limit)
        count, packed = pack_rows(_cut(rows, size_max), ask.room)
        is_last = count == len(rows) < limit
        return packed, b"" if is_last else _encode(rows[count - 1][:2])

    def _state(self, ask: Ask) -> Part:
        """Return what changed of what members hold, and up to where that contains the till's ledger."""
        with self._master.settled():
            return self._statement(ask)

    def _statement(self, ask: Ask) -> Part:
        master, newest = self._master, self._master.newest(STATEMENTS)
        position = master.position(ask.ledger_id, ask.branch)
        is_ours = ask.mark == newest.mark and ask.version <= newest.number
        since = ask.version if is_ours else 0
        if position is None or len(position[1]) > QUARANTINED_MAX or since == newest.number:
            return _part(ask, What.CURRENT, newest)
        found = master.statements(since, STATEMENTS_MAX)
        count, packed = pack_rows([row for row, _ in found], ask.room)
        reached = found[count - 1][1]
        cursor = b"" if reached == newest.number else b"more"
        seq, quarantined = position
        return _part(
            ask, What.STATEMENT, Version(reached, newest.mark), packed=packed, cursor=cursor,
            ledger_id=ask.ledger_id, branch=ask.branch, seq=seq, quarantined=quarantined,
        )  # fmt: skip


def _part(ask: Ask, what: What, version: Version, **more: Any) -> Part:
    return Part(FORMAT, ask.nonce, ask.table, what, version.number, version.mark, **more)


def _place(cursor: bytes) -> _Place | None:
    """Return where a cursor of ours points, ``None`` for anything else."""
    try:
        return _places.decode(cursor)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _cut(rows: Sequence[Row], size_max: int) -> list[Row]:
    """Return the first rows up to so many bytes, at least one if there is any."""
    kept: list[Row] = []
    for row in rows:
        size_max -= len(row[2] or b"") + _ROW_BYTES
        if kept and size_max < 0:
            break
        kept.append(row)
    return kept
