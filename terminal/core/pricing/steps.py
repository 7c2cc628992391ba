"""What a threshold takes off its lines: 满减 by highest step, by each full step, or band by band."""

from bisect import bisect_right
from collections.abc import Sequence

from terminal.core.pricing.promotions import Step, Threshold
from terminal.core.rounding import half_up, share
from terminal.core.units import Minor


def taken_off(
    gives: Threshold, nets: Sequence[Minor], pieces: int, times_max: int | None
) -> tuple[Minor, ...]:
    """Return what each of the lines with ``nets`` loses; nothing below the first step.

    ``times_max`` limits how often steps are counted in the mode ``each``; None is no limit.

    >>> taken_off(Threshold((Step(100, 10), Step(200, 30)), "each"), [500], 0, None)
    (70,)
    """
    measured = pieces if gives.by_pieces else sum(nets)
    if measured < gives.steps[0].start:
        return (0,) * len(nets)
    if gives.mode == "highest":
        step = gives.steps[_reached(gives.steps, measured)]
        if step.percent is not None:
            return tuple([net - half_up(net, step.percent, 100) for net in nets])
        amount = step.amount
    elif gives.mode == "each":
        amount = _each_full(gives.steps, measured, times_max)
    else:
        amount = _by_bands(gives.steps, measured)
    return share(min(amount, sum(nets)), nets)


def times_of(gives: Threshold, nets: Sequence[Minor], pieces: int) -> int:
    """Return how often the steps of a threshold of the mode ``each`` are reached.

    >>> times_of(Threshold((Step(100, 10), Step(200, 30)), "each"), [500], 0)
    3
    """
    measured, times = pieces if gives.by_pieces else sum(nets), 0
    for step in reversed(gives.steps):
        times += measured // step.start
        measured %= step.start
    return times


def most_off(gives: Threshold, measured: int) -> Minor:
    """Return what the threshold takes off at most when ``measured`` money is spent."""
    if measured < gives.steps[0].start:
        return 0
    return taken_off(gives, (measured,), 0, None)[0]


def next_start(gives: Threshold, measured: int) -> int:
    """Return how much would have to be spent for more than at ``measured``."""
    if gives.mode == "each":
        return measured + min(step.start - measured % step.start for step in gives.steps)
    return next((step.start for step in gives.steps if step.start > measured), 1 << 62)


def _reached(steps: tuple[Step, ...], measured: int) -> int:
    return bisect_right(steps, measured, key=lambda step: step.start) - 1


def _each_full(steps: tuple[Step, ...], measured: int, times_max: int | None) -> Minor:
    amount = 0
    for step in reversed(steps):
        times = measured // step.start
        if times_max is not None:
            times = min(times, times_max)
            times_max -= times
        amount += times * step.amount
        measured -= times * step.start
    return amount


def _by_bands(steps: tuple[Step, ...], measured: int) -> Minor:
    """Return the sum over all bands, rounded once: what lies between two starts at its own percent."""
    hundredths = 0
    for place, step in enumerate(steps[: _reached(steps, measured) + 1]):
        end = steps[place + 1].start if place + 1 < len(steps) else measured
        percent = 100 if step.percent is None else step.percent
        hundredths += (min(end, measured) - step.start) * (100 - percent)
    return half_up(hundredths, 1, 100)
