"""Keeps the rules of a rules file ready, so that the next start does not parse them again."""

from hashlib import sha256
from pathlib import Path

from msgspec import DecodeError
from msgspec import msgpack as wire

from config import rulefile as written
from config.rulechecks import NOTHING_KNOWN, Known
from config.rules import RULES_SIZE_MAX, load_rules
from terminal.store.swap import MasterDataError

_BUILD = b"rules-3"
"""Raised whenever a kept file of before would be read wrongly."""
_DIGEST_BYTES = 32
_decoder = wire.Decoder(written.RulesFile)


def rules_of(source: Path, kept: Path, known: Known = NOTHING_KNOWN) -> written.RulesFile:
    """Return the rules that the file at ``source`` says, from ``kept`` if that was made of the same bytes.

    Raises:
        MasterDataError: The file cannot be read.
        config.faults.ConfigError: The file has faults; what was kept is untouched.
    """
    digest = _digest(source, known)
    found = _kept(kept, digest)
    if found is None:
        found = load_rules(source, known)
        _keep(kept, digest + wire.encode(found))
    return found


def _digest(source: Path, known: Known) -> bytes:
    try:
        if source.stat().st_size > RULES_SIZE_MAX:
            return b""
        names = repr([each if each is None else sorted(each) for each in (
            known.products, known.categories, known.brands, known.tiers)])  # fmt: skip
        return sha256(_BUILD + names.encode() + b"\0" + source.read_bytes()).digest()
    except OSError as error:
        raise MasterDataError(f"{source}: {error.strerror}") from error


def last_kept(path: Path) -> written.RulesFile | None:
    """Return the last good rules, whatever file they were made of; None when there are none."""
    try:
        return _kept(path, path.read_bytes()[:_DIGEST_BYTES])
    except OSError:
        return None


def _kept(path: Path, digest: bytes) -> written.RulesFile | None:
    if not digest:
        return None
    try:
        data = path.read_bytes()
        return _decoder.decode(data[_DIGEST_BYTES:]) if data[:_DIGEST_BYTES] == digest else None
    except (OSError, DecodeError):
        return None


def _keep(path: Path, data: bytes) -> None:
    """Keep what was made; a disk that has no room for it costs time at the next start, nothing else."""
    new = path.with_suffix(".new")
    try:
        new.write_bytes(data)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
