"""Settings for Debian's mosquitto: TLS, tills known by their certificates, each on its own topics only.

The files go to one folder beside mosquitto's own, and ``tallypoint.conf`` into ``/etc/mosquitto/conf.d``. Run
again, the broker's key stays and everything else is written anew; that is how a revoked certificate reaches
the broker.
"""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sync import topics
from sync.hq.enrolment import Reached
from sync.hq.pki import HQ_NAME, Pki, PkiError, keep
from sync.protocol.batch import BATCH_BYTES_MAX
from sync.protocol.certificates import draw_tls_key, key_pem, pem

CONFIGURATION = "tallypoint.conf"
STRANGERS_MAX = 20
"""Machines that may wait to be enrolled at the same time."""
_PACKET_BYTES_MAX = 2 * BATCH_BYTES_MAX
_CONF = """\
# Written by tallypoint hq broker-config. Belongs into /etc/mosquitto/conf.d/.
# Tills and the head office: TLS, known by their certificates. No one else.
per_listener_settings true
set_tcp_nodelay true
max_packet_size {packet}
max_queued_messages 1000

listener {till_port}{address}
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
crlfile {folder}/crl.pem
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {folder}/tills.acl

# Machines that are not enrolled yet. They may ask, and hear the answer; both are checked at the two ends.
listener {enrol_port}{address}
max_connections {strangers}
allow_anonymous true
acl_file {folder}/strangers.acl
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the broker's files lie once installed, and on which address it listens."""

    folder: str = "/etc/mosquitto/tallypoint"
    address: str = ""
    """Empty for all."""


def write_broker(
    out: Path, pki: Pki, reached: Reached, place: Place, revoked: list[tuple[int, int]], now_ms: int
) -> list[Path]:
    """Write everything into ``out`` and return the files.

    Raises:
        PkiError, OSError: A key that is there cannot be read, or a file not written.
    """
    out.mkdir(parents=True, exist_ok=True)
    broker, own = _key(out / "broker.key"), _key(out / "hq.key")
    names = _names(reached.host)
    certificate = pki.issue_broker(broker.public_key(), now_ms, names)
    files = {
        "ca.pem": (pem(pki.ca, pki.root), 0o644),
        "broker.pem": (pem(certificate, pki.ca), 0o644),
        "broker.key": (key_pem(broker), 0o640),
        "crl.pem": (pki.revocations(revoked, now_ms), 0o644),
        "hq.pem": (pem(pki.issue_own(own.public_key(), now_ms), pki.ca), 0o644),
        "hq.key": (key_pem(own), 0o600),
        "tills.acl": (_tills_acl().encode(), 0o644),
        "strangers.acl": (_strangers_acl().encode(), 0o644),
        CONFIGURATION: (_configuration(reached, place).encode(), 0o644),
    }
    for name, (data, mode) in files.items():
        keep(out / name, data, mode)
    return [out / name for name in files]


def _configuration(reached: Reached, place: Place) -> str:
    return _CONF.format(
        packet=_PACKET_BYTES_MAX,
        folder=place.folder,
        till_port=reached.till_port,
        enrol_port=reached.enrol_port,
        address=f" {place.address}" if place.address else "",
        strangers=STRANGERS_MAX,
    )


def _tills_acl() -> str:
    lines = [f"user {HQ_NAME}", f"topic readwrite {topics.ALL}", ""]
    lines += [f"pattern write {topics.topic('%u', channel)}" for channel in topics.TILL_WRITES]
    lines += [f"pattern read {topics.topic('%u', channel)}" for channel in topics.TILL_READS]
    lines += [f"pattern read {topic}" for topic in (topics.HQ_STATE, topics.MASTER)]
    return "\n".join(lines) + "\n"


def _strangers_acl() -> str:
    return f"topic write {topics.ENROL}\ntopic read {topics.enrolled('+')}\n"


def _names(host: str) -> list[x509.GeneralName]:
    """Return the names the broker is reached by: from outside, and by a head office beside it."""
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    try:
        names.append(x509.IPAddress(ipaddress.ip_address(host.strip("[]"))))
    except ValueError:
        names.append(x509.DNSName(host))
    return list(dict.fromkeys(names))


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the key in ``path``, or a new one when there is none."""
    if not path.exists():
        return draw_tls_key()
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise PkiError(f"{path}: no private key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise PkiError(f"{path}: not a key on a curve")
    return key
