"""X.509 certificates: what a till asks for, and whether what it is given leads to the root it was told.

Pure: keys and certificates are values, and the time is given.
"""

from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from sync.protocol.keys import PublicKey

TlsKey = ec.EllipticCurvePrivateKey


class BadCertificateError(Exception):
    """A certificate, or a request for one, is not what it should be."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What the head office showed, checked against the root's fingerprint."""

    root: x509.Certificate
    ca: x509.Certificate
    signing: PublicKey


def draw_tls_key() -> TlsKey:
    """Return a new key for TLS (P-256: every TLS library knows it)."""
    return ec.generate_private_key(ec.SECP256R1())


def request_for(terminal: str, key: TlsKey) -> bytes:
    """Return a request (PKCS #10) for a certificate of ``key`` in the till's name."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, terminal)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    return csr.public_bytes(Encoding.DER)


def read_csr(data: bytes) -> tuple[str, ec.EllipticCurvePublicKey]:
    """Return name and key of a request, signed by that very key.

    Raises:
        BadCertificateError: It is none, or of a kind of key that is not given out.
    """
    try:
        csr = x509.load_der_x509_csr(data)
        key = csr.public_key()
        is_whole = csr.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise BadCertificateError(str(error)) from error
    if not is_whole or not isinstance(key, ec.EllipticCurvePublicKey):
        raise BadCertificateError("not signed by its own key, or not on a curve")
    if not isinstance(key.curve, ec.SECP256R1):
        raise BadCertificateError("not on P-256")
    return name_of(csr.subject), key


def name_of(subject: x509.Name) -> str:
    """Return the one common name of a subject, empty when there is none."""
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def fingerprint(root: bytes, length: int) -> bytes:
    """Return the first bytes of a certificate's SHA-256, by which a token names the root."""
    return sha256(root).digest()[:length]


def check_chain(root: bytes, ca: bytes, signing: bytes, expected: bytes) -> Chain:
    """Return what the head office showed, if its root is the one whose fingerprint is ``expected``.

    How long they are valid is not asked: a till's clock may be wrong until it was enrolled.

    Raises:
        BadCertificateError: Another root, or something was not signed by it.
    """
    if fingerprint(root, len(expected)) != expected:
        raise BadCertificateError("another root than the token's")
    top, middle, words = load(root), load(ca), load(signing)
    for each in (top, middle, words):
        _check_issued(each, top)
    key = words.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise BadCertificateError("the head office's key is not Ed25519")
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Chain(top, middle, PublicKey.of(raw))


def check_own(certificate: bytes, chain: Chain, terminal: str, key: TlsKey) -> x509.Certificate:
    """Return the till's certificate, if it is for its name and key and from the head office.

    Raises:
        BadCertificateError: It is not.
    """
    own = load(certificate)
    _check_issued(own, chain.ca)
    if name_of(own.subject) != terminal or own.public_key() != key.public_key():
        raise BadCertificateError("the certificate is not for this till's name and key")
    return own


def load(data: bytes) -> x509.Certificate:
    """Return the certificate in ``data`` (DER).

    Raises:
        BadCertificateError: It is none.
    """
    try:
        return x509.load_der_x509_certificate(data)
    except (ValueError, TypeError) as error:
        raise BadCertificateError(str(error)) from error


def pem(*certificates: x509.Certificate) -> bytes:
    """Return certificates as they lie in a file."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def key_pem(key: TlsKey) -> bytes:
    """Return a private key as it lies in a file."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise BadCertificateError(f"not signed by the head office's root: {error}") from error
