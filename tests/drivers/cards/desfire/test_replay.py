"""A session recorded from a physical DESFire EV3, replayed against driver and simulator.

Frames: paultag/desox-rs 0.5.3, src/replay/file_io.replay, commit bce4e669, recorded from an EV3 by
Paul R. Tagliamonte; the MIT licence lies beside them. Each line is a native frame and its answer,
status first. They cover DES and AES authentication, plain, MACed and enciphered files of 328 bytes.

The recording cuts long commands into frames in its own way; driver and recording are compared by what
the frames carry, put together.
"""

from pathlib import Path

import pytest

from drivers.cards.desfire.card import Card
from drivers.cards.desfire.codes import Mode
from drivers.cards.desfire.files import Files
from drivers.cards.seam import BadMacError, CardRefusedError, Response
from tests.cards.sim.ciphers import Block
from tests.cards.sim.desfire import Desfire

LINES = (Path(__file__).parents[1] / "vectors" / "ev3_session.replay").read_text().split("\n")
FRAMES = [tuple(bytes.fromhex(part) for part in line.split()) for line in LINES if line]
APPLICATION = bytes.fromhex("010203")
POEM = b"".join(sent[1:] for sent, _ in FRAMES[11:17])
"""What was written into the first file, in the clear."""
CHALLENGES = (0, 4)
ANSWERS = [i for i, (_, said) in enumerate(FRAMES) if len(said) > 1 and i not in CHALLENGES]
MODES = ((1, Mode.PLAIN), (2, Mode.MAC), (3, Mode.FULL))
ZERO = bytes(16)
DES, AES = Block(ZERO, des=True), Block(ZERO)


def drawn(cipher: Block, challenge: bytes, token: bytes) -> tuple[bytes, bytes]:
    """What reader and card drew: the keys are zero, so a recording tells."""
    card = cipher.decrypt(bytes(cipher.size), challenge)
    return cipher.decrypt(challenge, token)[: cipher.size], card


DES_READER, DES_CARD = drawn(DES, FRAMES[0][1][1:], FRAMES[1][0][1:])
AES_READER, AES_CARD = drawn(AES, FRAMES[4][1][1:], FRAMES[5][0][1:])


class Recording:
    """Answers as recorded, and insists on what was sent then."""

    def __init__(self, frames: list[tuple[bytes, ...]]) -> None:
        self._frames = iter(frames)
        self._sent, self._due = b"", b""
        self._answers: list[bytes] = []
        self.commands = 0

    def __call__(self, command: bytes) -> Response:
        native = bytes((command[1],)) + command[5:-1]
        if native == b"\xaf" and self._answers:
            return self._answer()
        if native[0] != 0xAF or not self._due:
            assert not self._answers, "an answer was not fetched"
            self._take()
            self._sent = native
        else:
            self._sent += native[1:]
        assert self._due.startswith(self._sent), "not what was sent then"
        return self._answer() if self._sent == self._due else Response(b"", 0x91AF)

    def _take(self) -> None:
        """Take one recorded command: its frames put together, and the answers to them."""
        self.commands += 1
        sent, answer = next(self._frames)
        self._due = sent
        while answer == b"\xaf":
            sent, answer = next(self._frames)
            self._due += sent[1:]
        self._answers = [answer]
        if sent[0] not in (0x1A, 0xAA):
            while self._answers[-1][0] == 0xAF:
                self._answers.append(next(self._frames)[1])

    def _answer(self) -> Response:
        answer = self._answers.pop(0)
        if not self._answers:
            self._due = b""
        return Response(answer[1:], 0x9100 | answer[0])


def replay(recording: Recording) -> None:
    """Do with the driver what was done when the session was recorded."""
    reader = iter((DES_READER, AES_READER))
    card = Card(recording, lambda _: next(reader))
    files = Files(card)
    card.begin_des(0, ZERO)
    card.create_application(APPLICATION, 0x09, 1)
    card.select(APPLICATION)
    card.begin_ev1(0, ZERO)
    for number, mode in MODES:
        files.create_data(number, mode, bytes(2), len(POEM), backup=False)
    for number, mode in MODES:
        settings = card.file_settings(number)
        assert (settings.mode, settings.size) == (mode, len(POEM))
        files.write_data(number, POEM, mode)
        assert files.read_data(number, len(POEM), mode) == POEM


def test_the_driver_says_what_was_recorded_and_believes_the_answers():
    recording = Recording(FRAMES)

    replay(recording)

    assert POEM.startswith(b"Had I the heavens' embroidered cloths")
    assert next(recording._frames, None) is None
    assert recording.commands == 18


@pytest.mark.parametrize("line", ANSWERS)
@pytest.mark.parametrize("change", ["one bit", "one byte less", "no MAC"])
def test_an_altered_answer_is_not_believed(line: int, change: str):
    sent, answer = FRAMES[line]
    altered = {
        "one bit": answer[:-1] + bytes((answer[-1] ^ 1,)),
        "one byte less": answer[:-1],
        "no MAC": answer[:1] if len(answer) <= 9 else answer[:-8],
    }[change]

    with pytest.raises((BadMacError, CardRefusedError)):
        replay(Recording([*FRAMES[:line], (sent, altered), *FRAMES[line + 1 :]]))


def test_the_simulator_answers_as_the_card_did_byte_for_byte():
    numbers = iter((DES_CARD, AES_CARD))
    card = Desfire(bytes.fromhex("04782e21801d80"), draw=lambda _: next(numbers))
    card.frame_max = 48

    for sent, answer in FRAMES:
        status, said = card.native(sent[0], sent[1:])
        assert bytes((status,)) + said == answer
