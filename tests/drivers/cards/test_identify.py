"""Telling cards apart: a table of cards, honest and hostile, and the law that none of them crashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import CardImage, CardTornError
from drivers.cards.identify import MEMBER_AID, read_card
from drivers.cards.seam import CardRefusedError, Response

ATR = bytes.fromhex("3b80800101")
STORAGE_ATR = bytes.fromhex("3b8f8001804f0ca000000306030001000000006a")  # PC/SC part 3, Classic 1K
FELICA_ATR = bytes.fromhex("3b8f8001804f0ca00000030603f011000000008a")  # ACR122U API 2.04, 3.1
SELECT = "00a4040007f054414c4c590100"
READ = "00b00000ff"
GET_UID = "ffca000000"


class Card:
    """Answers from a table; what is not in it is an unknown instruction."""

    def __init__(self, **answers: str):
        self._answers = {key: bytes.fromhex(raw) for key, raw in answers.items()}
        self.commands: list[str] = []

    def transmit(self, command: bytes) -> Response:
        self.commands.append(command.hex())
        return Response.parse(self._answers.get(command.hex(), b"\x6d\x00"))


def test_the_application_is_named_tally_in_the_unregistered_range():
    assert MEMBER_AID == b"\xf0TALLY\x01"


@pytest.mark.parametrize(
    ("atr", "answers", "family", "uid", "data", "commands"),
    [
        (ATR, {SELECT: "9000", READ: b"TP1".hex() + "9000"}, "iso7816", "", b"TP1", 2),
        (ATR, {SELECT: "6f009000", READ: b"TP1".hex() + "6282"}, "iso7816", "", b"TP1", 2),
        (ATR, {SELECT: "6114", "00c0000014": "6f009000", READ: "6c03",
               "00b0000003": b"TP1".hex() + "9000"}, "iso7816", "", b"TP1", 4),
        (ATR, {SELECT: "9000", READ: "00" * 255 + "9000"}, "iso7816", "", bytes(255), 2),
        (ATR, {SELECT: "6a82", GET_UID: "04a1b2c3d4e5f69000"}, "uid", "04a1b2c3d4e5f6", b"", 2),
        (ATR, {SELECT: "6d00", GET_UID: "08a1b2c39000"}, "uid", "08a1b2c3", b"", 2),
        (STORAGE_ATR, {GET_UID: "04a1b2c39000"}, "uid", "04a1b2c3", b"", 1),
        (STORAGE_ATR, {GET_UID: "00112233445566778899" + "9000"}, "uid", "00112233445566778899", b"", 1),
        (b"", {SELECT: "6a82", GET_UID: "04a1b2c39000"}, "uid", "04a1b2c3", b"", 2),
        (FELICA_ATR, {GET_UID: "012e4cd8a30b12349000"}, "felica", "012e4cd8a30b1234", b"", 1),
    ],
    ids=["application", "end of file warned of", "T=0", "fullest file", "no application",
         "random identifier", "MIFARE Classic", "ten-byte identifier", "no ATR", "FeliCa"],
)  # fmt: skip
def test_a_card_is_told_by_what_it_answers(atr, answers, family, uid, data, commands):
    card = Card(**answers)

    assert read_card(card.transmit, atr) == CardImage(family, bytes.fromhex(uid), atr, data)
    assert len(card.commands) == commands


@pytest.mark.parametrize(
    ("atr", "answers", "reason"),
    [
        (ATR, {SELECT: "9000", READ: "9000"}, "member file of 0 bytes"),
        (ATR, {SELECT: "9000", READ: "00" * 256 + "9000"}, "member file of 256 bytes"),
        (ATR, {SELECT: "9000", READ: "00" * 257 + "9000"}, "answer of 259 bytes"),
        (ATR, {SELECT: "9000", READ: "00" * 10_000 + "9000"}, "answer of 10002 bytes"),
        (ATR, {SELECT: "9000", READ: "6982"}, "READ BINARY: SW=6982"),
        (ATR, {SELECT: "9000", READ: "6cff"}, "READ BINARY: SW=6CFF"),
        (ATR, {SELECT: "6110", "00c0000010": "6110", GET_UID: "6300"}, "GET UID: SW=6300"),
        (ATR, {}, "GET UID: SW=6D00"),
        (ATR, {GET_UID: "9000"}, "identifier of 0 bytes"),
        (ATR, {GET_UID: "0102039000"}, "identifier of 3 bytes"),
        (ATR, {GET_UID: "00" * 11 + "9000"}, "identifier of 11 bytes"),
        (bytes(34), {GET_UID: "04a1b2c39000"}, "ATR of 34 bytes"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused_with_the_reason(atr, answers, reason):
    with pytest.raises(CardRefusedError, match=reason):
        read_card(Card(**answers).transmit, atr)


@given(st.binary(max_size=40), st.lists(st.binary(max_size=300), max_size=6))
def test_whatever_a_card_answers_it_is_an_image_or_a_refusal(atr, answers):
    remaining = iter(answers)
    commands = 0

    def transmit(_: bytes) -> Response:
        nonlocal commands
        commands += 1
        return Response.parse(next(remaining, b""))

    try:
        card = read_card(transmit, atr)
    except (CardRefusedError, CardTornError):
        assert commands <= 5
    else:
        assert card.family in ("uid", "iso7816")
        assert len(card.data) <= 255
        assert len(card.uid) <= 10
