"""``tallypoint card info|personalise|issue|verify|wipe``, for technicians.

Takes a PC/SC reader for itself: the till is stopped, or has another reader. Exit codes: 0 all well, 78 what
was typed or a file is wrong, 1 all else. Keys are in no message: what is raised here carries none.
"""

import argparse
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.api import CardTornError, DeviceLostError
from drivers.cards.families import Order, UnfitError, Verified, Workpiece
from drivers.cards.keys import (
    CREDENTIAL_MAX,
    KeyFileError,
    Masters,
    UnknownVersionError,
    WrongKeyError,
    read_masters,
)
from drivers.cards.ntag424.template import Template, TemplateError
from drivers.cards.purse import AMOUNT_MAX
from drivers.cards.recognise import describe, recognise
from drivers.cards.seam import BadMacError, CardRefusedError, WrongPinError
from drivers.cards.service import Bench
from drivers.cards.sle44xx.chip import WithheldError
from drivers.cards.steps import Progress, rehearse, run
from drivers.cards.storage import Passage
from drivers.cards.ultralight.tags import ULTRALIGHT
from terminal.app.card_batch import (
    BatchError,
    CardOfOthersError,
    Log,
    choose,
    is_number,
    read_numbers,
)
from terminal.app.clock import iso, wall_ms

BAD_SETTINGS = 78
_OTHERS = 0o007
_AROUND_PN532 = ("acr122", "pn53")
"""Readers that let a card's own commands through in their maker's way."""
_NO_KEYS = Masters(((1, bytes(16)),))
"""For commands that use none."""
_CARD_ERRORS = (CardTornError, CardRefusedError, BadMacError, UnfitError, CardOfOthersError)


class _AskedError(Exception):
    """What was typed cannot be carried out; says what to type."""


def run_card(asked: argparse.Namespace) -> int:
    """Carry out ``asked`` and return the exit code."""
    try:
        order = _order(asked)
        with Bench(asked.reader) as bench:
            if asked.action == "issue":
                return _issue(asked, bench, order)
            return _one(asked, bench, order)
    except (KeyFileError, TemplateError, BatchError, _AskedError) as error:
        return _fail(str(error), BAD_SETTINGS)
    except DeviceLostError as error:
        return _fail(
            f"{error}. Look that the reader is plugged in and that pcscd runs "
            "(systemctl status pcscd); name one of several readers with --reader."
        )
    except _CARD_ERRORS as error:
        return _fail(_explain(error))
    except OSError as error:
        if error.filename is None:  # While the log was being written.
            return _fail(
                f"The log cannot be written: {error.strerror}. Make room and run it again."
            )
        return _fail(f"{error.filename}: {error.strerror}.", BAD_SETTINGS)
    except KeyboardInterrupt:
        return _fail("Stopped. Run the same command again to go on.", 0)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _fail(words: str, code: int = 1) -> int:
    sys.stderr.write(words + "\n")
    return code


def _order(asked: argparse.Namespace) -> Order:
    if getattr(asked, "number", None) is not None and not is_number(asked.number):
        raise _AskedError("--number has 4 to 20 digits or capital letters.")
    ceiling = getattr(asked, "ceiling", None)
    if ceiling is not None and not 0 < ceiling <= AMOUNT_MAX:
        raise _AskedError(f"--ceiling is 1 to {AMOUNT_MAX} minor units.")
    address = getattr(asked, "address", None)
    return Order(
        _keys(Path(asked.keys)) if hasattr(asked, "keys") else _NO_KEYS,
        "".join(filter(str.isdigit, iso(wall_ms())))[:14],
        ceiling,
        Template.parse(address) if address else None,
        makes_wallets=getattr(asked, "wallet", False),
        takes_over=getattr(asked, "take_over", False),
    )


def _keys(path: Path) -> Masters:
    state = path.stat()
    if state.st_mode & _OTHERS:
        raise KeyFileError(f"{path}: everybody on this machine can read it; chmod 600 {path}")
    if state.st_size > CREDENTIAL_MAX:
        raise KeyFileError(f"{path}: larger than {CREDENTIAL_MAX} bytes")
    return read_masters(path.read_bytes(), str(path))


@contextmanager
def _workpiece(
    asked: argparse.Namespace, bench: Bench, atr: bytes, order: Order
) -> Iterator[Workpiece]:
    """Yield the card on the bench, recognised, and awake again if that made it sleep."""
    is_pn532 = any(part in bench.reader.casefold() for part in _AROUND_PN532)
    passage = Passage(asked.passage or (Passage.PN532 if is_pn532 else Passage.PCSC))
    with bench.card() as transmit:
        found = recognise(transmit, atr, passage)
    with bench.card(is_reset=found.tag is ULTRALIGHT) as transmit:
        yield Workpiece(transmit, found, order, secrets.token_bytes)


def _one(asked: argparse.Namespace, bench: Bench, order: Order) -> int:
    atr = bench.wait_for_card(asked.wait)
    if atr is None:
        return _fail(f"No card came within {asked.wait} s; put one on {bench.reader}.")
    with _workpiece(asked, bench, atr, order) as piece:
        uid = piece.found.uid.hex() or "none"
        _say(f"{piece.found.name}, identifier {uid}, ATR {atr.hex()}, on {bench.reader}.")
        match asked.action:
            case "info":
                for fact in describe(piece.transmit, piece.found):
                    _say(fact)
            case "verify":
                return _verify(asked, piece)
            case "wipe":
                return _wipe(piece, is_sure=asked.yes)
            case _:
                _personalise(piece, asked.number, is_dry=asked.dry_run)
    return 0


def _verify(asked: argparse.Namespace, piece: Workpiece) -> int:
    said = piece.verify()
    _tell(said)
    if asked.number is not None and said.number != asked.number:
        return _fail(f"It carries {said.number or 'no number'}, not {asked.number}.")
    return 0


def _tell(said: Verified) -> None:
    _say(f"A card of ours, number {said.number}." if said.number else "A tag of ours.")
    for fact in said.facts:
        _say(fact)


def _personalise(piece: Workpiece, number: str, *, is_dry: bool) -> None:
    steps = piece.personalise(number)
    if is_dry:
        _show(rehearse(steps), "to do")
        _say("Nothing was written.")
        return
    _show(run(steps), "done")
    _tell(piece.verify())


def _wipe(piece: Workpiece, *, is_sure: bool) -> int:
    steps = piece.wipe()
    if not is_sure:
        _show(rehearse(steps), "to do")
        return _fail("Nothing was written. Money on the card would be lost; add --yes to do it.")
    _show(run(steps), "done")
    _say("The card is as it was delivered, but for what cannot be taken back.")
    return 0


def _show(steps: Iterator[Progress], word: str) -> None:
    for step in steps:
        _say(f"{step.number}/{step.of} {step.name}: {'found done' if step.was_done else word}")


def _issue(asked: argparse.Namespace, bench: Bench, order: Order) -> int:
    numbers = read_numbers(Path(asked.numbers))
    log = Log(Path(asked.log), lambda: iso(wall_ms()))
    for number in asked.give_up:
        if number not in log.begun:
            raise _AskedError(f"{number} is not being made; --give-up is for such numbers.")
        log.write("given up", number, log.begun[number])
    while left := [number for number in numbers if number not in log.done]:
        _say(f"{len(numbers) - len(left)} of {len(numbers)} done. Put a card on {bench.reader}.")
        atr = bench.wait_for_card(asked.wait)
        if atr is None:
            return _fail(f"No card came within {asked.wait} s; run the command again to go on.")
        try:
            with _workpiece(asked, bench, atr, order) as piece:
                _issue_one(piece, numbers, log)
        except _CARD_ERRORS as error:
            _say(_explain(error))
        _say("Take the card away.")
        if not bench.wait_until_free(asked.wait):
            return _fail("The card was not taken away; run the command again to go on.")
    _say(f"All {len(numbers)} cards are done; {asked.log} tells which card has which number.")
    return 0


def _issue_one(piece: Workpiece, numbers: tuple[str, ...], log: Log) -> None:
    card = piece.found.uid.hex()
    number = choose(log, numbers, card, piece.number())
    steps = piece.personalise(number)
    log.write("begun", number, card, piece.found.name)
    _say(f"{number}: {piece.found.name} {card}")
    try:
        for step in run(steps):
            _say(f"{number}: {step.number}/{step.of} {step.name}")
            log.write("step", number, card, step.name)
        said = piece.verify()
    except _CARD_ERRORS as error:
        log.write("stopped", number, card, str(error))
        raise
    if said.number not in (None, number):
        raise CardRefusedError(f"it reads as {said.number}, not as {number}")
    log.write("done", number, card, " ".join(said.facts))
    _say(f"{number}: done and verified.")


def _explain(error: Exception) -> str:
    """Return what went wrong and what to do about it."""
    match error:
        case UnfitError() | CardOfOthersError():
            return str(error)
        case CardTornError():
            hint = (
                "Put the same card back, lay it still, and run the same command again: what is done "
                "is found done. If another program has the reader, stop it (systemctl stop tallypoint)."
            )
        case UnknownVersionError():
            hint = f"Add the master of version {error.version} to the keys file, above the newest."
        case WrongKeyError():
            hint = "It is another shop's card, or the keys file lacks the keys it was made with."
        case WithheldError() | WrongPinError():
            hint = (
                f"Tries left: {error.tries_left}. Do not try again with these keys: "
                "after the last try the card is locked for ever."
            )
        case BadMacError():
            hint = "What the card said cannot be believed: another shop's card, or a copy."
        case _:
            hint = "Look at it with: tallypoint card info. If it was begun here, run the command again."
    return f"{error}. {hint}"
