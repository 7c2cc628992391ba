"""Ultralight and NTAG21x tags: made ours, read, counted, and refused when they are not."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.api import CardTornError
from drivers.cards.keys import Masters
from drivers.cards.ndef import build_message, uri_record
from drivers.cards.seam import BadMacError, CardRefusedError
from drivers.cards.steps import run
from drivers.cards.storage import Passage
from drivers.cards.ultralight.member import check, mac_seals, read_member, sealed_message
from drivers.cards.ultralight.personalise import (
    DANGER,
    DELIVERED,
    Job,
    password_of,
    personalise,
    wipe,
)
from drivers.cards.ultralight.seals import MacSeal, SignatureCheck, SignatureSeal
from drivers.cards.ultralight.tags import identify, log_in, read_counter
from tests.cards.sim.power import Fate
from tests.cards.sim.ultralight import (
    MF0UL11,
    MF0UL21,
    NTAG213,
    NTAG215,
    NTAG216,
    ULTRALIGHT,
    Model,
    Tag,
)
from tests.drivers.cards.seams import transmit_to

UID = bytes.fromhex("04a1b2c3d4e5f6")
KEYS = Masters(((1, b"M" * 16),))
TEXT = b"TP1:100001:60"
PASSWORD = password_of(KEYS, 1, UID)
PASSAGES = pytest.mark.parametrize("passage", list(Passage))
MODELS = pytest.mark.parametrize(
    "model",
    [ULTRALIGHT, MF0UL11, MF0UL21, NTAG213, NTAG215, NTAG216],
    ids=["Ultralight", "EV1 48", "EV1 128", "NTAG213", "NTAG215", "NTAG216"],
)


def make_ours(tag: Tag, passage: Passage = Passage.PN532, sealer=None) -> None:
    transmit = transmit_to(tag)
    kind = identify(transmit, passage)
    tag.power_off()
    sealer = sealer or mac_seals(KEYS, UID)[0]
    job = Job(kind, passage, PASSWORD)
    list(run(personalise(transmit, job, sealed_message(UID, TEXT, sealer))))
    tag.power_off()


@MODELS
@PASSAGES
def test_a_tag_of_ours_names_its_member(model: Model, passage: Passage):
    tag = Tag(UID, model)

    make_ours(tag, passage)

    found = read_member(transmit_to(tag))
    assert found.uid == UID
    assert check(found, mac_seals(KEYS, UID)) == TEXT


@MODELS
@PASSAGES
def test_only_who_knows_the_password_can_write(model: Model, passage: Passage):
    tag = Tag(UID, model)
    make_ours(tag, passage)
    command = bytes.fromhex("ffd6000404") + b"evil"
    if not model.settings:
        assert tag(command) == b"\x90\x00"
        return

    assert tag(command) != b"\x90\x00"

    tag.power_off()
    log_in(transmit_to(tag), passage, PASSWORD.password, PASSWORD.pack)
    assert tag(command) == b"\x90\x00"


def test_the_counter_grows_with_every_visit():
    tag = Tag(UID, NTAG213)
    make_ours(tag)
    counts = []

    for _ in range(3):
        transmit = transmit_to(tag)
        read_member(transmit)
        counts.append(read_counter(transmit, Passage.PN532))
        tag.power_off()

    assert counts == [counts[0], counts[0] + 1, counts[0] + 2]


def test_a_tag_without_counter_says_so():
    with pytest.raises(CardRefusedError, match="does not tell its counter"):
        read_counter(transmit_to(Tag(UID, MF0UL11)), Passage.PN532)


def test_a_signed_number_is_checked_without_a_secret():
    tag, private = Tag(UID, NTAG213), Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    make_ours(tag, sealer=SignatureSeal(private))

    found = read_member(transmit_to(tag))

    assert check(found, (SignatureCheck(private.public_key()),)) == TEXT
    stranger = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    with pytest.raises(BadMacError):
        check(found, (SignatureCheck(stranger.public_key()),))


def test_a_signature_does_not_fit_on_the_smallest_tags():
    private = Ed25519PrivateKey.from_private_bytes(b"k" * 32)

    with pytest.raises(CardRefusedError, match="do not fit on a tag of 48"):
        make_ours(Tag(UID, MF0UL11), sealer=SignatureSeal(private))


def test_a_number_copied_to_another_tag_is_refused():
    tag, copy = Tag(UID, NTAG213), Tag(bytes.fromhex("04ffffffffffff"), NTAG213)
    make_ours(tag)
    copy.memory.cells[16:160] = tag.memory.cells[16:160]

    found = read_member(transmit_to(copy))

    with pytest.raises(BadMacError):
        check(found, mac_seals(KEYS, copy.uid))


def test_another_shops_tag_is_refused():
    tag = Tag(UID, NTAG213)
    make_ours(tag)

    with pytest.raises(BadMacError):
        check(read_member(transmit_to(tag)), (MacSeal(b"X" * 16),))


def test_a_tag_with_only_an_address_names_no_member():
    tag = Tag(UID, NTAG213)
    message = build_message((uri_record("https://example.com/m?u=1"),))
    tag.memory.write(16, b"\x03" + bytes((len(message),)) + message + b"\xfe")

    with pytest.raises(CardRefusedError, match="no member number"):
        read_member(transmit_to(tag))


@PASSAGES
def test_a_copy_that_does_not_know_the_answer_is_refused(passage: Passage):
    tag = Tag(UID, NTAG213)
    make_ours(tag, passage)
    tag.memory.cells[0x2C * 4] ^= 1

    with pytest.raises(CardRefusedError, match="does not know the answer"):
        log_in(transmit_to(tag), passage, PASSWORD.password, PASSWORD.pack)


@PASSAGES
def test_a_tag_that_refuses_the_password_says_so_without_showing_it(passage: Passage):
    tag = Tag(UID, NTAG213)
    with pytest.raises(CardRefusedError, match="refuses its password") as error:
        log_in(transmit_to(tag), passage, b"hush", b"ab")

    assert "hush" not in str(error.value)
    assert "hush" not in repr(PASSWORD)


@pytest.mark.parametrize("fault", ["lost_at", "unheard_at"])
@pytest.mark.parametrize("model", [MF0UL11, NTAG213], ids=["EV1 48", "NTAG213"])
def test_a_run_interrupted_at_any_command_is_mended_by_the_next(model: Model, fault: str):
    job = Job(identify(transmit_to(Tag(UID, model)), Passage.PN532), Passage.PN532, PASSWORD)
    message = sealed_message(UID, TEXT, mac_seals(KEYS, UID)[0])
    counted = Fate(Tag(UID, model))
    list(run(personalise(transmit_to(counted), job, message)))

    for number in range(len(counted.commands)):
        tag = Tag(UID, model)
        with pytest.raises(CardTornError):
            list(run(personalise(transmit_to(Fate(tag, **{fault: number})), job, message)))
        tag.power_off()

        list(run(personalise(transmit_to(tag), job, message)))

        tag.power_off()
        assert check(read_member(transmit_to(tag)), mac_seals(KEYS, UID)) == TEXT


def test_a_tag_torn_at_any_byte_is_mended_by_the_next_run():
    job = Job(identify(transmit_to(Tag(UID, NTAG213)), Passage.PN532), Passage.PN532, PASSWORD)
    message = sealed_message(UID, TEXT, mac_seals(KEYS, UID)[0])
    # Message, password, PACK and both settings, a page at a time.
    for bytes_left in range(len(message) // 4 * 4 + 20):
        tag = Tag(UID, NTAG213)
        tag.memory.bytes_left = bytes_left
        with pytest.raises(CardTornError):
            list(run(personalise(transmit_to(tag), job, message)))
        tag.power_off()

        list(run(personalise(transmit_to(tag), job, message)))

        tag.power_off()
        assert check(read_member(transmit_to(tag)), mac_seals(KEYS, UID)) == TEXT


def test_settings_come_last_and_are_named_as_dangerous():
    job = Job(identify(transmit_to(Tag(UID, NTAG213)), Passage.PN532), Passage.PN532, PASSWORD)

    steps = personalise(transmit_to(Tag(UID, NTAG213)), job, b"")

    assert [step.name.startswith(DANGER) for step in steps] == [False, False, False, True]


def test_a_wiped_tag_is_free_and_has_the_password_it_was_delivered_with():
    tag = Tag(UID, NTAG213)
    make_ours(tag)
    transmit = transmit_to(tag)
    job = Job(identify(transmit, Passage.PN532), Passage.PN532, PASSWORD)

    list(run(wipe(transmit, job)))

    tag.power_off()
    with pytest.raises(CardRefusedError, match="no member number"):
        read_member(transmit)
    assert tag(bytes.fromhex("ffd6000404") + b"free") == b"\x90\x00"
    log_in(transmit, Passage.PN532, DELIVERED.password, DELIVERED.pack)


@PASSAGES
def test_a_reader_that_lets_nothing_through_is_told_from_a_tag_that_refuses(passage: Passage):
    transmit = transmit_to(lambda _: b"\x6a\x81")

    with pytest.raises(CardRefusedError, match="pass through: SW=6A81"):
        identify(transmit, passage)


def test_a_tag_of_an_unknown_make_is_refused():
    strange = Model(bytes.fromhex("0004050201000f03"), 45, bytes(4), 0x29)

    with pytest.raises(CardRefusedError, match="no tag we know"):
        identify(transmit_to(Tag(UID, strange)), Passage.PN532)
