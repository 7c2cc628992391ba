"""What is wrong in a settings file, where, and what was probably meant."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from msgspec import Struct

FAULTS_MAX = 200
"""More faults than this are not shown: the file is not what it was taken for."""
LINE_SHOWN_MAX = 100
"""Characters of a source line that are shown."""
SECRET = re.compile(r"(?i)(pass|secret|pin|token|pepper|key|credential)")
"""A key with one of these words in it may hold a secret: its value is shown to nobody."""
_SECRET_ASSIGNMENT = re.compile(
    r"(?i)([\w\"'.-]*(?:pass|secret|pin|token|pepper|key|credential)[\w\"'.-]*\s*=\s*).*"
)


_SECRET_ADDRESS = re.compile(r"(://[^@/\s]*:)[^@/\s]*@")
"""An address with a password in it."""


class Problem(Struct, frozen=True):
    """Something wrong, by the keys that lead to it, not yet by its line."""

    path: tuple[str | int, ...]
    """Keys and indexes from the top of the file."""
    message: str
    """What is wrong, in words that follow the key and a colon."""
    hint: str = ""
    """What was probably meant or what to do, or nothing."""
    on_key: bool = False
    """Whether the caret belongs under the key instead of the value."""
    is_absence: bool = False
    """Whether something is missing, which a line that cannot be read may well hold."""
    word: str = ""
    """What was written instead of one of `choices`."""
    choices: tuple[str, ...] = ()
    """What would have been right; the nearest becomes the hint."""


class Fault(Struct, frozen=True):
    """Something wrong at a place of a file."""

    file: str
    """Path of the file as it was given."""
    line: int
    """Line from 1; 0 where the fault is about the file as a whole."""
    column: int
    """Column from 1, in characters; 0 as above."""
    key: str
    """The setting, such as `printers[2].columns`, or nothing."""
    message: str
    """What is wrong."""
    hint: str = ""
    """What was probably meant or what to do, or nothing."""
    source: str = ""
    """The line of the file, secrets masked, or nothing."""


class ConfigError(Exception):
    """A settings file cannot be used; `faults` says why, all of it at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(one_line(fault) for fault in faults))
        self.faults: tuple[Fault, ...] = tuple(faults)


def key_name(path: Iterable[str | int]) -> str:
    """The setting's name as people say it, tables counted from 1.

    >>> key_name(("printers", 1, "columns"))
    'printers[2].columns'
    """
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part + 1}]"
        else:
            name += f".{plain(part)}" if name else plain(part)
    return name


def plain(text: str) -> str:
    """The text with whatever could move the cursor or hide other text replaced by U+FFFD."""
    return "".join(char if _is_visible(char) else "\ufffd" for char in text.replace("\t", " "))


def one_line(fault: Fault) -> str:
    """The fault as `file:line:column: key: what is wrong (hint)`."""
    place = f"{fault.file}:{fault.line}:{fault.column}" if fault.line else fault.file
    key = f"{fault.key}: " if fault.key else ""
    hint = f" ({fault.hint})" if fault.hint else ""
    return f"{place}: {key}{fault.message}{hint}"


def render(fault: Fault) -> str:
    """The fault with its source line and a caret under the place."""
    if not fault.source:
        return one_line(fault)
    skipped = max(0, fault.column - LINE_SHOWN_MAX // 2) if _is_long(fault.source) else 0
    shown = fault.source[skipped : skipped + LINE_SHOWN_MAX]
    gutter = f"{fault.line:>5} | "
    indent = " " * (len(gutter) - 2) + "| " + " " * _width(shown[: fault.column - 1 - skipped])
    return f"{one_line(fault)}\n{gutter}{shown}\n{indent}^"


def render_all(faults: Sequence[Fault]) -> str:
    """All faults, one block each, and their count."""
    count = f"{len(faults)} fault{'' if len(faults) == 1 else 's'}"
    return "\n".join([*(render(fault) for fault in faults), count])


def masked(line: str) -> str:
    """The source line without the values of keys that may hold secrets.

    >>> masked('pin = "1234"')
    'pin = ***'
    >>> masked('data = "postgresql://me:1234@db/shop"')
    'data = "postgresql://me:***@db/shop"'
    """
    return plain(_SECRET_ASSIGNMENT.sub(r"\1***", _SECRET_ADDRESS.sub(r"\1***@", line)))


def _is_visible(char: str) -> bool:
    return char == " " or unicodedata.category(char)[0] not in "CZ"


def _is_long(text: str) -> bool:
    return len(text) > LINE_SHOWN_MAX


def _width(text: str) -> int:
    """Columns that the text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
