"""Makes the driver that a section of the settings asks for.

A driver's module is imported only when it is asked for: a till pays at its start for the devices it
has. A library that is missing costs the till that one device, and says so in words.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from config import schema
from drivers.api import CardImage, DeviceLostError, Driver, Emit, Printer
from terminal.core.refusal import Key

if TYPE_CHECKING:
    from drivers.cards.keys import Keys, Masters
    from drivers.cards.proven import Shop

log = logging.getLogger(__name__)


NO_CARDS = schema.Cards()
"""What a till knows of keyed cards that was told nothing."""


class CredentialsError(Exception):
    """What the settings say of keyed cards cannot be used; the message says what, and no secret."""


def make_readers(readers: Sequence[schema.Reader], cards: schema.Cards) -> Iterator[Driver]:
    """Yield the drivers of all card readers, which know the shop's cards if there are keys to them.

    Keys that cannot be used cost the readers that would need them, not the till.
    """
    shop, reason = None, ""
    if _has_keys(cards) and any(isinstance(each, schema.PcscReader) for each in readers):
        try:
            shop = _shop(cards)
        except CredentialsError as error:
            reason = str(error)
    for each in readers:
        if reason and isinstance(each, schema.PcscReader):
            yield Absent(each.name, reason)
        else:
            yield make_reader(each, shop, cards)


def make_addresses(cards: schema.Cards) -> Callable[[str], CardImage | None]:
    """Return what reads addresses that a phone read off tags of the shop; None for all other texts.

    Keys that cannot be used cost the addresses, not the till.
    """
    if not _has_keys(cards) or not cards.sun:
        return lambda _text: None
    try:
        shop = _shop(cards)
    except CredentialsError as error:
        log.warning("signed addresses are not read: %s", error)
        return lambda _text: None

    def read(text: str) -> CardImage | None:
        try:
            return shop.read_address(text)
        except DeviceLostError as error:  # A SAM holds the keys, and does not answer.
            log.warning("a signed address is not read: %s", error)
            return CardImage("ntag424", b"", b"", b"", Key.CARD_UNREADABLE)

    return read


def make_reader(
    settings: schema.Reader, shop: "Shop | None" = None, cards: schema.Cards = NO_CARDS
) -> Driver:
    """Return the driver of a card reader; without ``shop`` no card is asked for a proof."""
    match settings:
        case schema.PcscReader():
            try:
                from drivers.cards.pcsc import PcscReader  # noqa: PLC0415 - see above.
            except ImportError as error:
                return Absent(settings.name, f"the smart card library is missing: {error}")
            if shop is None:
                return PcscReader(settings)
            if not cards.purses:
                return PcscReader(settings, shop.on(settings.passage))
            from drivers.cards.counter import Purses  # noqa: PLC0415 - see above.

            return PcscReader(settings, shop.on(settings.passage), purses=Purses(shop).open)
        case schema.VirtualReader():
            from drivers.virtual.reader import VirtualReader  # noqa: PLC0415 - see above.

            return VirtualReader(settings)
        case _:
            assert_never(settings)


def make_scanner(settings: schema.Scanner) -> Driver:
    """Return the driver of a scanner."""
    match settings:
        case schema.SerialScanner():
            from drivers.scanners.serial import SerialScanner  # noqa: PLC0415 - see above.

            return SerialScanner(settings)
        case schema.VirtualScanner():
            from drivers.virtual.scanner import VirtualScanner  # noqa: PLC0415 - see above.

            return VirtualScanner(settings)
        case _:
            assert_never(settings)


def make_printer(settings: schema.Printer) -> Printer:
    """Return the driver of a receipt printer."""
    match settings:
        case schema.NetworkPrinter():
            from drivers.printers.network import NetworkPrinter  # noqa: PLC0415 - see above.

            return NetworkPrinter(settings)
        case schema.FilePrinter():
            from drivers.printers.file import FilePrinter  # noqa: PLC0415 - see above.

            return FilePrinter(settings)
        case schema.VirtualPrinter():
            from drivers.virtual.printer import VirtualPrinter  # noqa: PLC0415 - see above.

            return VirtualPrinter(settings)
        case _:
            assert_never(settings)


def _has_keys(cards: schema.Cards) -> bool:
    return cards.keys is not None or cards.sam is not None


def _shop(cards: schema.Cards) -> "Shop":
    """Return what the settings say of the shop's cards.

    Raises:
        CredentialsError: The key file or an address cannot be used.
    """
    from drivers.cards.keys import KeyFileError  # noqa: PLC0415 - see above.
    from drivers.cards.ntag424.template import Template, TemplateError  # noqa: PLC0415 - see above.
    from drivers.cards.proven import Shop  # noqa: PLC0415 - see above.

    try:
        keys = _keys(cards)
        templates = tuple(Template.parse(each) for each in cards.sun)
    except OSError as error:
        name = Path(error.filename or "").name
        raise CredentialsError(f"the cards' keys: {error.strerror}: {name}") from error
    except (KeyFileError, TemplateError) as error:
        raise CredentialsError(f"the cards' keys: {error}") from error
    return Shop(keys, templates, cards.wallets)


def _keys(cards: schema.Cards) -> "Keys":
    """Return where the cards' keys come from: the key file, or the SAM.

    Raises:
        CredentialsError: Both are named, or the SAM without the till's key to it.
        KeyFileError, OSError: A file cannot be used.
    """
    if cards.sam is None:
        assert cards.keys is not None
        return _masters(cards.keys)
    if cards.keys is not None or cards.sam_key is None:
        raise CredentialsError(
            "the cards' keys: `sam` needs `sam_key`, and takes the place of `keys`"
        )
    version, key = _masters(cards.sam_key).masters[-1]
    return _sam(cards.sam, cards.sam_host, version, key, cards.sam_entry)


def _masters(name: str) -> "Masters":
    from drivers.cards.keys import CREDENTIAL_MAX, read_masters  # noqa: PLC0415 - see above.

    with Path(name).open("rb") as file:
        return read_masters(file.read(CREDENTIAL_MAX + 1), Path(name).name)


@cache
def _sam(match: str, host: int, version: int, key: bytes, entry: int) -> "Keys":
    """Return the one way to this SAM: nobody else can speak to it meanwhile."""
    try:
        from drivers.cards.sam import Host, SamKeys  # noqa: PLC0415 - see above.
        from drivers.cards.service import reached  # noqa: PLC0415 - see above.
    except ImportError as error:
        raise CredentialsError(f"the smart card library is missing: {error}") from error
    return SamKeys(partial(reached, match), secrets.token_bytes, Host(host, version, key), entry)


class Absent:
    """A device whose driver cannot be loaded: it is down, with the reason, until that is mended."""

    def __init__(self, device: str, reason: str) -> None:
        self.device = device
        self._reason = reason

    def run(self, _emit: Emit, _stop: threading.Event) -> None:
        """Say why there is no driver.

        Raises:
            DeviceLostError: Always.
        """
        raise DeviceLostError(self._reason)
