"""A scanner on a pseudo-terminal: what a gun sends down a serial line, and how it is unplugged."""

import os
import tty
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class Gun:
    """A serial scanner, found at ``path`` while it is plugged in.

    The path is a link, as in ``/dev/serial/by-id``: after each plugging in it leads to a new line.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "usb-gun"
        self._ours = -1
        self._theirs = -1

    def __enter__(self) -> Self:
        self.plug_in()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unplug()

    def plug_in(self) -> None:
        """Make the line appear."""
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path.symlink_to(os.ttyname(self._theirs))

    def unplug(self) -> None:
        """Make the line vanish under whoever reads it; harmless when it is gone already."""
        self.path.unlink(missing_ok=True)
        for end in (self._ours, self._theirs):
            with suppress(OSError):
                os.close(end)
        self._ours = self._theirs = -1

    def send(self, code: bytes) -> None:
        """Send bytes as they are; the suffix is part of them."""
        while code:
            code = code[os.write(self._ours, code) :]
