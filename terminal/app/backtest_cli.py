"""``tallypoint rules try FILE --from … --to …``: past sales under a draft, in a process of its own."""

import argparse
import sys
from datetime import date
from pathlib import Path

from config.faults import ConfigError, render_all
from config.load import load
from terminal.app.backtest import Asked, DraftError, Playing, as_csv, as_text
from terminal.app.clock import shop_time
from terminal.core.receipts.layout import money
from terminal.store.errors import LedgerError
from terminal.store.swap import MasterDataError

BAD_SETTINGS = 78


def run_try(asked: argparse.Namespace) -> int:
    """Carry out ``asked`` and return the exit code: 78 for faults of the draft or the settings."""
    try:
        days = [day_of(asked.since), day_of(asked.until)]
        settings = load(Path(asked.config))
        till = settings.terminal
        time = shop_time(till.timezone, till.business_day_starts)
        playing = Playing(Asked(Path(till.data_dir), Path(asked.file), *days), time)
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return BAD_SETTINGS
    except DraftError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    except (LedgerError, MasterDataError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return _play(playing, asked.csv)


def _play(playing: Playing, csv: str | None) -> int:
    while not playing.is_through:
        playing.go_on()
        done, of = playing.done
        if sys.stderr.isatty():
            print(f"\r{100 * done // max(1, of)} %", end="", file=sys.stderr, flush=True)
    report = playing.report()
    playing.close()
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    print(as_text(report, money))
    if csv:
        Path(csv).write_text(as_csv(report), "utf-8-sig")
    return 0


def day_of(text: str) -> int:
    """Return a day such as ``2026-11-21`` as one number.

    Raises:
        ValueError: There is no such day.
    """
    return int(date.fromisoformat(text).strftime("%Y%m%d"))
