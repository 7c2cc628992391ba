"""The head office's certificates: an offline root, and what works with the root's word.

    root.key, root.pem      made once, kept away from the network
    ca.key, ca.pem          at the head office: signs certificates of tills, of the broker and of itself
    signing.pem             says that the head office's Ed25519 key is the head office's

The root is needed again only when one of the other two is replaced. P-256 throughout, since every TLS library
knows it; certificates name the head office ``hq`` and a till by its id.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sync.protocol.certificates import TlsKey, draw_tls_key, key_pem, pem
from sync.protocol.keys import PublicKey

ROOT_KEY, ROOT, CA_KEY, CA, SIGNING, REVOKED = (
    "root.key", "root.pem", "ca.key", "ca.pem", "signing.pem", "crl.pem",
)  # fmt: skip
HQ_NAME = "hq"
ROOT_DAYS, MIDDLE_DAYS, LEAF_DAYS = 20 * 365, 10 * 365, 5 * 365
CRL_DAYS = 10 * 365
"""A broker takes nobody in once the list is older than this; it is written anew at every revocation."""
EARLIER = timedelta(days=2)
"""Certificates begin so long before they are made: clocks differ."""
PEM_BYTES_MAX = 16_000


class PkiError(Exception):
    """Keys or certificates are missing, or are not what they should be; the message says which."""


@dataclass(frozen=True, slots=True)
class Pki:
    """What the head office works with."""

    root: x509.Certificate
    ca: x509.Certificate
    ca_key: TlsKey
    signing: x509.Certificate

    @property
    def root_der(self) -> bytes:
        """The root's certificate as it is sent."""
        return self.root.public_bytes(Encoding.DER)

    def issue_till(
        self, terminal: str, key: ec.EllipticCurvePublicKey, now_ms: int
    ) -> x509.Certificate:
        """Return a certificate with which a till signs in at the broker."""
        return self._leaf(terminal, key, now_ms, ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def issue_own(self, key: ec.EllipticCurvePublicKey, now_ms: int) -> x509.Certificate:
        """Return a certificate with which the head office signs in at the broker."""
        return self._leaf(HQ_NAME, key, now_ms, ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def issue_broker(
        self, key: ec.EllipticCurvePublicKey, now_ms: int, names: Iterable[x509.GeneralName]
    ) -> x509.Certificate:
        """Return the broker's certificate for the names and addresses under which it is reached."""
        return self._leaf("broker", key, now_ms, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def revocations(self, revoked: Iterable[tuple[int, int]], now_ms: int) -> bytes:
        """Return the list of revoked certificates (PEM): serial number and when, in milliseconds."""
        now = _time(now_ms)
        made = x509.CertificateRevocationListBuilder().issuer_name(self.ca.subject)
        made = made.last_update(now - EARLIER).next_update(now + timedelta(days=CRL_DAYS))
        for serial, at_ms in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            made = made.add_revoked_certificate(entry.revocation_date(_time(at_ms)).build())
        return made.sign(self.ca_key, SHA256()).public_bytes(Encoding.PEM)

    def _leaf(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        now_ms: int,
        usage: x509.ObjectIdentifier,
        names: Iterable[x509.GeneralName],
    ) -> x509.Certificate:
        made = _builder(name, key, self.ca.subject, now_ms, LEAF_DAYS)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        made = made.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        alternatives = list(names)
        if alternatives:
            made = made.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return made.sign(self.ca_key, SHA256())


def make_root(folder: Path, company: str, now_ms: int) -> Path:
    """Make the root's key and certificate in ``folder``, where there are none; return the certificate.

    Raises:
        PkiError: There is a root already.
    """
    if (folder / ROOT_KEY).exists() or (folder / ROOT).exists():
        raise PkiError(f"{folder}: there is a root already")
    folder.mkdir(parents=True, exist_ok=True)
    key = draw_tls_key()
    name = f"{company} root"
    made = _builder(name, key.public_key(), _name(name), now_ms, ROOT_DAYS)
    made = _authority(made, path_length=1)
    keep(folder / ROOT_KEY, key_pem(key), 0o600)
    keep(folder / ROOT, pem(made.sign(key, SHA256())), 0o644)
    return folder / ROOT


def certify(root_folder: Path, folder: Path, signing: PublicKey, now_ms: int) -> None:
    """Have the root in ``root_folder`` vouch for the head office's keys; the rest lies in ``folder``.

    A key of the head office's that is there stays; only its certificate is made anew.

    Raises:
        PkiError: There is no root.
    """
    root, root_key = _certificate(root_folder / ROOT), _key(root_folder / ROOT_KEY)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / CA_KEY).exists():
        keep(folder / CA_KEY, key_pem(draw_tls_key()), 0o600)
    ca_key = _key(folder / CA_KEY)
    ca = _authority(
        _builder("head office", ca_key.public_key(), root.subject, now_ms, MIDDLE_DAYS),
        path_length=0,
    )
    words = _builder(
        "head office words", Ed25519PublicKey.from_public_bytes(signing.raw), root.subject, now_ms,
        MIDDLE_DAYS,
    )  # fmt: skip
    keep(folder / ROOT, pem(root), 0o644)
    keep(folder / CA, pem(ca.sign(root_key, SHA256())), 0o644)
    keep(folder / SIGNING, pem(words.sign(root_key, SHA256())), 0o644)
    if not (folder / REVOKED).exists():
        keep(folder / REVOKED, load_pki(folder).revocations((), now_ms), 0o644)


def load_pki(folder: Path) -> Pki:
    """Return what ``certify`` left in ``folder``.

    Raises:
        PkiError: Something is missing or is not what it should be.
    """
    return Pki(
        _certificate(folder / ROOT), _certificate(folder / CA), _key(folder / CA_KEY),
        _certificate(folder / SIGNING),
    )  # fmt: skip


def keep(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is either as before or whole, whenever the power goes."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)


def _builder(
    name: str,
    key: ec.EllipticCurvePublicKey | Ed25519PublicKey,
    issuer: x509.Name,
    now_ms: int,
    days: int,
) -> x509.CertificateBuilder:
    now = _time(now_ms)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=_name(name),
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - EARLIER,
        not_valid_after=now + timedelta(days=days),
    )


def _authority(made: x509.CertificateBuilder, path_length: int) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    limits = x509.BasicConstraints(ca=True, path_length=path_length)
    return made.add_extension(limits, critical=True).add_extension(usage, critical=True)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC).replace(tzinfo=None)


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        raise PkiError(f"{path}: no certificate: {error}") from error


def _key(path: Path) -> TlsKey:
    try:
        key = load_pem_private_key(_read(path), None)
    except (ValueError, TypeError) as error:
        raise PkiError(f"{path}: no private key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise PkiError(f"{path}: not a key on a curve")
    return key


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(PEM_BYTES_MAX)
    except OSError as error:
        raise PkiError(f"{path}: {error.strerror}; see tallypoint hq certify") from error
