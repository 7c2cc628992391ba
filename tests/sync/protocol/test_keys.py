"""Keys: made once, private, and nothing but Ed25519."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sync.protocol.keys import (
    KEY_FILE_BYTES_MAX,
    BadKeyError,
    PublicKey,
    SecretKey,
    load_or_make,
    load_public,
    load_secret,
)


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "till.key"
    made = load_or_make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    again = load_or_make(path)
    assert again.public == made.public
    assert again.sign(b"x") == made.sign(b"x")
    assert load_public(tmp_path / "till.key.pub") == made.public


def test_a_signature_fits_its_data_and_key_only():
    key, other = SecretKey.of_seed(bytes(32)), SecretKey.of_seed(bytes(range(32)))
    signature = key.sign(b"data")
    assert key.public.is_signature(signature, b"data")
    assert not key.public.is_signature(signature, b"date")
    assert not other.public.is_signature(signature, b"data")
    assert not key.public.is_signature(b"", b"data")


def test_printing_a_secret_key_shows_nothing_secret():
    seed = b"sixteen bytes of a secret, twice"
    assert "sixteen" not in repr(SecretKey.of_seed(seed))


@pytest.mark.parametrize("data", [b"", b"garbage", bytes(KEY_FILE_BYTES_MAX + 1)])
def test_a_file_that_holds_no_key_is_named(tmp_path, data):
    path = tmp_path / "bad.key"
    path.write_bytes(data)
    for load in (load_secret, load_public, load_or_make):
        with pytest.raises(BadKeyError, match=r"bad\.key"):
            load(path)


def test_a_key_of_another_kind_is_refused(tmp_path):
    other = X25519PrivateKey.generate()
    path = tmp_path / "x.key"
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(BadKeyError, match="Ed25519"):
        load_secret(path)
    path.write_bytes(
        other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(BadKeyError, match="Ed25519"):
        load_public(path)
    with pytest.raises(BadKeyError):
        PublicKey.of(b"short")
