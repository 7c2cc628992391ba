"""What the counter is given: every read of the page and the API, wired to the back office and the worker."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from config.schema import Terminal
from terminal.app import apikeys, clock
from terminal.app.backtests import BackTests
from terminal.app.clerk import Clerk
from terminal.app.errands import ErrandError, Errands
from terminal.app.promotions import InForce
from terminal.core.pricing.rules import RuleBook
from terminal.counter.services import Services, VirtualDevice

PEPPER_BYTES, PEPPER_BYTES_MIN = 32, 16
NO_BOOK = RuleBook("", "", (), None)

log = logging.getLogger(__name__)


class StartError(Exception):
    """The till cannot start; the message says what to do."""


def services_of(
    settings: Terminal,
    clerk: Clerk,
    errands: Errands,
    virtual: tuple[VirtualDevice, ...],
    promotions: Callable[[], InForce],
) -> Services:
    """Return what the counter of the till with these settings reads."""
    data_dir = Path(settings.terminal.data_dir)

    def png(number: str) -> bytes | None:
        drawing = clerk.ask(lambda office: office.receipt_drawing(number))
        if drawing is None:
            return None
        try:
            return errands.run("slip_png", drawing)
        except ErrandError as error:
            log.warning("no picture: %s", error)
            return None

    return Services(
        store=settings.terminal.store,
        terminal=settings.terminal.id,
        currency=settings.terminal.currency,
        locale=settings.terminal.locale,
        title=settings.receipt.title,
        pepper=load_pepper(Path(settings.pepper())),
        virtual=virtual,
        now_ms=clock.wall_ms,
        random_bytes=os.urandom,
        operator=lambda number: clerk.ask(lambda office: office.operator(number)),
        api_keys=apikeys.Keys(apikeys.path_in(data_dir)).known,
        receipt=lambda number: clerk.ask(lambda office: office.receipt(number)),
        receipt_text=lambda number: clerk.ask(lambda office: office.receipt_text(number)),
        receipt_png=png,
        entry=lambda seq: clerk.ask(lambda office: office.entry(seq)),
        backtests=BackTests(settings.terminal, errands),
        explain=lambda seq: clerk.ask(lambda office: office.explain(seq)),
        search_members=lambda text, n: clerk.ask(lambda office: office.members.search(text, n)),
        points=lambda account: clerk.ask(
            lambda office: office.points(account, promotions().over(NO_BOOK).points)
        ),
        search_goods=lambda text, n: clerk.ask(lambda office: office.catalog.search_goods(text, n)),
        tray=lambda: clerk.ask(lambda office: office.tray()),
    )


def load_pepper(path: Path) -> bytes:
    """Return the till's secret for PINs; it is drawn at the first start and is there whole or not at all.

    Raises:
        StartError: The file holds too little: PINs hashed with it would be as good as bare.
    """
    try:
        secret = path.read_bytes()[:PEPPER_BYTES]
    except FileNotFoundError:
        secret = os.urandom(PEPPER_BYTES)
        beside = path.with_name(path.name + ".new")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    if len(secret) < PEPPER_BYTES_MIN:
        raise StartError(
            f"cannot start: the pepper {path} holds {len(secret)} bytes, at least {PEPPER_BYTES_MIN};"
            " put the file back from a backup, or remove it and have every operator's PIN set anew"
        )
    return secret
