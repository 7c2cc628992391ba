"""How text reaches a printer: Chinese in GB18030 or GBK, UTF-8, or one of its code pages.

A character set turns composed text, our own ESC/POS marks in it included, into bytes. What a
printer cannot print becomes something visible of the same width: ``〓`` for a full-width character
(the printer's customary mark for a missing one), ``?`` for a narrow one.

Python-escpos sends bare GB18030 without ``FS &``, decides by string and not by character, and lets
one job's bytes depend on the job before; so this is our own.

Sources: GB 18030-2022; Epson ESC/POS reference, ``FS &``, ``FS .``, ``FS ( C``, ``ESC t``.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from terminal.core.slip import width

_CHINESE_ON, _CHINESE_OFF = "\x1c&", "\x1c."
_NOT_ASCII = re.compile("([^\x00-\x7f]+)")
_WIDE_SUBSTITUTE, _NARROW_SUBSTITUTE = "〓", "?"
_WITHOUT_SIGN = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode's categories of controls and format marks: dropped, so that no name can hold a command."""
_WITHOUT_GLYPH = frozenset({"Cn", "Co", "Cs"})
"""Unassigned, private, half a surrogate pair."""
_RARE_IDEOGRAPHS = (range(0x3400, 0x4DC0), range(0x9FA6, 0xA000), range(0x20000, 0x33480))
"""Extension A, what came after GBK, and extensions B to H: printed from four-byte GB18030."""
CODE_PAGES = {"cp437": 0, "cp850": 2, "cp860": 3, "cp863": 4, "cp865": 5} | {
    "cp1252": 16, "cp866": 17, "cp852": 18, "cp858": 19,
}  # fmt: skip
"""The numbers of ``ESC t`` that nearly all printers agree on; a profile may know more."""


@dataclass(frozen=True, slots=True)
class Charset:
    """One way to write text."""

    start: bytes
    """What selects it, right after ``ESC @``."""
    is_chinese: bool
    """Whether ``FS !`` sizes full-width characters apart from the others."""
    encode: Callable[[str], bytes]
    """Turns composed text, cleaned by :func:`printable`, into bytes; never fails."""


def charset(encoding: str, code_pages: dict[str, int]) -> Charset:
    """Return the character set that the settings call ``encoding``.

    ``code_pages`` are the printer's own, by Python's name for them.

    Raises:
        KeyError: The printer has no such code page.
    """
    match encoding:
        case "gb18030":
            return Charset(b"\x1c.", is_chinese=True, encode=_gb18030)
        case "gbk":
            return Charset(b"\x1c.", is_chinese=True, encode=_gbk)
        case "utf-8":
            return Charset(b"\x1c(C\x02\x000\x02", is_chinese=True, encode=str.encode)
        case _:
            page = bytes((code_pages[encoding],))
            return Charset(
                b"\x1c.\x1bt" + page,
                is_chinese=False,
                encode=lambda text: _code_page(text, encoding),
            )


def printable(text: str) -> str:
    r"""Return ``text`` without control characters; what has no glyph becomes a visible mark.

    >>> printable("\x1b@张\n三\ue000")
    '@张三〓'
    """
    if text.isprintable():
        return text
    return "".join(map(_printable_char, text))


def _printable_char(char: str) -> str:
    category = unicodedata.category(char)
    if category in _WITHOUT_SIGN:
        return ""
    return substitute(char) if category in _WITHOUT_GLYPH else char


def substitute(char: str) -> str:
    """Return what stands for ``char`` where it cannot be printed: as wide, and plainly not it."""
    if width(char) > 1:
        return _WIDE_SUBSTITUTE
    plain = unicodedata.normalize("NFKD", char)[0]
    return plain if " " <= plain <= "~" else _NARROW_SUBSTITUTE


def _gb18030(text: str) -> bytes:
    text = _full_width_yuan(text)
    try:
        return _switched(text).encode("gbk")
    except UnicodeEncodeError:
        fitting = "".join(
            char if char.isascii() or _has_gb18030_glyph(char) else substitute(char)
            for char in text
        )
        return _switched(fitting).encode("gb18030")


def _gbk(text: str) -> bytes:
    text = _full_width_yuan(text)
    try:
        return _switched(text).encode("gbk")
    except UnicodeEncodeError:
        return _switched(_fitting(text, "gbk")).encode("gbk")


def _code_page(text: str, name: str) -> bytes:
    try:
        return text.encode(name)
    except UnicodeEncodeError:
        fitting = _fitting(text, name).replace(_WIDE_SUBSTITUTE, _NARROW_SUBSTITUTE * 2)
        return fitting.encode(name)


def _full_width_yuan(text: str) -> str:
    """Return ``text`` with ￥ for ¥, which GBK lacks; the extra column comes from a space before."""
    return text.replace(" ¥", "￥").replace("¥", "￥") if "¥" in text else text


def _switched(text: str) -> str:
    """Return ``text`` with Chinese switched on before, and off after, each run of it."""
    parts = _NOT_ASCII.split(text)  # ASCII and other runs in turn, beginning and ending with ASCII.
    count = len(parts)
    if count == 1:
        return text
    switched = [_CHINESE_ON] * (2 * count - 1)
    switched[::2] = parts
    switched[3::4] = [_CHINESE_OFF] * (count // 2)
    return "".join(switched)


def _has_gb18030_glyph(char: str) -> bool:
    if any(ord(char) in rare for rare in _RARE_IDEOGRAPHS):
        return True
    two_bytes = 2
    return len(char.encode("gb18030")) == two_bytes


def _fitting(text: str, encoding: str) -> str:
    return "".join(char if _encodes(char, encoding) else substitute(char) for char in text)


def _encodes(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
