"""``tallypoint points compute RULE --from … --to …``: what a rule gives for past sales, in this process.

Only reads. With ``--post`` a running till is asked to post it, by its API and with a supervisor's key.
"""

import argparse
import csv
import json
import os
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from config.faults import ConfigError, render_all
from config.load import load
from config.rules import load_rules
from terminal.app.backtest_cli import day_of
from terminal.app.periods import computation_of, results
from terminal.core.points.periods import Period, Result
from terminal.store.errors import LedgerError

BAD_SETTINGS = 78
ANSWER_S = 10.0
ANSWER_MAX = 100_000


def run_points(asked: argparse.Namespace) -> int:
    """Carry out ``asked`` and return the exit code."""
    try:
        settings = load(Path(asked.config))
        period = Period(day_of(asked.since), day_of(asked.until))
        if settings.shop is None or settings.shop.rules is None:
            print("the settings name no rules file", file=sys.stderr)
            return 1
        computation = computation_of(load_rules(settings.shop.rules), asked.rule)
        if computation is None:
            print(f'no rule "{asked.rule}" with `every` in the rules file', file=sys.stderr)
            return 1
        found = results(Path(settings.terminal.data_dir), computation, period)
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return BAD_SETTINGS
    except (LedgerError, ValueError, AssertionError) as error:
        print(error, file=sys.stderr)
        return 1
    _show(found)
    if asked.csv:
        _write(found, Path(asked.csv))
    return _post(asked, settings.counter.listen, period) if asked.post else 0


def _show(found: tuple[Result, ...]) -> None:
    for each in found:
        print(f"{each.account}\t{each.points}\t{len(each.sales) or ''}")
    print(f"{len(found)} members, {sum(each.points for each in found)} points")


def _write(found: tuple[Result, ...], path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("member", "points", "record", "points of it"))
        for each in found:
            rows.writerow((each.account, each.points, "", ""))
            rows.writerows((each.account, "", origin.seq, part) for origin, part in each.sales)


def _post(asked: argparse.Namespace, listen: str, period: Period) -> int:
    key = asked.key or os.environ.get("TALLYPOINT_KEY", "")
    body = {
        "id": f"period-{asked.rule}-{period.first}-{period.last}",
        "rule": asked.rule, "since": period.first, "until": period.last,
    }  # fmt: skip
    connection = HTTPConnection(listen, timeout=ANSWER_S)
    head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request("POST", "/api/v1/points/periods", json.dumps(body), head)
        answer = connection.getresponse()
        said = json.loads(answer.read(ANSWER_MAX) or b"{}")
    except (OSError, HTTPException, ValueError) as error:
        print(f"the till does not answer: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        print(said.get("message", answer.reason), file=sys.stderr)
        return 1
    print("the till posts it when it is quiet")
    return 0
