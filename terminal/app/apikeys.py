"""Keys for cash-register programs: made by a technician, kept as hashes only.

``tallypoint key new NAME`` shows a key once and keeps its SHA-256 in ``data_dir/keys.json``. A key has 256
random bits, so a plain hash of it tells nothing.
"""

import json
import logging
import os
import secrets
from hashlib import sha256
from pathlib import Path

from terminal.core.till import Operator

KEYS_MAX = 100
_FILE_MAX = 100_000
ROLES = ("cashier", "supervisor")


log = logging.getLogger(__name__)


class KeyFileError(Exception):
    """The file of keys cannot be read, or is full."""


def path_in(data_dir: Path) -> Path:
    """Return where the keys of the till in ``data_dir`` lie."""
    return data_dir / "keys.json"


class Keys:
    """The keys in a file, read again only when the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._known: dict[str, Operator] = {}

    def known(self) -> dict[str, Operator]:
        """Return who each key is; nobody, once said in the log, when the file cannot be read."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_ino)
        except OSError:
            return {}
        if seen != self._seen:
            self._seen = seen
            self._known = self._read()
        return self._known

    def _read(self) -> dict[str, Operator]:
        try:
            return load(self._path)
        except KeyFileError as error:
            log.error("no program is known: %s", error)  # noqa: TRY400 - the traceback tells nothing.
            return {}


def load(path: Path) -> dict[str, Operator]:
    """Return who each key is, by the key's SHA-256 in hexadecimal; nobody when there is no file.

    Raises:
        KeyFileError: The file is not what :func:`new` wrote.
    """
    try:
        if path.stat().st_size > _FILE_MAX:
            raise KeyFileError(f"{path}: too large")
        rows = json.loads(path.read_bytes())
        return {row["sha256"]: Operator(row["name"], row["name"], row["role"]) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{path}: {error}") from error


def new(path: Path, name: str, role: str) -> str:
    """Make a key for the program called ``name``, keep its hash, and return the key.

    Raises:
        KeyFileError: The name is taken, there are too many, or the file cannot be read.
    """
    known = load(path)
    if any(operator.number == name for operator in known.values()):
        raise KeyFileError(f"a key called {name!r} exists")
    if len(known) >= KEYS_MAX:
        raise KeyFileError(f"more than {KEYS_MAX} keys")
    key = "tpk_" + secrets.token_urlsafe(32)
    rows = [
        {"sha256": digest, "name": operator.number, "role": operator.role}
        for digest, operator in known.items()
    ]
    rows.append({"sha256": sha256(key.encode()).hexdigest(), "name": name, "role": role})
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(rows, file)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    return key
