"""Lays text out in columns, a Chinese character being two columns wide."""

from terminal.core.slip import width
from terminal.core.units import ONE_PIECE, Minor, Thousandths


def spread(left: str, right: str, columns: int) -> str:
    """Return one line with ``left`` and ``right`` at its edges; ``left`` gives way.

    >>> spread("合计", "43.60", 12)
    '合计   43.60'
    """
    room = columns - width(right) - 1
    left = cut(left, room)
    return left + " " * (columns - width(left) - width(right)) + right


def cut(text: str, columns: int) -> str:
    """Return the beginning of ``text`` that fits into ``columns``.

    >>> cut("农夫山泉", 5)
    '农夫'
    """
    if width(text) <= columns:
        return text
    used = 0
    for place, char in enumerate(text):
        used += width(char)
        if used > columns:
            return text[:place]
    return text


def wrap(text: str, columns: int) -> list[str]:
    """Return ``text`` in lines of at most ``columns``: Chinese broken anywhere, a Latin word only if it must.

    >>> wrap("扫码 scan here", 11)
    ['扫码 scan', 'here']
    """
    lines = []
    while text:
        line = cut(text, columns) or text[:1]
        if " " in line.strip() and _is_word(text[len(line) - 1 : len(line) + 1]):
            line = line[: line.rindex(" ") + 1]
        lines.append(line.rstrip())
        text = text[len(line) :].lstrip()
    return lines


def _is_word(pair: str) -> bool:
    return len(pair) == 2 and pair.isascii() and pair.isalnum()  # noqa: PLR2004 - a pair


def money(amount: Minor) -> str:
    """Return ``amount`` with its two decimals.

    >>> money(4360), money(-5)
    ('43.60', '-0.05')
    """
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{amount // 100}.{amount % 100:02d}"


def quantity(amount: Thousandths) -> str:
    """Return a quantity without needless zeros.

    >>> quantity(2000), quantity(1250)
    ('2', '1.25')
    """
    whole, part = divmod(amount, ONE_PIECE)
    return f"{whole}.{part:03d}".rstrip("0") if part else str(whole)
