"""``tallypoint ledger verify|show|explain|export|rebuild``, for technicians and accountants."""

import argparse
import json
import sqlite3
import sys
from pathlib import Path

from config.faults import ConfigError, render_all
from config.load import load
from terminal.app.explain import as_text, explained
from terminal.app.office import entry_json
from terminal.app.prove import prove
from terminal.core.again import Verdict
from terminal.store.errors import CommitUnknownError, LedgerError
from terminal.store.export import export
from terminal.store.reader import Reader
from terminal.store.rebuild import rebuild
from terminal.store.verify import verify

BAD_SETTINGS = 78


def run_ledger(asked: argparse.Namespace) -> int:
    """Carry out ``asked`` and return the exit code."""
    try:
        path = Path(asked.ledger) if asked.ledger else _path(Path(asked.config))
        return _carry_out(asked, path)
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return BAD_SETTINGS
    except (LedgerError, CommitUnknownError, sqlite3.DatabaseError) as error:
        print(error, file=sys.stderr)
        return 1


def _path(settings: Path) -> Path:
    return Path(load(settings).terminal.data_dir) / "ledger.db"


def _carry_out(asked: argparse.Namespace, path: Path) -> int:
    say = print
    match asked.action:
        case "verify":
            return _verify(path)
        case "show":
            entry = Reader.open(path).entry(asked.seq)
            if entry is None:
                say(f"{path}: no record {asked.seq}", file=sys.stderr)
                return 1
            say(json.dumps(entry_json(asked.seq, entry), indent=2, ensure_ascii=False))
        case "draw":
            proof = prove(Reader.open(path), asked.seq)
            if proof is None:
                say(f"{path}: record {asked.seq} is no draw", file=sys.stderr)
                return 1
            say("\n".join(proof.lines))
            return 0 if proof.is_good else 1
        case "explain":
            return _explain(path, asked.seq)
        case "export":
            for line in export(path):
                say(line)
        case _:
            say(f"{path}: projections made anew from {rebuild(path)} records")
    return 0


def _verify(path: Path) -> int:
    verdict = verify(path)
    for fault in verdict.faults:
        print(fault)
    if verdict.faults:
        return 1
    print(f"{path}: {verdict.records} records, whole; the books agree")
    return 0


def _explain(path: Path, seq: int) -> int:
    found = explained(Reader.open(path), seq)
    if found is None:
        print(f"{path}: no record {seq}", file=sys.stderr)
        return 1
    print(as_text(seq, found))
    return int(found.verdict is not Verdict.EQUAL)
