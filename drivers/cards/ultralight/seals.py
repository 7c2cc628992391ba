"""What seals a member number on a tag: a MAC, or a signature that a till can check and not make.

Both bind the number to the tag's identifier. A signature takes 64 bytes: too much for the 48 bytes of the
small tags. A till that is stolen can make MACs until the master is rolled over; signatures it cannot make.
"""

from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from drivers.cards.crypto import aes_cmac, is_equal

MAC_LENGTH = 8
SIGNATURE_LENGTH = 64
_CONTEXT = b"tallypoint tag 1"


class Seal(Protocol):
    """Tells whether a proof on a tag is ours."""

    @property
    def kind(self) -> bytes:
        """Return the name of the NDEF record that holds the proof."""

    def holds(self, uid: bytes, text: bytes, proof: bytes) -> bool:
        """Return whether ``proof`` is for ``text`` on the tag ``uid``."""


class Sealer(Seal, Protocol):
    """Also makes proofs."""

    def make(self, uid: bytes, text: bytes) -> bytes:
        """Return the proof for ``text`` on the tag ``uid``."""


@dataclass(frozen=True, slots=True)
class MacSeal:
    """Eight bytes of AES-CMAC under the tag's own key."""

    key: bytes = field(repr=False)
    kind: bytes = b"tp:m"

    def holds(self, uid: bytes, text: bytes, proof: bytes) -> bool:
        """Return whether ``proof`` is the MAC."""
        return is_equal(proof, self.make(uid, text))

    def make(self, uid: bytes, text: bytes) -> bytes:
        """Return the MAC."""
        return aes_cmac(self.key, _message(uid, text))[:MAC_LENGTH]


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """An Ed25519 signature, checked with the public key."""

    public: Ed25519PublicKey
    kind: bytes = b"tp:s"

    def holds(self, uid: bytes, text: bytes, proof: bytes) -> bool:
        """Return whether ``proof`` was signed by the head office."""
        try:
            self.public.verify(proof, _message(uid, text))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SignatureSeal:
    """An Ed25519 signature, where tags are issued."""

    private: Ed25519PrivateKey = field(repr=False)
    kind: bytes = b"tp:s"

    def holds(self, uid: bytes, text: bytes, proof: bytes) -> bool:
        """Return whether ``proof`` was signed with this key."""
        return SignatureCheck(self.private.public_key()).holds(uid, text, proof)

    def make(self, uid: bytes, text: bytes) -> bytes:
        """Return the signature."""
        return self.private.sign(_message(uid, text))


def _message(uid: bytes, text: bytes) -> bytes:
    return _CONTEXT + bytes((len(uid),)) + uid + text
