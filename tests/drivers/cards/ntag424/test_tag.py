"""An NTAG 424 DNA made ours, tapped, torn, wiped; and the published transcripts of all that."""

import json
from itertools import count
from pathlib import Path

import pytest

from drivers.api import CardTornError
from drivers.cards.desfire.card import Card
from drivers.cards.keys import Masters, WrongKeyError
from drivers.cards.ntag424 import settings
from drivers.cards.ntag424.personalise import DANGER, DELIVERED, Job, personalise, tag_keys, wipe
from drivers.cards.ntag424.sun import verify
from drivers.cards.ntag424.tag import content_of, read_address
from drivers.cards.ntag424.template import Template
from drivers.cards.seam import BadMacError, CardRefusedError, Response
from drivers.cards.steps import run
from tests.cards.sim import ntag424 as sim
from tests.cards.sim.power import Fate
from tests.drivers.cards.seams import transmit_to

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "ntag424.json").read_text())
UID = bytes.fromhex("04a1b2c3d4e5f6")
KEYS = Masters(((1, b"M" * 16),))
JOB = Job(tag_keys(KEYS, 1, UID), ())
PICC = Template.parse("https://example.com/m?e={picc}&c={mac}")
TEMPLATES = {
    "enciphered": PICC,
    "in the open": Template.parse("https://example.com/m?u={uid}&n={counter}&c={mac}"),
    "with data": Template.parse("https://example.com/m?e={picc}&f={file:32}&c={mac}&v=1"),
}


def drawing():
    """Return a source of numbers that never repeat."""
    numbers = count(1)
    return lambda length: next(numbers).to_bytes(length, "big")


def ours(template: Template = PICC) -> sim.Ntag424:
    tag = sim.Ntag424(UID, drawing())
    list(run(personalise(transmit_to(tag), drawing(), JOB, template)))
    tag.power_off()
    return tag


def in_session(vector) -> sim.Ntag424:
    """Return a tag in the middle of a published session."""
    tag = sim.Ntag424(UID, drawing(), is_selected=True)
    enc, mac, ti = (bytes.fromhex(vector[name]) for name in ("enc", "mac", "ti"))
    tag.session = sim.Session(enc, mac, ti, 0, vector["counter"])
    return tag


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_a_tag_of_ours_signs_a_new_address_at_every_tap(name):
    tag = ours(TEMPLATES[name])
    seen = -1

    for _ in range(3):
        message = TEMPLATES[name].read(read_address(transmit_to(tag)))
        tap = verify(message, KEYS)
        assert tap.counter > seen
        assert (tap.uid, tap.key_version) == (UID, 1)
        assert tap.file == (b"0" * 32 if name == "with data" else b"")
        seen = tap.counter
        tag.power_off()


def test_another_shops_tag_is_refused():
    address = read_address(transmit_to(ours()))

    with pytest.raises(BadMacError):
        verify(PICC.read(address), Masters(((1, b"X" * 16),)))


def test_reading_an_address_is_three_commands():
    fate = Fate(ours())

    read_address(transmit_to(fate))

    assert len(fate.commands) == 3


def test_published_settings_and_content():
    vector = VECTORS["settings"]
    template = Template.parse(vector["template"])

    assert settings.encode(template).hex().upper() == vector["settings"]
    assert content_of(template).hex().upper().startswith(vector["content_begins"])


def test_published_change_of_settings_is_answered_byte_for_byte():
    vector = VECTORS["settings"]
    tag = in_session(vector)

    assert tag(bytes.fromhex(vector["command"])).hex().upper() == vector["answer"]
    assert tag.settings.hex().upper() == vector["settings"]


@pytest.mark.parametrize(("name", "number"), [("change_key_2", 2), ("change_key_0", 0)])
def test_published_change_of_a_key_is_answered_byte_for_byte(name, number):
    vector = VECTORS[name]
    tag = in_session(vector)

    assert tag(bytes.fromhex(vector["command"])).hex().upper() == vector["answer"]
    assert tag.keys[number].hex().upper() == vector["new_key"]
    assert tag.versions[number] == vector["version"]


def test_published_authentication_is_spoken_byte_for_byte_by_both():
    vector = VECTORS["authentication"]
    drawn = iter([bytes.fromhex(number) for number in vector["drawn_by_tag"]])
    fate = Fate(tag := sim.Ntag424(UID, lambda _: next(drawn), is_selected=True))
    answers: list[str] = []

    def transmit(command: bytes) -> Response:
        raw = fate(command)
        answers.append(raw.hex().upper())
        return Response.parse(raw)

    till = bytes.fromhex(vector["drawn_by_till"])
    Card(transmit, lambda _: till).begin_ev2(0, bytes(16))

    assert [command.hex().upper() for command in fate.commands] == vector["commands"]
    assert answers == vector["answers"]
    assert tag.session is not None
    assert tag.session.enc.hex().upper() == VECTORS["settings"]["enc"]
    assert tag.session.mac.hex().upper() == VECTORS["settings"]["mac"]


@pytest.mark.parametrize("fault", ["lost_at", "unheard_at"])
def test_a_run_interrupted_at_any_command_is_mended_by_the_next(fault):
    whole = Fate(sim.Ntag424(UID, drawing()))
    list(run(personalise(transmit_to(whole), drawing(), JOB, PICC)))

    for number in range(len(whole.commands)):
        tag = sim.Ntag424(UID, drawing())
        torn = transmit_to(Fate(tag, **{fault: number}))
        with pytest.raises(CardTornError):
            list(run(personalise(torn, drawing(), JOB, PICC)))
        tag.power_off()

        list(run(personalise(transmit_to(tag), drawing(), JOB, PICC)))

        tag.power_off()
        verify(PICC.read(read_address(transmit_to(tag))), KEYS)
        assert tuple(tag.keys) == JOB.keys.keys


def test_an_address_torn_at_any_byte_is_written_again():
    for bytes_left in range(len(content_of(PICC))):
        tag = sim.Ntag424(UID, drawing())
        tag.memory.bytes_left = bytes_left
        with pytest.raises(CardTornError):
            list(run(personalise(transmit_to(tag), drawing(), JOB, PICC)))
        tag.power_off()

        list(run(personalise(transmit_to(tag), drawing(), JOB, PICC)))

        tag.power_off()
        verify(PICC.read(read_address(transmit_to(tag))), KEYS)


def test_the_master_key_comes_last():
    names = [
        step.name
        for step in personalise(transmit_to(sim.Ntag424(UID, drawing())), drawing(), JOB, PICC)
    ]

    assert names[0] == "write the address"
    assert names[-1] == f"{DANGER} the master key"


def test_a_tag_with_old_keys_gets_new_ones():
    both = Masters(((1, b"M" * 16), (2, b"N" * 16)))
    tag, newer = ours(), tag_keys(both, 2, UID)
    assert verify(PICC.read(read_address(transmit_to(tag))), both).key_version == 1
    tag.power_off()

    list(run(personalise(transmit_to(tag), drawing(), Job(newer, (JOB.keys,)), PICC)))

    tag.power_off()
    assert verify(PICC.read(read_address(transmit_to(tag))), both).key_version == 2
    assert tag.versions == [2] * 5


def test_a_strangers_tag_is_not_touched():
    tag = ours()
    before = list(tag.keys)
    stranger = Job(tag_keys(Masters(((1, b"X" * 16),)), 1, UID), ())

    with pytest.raises(WrongKeyError):
        list(run(personalise(transmit_to(tag), drawing(), stranger, PICC)))

    assert tag.keys == before


def test_a_wiped_tag_is_as_it_was_delivered():
    tag = ours()

    list(run(wipe(transmit_to(tag), drawing(), JOB)))

    assert tuple(tag.keys) == DELIVERED.keys
    assert tag.versions == [0] * 5
    assert tag.settings == sim.DELIVERED
    with pytest.raises(CardRefusedError, match="no address on the tag"):
        read_address(transmit_to(tag))


@pytest.mark.parametrize("cut", [0, 4, 8])
def test_an_answer_without_a_whole_mac_is_never_believed(cut):
    disbelieved = 0
    for number in range(60):
        tag = sim.Ntag424(UID, drawing())
        fate = Fate(
            tag,
            lie_at=number,
            lie=lambda raw: raw[: -2 - cut] + raw[-2:] if cut else bytes((raw[0] ^ 1,)) + raw[1:],
        )
        try:
            list(run(personalise(transmit_to(fate), drawing(), JOB, PICC)))
        except BadMacError:
            disbelieved += 1
            continue
        except CardRefusedError:
            continue
        # A lie about what needs no proof, such as the status of a SELECT, changes nothing.
        assert tuple(tag.keys) == JOB.keys.keys
    assert disbelieved > 10


def test_keys_do_not_show_themselves():
    assert JOB.keys.keys[0].hex() not in repr(JOB)
    assert repr(JOB.keys) == "TagKeys(version=1)"


@pytest.mark.parametrize(
    "answers",
    [
        ["9000", "9000", "9000"],
        ["9000", "9000", "009000"],
        ["9000", "9000", "00ff9000"],
        ["9000", "9000", "0003d101009000"],
        ["9000", "6a82"],
        ["6a82"],
        ["9000", "9000", "6982"],
    ],
)
def test_a_tag_that_makes_no_sense_is_refused(answers):
    remaining = iter(answers)

    with pytest.raises(CardRefusedError):
        read_address(lambda _: Response.parse(bytes.fromhex(next(remaining))))
