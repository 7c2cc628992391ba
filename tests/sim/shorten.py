"""Makes a schedule that breaks a law shorter, as long as it still does."""

from collections.abc import Callable

from tests.sim.schedule import Schedule

TRIES_MAX = 2_000


def shorten(schedule: Schedule, is_broken: Callable[[Schedule], bool]) -> Schedule:
    """Return a shorter schedule that still breaks a law.

    Leaves out ever smaller runs of actions, in the manner of delta debugging (Zeller and Hildebrandt, 2002).
    """
    size, tries = max(1, len(schedule) // 2), 0
    while size:
        start, is_shorter = 0, False
        while start < len(schedule) and tries < TRIES_MAX:
            rest = schedule[:start] + schedule[start + size :]
            tries += 1
            if is_broken(rest):
                schedule, is_shorter = rest, True
            else:
                start += size
        if not is_shorter:
            size //= 2
    return schedule
