"""``tallypoint hq simulate``: many tills at once, where broker and head office are meant for it."""

import argparse
import ipaddress
import sys
from pathlib import Path

from config.faults import ConfigError, render_all
from config.load import load_hq
from sync.fleet.run import (
    ENTRIES_MAX,
    TERMINALS_MAX,
    Plan,
    TooFewFilesError,
    simulate,
)

NOT_ALL, REFUSED, BAD_SETTINGS = 1, 2, 78
_PORT = 1883
_HARM = (
    "refused: {} is not this machine. Every simulated sale stays in that head office's books for ever.\n"
    "Where that is meant, add --yes-write-made-up-sales-into-its-books."
)


def run_simulate(asked: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    try:
        broker = asked.broker or load_hq(Path(asked.config)).hq.broker
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return BAD_SETTINGS
    scheme, _, place = broker.partition("://")
    host, _, port = place.rpartition(":") if ":" in place else (place, "", str(_PORT))
    if scheme != "mqtt" or not port.isdigit():
        print(f"refused: {broker}: only mqtt://HOST:PORT, without encryption", file=sys.stderr)
        return REFUSED
    if not asked.yes and not _is_loopback(host):
        print(_HARM.format(host), file=sys.stderr)
        return REFUSED
    is_sane = 1 <= asked.terminals <= TERMINALS_MAX and asked.sales >= 1
    if not is_sane or asked.terminals * asked.sales > ENTRIES_MAX:
        most = f"{TERMINALS_MAX} tills and {ENTRIES_MAX} sales in all"
        print(f"refused: at least one till and one sale, at most {most}", file=sys.stderr)
        return REFUSED
    every_s = 0.0 if asked.offline else max(0.001, asked.every)
    plan = Plan(host, int(port), asked.terminals, asked.sales, every_s, asked.patience, asked.seed)
    try:
        outcome = simulate(plan, _progress)
    except (OSError, TooFewFilesError) as error:
        print(f"\n{broker}: {error}", file=sys.stderr)
        return NOT_ALL
    print(file=sys.stderr)
    for line in outcome.lines(plan):
        print(line)
    return 0 if outcome.through == asked.terminals else NOT_ALL


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _progress(line: str) -> None:
    print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)
