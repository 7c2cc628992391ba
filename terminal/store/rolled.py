"""Rules that the head office rolled out: kept as they came, read once when they come, chosen by the clock.

A file is checked and turned into what pricing uses when the last piece of it is there, on the uplink's
thread. One with faults, or of a form that this version does not know, is kept with its faults and never
comes into force: the rollout before it stays.
"""

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import zstandard
from msgspec import DecodeError
from msgspec import msgpack as wire

from config.faults import ConfigError
from config.rulefile import RulesFile
from config.rules import load_rules
from sync.protocol.master import Row
from terminal.codec import master
from terminal.store.swap import BUSY_MS, MasterDataError

MARK = 0x74707275
TEXT_BYTES_MAX = 5_000_000
FAULT_CHARS_MAX = 300
_TABLES = (
    "CREATE TABLE rollout (key TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE part (key TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE file (version TEXT PRIMARY KEY, digest BLOB NOT NULL, compiled BLOB NOT NULL,
        fault TEXT NOT NULL) STRICT, WITHOUT ROWID""",
)
_decoder = wire.Decoder(RulesFile)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is in force now."""

    version: str
    """Empty where nothing was rolled out here yet."""
    since_ms: int
    """From when on it was to be in force."""
    file: RulesFile | None
    faults: tuple[str, ...]
    """Why a newer version that is due is not in force, empty where there is none."""
    next_ms: int | None
    """When another rollout is due."""


NOTHING = Chosen("", 0, None, (), None)


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, empty."""
    connection.execute(f"PRAGMA application_id = {MARK}")
    for table in _TABLES:
        connection.execute(table)


def clear(connection: sqlite3.Connection) -> None:
    """Take away all rows; what they gave is kept until :func:`put` knows what is still wanted."""
    connection.execute("DELETE FROM rollout")
    connection.execute("DELETE FROM part")


def put(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Put ``rows`` in the place of what was under their keys, and read the files that are whole now.

    Raises:
        UnreadableRowError: One means nothing here.
    """
    tables = {
        master.ROLLOUT: ("rollout", master.rollouts),
        master.RULES_PART: ("part", master.rules_parts),
    }
    for kind, key, body in rows:
        if kind not in tables:
            raise master.UnreadableRowError(f"unknown rows: {kind}")
        table, decoder = tables[kind]
        connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,))  # noqa: S608 - our own two names
        if body is not None:
            master.read(decoder, body)  # type: ignore[arg-type] # Either of the two.
            connection.execute(f"INSERT INTO {table} VALUES (?, ?)", (key, body))  # noqa: S608
    _read_files(connection)


def _read_files(connection: sqlite3.Connection) -> None:
    pieces: dict[str, list[master.RulesPart]] = {}
    for (body,) in connection.execute("SELECT body FROM part ORDER BY key").fetchall():
        part = master.read(master.rules_parts, body)
        pieces.setdefault(part.version, []).append(part)
    known = dict(connection.execute("SELECT version, digest FROM file").fetchall())
    for version in known.keys() - pieces.keys():
        connection.execute("DELETE FROM file WHERE version = ?", (version,))
    for version, parts in pieces.items():
        if len(parts) != parts[0].of or known.get(version) == parts[0].digest:
            continue
        compiled, fault = _compiled(parts)
        connection.execute("DELETE FROM file WHERE version = ?", (version,))
        digest = (
            b"" if fault else parts[0].digest
        )  # With faults it is tried again: we may be newer then.
        row = (version, digest, compiled, fault[:FAULT_CHARS_MAX])
        connection.execute("INSERT INTO file VALUES (?, ?, ?, ?)", row)


def _compiled(parts: Sequence[master.RulesPart]) -> tuple[bytes, str]:
    """Return the file as it is kept ready, or why it cannot be used."""
    packed = b"".join(part.data for part in sorted(parts, key=lambda part: part.n))
    try:
        size = zstandard.get_frame_parameters(packed).content_size
        if not 0 < size <= TEXT_BYTES_MAX:
            return b"", f"{size} bytes, at most {TEXT_BYTES_MAX}"
        text = zstandard.ZstdDecompressor().decompress(packed, max_output_size=TEXT_BYTES_MAX)
    except zstandard.ZstdError as error:
        return b"", str(error)
    if sha256(text).digest() != parts[0].digest:
        return b"", "the pieces do not make the file that was uploaded"
    with tempfile.TemporaryDirectory(prefix="tallypoint-") as folder:
        path = Path(folder) / f"rules.{parts[0].form}"
        path.write_bytes(text)
        try:
            return wire.encode(load_rules(path)), ""
        except ConfigError as error:
            first = error.faults[0]
            return (
                b"",
                f"{len(error.faults)} faults, line {first.line}: {first.key}: {first.message}",
            )


def chosen(folder: Path, store: str, now_ms: int) -> Chosen:
    """Return what is in force in ``store`` by the clock, and when that may change.

    Raises:
        MasterDataError: The file cannot be read.
    """
    path = folder / "rules.db"
    if not path.exists():
        return NOTHING
    try:
        with closing(sqlite3.connect(path.resolve(), timeout=BUSY_MS / 1_000)) as connection:
            rows = connection.execute("SELECT key, body FROM rollout").fetchall()
            files = connection.execute("SELECT version, compiled, fault FROM file").fetchall()
    except sqlite3.Error as error:
        raise MasterDataError(f"{path}: {error}") from error
    kept = {version: (compiled, fault) for version, compiled, fault in files}
    ours = [(key, master.read(master.rollouts, body)) for key, body in rows]
    ours = [(key, each) for key, each in ours if each.store in ("", store)]
    ahead = [each.from_ms for _, each in ours if each.from_ms > now_ms]
    due = [pair for pair in ours if pair[1].from_ms <= now_ms]
    faults: list[str] = []
    next_ms = min(ahead, default=None)
    for _, each in sorted(due, key=lambda pair: (pair[1].from_ms, pair[0]), reverse=True):
        compiled, fault = kept.get(each.version, (b"", "it has not come whole yet"))
        file = _decoded(compiled) if not fault else None
        if file is not None:
            return Chosen(each.version, each.from_ms, file, tuple(faults), next_ms)
        faults.append(f"{each.version}: {fault or 'it was kept by another version of the program'}")
    return Chosen("", 0, None, tuple(faults), next_ms)


def _decoded(compiled: bytes) -> RulesFile | None:
    try:
        return _decoder.decode(compiled)
    except DecodeError:
        return None
