"""The technician's commands for cards, on a real pcscd with simulated cards in its virtual readers."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from terminal.app.cli import main
from tests.cards.sim.classic import Classic
from tests.cards.sim.cpu import ATR as CPU_ATR
from tests.cards.sim.desfire import ATR as DESFIRE_ATR
from tests.cards.sim.desfire import Desfire
from tests.cards.sim.felica import Felica
from tests.cards.sim.fmcos import Fmcos
from tests.cards.sim.ntag424 import Ntag424
from tests.cards.sim.power import Fate
from tests.cards.sim.sle44xx import sle4442
from tests.cards.sim.ultralight import NTAG213, ULTRALIGHT, Tag
from tests.kit.pcscd import Pcscd, card_is_seen
from tests.kit.process import Process
from tests.kit.vcard import VirtualCard
from tests.kit.waiting import PATIENCE_S, until

UID = bytes.fromhex("04a1b2c3d4e5f6")
OTHER_UID = bytes.fromhex("04a1b2c3d4e5f7")
MASTER, OTHER_MASTER = "4d" * 16, "4e" * 16
READER = "Virtual PCD 00 00"
ADDRESS = "https://example.com/m?e={picc}&c={mac}"
EVERY = ("--ceiling", "100000", "--address", ADDRESS, "--wallet")


@pytest.fixture(scope="module", autouse=True)
def pcscd() -> Iterator[Pcscd]:
    with Pcscd() as running:
        yield running


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return key_file(tmp_path / "keys", MASTER)


def key_file(path: Path, master: str) -> Path:
    path.write_text(f"1 {master}\n")
    path.chmod(0o600)
    return path


def atr_of(card) -> bytes:
    if isinstance(card, Fmcos):
        return CPU_ATR
    return DESFIRE_ATR if isinstance(card, Desfire) else card.atr


@contextmanager
def lying(card, answers=None, power_off=None) -> Iterator[VirtualCard]:
    """Put ``card`` on the reader; ``answers`` are its own, unless something befalls it."""
    power_off = power_off or card.power_off
    try:
        with VirtualCard(answers or card, atr=atr_of(card), power_off=power_off) as there:
            until(lambda: card_is_seen(0), "the card is seen")
            yield there
    finally:
        card.power_off()
        until(lambda: not card_is_seen(0), "the reader is free")


def tallypoint(*words: str) -> CompletedProcess[str]:
    """Run a command as a technician does, but in this process: there are many of them."""
    with redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()) as failed:
        code = main(list(words))
    return CompletedProcess(words, code, said.getvalue(), failed.getvalue())


def do(action: str, *words: str) -> CompletedProcess[str]:
    return tallypoint("card", action, "--reader", READER, "--wait", "10", *words)


def on(card, action: str, *words: str, answers=None) -> CompletedProcess[str]:
    with lying(card, answers):
        return do(action, *words)


def well(said: CompletedProcess[str]) -> str:
    assert (said.returncode, said.stderr) == (0, ""), said
    return said.stdout


MAKES: dict[str, Callable[[], object]] = {
    "Classic": lambda: Classic(UID),
    "Ultralight": lambda: Tag(UID, ULTRALIGHT),
    "NTAG213": lambda: Tag(UID, NTAG213),
    "NTAG 424": lambda: Ntag424(UID, lambda length: bytes(range(length))),
    "DESFire EV2": lambda: Desfire(UID),
    "DESFire EV1": lambda: Desfire(UID, is_ev2=False),
    "SLE4442": sle4442,
    "FM1208": Fmcos,
}


@pytest.mark.parametrize("family", MAKES)
def test_a_card_is_looked_at_made_verified_and_wiped(family: str, keys: Path):
    card = MAKES[family]()
    makes = ("--keys", str(keys), "--number", "100001", *EVERY)
    checks = ("--keys", str(keys), "--address", ADDRESS)

    with lying(card):
        assert "to do" in well(do("personalise", *makes, "--dry-run"))
        assert " done\n" in well(do("personalise", *makes))
        verified = well(do("verify", *checks))
        wiped = do("wipe", *checks, "--yes")
        again = do("verify", *checks)

    assert "number 100001" in verified or family == "NTAG 424"
    assert wiped.returncode == (1 if family == "FM1208" else 0), wiped
    assert again.returncode == (0 if family == "FM1208" else 1), again


def test_info_reads_and_tells_versions_and_free_tries(keys: Path):
    with lying(Desfire(UID)):
        assert "no application of ours" in well(do("info"))
        well(do("personalise", "--keys", str(keys), "--number", "100001", "--ceiling", "100"))
        assert "0: 1, 1: 1, 2: 1, 3: 1" in well(do("info"))

    assert "Tries left before it locks for ever: 3 of 3." in well(on(sle4442(), "info"))
    felica = Felica(bytes.fromhex("012e4cd8a30b1234"))
    assert "FeliCa, identifier 012e4cd8a30b1234" in well(on(felica, "info"))


def test_a_dry_run_and_a_wipe_without_yes_write_nothing(keys: Path):
    card = Classic(UID)
    blank = bytes(card.memory.cells)
    makes = ("personalise", "--keys", str(keys), "--number", "100001")

    with lying(card):
        assert "Nothing was written." in well(do(*makes, "--dry-run"))
        assert bytes(card.memory.cells) == blank

        well(do(*makes))
        made = bytes(card.memory.cells)
        said = do("wipe", "--keys", str(keys))

    assert said.returncode == 1
    assert "--yes" in said.stderr
    assert bytes(card.memory.cells) == made


def test_a_card_that_is_torn_away_says_what_to_do_and_is_finished_by_the_same_command(keys: Path):
    card = Desfire(UID)
    words = ("--keys", str(keys), "--number", "100001", "--ceiling", "100")

    torn = on(card, "personalise", *words, answers=Fate(card, unheard_at=60))
    assert torn.returncode == 1
    assert "Put the same card back" in torn.stderr

    assert "found done" in well(on(card, "personalise", *words))
    assert "number 100001" in well(on(card, "verify", "--keys", str(keys)))


def test_a_card_of_another_member_or_shop_is_not_written(keys: Path, tmp_path: Path):
    card = Classic(UID)
    theirs = key_file(tmp_path / "theirs", OTHER_MASTER)

    with lying(card):
        well(do("personalise", "--keys", str(keys), "--number", "100001"))
        made = bytes(card.memory.cells)
        other = do("personalise", "--keys", str(keys), "--number", "100002")
        stranger = do("personalise", "--keys", str(theirs), "--number", "100002")

    assert (other.returncode, stranger.returncode) == (1, 1)
    assert "carries the number 100001" in other.stderr
    assert "another shop's card" in stranger.stderr
    assert bytes(card.memory.cells) == made


def test_what_cannot_be_written_is_refused_in_words(keys: Path):
    words = ("--keys", str(keys), "--number", "100001")

    assert "--wallet" in on(Fmcos(), "personalise", *words).stderr
    assert "--ceiling" in on(Desfire(UID), "personalise", *words).stderr
    phone = on(Classic(bytes.fromhex("08a1b2c3")), "personalise", *words)
    assert phone.returncode == 1
    assert "another identifier at each tap" in phone.stderr


def test_bad_files_and_words_end_with_78_and_show_no_secret(tmp_path: Path):
    bad = key_file(tmp_path / "bad", MASTER[:-1])
    open_to_all = key_file(tmp_path / "open", MASTER)
    open_to_all.chmod(0o644)
    twice = tmp_path / "twice.csv"
    twice.write_text("number\n100001\n100001\n")
    good = key_file(tmp_path / "good", MASTER)
    batch = ("issue", "--keys", str(good), "--log", str(tmp_path / "log"), "--numbers")

    for words, what in (
        (("verify", "--keys", str(bad)), "line 1"),
        (("verify", "--keys", str(open_to_all)), "chmod 600"),
        (("verify", "--keys", str(tmp_path / "none")), "No such file"),
        (("verify", "--keys", str(good), "--address", "x"), "{mac}"),
        (("personalise", "--keys", str(good), "--number", "x"), "--number"),
        ((*batch, str(twice)), "line 3"),
    ):
        said = tallypoint("card", words[0], "--reader", READER, *words[1:])
        assert said.returncode == 78, said
        assert what in said.stderr
        assert MASTER[:8] not in said.stdout + said.stderr


def test_several_readers_are_told_apart_and_an_empty_one_is_told_of(keys: Path):
    several = tallypoint("card", "info")
    assert several.returncode == 1
    assert "--reader" in several.stderr

    empty = tallypoint("card", "info", "--reader", READER, "--wait", "0")
    assert empty.returncode == 1
    assert "No card came" in empty.stderr


@pytest.fixture
def batch(tmp_path: Path, keys: Path) -> Iterator[Process]:
    (tmp_path / "numbers.csv").write_text("number,name\n100001,A\n100002,B\n")
    words = ("--keys", str(keys), "--ceiling", "100000", "--reader", READER, "--wait", "20")
    files = ("--numbers", str(tmp_path / "numbers.csv"), "--log", str(tmp_path / "log"))
    command = [sys.executable, "-m", "terminal.app.cli", "card", "issue", *words, *files]
    process = Process("batch", command, tmp_path)
    yield process
    if process.is_running:
        process.kill()


def log_of(batch: Process) -> list[dict[str, str]]:
    return [json.loads(line) for line in (batch.folder / "log").read_text().splitlines()]


def test_a_batch_killed_in_the_middle_of_a_card_goes_on_with_that_card(batch: Process):
    first, second = Desfire(UID), Classic(OTHER_UID)
    batch.start()
    powered_off = threading.Event()
    with lying(first, Fate(first, slow_s=0.01), powered_off.set) as there:
        until(lambda: len(there.commands) > 60, "the card is half made")
        powered_off.clear()
        batch.kill()
        assert powered_off.wait(PATIENCE_S), "pcscd powers down what a dead program held"
    with (batch.folder / "log").open("ab") as log:
        log.write(b'{"at": "20')  # As if the power had gone in the middle of a line.

    batch.start()
    with lying(second):
        until(lambda: "100002: done and verified." in batch.log, "the second card is made")
    with lying(first):
        until(lambda: "100001: done and verified." in batch.log, "the first is finished")

    assert batch.wait() == 0
    assert "All 2 cards are done" in batch.log
    done = {said["number"]: said["card"] for said in log_of(batch) if said["event"] == "done"}
    assert done == {"100001": UID.hex(), "100002": OTHER_UID.hex()}
    assert MASTER[:8] not in batch.log + (batch.folder / "log").read_text()


def test_a_batch_goes_on_after_a_torn_card_and_passes_over_one_that_is_done(batch: Process):
    memory, card = sle4442(), Classic(UID)
    batch.start()
    with lying(memory, Fate(memory, unheard_at=12)):
        until(lambda: "Put the same card back" in batch.log, "the card is torn")
    with lying(memory):
        until(lambda: "100001: done and verified." in batch.log, "it is finished")
    with lying(memory):
        until(lambda: "This card is 100001 already" in batch.log, "it is not made twice")
    with lying(card):
        until(lambda: "100002: done and verified." in batch.log, "the next card is made")

    assert batch.wait() == 0
