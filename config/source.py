"""A TOML file as text: read within limits, parsed, and asked where a key stood."""

import os
import re
import stat
from pathlib import Path
from tomllib import TOMLDecodeError, loads
from typing import Any

from msgspec import Struct

from config.faults import Fault, masked

LINE_LENGTH_MAX = 4096
"""Characters a line: the parser's work grows with the square of a dotted key's length."""
SYNTAX_FAULTS_MAX = 10
"""Syntax faults that are looked for by leaving out the line of the one before."""

_DOTTED = re.compile(
    r"""^[ \t]*\[{0,2}(?:[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.){9}""", re.MULTILINE
)
_PLACE = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end.*)\)$")
_MEANING = {
    "Invalid value": ("this is no TOML value", "text stands in double quotes"),
    "Cannot overwrite a value": ("this key was given before", "keep one of them"),
    "Expected newline or end of document after a statement": (
        "something follows the value",
        "one setting a line; text stands in double quotes",
    ),
    "Expected '=' after a key in a key/value pair": ("no `=` after the key", ""),
    "Illegal character '\\n'": ("the quotes of a text are not closed in its line", ""),
    "Unterminated string": ("the quotes of a text are not closed", ""),
    "Invalid statement": ("this is neither a key, a [table] nor a # comment", ""),
    "Unclosed array": ("a `,` or `]` is missing in the list", ""),
    "Unclosed inline table": ("a `,` or `}` is missing", ""),
}
_RECOVERABLE = (
    "Illegal character",
    "Invalid value",
    "Cannot overwrite",
    "Expected newline",
    "Invalid statement",
)


class Source(Struct, frozen=True):
    """The text of a settings file."""

    file: str
    """Path as it was given."""
    text: str
    """What it holds, line ends as LF."""

    def fault(self, line: int, column: int, message: str, hint: str = "") -> Fault:
        """A fault at a place, with its source line."""
        return Fault(self.file, line, column, "", message, hint, self.line(line))

    def line(self, number: int) -> str:
        """The line with this number (from 1), secrets masked; nothing if there is none."""
        lines = self.text.split("\n")
        return masked(lines[number - 1]) if 0 < number <= len(lines) else ""

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character's offset."""
        line = self.text.count("\n", 0, offset) + 1
        return line, offset - self.text.rfind("\n", 0, offset)


def read(path: Path, size_max: int) -> Source | Fault:
    """The file's text, or why it cannot be read: absent, no plain file, too large, not UTF-8."""
    data = _read_bytes(path, size_max)
    if isinstance(data, Fault):
        return data
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Fault(str(path), line, 1, "", "this is not UTF-8 text", "save the file as UTF-8")
    return Source(str(path), text.replace("\r\n", "\n"))


def parse(source: Source) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """The file's tables, and the faults of its syntax.

    A line with a fault is left out and the rest parsed again, so that several are seen at once.
    """
    faults = _unparsable(source)
    text = "" if faults else source.text
    while len(faults) < SYNTAX_FAULTS_MAX:
        try:
            return loads(text), tuple(faults)
        except TOMLDecodeError as error:
            faults.append(_syntax_fault(source, str(error)))
            if not str(error).startswith(_RECOVERABLE):
                break
            text = _without_line(text, faults[-1].line)
        except RecursionError:
            faults.append(source.fault(0, 0, "lists or tables are nested too deeply"))
            break
    return {}, tuple(faults)


def _read_bytes(path: Path, size_max: int) -> bytes | Fault:
    try:
        # O_NONBLOCK: a named pipe in the file's place must not hold up the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Fault(str(path), 0, 0, "", "is not a plain file")
            data = file.read(size_max + 1)
    except OSError as error:
        return Fault(str(path), 0, 0, "", f"cannot be read: {error.strerror}")
    if len(data) > size_max:
        return Fault(str(path), 0, 0, "", f"is larger than {size_max // 1_000_000} MB")
    return data


def _unparsable(source: Source) -> list[Fault]:
    """What must not reach the parser, because its work would have no limit."""
    if dotted := _DOTTED.search(source.text):
        line, _ = source.place(dotted.start())
        return [source.fault(line, 1, "a key has more than 9 parts")]
    for number, line_text in enumerate(source.text.split("\n"), start=1):
        if len(line_text) > LINE_LENGTH_MAX:
            return [source.fault(number, 1, f"a line is longer than {LINE_LENGTH_MAX} characters")]
    return []


def _syntax_fault(source: Source, error: str) -> Fault:
    match = _PLACE.match(error)
    what = match["what"] if match else error
    message, hint = _MEANING.get(what, (what, ""))
    if match and match["line"]:
        line, column = int(match["line"]), int(match["column"])
    else:
        line, column = source.place(len(source.text.rstrip()))
    if what == "Cannot overwrite a value":
        column = 1  # The parser has passed the value by then.
    return source.fault(line, column, message, hint)


def _without_line(text: str, number: int) -> str:
    lines = text.split("\n")
    lines[number - 1] = ""
    return "\n".join(lines)
