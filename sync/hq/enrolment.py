"""Who is a till of ours: tokens, keys, certificates, and how they end. Written by people, used by the loop.

A token is good once, for one till's name, for a while. A till's key is good until it is revoked, or until
another machine is enrolled under its name. What ended stays known, so that it is refused by its own reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from config.schema import Hq
from sync.hq import audit
from sync.hq.audit import Act
from sync.hq.database import Database, Sql
from sync.hq.people import DeniedError
from sync.hq.pki import Pki, load_pki
from sync.hq.reader import Ask
from sync.protocol import enrol
from sync.protocol.certificates import BadCertificateError, fingerprint, read_csr
from sync.protocol.enrol import SECRET_BYTES, TOKEN_ID_BYTES, Answer, Request, Token
from sync.protocol.keys import PublicKey, SecretKey

TOKENS_OPEN_MAX = 1_000
HOURS_MAX = 24 * 30
_HOUR_MS = 3_600_000
REPLACED, REVOKED = "replaced", "revoked"


@dataclass(frozen=True, slots=True)
class Reached:
    """Where tills find the head office's broker."""

    host: str
    till_port: int
    enrol_port: int

    @property
    def broker(self) -> str:
        """The address for a till's settings."""
        return f"mqtts://{self.host}:{self.till_port}"


@dataclass(frozen=True, slots=True)
class TillKey:
    """A till's key, for the page."""

    terminal: str
    key_id: str
    since_ms: int
    ended_ms: int
    """0 while it is good."""
    why: str
    """``replaced`` or ``revoked`` once it ended."""


@dataclass(frozen=True, slots=True)
class OpenToken:
    """A token that was not used yet, without its secret."""

    id: str
    terminal: str
    made_ms: int
    expires_ms: int
    made_by: str


def make_token(  # noqa: PLR0913, PLR0917 - one row and where it leads
    database: Database,
    act: Act,
    terminal: str,
    hours: int,
    reached: Reached,
    pki: Pki,
    draw: Callable[[int], bytes],
) -> Token:
    """Return a token with which one machine becomes the till called ``terminal``.

    Raises:
        DeniedError: ``bad-hours`` or ``too-many``.
    """
    if not 0 < hours <= HOURS_MAX:
        raise DeniedError("bad-hours")
    token = Token(
        reached.host, reached.enrol_port, draw(TOKEN_ID_BYTES), draw(SECRET_BYTES),
        fingerprint(pki.root_der, enrol.ROOT_BYTES),
    )  # fmt: skip
    with database.transaction():
        if len(open_tokens(database.sql.execute, act.now_ms)) >= TOKENS_OPEN_MAX:
            raise DeniedError("too-many")
        expires = act.now_ms + hours * _HOUR_MS
        database.sql.execute(
            "INSERT INTO enrol_token VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            (token.id, token.secret, terminal, act.now_ms, expires, act.who, b""),
        )
        audit.note(database, act, "token-made", terminal, token.id.hex())
    return token


def open_tokens(ask: Ask, now_ms: int) -> tuple[OpenToken, ...]:
    """Return the tokens that are still good, newest first."""
    rows = ask(
        "SELECT id, terminal, made_ms, expires_ms, made_by FROM enrol_token"
        " WHERE used_ms = 0 AND expires_ms > ? ORDER BY made_ms DESC LIMIT ?",
        (now_ms, TOKENS_OPEN_MAX),
    ).fetchall()
    return tuple(OpenToken(bytes(row[0]).hex(), *row[1:]) for row in rows)


def cancel_token(database: Database, act: Act, token: str) -> None:
    """Make a token useless before it was used."""
    with database.transaction():
        database.sql.execute(
            "UPDATE enrol_token SET expires_ms = ?, secret = x'' WHERE id = ? AND used_ms = 0",
            (act.now_ms, bytes.fromhex(token)),
        )
        audit.note(database, act, "token-cancelled", token)


def keys(ask: Ask, limit: int) -> tuple[TillKey, ...]:
    """Return the keys of all tills, those in use first."""
    rows = ask(
        "SELECT terminal, key_id, first_seen_ms, 0 AS ended_ms, '' AS why FROM till_key"
        " UNION ALL SELECT terminal, key_id, first_seen_ms, ended_ms, why FROM till_key_past"
        " ORDER BY ended_ms, terminal LIMIT ?",
        (limit,),
    ).fetchall()
    return tuple(TillKey(row[0], bytes(row[1]).hex(), *row[2:]) for row in rows)


def revoke(database: Database, act: Act, terminal: str, reason: str) -> None:
    """End a till's key and certificates. Its records and books stay; a new token lets a machine in again.

    Raises:
        DeniedError: ``no-such-till``.
    """
    with database.transaction():
        row = database.sql.execute(
            "SELECT 1 FROM till_key WHERE terminal = ?", (terminal,)
        ).fetchone()
        if row is None:
            raise DeniedError("no-such-till")
        _end(database.sql, terminal, REVOKED, act.now_ms)
        audit.note(database, act, "till-revoked", terminal, reason)


def revoked_certificates(ask: Ask) -> list[tuple[int, int]]:
    """Return serial number and time (ms) of every certificate that ended."""
    rows = ask("SELECT serial, ended_ms FROM till_certificate WHERE ended_ms > 0").fetchall()
    return [(int(serial, 16), at_ms) for serial, at_ms in rows]


def ended_why(ask: Ask, key_id: bytes) -> str:
    """Return why a key is good no more, empty when it was never ended."""
    row = ask("SELECT why FROM till_key_past WHERE key_id = ?", (key_id,)).fetchone()
    return "" if row is None else str(row[0])


def was_ended(ask: Ask, terminal: str) -> bool:
    """Return whether a till was ever revoked: then only a token lets a machine in under its name."""
    row = ask("SELECT 1 FROM till_key_past WHERE terminal = ? LIMIT 1", (terminal,)).fetchone()
    return row is not None


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers requests; the loop's."""

    database: Database
    key: SecretKey
    pki: Pki
    reached: Reached

    def answer(self, data: bytes, ordinals: Callable[[str], int], now_ms: int) -> tuple[str, bytes]:
        """Return the token's id and the answer to a request; nothing is changed where it is refused.

        Raises:
            BadEnvelopeError: It is no request.
            StoreError, CommitUnknownError: As the store's.
        """
        request = enrol.read_request(data)
        row = self.database.sql.execute(
            "SELECT secret, terminal, expires_ms, used_ms, key_id FROM enrol_token WHERE id = ?",
            (request.token,),
        ).fetchone()
        reason = self._objection(request, row, now_ms)
        secret = b"" if row is None else bytes(row[0])
        if reason:
            said = self._said(request, reason, b"", 0)
            return request.token.hex(), enrol.write_answer(said, secret, self.key)
        certificate = self._enrol(request, is_again=bool(row[3]), now_ms=now_ms)
        said = self._said(request, "", certificate, ordinals(request.terminal))
        return request.token.hex(), enrol.write_answer(said, secret, self.key)

    def _objection(self, request: Request, row: tuple[object, ...] | None, now_ms: int) -> str:
        if row is None:
            return "token-unknown"
        secret, terminal, expires_ms, used_ms, key_id = row
        public = PublicKey.of(request.public_key)
        assert isinstance(secret, bytes)
        assert isinstance(expires_ms, int)
        if not secret or not enrol.is_coded(request, secret):
            return "token-forged"
        if used_ms and key_id != public.key_id:
            return "token-used"
        if not used_ms and now_ms >= expires_ms:
            return "token-expired"
        if request.terminal != terminal:
            return "token-foreign"
        return self._objection_to_key(request, public)

    def _objection_to_key(self, request: Request, public: PublicKey) -> str:
        ask = self.database.sql.execute
        if ended_why(ask, public.key_id):
            return "key-ended"
        owner = ask("SELECT terminal FROM till_key WHERE key_id = ?", (public.key_id,)).fetchone()
        if owner is not None and owner[0] != request.terminal:
            return "key-foreign"
        try:
            name, _ = read_csr(request.csr)
        except BadCertificateError:
            return "token-forged"
        return "" if name == request.terminal else "token-foreign"

    def _enrol(self, request: Request, *, is_again: bool, now_ms: int) -> bytes:
        """Keep the till's key and return its certificate; asked again, it answers again."""
        sql, public = self.database.sql, PublicKey.of(request.public_key)
        _, tls_key = read_csr(request.csr)
        made = self.pki.issue_till(request.terminal, tls_key, now_ms)
        der = made.public_bytes(Encoding.DER)
        with self.database.transaction():
            known = sql.execute(
                "SELECT key_id FROM till_key WHERE terminal = ?", (request.terminal,)
            ).fetchone()
            if known is None or bytes(known[0]) != public.key_id:
                _end(sql, request.terminal, REPLACED, now_ms)
                sql.execute(
                    "INSERT INTO till_key VALUES (?, ?, ?, ?)",
                    (public.key_id, public.raw, request.terminal, now_ms),
                )
            sql.execute(
                "INSERT INTO till_certificate VALUES (?, ?, ?, ?, 0)",
                (f"{made.serial_number:x}", request.terminal, public.key_id, now_ms),
            )
            sql.execute(
                "UPDATE enrol_token SET used_ms = ?, key_id = ? WHERE id = ?",
                (now_ms, public.key_id, request.token),
            )
            if not is_again:
                act = Act(f"till:{request.terminal}", "", now_ms)
                audit.note(
                    self.database, act, "till-enrolled", request.terminal, public.key_id.hex()
                )
        return der

    def _said(self, request: Request, reason: str, certificate: bytes, ordinals: int) -> Answer:
        return Answer(
            enrol.FORMAT, request.nonce, reason, self.pki.root_der,
            self.pki.ca.public_bytes(Encoding.DER), self.pki.signing.public_bytes(Encoding.DER),
            certificate, self.reached.broker if certificate else "", ordinals,
        )  # fmt: skip


def desk_of(office: Hq, database: Database, key: SecretKey) -> Desk | None:
    """Return who enrols tills, ``None`` where the settings do not say how they reach us.

    Raises:
        PkiError: Our certificates cannot be used.
    """
    if office.pki is None or office.reached_as is None:
        return None
    reached = Reached(office.reached_as, office.till_port, office.enrol_port)
    return Desk(database, key, load_pki(Path(office.pki)), reached)


def _end(sql: Sql, terminal: str, why: str, now_ms: int) -> None:
    """End what a till signs and signs in with, in the caller's transaction."""
    sql.execute(
        "INSERT INTO till_key_past SELECT key_id, public_key, terminal, first_seen_ms, ?, ?"
        " FROM till_key WHERE terminal = ?",
        (now_ms, why, terminal),
    )
    sql.execute("DELETE FROM till_key WHERE terminal = ?", (terminal,))
    sql.execute(
        "UPDATE till_certificate SET ended_ms = ? WHERE terminal = ? AND ended_ms = 0",
        (now_ms, terminal),
    )
