"""The three ways this project rounds: half up, down, and shared by largest remainder.

Nothing else in the project divides money. Source: the arithmetic is decided once for the whole product;
a line's gross and every percentage round half up, points round down once per sale, and what applies to
several lines is shared so that the shares always add up.
"""

from collections.abc import Sequence


def half_up(amount: int, numerator: int, denominator: int) -> int:
    """Return ``amount * numerator / denominator`` rounded half away from zero.

    >>> half_up(199, 95, 100), half_up(50, 1, 100), half_up(-50, 1, 100)
    (189, 1, -1)
    """
    product = amount * numerator
    if product >= 0:
        return (2 * product + denominator) // (2 * denominator)
    return -((-2 * product + denominator) // (2 * denominator))


def share(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Share ``total`` over ``weights`` by largest remainder; equal remainders go to the lower index.

    ``total`` and the weights are not negative. With no weight at all everything falls on the first.

    >>> share(100, [1, 1, 1]), share(5, [0, 3, 2]), share(7, [0, 0])
    ((34, 33, 33), (0, 3, 2), (7, 0))
    """
    whole = sum(weights)
    if whole == 0:
        return (total, *([0] * (len(weights) - 1))) if weights else ()
    parts = [total * weight // whole for weight in weights]
    missing = total - sum(parts)
    if missing:
        remainders = [total * weight % whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
        for index in by_remainder[:missing]:
            parts[index] += 1
    return tuple(parts)
