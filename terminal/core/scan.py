"""What a scanned or typed text is: goods, a member's code, or something the till must not take.

Sources: GS1 General Specifications 7.9 (check digit), 2.1 (GTIN-8, -12, -13, -14), 2.1.3 (UPC-E); AIM
symbology identifiers, ISO/IEC 15424. Payment codes: the ranges published by the two large wallets; such a
code is money, so it is refused before anybody logs it.
"""

import re
from dataclasses import dataclass

from terminal.core import cards
from terminal.core.refusal import Key, Refusal, refuse

CODE_MAX = 512
GOODS_CODE_MAX = 40

_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_WECHAT = re.compile(r"^1[0-5][0-9]{16}$")
_ALIPAY = re.compile(r"^(2[5-9]|30)[0-9]{14,22}$")
_PRINTABLE = re.compile(r"^[0-9A-Za-z ./+$%*_-]{1,40}$")


@dataclass(frozen=True, slots=True)
class GoodsCode:
    """A code of goods. ``alternatives`` are other ways to write the same GTIN, best first."""

    code: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberCode:
    """A printed or displayed code of a member's card."""

    number: str


Meaning = GoodsCode | MemberCode


def parse(text: str) -> Meaning | Refusal:
    """Return what ``text`` means, or why it means nothing here.

    >>> parse("]E06901234567892")
    GoodsCode(code='6901234567892', alternatives=('06901234567892',))
    >>> parse("6901234567890").key
    <Key.CHECK_DIGIT: 'check-digit'>
    >>> parse("134567890123456789").key
    <Key.PAYMENT_CODE: 'payment-code'>
    """
    if len(text) > CODE_MAX:
        return refuse(Key.UNREADABLE_CODE)
    code = _AIM.sub("", text.strip())
    if _WECHAT.match(code) or _ALIPAY.match(code):
        return refuse(Key.PAYMENT_CODE)
    if code.startswith(cards.CODE_PREFIX):
        number = cards.parse_code(code)
        return number if isinstance(number, Refusal) else MemberCode(number)
    if not _PRINTABLE.match(code):
        return refuse(Key.UNREADABLE_CODE)
    if code.isdigit() and len(code) in _GTIN_LENGTHS:
        return _gtin(code, upc_e=text.strip().startswith("]E0") and len(code) == 8)  # noqa: PLR2004
    return GoodsCode(code)


def check_digit(digits: str) -> int:
    """Return the GS1 check digit of ``digits``, which come without it.

    >>> check_digit("690123456789")
    2
    """
    weighted = (
        int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[::-1])
    )
    return -sum(weighted) % 10


def _gtin(code: str, *, upc_e: bool) -> Meaning | Refusal:
    if check_digit(code[:-1]) == int(code[-1]):
        padded = code.rjust(14, "0")
        forms = (code, padded, padded[1:], padded[2:] if padded.startswith("00") else "")
        return GoodsCode(code, tuple(dict.fromkeys(f for f in forms[1:] if f and f != code)))
    expanded = expand_upc_e(code) if len(code) == 8 else None  # noqa: PLR2004 - UPC-E has eight
    if expanded is not None and check_digit(expanded[:-1]) == int(expanded[-1]):
        return GoodsCode(expanded, ("0" + expanded, code))
    if upc_e or len(code) != 8:  # noqa: PLR2004
        return refuse(Key.CHECK_DIGIT, code=code)
    return GoodsCode(code)


def expand_upc_e(code: str) -> str | None:
    """Return the UPC-A that the eight digits of a UPC-E stand for; None when they are none.

    Source: GS1 General Specifications 5.2.2.4.2.

    >>> expand_upc_e("04252614")
    '042100005264'
    """
    if code[0] not in "01":
        return None
    body, last, check = code[1:6], code[6], code[7]
    if last in "012":
        digits = body[:2] + last + "0000" + body[2:]
    elif last == "3":
        digits = body[:3] + "00000" + body[3:]
    elif last == "4":
        digits = body[:4] + "00000" + body[4]
    else:
        digits = body + "0000" + last
    return code[0] + digits + check
