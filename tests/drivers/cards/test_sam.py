"""Keys from a SAM: the same as from a key file; nothing is believed that the SAM has not signed."""

import secrets
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import CardTornError, DeviceLostError
from drivers.cards.keys import Masters, Purpose
from drivers.cards.sam import Host, SamKeys, Session
from drivers.cards.seam import BadMacError, CardRefusedError, Response
from tests.cards.issued import NEWER, UID
from tests.cards.sim.sam import Sam

HOST_KEY = bytes(range(50, 66))
HOST = Host(0, 3, HOST_KEY)


def sam(keys: Masters = NEWER) -> Sam:
    return Sam(HOST.version, HOST_KEY, dict(keys.masters))


def to(answers):
    return lambda command: Response.parse(answers(command))


def keys_of(answers, host: Host = HOST) -> SamKeys:
    @contextmanager
    def reach():
        yield to(answers)

    return SamKeys(reach, secrets.token_bytes, host, 1)


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("version", [1, 2])
def test_a_sam_gives_the_keys_that_a_key_file_would(purpose, version):
    found = keys_of(sam())

    assert found.versions == NEWER.versions == (2, 1)
    for number in (UID, b"ntag424 meta", bytes(16)):
        assert found.aes_key(purpose, version, number) == NEWER.aes_key(purpose, version, number)
    assert found.des_key(purpose, version, UID + b"\1") == NEWER.des_key(
        purpose, version, UID + b"\1"
    )


def test_one_session_serves_many_cards_and_a_sam_that_was_reset_gets_a_new_one():
    chip = sam()
    found = keys_of(chip)
    for number in range(5):
        found.aes_key(Purpose.READ, 1, bytes((number,)) * 7)
    assert len(chip.commands) == 3 + 5

    chip.power_off()
    assert found.aes_key(Purpose.READ, 1, UID) == NEWER.aes_key(Purpose.READ, 1, UID)


def test_a_sam_that_does_not_know_us_or_has_no_such_key_is_a_lost_device_in_words():
    for wrong in (Host(0, 3, bytes(16)), Host(0, 4, HOST_KEY)):
        with pytest.raises(DeviceLostError, match="the SAM: SAM_AuthenticateHost"):
            keys_of(sam(), wrong).aes_key(Purpose.READ, 1, UID)
    with pytest.raises(DeviceLostError, match="the SAM: SAM D6: SW=6A82"):
        keys_of(sam()).aes_key(Purpose.READ, 9, UID)


def test_an_impostor_of_a_sam_is_not_believed():
    """It answers as a SAM does, and does not know the till's key."""
    chip, counted = sam(), []

    def impostor(command: bytes) -> bytes:
        counted.append(command)
        return bytes(24) + b"\x90\xaf" if len(counted) == 2 else chip(command)

    with pytest.raises(BadMacError):
        Session(to(impostor), secrets.token_bytes, HOST)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 3), st.integers(0, 60), st.integers(1, 255))
def test_no_answer_that_was_bent_is_believed(at, place, bit):
    chip, answers = sam(), []

    def bent(command: bytes) -> bytes:
        answer = chip(command)
        answers.append(answer)
        if len(answers) - 1 != at:
            return answer
        place_ = place % len(answer)
        return answer[:place_] + bytes((answer[place_] ^ bit,)) + answer[place_ + 1 :]

    try:
        key = Session(to(bent), secrets.token_bytes, HOST).dump(1, 1, UID + b"read")
    except (BadMacError, CardRefusedError):
        return
    assert key == NEWER.aes_key(Purpose.READ, 1, UID)


def test_a_replayed_or_short_answer_is_not_believed():
    chip = sam()
    said: list[bytes] = []

    def recorded(command: bytes) -> bytes:
        said.append(chip(command))
        return said[-1] if len(said) < 5 else said[3]

    session = Session(to(recorded), secrets.token_bytes, HOST)
    session.dump(1, 1, UID)
    with pytest.raises(BadMacError, match="not the SAM's"):
        session.dump(1, 1, UID)
    session = Session(to(chip), secrets.token_bytes, HOST)
    session._transmit = to(lambda _: b"\x00\x90\x00")
    with pytest.raises(BadMacError, match="without a MAC"):
        session.dump(1, 1, UID)


def test_a_slot_without_a_sam_is_a_lost_device():
    def gone(_: bytes) -> bytes:
        raise CardTornError("connect: no smart card")

    with pytest.raises(DeviceLostError, match="the SAM: connect"):
        keys_of(gone).aes_key(Purpose.READ, 1, UID)


def test_no_key_is_shown(caplog):
    found = keys_of(sam())
    key = found.aes_key(Purpose.READ, 1, UID)

    for secret in (HOST_KEY, key):
        assert secret.hex() not in (repr(HOST) + repr(found) + caplog.text).lower()
        assert repr(secret) not in repr(HOST) + repr(found) + caplog.text
