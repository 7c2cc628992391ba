"""Slips and settings for tests of printers."""

from dataclasses import dataclass

from terminal.core.slip import Slip, TextLine


@dataclass(frozen=True)
class PrinterSettings:
    name: str = "receipt"
    host: str = "127.0.0.1"
    port: int = 9100
    path: str = ""
    columns: int = 48
    encoding: str = "gb18030"
    profile: str = "default"
    drawer: bool = False
    answers: bool = True


@dataclass(frozen=True)
class Ready:
    """Something to print that is laid out already."""

    parts: Slip

    def slip(self, columns: int) -> Slip:
        return self.parts


def lines(*texts: str) -> Ready:
    return Ready(tuple(map(TextLine, texts)))
