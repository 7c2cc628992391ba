"""``tallypoint hq root|certify|enrol|revoke|broker-config|erase|conflicts``: tills and members of ours.

The head office may be running meanwhile.
"""

import argparse
import getpass
import re
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from config.faults import ConfigError, render_all
from config.load import load_hq
from config.schema import Hq
from sync.hq import enrolment, pki, profiles
from sync.hq.audit import Act
from sync.hq.broker import CONFIGURATION, Place, write_broker
from sync.hq.clock import now_ms
from sync.hq.database import StoreError
from sync.hq.enrolment import Reached
from sync.hq.master import MasterStore
from sync.hq.opening import SQLITE, address_of, open_database
from sync.hq.ownledger import OwnLedger
from sync.hq.people import DeniedError
from sync.hq.pki import PkiError, load_pki
from sync.hq.settle import Judge
from sync.hq.store import Store
from sync.protocol.keys import BadKeyError, load_or_make, load_secret
from terminal.app.hq_cli import become_owner

_BAD_SETTINGS = 78
_TILL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)
CONFLICTS_MAX = 500
_DENIED = {
    "bad-hours": f"a token is good for 1 to {enrolment.HOURS_MAX} hours",
    "too-many": "there are too many open tokens already",
    "no-such-till": "no till in use is called that",
    "no-such-member": "nobody has this account number",
}


class _AskedWrongError(Exception):
    """What is asked for cannot be; the message says why."""


def run_pki(asked: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    try:
        if asked.action == "root":
            return _root(asked)
        office = load_hq(Path(asked.config)).hq
        if office.data.startswith(SQLITE):
            become_owner(Path(office.data.removeprefix(SQLITE)))
        return _carry_out(office, asked)
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return _BAD_SETTINGS
    except DeniedError as error:
        print(_DENIED.get(error.key, error.key), file=sys.stderr)
    except (_AskedWrongError, BadKeyError, OSError, PkiError, StoreError) as error:
        print(error, file=sys.stderr)
    return 1


def _carry_out(office: Hq, asked: argparse.Namespace) -> int:
    match asked.action:
        case "certify":
            return _certify(office, Path(asked.root))
        case "enrol":
            return _enrol(office, asked)
        case "revoke":
            return _revoke(office, asked)
        case "erase":
            return _erase(office, asked.account)
        case "conflicts":
            return _conflicts(office, asked.settle)
        case _:
            return _broker(office, asked)


def _root(asked: argparse.Namespace) -> int:
    made = pki.make_root(Path(asked.out), asked.name, now_ms())
    print(
        f"{made}: made. Keep this folder off the network; whoever has root.key can be the head office."
    )
    return 0


def _certify(office: Hq, root: Path) -> int:
    folder = _folder(office)
    key = load_or_make(Path(office.signing_key))
    pki.certify(root, folder, key.public, now_ms())
    print(f"{folder}: certified by {root}. The root can go back to where it is kept.")
    return 0


def _enrol(office: Hq, asked: argparse.Namespace) -> int:
    if not _TILL.fullmatch(asked.till) or asked.till in {"hq", "md", "enrol"}:
        raise _AskedWrongError(f"{asked.till}: not the name of a till")
    certificates, reached = load_pki(_folder(office)), _reached(office)
    database = open_database(address_of(office))
    try:
        token = enrolment.make_token(
            database, _act(), asked.till, asked.hours, reached, certificates, secrets.token_bytes
        )
    finally:
        database.close()
    print(token.text)
    if asked.qr:
        _print_qr(token.text)
    until = datetime.fromtimestamp(now_ms() / 1000 + asked.hours * 3600, UTC)
    print(
        f"Good once, for {asked.till}, until {until:%Y-%m-%d %H:%M} UTC. At the till:"
        f" tallypoint enrol {token.text[:9]}…",
        file=sys.stderr,
    )
    return 0


def _revoke(office: Hq, asked: argparse.Namespace) -> int:
    folder = _folder(office)
    certificates = load_pki(folder)
    database = open_database(address_of(office))
    try:
        enrolment.revoke(database, _act(), asked.till, asked.reason)
        revoked = enrolment.revoked_certificates(database.sql.execute)
    finally:
        database.close()
    pki.keep(folder / pki.REVOKED, certificates.revocations(revoked, now_ms()), 0o644)
    print(
        f"{asked.till}: revoked; a second from now the head office hears it no more. For the broker: copy"
        f" {folder / pki.REVOKED} to where its settings say (or run broker-config again) and restart it."
    )
    return 0


def _broker(office: Hq, asked: argparse.Namespace) -> int:
    database = open_database(address_of(office))
    try:
        revoked = enrolment.revoked_certificates(database.sql.execute)
    finally:
        database.close()
    place = Place(asked.installed, asked.listen)
    out, reached = Path(asked.out), _reached(office)
    write_broker(out, load_pki(_folder(office)), reached, place, revoked, now_ms())
    print(
        f"{out}: written. On the broker's machine, as root:\n"
        f"  install -d -m 750 -g mosquitto {place.folder}\n"
        f"  install -m 640 -g mosquitto {out}/*.pem {out}/*.acl {out}/broker.key {place.folder}/\n"
        f"  install -m 644 {out}/{CONFIGURATION} /etc/mosquitto/conf.d/\n"
        f"  systemctl restart mosquitto\n"
        f'In hq.toml: broker = "{reached.broker}", ca = "{out}/ca.pem", certificate = "{out}/hq.pem",'
        f' key = "{out}/hq.key", trust_tills = "enrolled"'
    )
    return 0


def _erase(office: Hq, account: str) -> int:
    database = open_database(address_of(office))
    try:
        profiles.erase(database, MasterStore(database), _act(), account)
    finally:
        database.close()
    print(
        f"{account}: erased here, and at every till as soon as it is connected. Records and books stay."
        " A shop file that still names the member must be changed by hand."
    )
    return 0


def _conflicts(office: Hq, settled: str | None) -> int:
    database = open_database(address_of(office))
    try:
        if settled:
            own = OwnLedger(Store(database), load_secret(Path(office.signing_key)))
            day = datetime.fromtimestamp(now_ms() / 1_000, ZoneInfo(office.timezone))
            judge = Judge(own, day.year * 10_000 + day.month * 100 + day.day)
            profiles.settle(database, _act(), settled, judge)
        for each in profiles.conflicts(database.sql.execute, CONFLICTS_MAX):
            print(each.account, each.other, sep="\t")
    finally:
        database.close()
    return 0


def _folder(office: Hq) -> Path:
    if office.pki is None:
        raise _AskedWrongError("[hq] pki: the settings name no folder for certificates")
    return Path(office.pki)


def _reached(office: Hq) -> Reached:
    if office.reached_as is None:
        raise _AskedWrongError(
            "[hq] reached_as: the settings do not say how tills reach the broker"
        )
    return Reached(office.reached_as, office.till_port, office.enrol_port)


def _act() -> Act:
    return Act(f"command:{getpass.getuser()}"[:40], "", now_ms())


def _print_qr(text: str) -> None:
    from qrcode.main import QRCode

    code = QRCode(border=2)
    code.add_data(text)
    code.print_ascii(invert=True)
