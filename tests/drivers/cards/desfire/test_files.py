"""Every kind of file in every mode, staging and rights, and parsers that hostile cards speak to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import CardTornError
from drivers.cards.desfire.card import Card
from drivers.cards.desfire.codes import Command, Mode, rights
from drivers.cards.desfire.ev2 import Ev2Channel
from drivers.cards.desfire.files import Files
from drivers.cards.desfire.legacy import AES, DES, LegacyChannel
from drivers.cards.desfire.settings import FileSettings, FileType, Version
from drivers.cards.desfire.tmac import TransactionMac
from drivers.cards.purse import DoubtError, Record
from drivers.cards.seam import BadMacError, CardRefusedError, Response
from tests.cards.issued import EV1, EV2, UID, Drawn, blank, moved, opened
from tests.cards.link import Link
from tests.cards.sim.desfire import Desfire

APPLICATION, ZERO = b"APP", bytes(16)
MAKES = pytest.mark.parametrize("make", [EV1, EV2], ids=["EV1", "EV2"])
MODES = pytest.mark.parametrize("mode", list(Mode))
RIGHTS = rights(1, 1, 1, 0)
ODD_ENDS = (CardTornError, CardRefusedError, BadMacError, DoubtError)


def application(make, *, create: bool = True) -> tuple[Desfire, Card, Files]:
    """An empty application with two keys of zeros, opened with key 1."""
    sim = blank(make)
    card = Card(Link(sim), Drawn())
    card.create_application(APPLICATION, 0x0F, 2)
    card.select(APPLICATION)
    (card.begin_ev1 if make is EV1 else card.begin_ev2)(1, ZERO)
    return sim, card, Files(card)


@MAKES
@MODES
@pytest.mark.parametrize("length", [1, 15, 16, 17, 52, 53, 300])
def test_data_is_read_as_it_was_written(make, mode: Mode, length: int):
    _, card, files = application(make)
    files.create_data(1, mode, RIGHTS, length, backup=False)
    data = bytes(range(1, 60)) * 6

    files.write_data(1, data[:length], mode)

    assert files.read_data(1, length, mode) == data[:length]
    settings = card.file_settings(1)
    assert (settings.type, settings.mode, settings.size) == (FileType.STANDARD, mode, length)


@MAKES
@MODES
def test_what_is_staged_in_a_backup_file_is_true_only_after_the_commit(make, mode: Mode):
    sim, _, files = application(make)
    files.create_data(1, mode, RIGHTS, 4, backup=True)

    files.write_data(1, b"once", mode)
    assert files.read_data(1, 4, mode) == bytes(4)
    files.commit()
    assert files.read_data(1, 4, mode) == b"once"
    files.write_data(1, b"then", mode)
    files.abort()
    assert files.read_data(1, 4, mode) == b"once"
    files.write_data(1, b"then", mode)
    sim.power_off()
    card = Card(Link(sim), Drawn())
    card.select(APPLICATION)
    card.begin_ev1(1, ZERO)
    assert Files(card).read_data(1, 4, mode) == b"once"


@MAKES
@MODES
def test_values_go_up_and_down_within_their_limits(make, mode: Mode):
    _, card, files = application(make)
    files.create_value(2, mode, RIGHTS, (-50, 1000, 20))

    files.change_value(Command.DEBIT, 2, 70, mode)
    files.commit()

    assert files.get_value(2, mode) == -50
    assert (card.file_settings(2).lower, card.file_settings(2).upper) == (-50, 1000)
    with pytest.raises(CardRefusedError, match="SW=91BE"):
        files.change_value(Command.DEBIT, 2, 1, mode)


@MAKES
@MODES
@pytest.mark.parametrize("cyclic", [False, True])
def test_records_are_kept_newest_first(make, mode: Mode, cyclic):
    _, card, files = application(make)
    files.create_records(3, mode, RIGHTS, (16, 3), cyclic=cyclic)
    for number in range(3):
        files.write_record(3, bytes((number,)) * 16, mode)
        files.commit()

    assert files.read_record(3, 0, 16, mode) == b"\x02" * 16
    assert files.read_record(3, 2, 16, mode) == bytes(16)
    assert card.file_settings(3).records == 3
    files.clear_records(3)
    files.commit()
    with pytest.raises(CardRefusedError, match="SW=91BE"):
        files.read_record(3, 0, 16, mode)


@MAKES
def test_a_full_cyclic_file_drops_its_oldest_record(make):
    _, _, files = application(make)
    files.create_records(3, Mode.FULL, RIGHTS, (8, 2), cyclic=True)
    for number in range(4):
        files.write_record(3, bytes((number,)) * 8, Mode.FULL)
        files.commit()

    assert files.read_record(3, 1, 8, Mode.FULL) == b"\x02" * 8
    with pytest.raises(CardRefusedError):
        files.read_record(3, 2, 8, Mode.FULL)


@MAKES
def test_rights_and_modes_are_changed_and_files_deleted(make):
    sim, card, files = application(make)
    files.create_data(1, Mode.PLAIN, RIGHTS, 4, backup=False)
    (card.begin_ev1 if make is EV1 else card.begin_ev2)(0, ZERO)

    files.change_settings(1, Mode.FULL, rights(0, 0, 0, 0))

    settings = card.file_settings(1)
    assert (settings.mode, settings.rights) == (Mode.FULL, rights(0, 0, 0, 0))
    files.delete(1)
    assert card.files() == b""
    assert sim.applications[APPLICATION].files == {}


@MAKES
def test_a_file_is_closed_to_other_keys(make):
    _, card, files = application(make)
    files.create_data(1, Mode.FULL, rights(0, 0, 0, 0), 4, backup=False)

    with pytest.raises(CardRefusedError, match="SW=919D") as caught:
        files.read_data(1, 4, Mode.FULL)

    assert caught.value.status == 0x919D
    with pytest.raises(CardRefusedError):  # The card ended the session, and so did we.
        files.read_data(1, 4, Mode.FULL)
    assert not card.is_ev2


@MAKES
def test_the_cards_real_identifier_is_told_under_protection(make):
    _, card, _ = application(make)
    assert card.uid() == UID


def test_another_key_takes_over_within_one_ev2_session():
    _, card, files = application(EV2)
    channel = card._channel
    assert isinstance(channel, Ev2Channel)
    card.key_version(0)

    card.begin_ev2_again(0, ZERO)
    files.create_data(1, Mode.FULL, RIGHTS, 4, backup=False)

    again = card._channel
    assert isinstance(again, Ev2Channel)
    assert (again.transaction, again.counter) == (channel.transaction, 2)


@MAKES
def test_a_key_is_changed_and_its_version_told(make):
    sim, card, _ = application(make)
    (card.begin_ev1 if make is EV1 else card.begin_ev2)(0, ZERO)

    card.change_key(1, ZERO, b"n" * 16, 7)
    assert card.key_version(1) == 7
    with pytest.raises(CardRefusedError, match="SW=911E"):
        card.change_key(1, ZERO, b"m" * 16, 8)
    assert sim.applications[APPLICATION].keys[1] == (b"n" * 16, 7)


@given(st.binary(max_size=40))
def test_whatever_describes_a_card_or_a_file_is_parsed_or_refused(raw: bytes):
    for parse in (Version.parse, FileSettings.parse, TransactionMac.parse, Record.parse):
        try:
            parse(raw)
        except CardRefusedError as error:
            assert len(str(error)) < 100


@given(st.binary(max_size=80), st.sampled_from(list(Mode)), st.integers(0, 48))
def test_whatever_an_answer_is_a_channel_opens_it_or_does_not_believe_it(raw, mode, length):
    channels = (
        LegacyChannel(ZERO, AES),
        LegacyChannel(ZERO, DES),
        Ev2Channel(ZERO, ZERO, b"\0" * 4),
    )
    for channel in channels:
        try:
            channel.open(raw, mode, length)
        except BadMacError:
            continue
        # Only EV2 has answers without protection, where the caller asked for none.
        assert isinstance(channel, Ev2Channel)
        assert mode is Mode.PLAIN


@given(st.lists(st.binary(max_size=70), max_size=12))
def test_whatever_a_card_answers_a_purchase_ends_and_is_not_believed(answers: list[bytes]):
    remaining = iter([UID + b"\x90\x00", b"\x91\x00", *answers])

    with pytest.raises(ODD_ENDS):
        opened(lambda _: next(remaining, b"")).move(moved(1))


def test_an_answer_without_end_is_given_up():
    card = Card(lambda _: Response(bytes(200), 0x91AF), Drawn())

    with pytest.raises(CardRefusedError, match="without end"):
        card.applications()
    with pytest.raises(CardRefusedError, match="without end"):
        Card(lambda _: Response(b"", 0x91AF), Drawn()).applications()
