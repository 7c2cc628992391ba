"""FeliCa by its IDm. No public vector exists; what the bytes mean is from the standards the driver names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.felica import is_felica, read_idm
from drivers.cards.seam import CardRefusedError, Response
from terminal.core.cards import medium
from tests.cards.sim.felica import Felica
from tests.drivers.cards.seams import transmit_to

IDM = bytes.fromhex("012e4cd8a30b1234")


@pytest.mark.parametrize("is_fast", [False, True])
def test_a_card_is_known_by_what_its_reader_says(is_fast):
    assert is_felica(Felica(IDM, is_fast).atr)


def test_an_idm_names_a_medium():
    idm = read_idm(transmit_to(Felica(IDM)))

    assert idm == IDM
    assert medium("felica", idm, b"") == "uid:012e4cd8a30b1234"


@pytest.mark.parametrize("first", ["01fe", "02fe"])
def test_an_idm_made_up_by_a_phone_is_refused(first):
    with pytest.raises(CardRefusedError, match="made up by a phone"):
        read_idm(transmit_to(Felica(bytes.fromhex(first) + IDM[2:])))


@given(st.binary(max_size=300))
def test_whatever_a_reader_answers_is_an_idm_or_refused(raw):
    try:
        idm = read_idm(lambda _: Response.parse(raw + b"\x90\x00"))
    except CardRefusedError:
        return
    assert len(idm) == 8
