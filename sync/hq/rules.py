"""Rules files at the head office: every version kept for ever, and which is rolled out when, where, by whom.

What tills are sent is a table of the master data of its own: the rollouts that count, and the files they
name. A rollout that is taken back is gone from the table; the one before it is in force again.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import zstandard

from config.faults import ConfigError, Fault
from config.rulechecks import NOTHING_KNOWN, Known
from config.rules import load_rules
from sync.hq import audit
from sync.hq.audit import Act
from sync.hq.database import Database
from sync.hq.master import ALONE, MasterStore
from sync.hq.people import DeniedError
from sync.hq.reader import Ask
from sync.protocol.master import CATALOGUE, RULES
from terminal.codec import master

TEXT_BYTES_MAX = 5_000_000
"""Of an uploaded file."""
CHUNK_BYTES = 40_000
AHEAD_MAX = 50
"""Rollouts that wait for their time, or are in force somewhere."""
KEPT_DUE = 2
"""For each store the rollout in force is sent and the one before it, which a till falls back to."""
FORMS = ("toml", "json")
NOTE_CHARS_MAX = 200


class BadRulesError(Exception):
    """A rules file has faults; all of them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """A rules file that was uploaded."""

    version: str
    form: str
    promotions: int
    at_ms: int
    who: str
    note: str


@dataclass(frozen=True, slots=True)
class Rollout:
    """That a version is to be in force from a time on."""

    id: int
    version: str
    store: str
    """Empty for all stores."""
    from_ms: int
    at_ms: int
    who: str
    taken_back_ms: int
    taken_back_by: str


def versions(ask: Ask) -> tuple[RulesVersion, ...]:
    """Return every version, newest first."""
    rows = ask(
        "SELECT version, form, promotions, at_ms, who, note FROM rules_version"
        " ORDER BY at_ms DESC, version DESC"
    ).fetchall()
    return tuple(RulesVersion(*tuple(row)) for row in rows)


def rules_text(ask: Ask, version: str) -> tuple[str, str] | None:
    """Return form (``toml`` or ``json``) and text of a version, ``None`` where it was never uploaded."""
    row = ask("SELECT form, packed FROM rules_version WHERE version = ?", (version,)).fetchone()
    if row is None:
        return None
    text = zstandard.ZstdDecompressor().decompress(bytes(row[1]), max_output_size=TEXT_BYTES_MAX)
    return row[0], text.decode()


def rollouts(ask: Ask, limit: int) -> tuple[Rollout, ...]:
    """Return rollouts, newest first, those taken back too."""
    rows = ask(
        "SELECT id, version, store, from_ms, at_ms, who, taken_back_ms, taken_back_by FROM rollout"
        " ORDER BY id DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return tuple(Rollout(*tuple(row)) for row in rows)


def upload(database: Database, act: Act, text: str, form: str, note: str) -> str:
    """Keep a rules file and return its version.

    Raises:
        BadRulesError: It has faults.
        DeniedError: ``version-taken`` by another file, or ``too-large``.
    """
    data = text.encode()
    if len(data) > TEXT_BYTES_MAX:
        raise DeniedError("too-large")
    version, count = checked(data, form, known_here(database))
    digest = sha256(data).digest()
    with database.transaction():
        row = database.sql.execute(
            "SELECT digest FROM rules_version WHERE version = ?", (version,)
        ).fetchone()
        if row is not None:
            if bytes(row[0]) != digest:
                raise DeniedError("version-taken")
            return version
        packed = zstandard.ZstdCompressor(level=9).compress(data)
        database.sql.execute(
            "INSERT INTO rules_version VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (version, form, digest, packed, count, act.now_ms, act.who, note[:NOTE_CHARS_MAX]),
        )
        audit.note(database, act, "rules-uploaded", version, note)
    return version


def checked(data: bytes, form: str, known: Known) -> tuple[str, int]:
    """Return version and number of promotions of a rules file.

    Raises:
        BadRulesError: It has faults, all of which are told.
    """
    with tempfile.TemporaryDirectory(prefix="tallypoint-") as folder:
        path = Path(folder) / f"rules.{form}"
        path.write_bytes(data)
        try:
            found = load_rules(path, known)
        except ConfigError as error:
            raise BadRulesError(error.faults) from error
    return str(found.version), len(found.promotions)


def known_here(database: Database) -> Known:
    """Return what rules may name, by the master data; anything where there is none."""
    rows = database.sql.execute(
        "SELECT kind, key FROM master_row WHERE name = ? AND body IS NOT NULL", (CATALOGUE,)
    ).fetchall()
    if not rows:
        return NOTHING_KNOWN
    keys: dict[str, set[str]] = {}
    for kind, key in rows:
        keys.setdefault(kind, set()).add(key)
    return Known(
        frozenset(keys.get(master.GOODS, ())),
        frozenset(keys.get(master.CATEGORY, ())),
        None,
        frozenset(keys.get(master.TIER, ())),
    )


def roll_out(database: Database, act: Act, version: str, store: str, from_ms: int) -> int:
    """Have ``version`` in force from ``from_ms`` on, in ``store`` or all; return the rollout's number.

    Raises:
        DeniedError: ``no-such-version``, ``too-many``.
    """
    with database.alone(ALONE):
        found = database.sql.execute(
            "SELECT 1 FROM rules_version WHERE version = ?", (version,)
        ).fetchone()
        if found is None:
            raise DeniedError("no-such-version")
        from_ms = max(from_ms, act.now_ms)
        (number,) = database.one("SELECT coalesce(max(id), 0) + 1 FROM rollout")
        database.sql.execute(
            "INSERT INTO rollout VALUES (?, ?, ?, ?, ?, ?, 0, '')",
            (number, version, store, from_ms, act.now_ms, act.who),
        )
        audit.note(database, act, "rules-rolled-out", version, f"{store or '*'} {from_ms}")
        _publish(database, act.now_ms)
    return int(number)


def take_back(database: Database, act: Act, number: int) -> None:
    """Have the version before in force again.

    Raises:
        DeniedError: ``not-there``: no such rollout, or it was taken back.
    """
    with database.alone(ALONE):
        row = database.sql.execute(
            "SELECT version, store FROM rollout WHERE id = ? AND taken_back_ms = 0", (number,)
        ).fetchone()
        if row is None:
            raise DeniedError("not-there")
        database.sql.execute(
            "UPDATE rollout SET taken_back_ms = ?, taken_back_by = ? WHERE id = ?",
            (act.now_ms, act.who, number),
        )
        audit.note(database, act, "rules-taken-back", row[0], row[1] or "*")
        _publish(database, act.now_ms)


def counting(all_of_them: tuple[Rollout, ...], now_ms: int) -> list[Rollout]:
    """Return the rollouts that tills are sent: those to come, and for each store the last that began."""
    kept = []
    due: dict[str, int] = {}
    for each in sorted(all_of_them, key=lambda r: (r.from_ms, r.id), reverse=True):
        if each.taken_back_ms:
            continue
        if each.from_ms <= now_ms:
            due[each.store] = due.get(each.store, 0) + 1
            if due[each.store] > KEPT_DUE:
                continue
        kept.append(each)
    return kept


def _publish(database: Database, now_ms: int) -> None:
    ask = database.sql.execute
    rows: dict[tuple[str, str], bytes] = {}
    count = counting(rollouts(ask, 10 * AHEAD_MAX), now_ms)
    if len(count) > AHEAD_MAX:
        raise DeniedError("too-many")
    for each in count:
        body = master.rollout(each.version, each.store, each.from_ms)
        rows[master.ROLLOUT, f"{each.id:08d}"] = body
        rows |= _file(ask, each.version)
    MasterStore(database).put(RULES, rows, now_ms)


def _file(ask: Ask, version: str) -> Mapping[tuple[str, str], bytes]:
    form, digest, packed = ask(
        "SELECT form, digest, packed FROM rules_version WHERE version = ?", (version,)
    ).fetchone()
    data = bytes(packed)
    chunks = [data[place : place + CHUNK_BYTES] for place in range(0, len(data), CHUNK_BYTES)]
    return {
        (master.RULES_PART, f"{version}/{n:04d}"): master.rules_part(
            version, n, len(chunks), form, bytes(digest), chunk
        )
        for n, chunk in enumerate(chunks)
    }


def catalogue_version(ask: Ask, version: int) -> dict[tuple[str, str], bytes]:
    """Return the rows of the catalogue as they were at a version, by kind and key."""
    rows = ask(
        "SELECT kind, key, body FROM master_row WHERE name = ? AND version <= ? AND body IS NOT NULL"
        " UNION ALL SELECT kind, key, body FROM master_old"
        " WHERE name = ? AND version <= ? AND until_version > ? AND body IS NOT NULL",
        (CATALOGUE, version, CATALOGUE, version, version),
    ).fetchall()
    return {(row[0], row[1]): bytes(row[2]) for row in rows}
