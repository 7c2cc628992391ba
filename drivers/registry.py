"""Makes the driver that a section of the settings asks for.

A driver's module is imported only when it is asked for: a till pays at its start for the devices it
has. A library that is missing costs the till that one device, and says so in words.
"""

import threading
from typing import assert_never

from config import schema
from drivers.api import DeviceLostError, Driver, Emit, Printer


def make_reader(settings: schema.Reader) -> Driver:
    """Return the driver of a card reader."""
    match settings:
        case schema.PcscReader():
            try:
                from drivers.cards.pcsc import PcscReader  # noqa: PLC0415 - see above.
            except ImportError as error:
                return Absent(settings.name, f"the smart card library is missing: {error}")
            return PcscReader(settings)
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
