"""What a card's image means: which medium it is, or why it cannot name a member.

A medium is a string such as ``uid:04a1b2c3d4e5f6`` or ``card:100001``; the member database knows whose it
is. A card is not the account: one account has many media. A UID can be copied, so a UID-only card names a
member and carries no value. Card numbers in files and codes are ``TP1:number:cc`` with two check
characters. Sources: ISO/IEC 14443-3 6.4.4 (a single-size UID that starts with 08 is random), NFC Forum
Digital Protocol 2.0 (NFCID2: a phone makes up an IDm that starts with 01FE or 02FE), ISO/IEC 7064
(MOD 97-10).
"""

import re

from terminal.core.refusal import Key, Refusal, refuse

CODE_PREFIX = "TP1:"
_CODE = re.compile(r"TP1:([0-9A-Z]{4,20}):([0-9]{2})")
_UID_LENGTHS = frozenset({4, 7, 8, 10})
_RANDOM_UID_LENGTH = 4
_RANDOM_UID_FIRST = 0x08
_MADE_UP_IDMS = (b"\x01\xfe", b"\x02\xfe")


def medium(family: str, uid: bytes, data: bytes) -> str | Refusal:
    """Return the medium that a card of ``family`` is.

    >>> medium("uid", bytes.fromhex("04a1b2c3d4e5f6"), b"")
    'uid:04a1b2c3d4e5f6'
    >>> medium("uid", bytes.fromhex("08a1b2c3"), b"").key
    <Key.RANDOM_UID: 'random-uid'>
    """
    if data or family == "iso7816":
        try:
            number = parse_code(data.decode("ascii"))
        except UnicodeDecodeError:
            return refuse(Key.CARD_MALFORMED)
        return refuse(Key.CARD_MALFORMED) if isinstance(number, Refusal) else f"card:{number}"
    if len(uid) not in _UID_LENGTHS:
        return refuse(Key.CARD_MALFORMED)
    if len(uid) == _RANDOM_UID_LENGTH and uid[0] == _RANDOM_UID_FIRST:
        return refuse(Key.RANDOM_UID)
    if family == "felica" and uid.startswith(_MADE_UP_IDMS):
        return refuse(Key.RANDOM_UID)
    return f"uid:{uid.hex()}"


def parse_code(text: str) -> str | Refusal:
    """Return the card number in ``text``, checked.

    >>> parse_code(code("100001"))
    '100001'
    """
    match = _CODE.fullmatch(text)
    if match is None:
        return refuse(Key.UNREADABLE_CODE)
    number, check = match.groups()
    return number if check == check_characters(number) else refuse(Key.CHECK_DIGIT, code=number)


def code(number: str) -> str:
    """Return the text that stands on a card or in its code for ``number``."""
    return f"{CODE_PREFIX}{number}:{check_characters(number)}"


def check_characters(number: str) -> str:
    """Return the two MOD 97-10 check characters of ``number``; letters count from A = 10.

    >>> check_characters("794")
    '44'
    """
    digits = "".join(str(int(char, 36)) for char in number)
    return f"{98 - int(digits) * 100 % 97:02d}"
