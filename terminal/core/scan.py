"""What a scanned or typed text is: goods, a member's code, or something the till must not take.

Sources: GS1 General Specifications 7.9 (check digit), 2.1 (GTIN-8, -12, -13, -14), 2.1.3 (UPC-E); AIM
symbology identifiers, ISO/IEC 15424. Payment codes: the ranges published by WeChat Pay, Alipay and UnionPay;
such a code is money, so it is refused before anybody logs it.
"""

import re
from dataclasses import dataclass

from terminal.core import cards
from terminal.core.refusal import Key, Refusal, refuse

CODE_MAX = 512
GOODS_CODE_MAX = 40

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_AIM_UPC_E = "]E0"
_AIM_EAN_8 = "]E4"
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_UPC_E_LENGTH = 8
_WECHAT = re.compile(r"1[0-5][0-9]{16}")
_ALIPAY = re.compile(r"(2[5-9]|30)[0-9]{14,22}")
_UNIONPAY = re.compile(r"62[0-9]{17}")
_PAYMENT = (_WECHAT, _ALIPAY, _UNIONPAY)
_PRINTABLE = re.compile(rf"[0-9A-Za-z ./+$%*_-]{{1,{GOODS_CODE_MAX}}}")


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
    text = text.strip()
    mark = _AIM.match(text)
    symbology, code = (mark.group(), text[mark.end() :]) if mark else ("", text)
    if any(pattern.fullmatch(code) for pattern in _PAYMENT):
        return refuse(Key.PAYMENT_CODE)
    if code.startswith(cards.CODE_PREFIX):
        number = cards.parse_code(code)
        return number if isinstance(number, Refusal) else MemberCode(number)
    if not _PRINTABLE.fullmatch(code):
        return refuse(Key.UNREADABLE_CODE)
    if code.isdigit() and len(code) in _GTIN_LENGTHS:
        return _gtin(code, symbology)
    return GoodsCode(code)


def bare(text: str) -> str:
    """Return ``text`` without the mark that some scanners put before a code.

    >>> bare("]Q3https://example.com")
    'https://example.com'
    """
    text = text.strip()
    mark = _AIM.match(text)
    return text[mark.end() :] if mark else text


def check_digit(digits: str) -> int:
    """Return the GS1 check digit of ``digits``, which come without it.

    >>> check_digit("690123456789")
    2
    """
    weighted = (
        int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[::-1])
    )
    return -sum(weighted) % 10


def _gtin(code: str, symbology: str) -> Meaning | Refusal:
    # Some eight digits are a right EAN-8 and a right UPC-E; only the scanner saw which one it was.
    upc_a = expand_upc_e(code) if len(code) == _UPC_E_LENGTH and symbology != _AIM_EAN_8 else None
    if upc_a is not None and not _is_checked(upc_a):
        upc_a = None
    if upc_a is not None and (symbology == _AIM_UPC_E or not _is_checked(code)):
        return GoodsCode(upc_a, ("0" + upc_a, "00" + upc_a, code))
    if _is_checked(code) and not (symbology == _AIM_UPC_E and len(code) == _UPC_E_LENGTH):
        padded = code.rjust(14, "0")
        forms = (padded, padded[1:], padded[2:] if padded.startswith("00") else "", upc_a or "")
        return GoodsCode(code, tuple(dict.fromkeys(f for f in forms if f and f != code)))
    if symbology.startswith("]E") or len(code) != _UPC_E_LENGTH:
        return refuse(Key.CHECK_DIGIT, code=code)
    return GoodsCode(code)  # Eight digits typed or unmarked may be the shop's own number.


def _is_checked(code: str) -> bool:
    return check_digit(code[:-1]) == int(code[-1])


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
