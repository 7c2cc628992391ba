"""Runs schedules by hand: ``python -m tests.sim.run --schedules 20000 --first 1``."""

import argparse
import sys
import time

from tests.sim.broken import LawBrokenError
from tests.sim.schedule import Schedule, draw, text
from tests.sim.shorten import shorten
from tests.sim.world import Kinds, World

ACTIONS = 60
TILLS = 3


def broken(seed: int, schedule: Schedule, kinds: Kinds | None = None) -> str:
    """Return which law ``schedule`` breaks, empty when it breaks none."""
    with World(seed, TILLS, kinds or Kinds()) as world:
        try:
            world.run(schedule)
        except LawBrokenError as law:
            return str(law)
    return ""


def report(seed: int, law: str) -> str:
    """Return the shortened schedule of a seed that breaks a law, to be pasted into a test."""
    schedule = shorten(draw(seed, ACTIONS, TILLS), lambda shorter: bool(broken(seed, shorter)))
    return f"seed {seed}: {law}\nshortened to {len(schedule)} actions:\n{text(schedule)}"


def main() -> int:
    """Run the schedules that were asked for; exit code 1 when a law was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=5_000)
    parser.add_argument("--first", type=int, default=1)
    asked = parser.parse_args()
    start = time.monotonic()
    for seed in range(asked.first, asked.first + asked.schedules):
        law = broken(seed, draw(seed, ACTIONS, TILLS))
        if law:
            sys.stdout.write(report(seed, law) + "\n")
            return 1
    took = time.monotonic() - start
    sys.stdout.write(f"{asked.schedules} schedules hold, {asked.schedules / took:.0f} a second\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
