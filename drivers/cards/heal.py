"""When a reader is beyond a fresh start: its USB port is switched off and on, where that is allowed.

Source: Linux, Documentation/usb/authorization.rst: 0 in a device's ``authorized`` takes it away from its
driver, 1 gives it back. An ACR122U that hangs until it is plugged in again has been reported from the
field; whether this frees each reader is unproven.
"""

import logging
import threading
from pathlib import Path

FAILURES_MAX = 5
"""So many failures in a row, with not one card read between, are not the cards' fault."""
OFF_S = 1.0

log = logging.getLogger(__name__)


class Healer:
    """Counts what goes wrong on one reader, and knows its switch, if it has one."""

    def __init__(self, switch: Path | None, off_s: float = OFF_S) -> None:
        self._switch = switch
        self._off_s = off_s
        self._failures = 0

    def well(self) -> None:
        """Note that a card was read."""
        self._failures = 0

    def failed(self) -> bool:
        """Note a failure; return whether the reader was switched off and on because of it."""
        self._failures += 1
        if self._switch is None or self._failures < FAILURES_MAX:
            return False
        self._failures = 0
        try:
            self._switch.write_text("0")
            threading.Event().wait(self._off_s)
            self._switch.write_text("1")
        except OSError as error:
            log.warning("the reader cannot be switched off and on: %s", error)
            return False
        return True
