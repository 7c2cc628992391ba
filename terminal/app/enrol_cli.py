"""``tallypoint enrol TOKEN``: this machine becomes the till that the head office made the token for.

Its keys are drawn here and never leave. A ledger that another machine's key began, from a backup, is followed
by a new one at the next start.
"""

import argparse
import os
import secrets
import sys
from contextlib import closing
from pathlib import Path

from config.faults import ConfigError, render_all
from config.load import load
from config.schema import Terminal
from sync.protocol import enrol
from sync.protocol.certificates import (
    BadCertificateError,
    Chain,
    TlsKey,
    check_own,
    draw_tls_key,
    key_pem,
    pem,
    request_for,
)
from sync.protocol.enrol import Answer, BadTokenError, Request, Token, read_token
from sync.protocol.keys import BadKeyError, SecretKey, load_or_make
from sync.protocol.wire import NONCE_BYTES
from sync.uplink.enrol import NoAnswerError, ask_to_enrol
from terminal.store.errors import LedgerError
from terminal.store.schema import open_for_reading
from terminal.store.succession import LIVE, mark_restored, tell_ordinal

BAD_SETTINGS = 78
FOLDER = "tls"
_REFUSED = {
    "token-unknown": "the head office knows no such token",
    "token-used": "the token was used already, by another machine",
    "token-expired": "the token is too old; have another one made",
    "token-foreign": "the token is for another till: see [terminal] id",
    "token-forged": "the token's secret is not the head office's",
    "key-foreign": "this machine's key is another till's; remove it to have a new one drawn",
}


class RefusedError(Exception):
    """The head office enrols nobody with this token; the message says why."""


def run_enrol(asked: argparse.Namespace) -> int:
    """Carry out ``asked`` and return the exit code."""
    path = Path(asked.config)
    try:
        settings = load(path)
        folder = Path(settings.terminal.data_dir)
        folder.mkdir(parents=True, exist_ok=True)
        _become_owner(folder)
        broker = _enrol(settings, folder, read_token(asked.token))
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return BAD_SETTINGS
    except (
        BadCertificateError, BadKeyError, BadTokenError, LedgerError, NoAnswerError, OSError,
        RefusedError,
    ) as error:  # fmt: skip
        print(error, file=sys.stderr)
        return 1
    print(f"Enrolled as {settings.terminal.id}. In {path}:\n\n{_table(folder, broker)}")
    return 0


def _enrol(settings: Terminal, folder: Path, token: Token) -> str:
    """Return the broker's address, with everything else in its place."""
    name, key_path = settings.terminal.id, Path(settings.till_key())
    tls_key = draw_tls_key()
    answer, chain = _ask(name, load_or_make(key_path), tls_key, token)
    if answer.reason == "key-ended":
        # It was revoked, or another machine took its place: the same key is never good again.
        key_path.replace(key_path.with_name(f"{key_path.name}.ended-{secrets.token_hex(4)}"))
        answer, chain = _ask(name, load_or_make(key_path), tls_key, token)
    if answer.reason:
        raise RefusedError(_REFUSED.get(answer.reason, answer.reason))
    own = check_own(answer.certificate, chain, name, tls_key)
    tls = folder / FOLDER
    tls.mkdir(exist_ok=True)
    _keep(tls / "till.key", key_pem(tls_key), 0o600)
    _keep(tls / "till.pem", pem(own, chain.ca), 0o644)
    _keep(tls / "ca.pem", pem(chain.ca, chain.root), 0o644)
    _keep(tls / "hq.pub", chain.signing.pem(), 0o644)
    _look_at_ledger(folder, load_or_make(key_path), answer.ordinals)
    return answer.broker


def _ask(name: str, key: SecretKey, tls_key: TlsKey, token: Token) -> tuple[Answer, Chain]:
    nonce = secrets.token_bytes(NONCE_BYTES)
    request = Request(
        enrol.FORMAT, token.id, name, key.public.raw, request_for(name, tls_key), nonce
    )
    data = enrol.write_request(request, token.secret, key)
    return ask_to_enrol(token, data, nonce, lambda text: print(text, file=sys.stderr))


def _look_at_ledger(folder: Path, key: SecretKey, highest: int) -> None:
    """See to it that no receipt number comes twice, and that another machine's ledger is followed."""
    live = folder / LIVE
    if not live.exists():
        if highest:
            tell_ordinal(folder, highest)
        return
    with closing(open_for_reading(live)) as connection:
        ledger_id, began, ordinal = connection.execute(
            "SELECT ledger_id, public_key, ordinal FROM state"
        ).fetchone()
    if began != key.public.raw:
        mark_restored(folder, ledger_id)
        tell_ordinal(folder, max(highest, ordinal))


def _table(folder: Path, broker: str) -> str:
    tls = folder / FOLDER
    return (
        f'[sync]\nbroker = "{broker}"\nca = "{tls}/ca.pem"\ncertificate = "{tls}/till.pem"\n'
        f'key = "{tls}/till.key"\ntrust_hq = "{tls}/hq.pub"\n'
    )


def _keep(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is either as before or whole."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)


def _become_owner(folder: Path) -> None:
    """Go on as the till's own user, where root asks: files of root's would lock it out."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)
