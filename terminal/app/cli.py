"""The command line, for technicians: ``tallypoint run``, ``hq run``, ``config``, ``ledger``, ``card``, ...

Exit codes: 0 asked to stop or all well; 78 bad settings, which systemd does not retry; 1 all else. Modules
are imported by the command that needs them, since the till starts in a second and no command waits.
"""

import argparse
import json
import logging
import sys
from pathlib import Path

from terminal.app import memory

BAD_SETTINGS = 78
TERMINAL_FILE = "/etc/tallypoint/terminal.toml"
HQ_FILE = "/etc/tallypoint/hq.toml"


def main(words: list[str] | None = None) -> int:
    """Carry out the command in ``words`` (None: the process's own) and return its exit code."""
    asked = _parser().parse_args(words)
    memory.keep_to_itself()
    match asked.command, getattr(asked, "action", None):
        case "run", _:
            from terminal.app.main import run

            return run(Path(asked.config))
        case "hq", "run":
            return _hq_run(Path(asked.config))
        case "config", "check":
            return _config_check(Path(asked.file))
        case "config", "schema":
            from config.check import json_schema

            print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
            return 0
        case "rules" | "coupon", _:
            return _rules(asked)
        case "points", _:
            from terminal.app.points_cli import run_points

            return run_points(asked)
        case "key", "new":
            return _key_new(Path(asked.config), asked.name, asked.role)
        case "hq", _:
            return _head_office(asked)
        case _:
            return _till(asked)


def _head_office(asked: argparse.Namespace) -> int:
    if asked.action in {"people", "key"}:
        from terminal.app.hq_cli import run_hq

        return run_hq(asked)
    if asked.action == "value":
        from terminal.app.hq_value_cli import run_value

        return run_value(asked)
    if asked.action == "simulate":
        from terminal.app.simulate_cli import run_simulate

        return run_simulate(asked)
    from terminal.app.hq_pki_cli import run_pki

    return run_pki(asked)


def _till(asked: argparse.Namespace) -> int:
    match asked.command:
        case "enrol":
            from terminal.app.enrol_cli import run_enrol

            return run_enrol(asked)
        case "backup" | "restore":
            from terminal.app.backup_cli import run_backup

            return run_backup(asked)
        case "card":
            from terminal.app.card_cli import run_card

            return run_card(asked)
        case _:
            from terminal.app.ledger_cli import run_ledger

            return run_ledger(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tallypoint", description="A member-card terminal.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="the terminal")
    run.add_argument("--config", default=TERMINAL_FILE)
    hq = commands.add_parser("hq", help="the head office").add_subparsers(
        dest="action", required=True
    )
    hq.add_parser("run").add_argument("--config", default=HQ_FILE)
    _add_hq(hq)
    _add_pki(hq)
    enrol = commands.add_parser("enrol", help="make this machine a till of the head office's")
    enrol.add_argument("token", help="what tallypoint hq enrol printed")
    enrol.add_argument("--config", default=TERMINAL_FILE)
    _add_simulate(hq.add_parser("simulate", help="many tills at once, on made-up sales"))
    config = commands.add_parser("config", help="settings").add_subparsers(
        dest="action", required=True
    )
    config.add_parser("check", help="all faults at once").add_argument("file")
    config.add_parser("schema", help="JSON Schema for editors")
    rules = commands.add_parser("rules", help="rules of prices").add_subparsers(
        dest="action", required=True
    )
    check = rules.add_parser("check", help="all faults of a rules file at once")
    check.add_argument("file", help="TOML, or JSON when its name ends in .json")
    check.add_argument("--shop", help="shop file whose goods, categories and tiers the rules name")
    past = rules.add_parser("try", help="past sales under a draft: what it would have cost")
    past.add_argument("file", help="TOML, or JSON when its name ends in .json")
    past.add_argument("--from", dest="since", required=True, help="first day, as 2026-11-01")
    past.add_argument("--to", dest="until", required=True, help="last day")
    past.add_argument("--csv", help="file for the table")
    past.add_argument("--config", default=TERMINAL_FILE)
    _add_points(commands.add_parser("points", help="points over periods"))
    _add_coupon(commands.add_parser("coupon", help="coupons for a mailing"))
    key = commands.add_parser("key", help="keys for programs").add_subparsers(
        dest="action", required=True
    )
    new = key.add_parser("new")
    new.add_argument("name")
    new.add_argument("--role", choices=("cashier", "supervisor"), default="cashier")
    new.add_argument("--config", default=TERMINAL_FILE)
    ledger = commands.add_parser("ledger", help="the ledger file").add_subparsers(
        dest="action", required=True
    )
    for name, what in (
        ("verify", "check every record, the chain and the books"),
        ("show", "one entry with its postings and its why"),
        ("explain", "work a sale out again: equal, or where not, line by line"),
        ("export", "all entries as JSON lines"),
        ("draw", "a lottery's draw, computed again from the ledger alone"),
        ("rebuild", "make the projections anew from the records; the till must be stopped"),
    ):
        action = ledger.add_parser(name, help=what)
        action.add_argument("--config", default=TERMINAL_FILE)
        action.add_argument("--ledger", help="path of a ledger.db, instead of the settings' one")
        if name in ("show", "explain", "draw"):
            action.add_argument("seq", type=int)
    backup = commands.add_parser("backup", help="copy the ledger; the till may be running")
    backup.add_argument(
        "--to", help="folder, such as a USB stick's; without it backup/ in data_dir"
    )
    backup.add_argument("--config", default=TERMINAL_FILE)
    restore = commands.add_parser(
        "restore", help="put a backup in the ledger's place; the till must be stopped"
    )
    restore.add_argument("file", help="a file that backup made")
    restore.add_argument("--config", default=TERMINAL_FILE)
    _add_card(commands.add_parser("card", help="make, check and wipe member cards"))
    return parser


def _add_hq(hq: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    roles = ("viewer", "clerk", "accountant", "administrator")
    people = hq.add_parser("people", help="who may sign in at the head office's page")
    people.add_argument("what", choices=("add", "reset", "list"))
    people.add_argument("name", nargs="?", default="")
    key = hq.add_parser("key", help="keys of programs that ask the head office's API")
    key.add_argument("what", choices=("new", "revoke", "list"))
    key.add_argument("name", nargs="?", default="")
    value = hq.add_parser(
        "value", help="adjust members' value, merge members, free what a lost till holds, expiry"
    )
    value.add_argument("what", choices=("adjust", "lost", "lapse", "merge", "exposure", "export"))
    value.add_argument("name", nargs="?", default="", help="a member, a till, or a file")
    value.add_argument("into", nargs="?", default="", help="merge: the member who stays")
    value.add_argument("--unit", choices=("principal", "bonus"), default="principal")
    value.add_argument("--amount", type=int, default=0, help="in fen; negative takes")
    value.add_argument("--reason", default="")
    value.add_argument("--config", default=HQ_FILE)
    for command in (people, key):
        command.add_argument("--role", choices=roles, default="viewer")
        command.add_argument("--config", default=HQ_FILE)


def _add_simulate(it: argparse.ArgumentParser) -> None:
    it.add_argument("--terminals", type=int, default=100)
    it.add_argument("--sales", type=int, default=75, help="of each till")
    it.add_argument(
        "--offline", action="store_true", help="all sales wait already and the tills come together"
    )
    it.add_argument("--every", type=float, default=5.0, help="seconds between a till's sales")
    it.add_argument("--patience", type=float, default=300.0, help="seconds until it is given up")
    it.add_argument("--seed", type=int, default=1, help="of goods, members and prices")
    it.add_argument("--broker", help="mqtt://HOST:PORT, instead of the settings' one")
    it.add_argument("--config", default=HQ_FILE)
    it.add_argument("--yes-write-made-up-sales-into-its-books", action="store_true", dest="yes")


def _add_points(points: argparse.ArgumentParser) -> None:
    actions = points.add_subparsers(dest="action", required=True)
    computed = actions.add_parser("compute", help="what a rule with `every` gives for past sales")
    computed.add_argument("rule", help="id of the rule")
    computed.add_argument("--from", dest="since", required=True, help="first day: 2026-11-01")
    computed.add_argument("--to", dest="until", required=True, help="last day, included")
    computed.add_argument("--csv", help="file for members, points and sales")
    computed.add_argument("--post", action="store_true", help="have the running till post it")
    computed.add_argument("--key", help="a supervisor's program key; else TALLYPOINT_KEY")
    computed.add_argument("--config", default=TERMINAL_FILE)


def _add_coupon(coupon: argparse.ArgumentParser) -> None:
    actions = coupon.add_subparsers(dest="action", required=True)
    key = actions.add_parser("key", help="make an issuer's key, or show its public part")
    key.add_argument("file", help="of the private key; made where there is none")
    issue = actions.add_parser("issue", help="print codes, a line each")
    issue.add_argument("--key", required=True, help="file of the issuer's private key")
    issue.add_argument("--issuer", required=True, help="name of its public key at the tills")
    issue.add_argument("--campaign", required=True, help="what a rule asks for in when.coupon")
    issue.add_argument("--until", required=True, help="last day, as 2026-12-31")
    issue.add_argument("--holder", default="", help="account of the only member who may use it")
    issue.add_argument("--place", default="", help="the till that redeems it offline")
    issue.add_argument("--count", type=int, default=1)
    issue.add_argument("--qr", help="folder for a picture of each")


def _add_card(card: argparse.ArgumentParser) -> None:
    actions = card.add_subparsers(dest="action", required=True)
    for name, what in (
        ("info", "what lies on the reader and what it tells; only reads"),
        ("personalise", "make one card; begun again, it goes on where it stopped"),
        ("issue", "make a batch of cards; begun again, it goes on where it stopped"),
        ("verify", "authenticate a card and tell what it carries"),
        ("wipe", "make a card as it was delivered"),
    ):
        action = actions.add_parser(name, help=what)
        action.add_argument("--reader", default="", help="part of the reader's PC/SC name")
        action.add_argument(
            "--passage", choices=("pn532", "pcsc"), help="to Ultralight and NTAG21x"
        )
        action.add_argument("--wait", type=int, default=60, help="seconds for a card to come")
        if name != "info":
            action.add_argument("--keys", required=True, help="file with the master keys")
            action.add_argument("--address", help="address of NTAG 424 tags, with {picc} and {mac}")
        if name in ("personalise", "verify"):
            action.add_argument("--number", required=name == "personalise", help="member number")
        if name in ("personalise", "issue"):
            action.add_argument("--ceiling", type=int, help="most in a DESFire purse, minor units")
            action.add_argument("--wallet", action="store_true", help="CPU cards are FM1208s")
            action.add_argument("--take-over", action="store_true", help="a DESFire's own key too")
        if name == "personalise":
            action.add_argument("--dry-run", action="store_true", help="only tell what is to do")
        if name == "issue":
            action.add_argument("--numbers", required=True, help="CSV, number in the first column")
            action.add_argument("--log", required=True, help="what was done; needed to go on")
            action.add_argument("--give-up", action="append", default=[], metavar="NUMBER")
        if name == "wipe":
            action.add_argument("--yes", action="store_true", help="do it; money on it is lost")


def _add_pki(hq: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    root = hq.add_parser("root", help="make the offline root that vouches for the head office")
    root.add_argument("--out", required=True, help="folder, such as a stick that is kept in a safe")
    root.add_argument("--name", default="Tallypoint", help="the company's")
    certify = hq.add_parser("certify", help="have the root vouch for the head office's keys")
    certify.add_argument("--root", required=True, help="folder that hq root made")
    enrol = hq.add_parser("enrol", help="print a token that makes one machine a till")
    enrol.add_argument("till", help="its name, such as S01-T7")
    enrol.add_argument("--hours", type=int, default=24, help="so long it is good")
    enrol.add_argument("--qr", action="store_true", help="also as a QR code")
    revoke = hq.add_parser("revoke", help="end a till's keys, when it was lost or stolen")
    revoke.add_argument("till")
    revoke.add_argument("--reason", default="", help="for the audit log")
    erase = hq.add_parser("erase", help="forget a member's personal data, here and at every till")
    erase.add_argument("account")
    conflicts = hq.add_parser("conflicts", help="members who registered twice, by phone number")
    conflicts.add_argument(
        "--settle", metavar="ACCOUNT", help="a person has decided about this one"
    )
    broker = hq.add_parser(
        "broker-config", help="settings of mosquitto with TLS, for Debian's unit"
    )
    broker.add_argument("--out", required=True, help="folder the files are written to")
    broker.add_argument(
        "--installed", default="/etc/mosquitto/tallypoint", help="folder they will lie in"
    )
    broker.add_argument("--listen", default="", help="address to listen on; all without it")
    for parser in (certify, enrol, revoke, erase, conflicts, broker):
        parser.add_argument("--config", default=HQ_FILE)


def _hq_run(path: Path) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    from config.faults import ConfigError, render_all
    from config.load import load_hq
    from terminal.app.signals import until_told

    try:
        settings = load_hq(path)
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return BAD_SETTINGS
    from sync import notify
    from sync.hq import app

    return app.run(settings, notify.ready, until_told())


def _config_check(path: Path) -> int:
    from config.check import check
    from config.faults import render_all

    faults = check(path)
    if faults:
        print(render_all(faults), file=sys.stderr)
        return BAD_SETTINGS
    print(f"{path}: good")
    return 0


def _rules(asked: argparse.Namespace) -> int:
    if asked.command == "coupon":
        from terminal.app.coupon_cli import run_coupon

        return run_coupon(asked)
    if asked.action == "check":
        return _rules_check(Path(asked.file), asked.shop and Path(asked.shop))
    from terminal.app.backtest_cli import run_try

    return run_try(asked)


def _rules_check(path: Path, shop: Path | None) -> int:
    from config.faults import ConfigError, render_all
    from config.load import load_shop
    from config.rulechecks import NOTHING_KNOWN
    from config.rules import known_of, load_rules

    try:
        rules = load_rules(path, known_of(load_shop(shop)) if shop else NOTHING_KNOWN)
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return BAD_SETTINGS
    print(f"{path}: good, version {rules.version}, {len(rules.promotions)} promotions")
    return 0


def _key_new(path: Path, name: str, role: str) -> int:
    from config.faults import ConfigError, render_all
    from config.load import load
    from terminal.app import apikeys

    try:
        settings = load(path)
        data_dir = Path(settings.terminal.data_dir)
        key = apikeys.new(apikeys.path_in(data_dir), name, role)
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return BAD_SETTINGS
    except (apikeys.KeyFileError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(key)
    print("Shown this once. Send it as: Authorization: Bearer KEY", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
