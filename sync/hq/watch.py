"""Watches the shop file and reads it again when it changed, on a thread of its own: that may take seconds."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.faults import ConfigError, render_all
from sync.hq.shop import Tables, digest_of, read_tables

LOOK_S = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShopRead:
    """The shop file changed, and this is what it says now."""

    tables: Tables
    digest: bytes


def watch(
    path: Path, digest: bytes, emit: Callable[[ShopRead], None], stop: threading.Event
) -> None:
    """Emit what the shop file at ``path`` says, whenever that is not what ``digest`` was of, until ``stop``.

    A file with faults is named in the log and changes nothing.
    """
    seen = None  # It may have changed since it was read at the start.
    while not stop.wait(LOOK_S):
        stamp = _stamp(path)
        if stamp == seen:
            continue
        seen = stamp
        read = _read(path, digest)
        if read is not None:
            digest = read.digest
            emit(read)


def _read(path: Path, known: bytes) -> ShopRead | None:
    try:
        digest = digest_of(path)
        return None if digest == known else ShopRead(read_tables(path), digest)
    except ConfigError as error:
        _log.error(
            "the shop file has faults, the old one stays in force:\n%s", render_all(error.faults)
        )
    except OSError as error:
        _log.error("the shop file cannot be read, the old one stays in force: %s", error)
    return None


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_mtime_ns, found.st_size, found.st_ino
