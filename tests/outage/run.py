"""The outage trial by hand: ``python -m tests.outage.run --kills 100 --database sqlite|postgres``."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.outage.faults import Faults
from tests.outage.shop import Shop
from tests.outage.verdict import faults, settle

OTHERS_PERCENT = 60
"""How many other faults there are beside a hundred kills."""


def trial(
    folder: Path, kills: int, database: str, seed: int, *, small_disks: bool = False
) -> tuple[list[str], str]:
    """Run one trial; return what does not hold, and what happened in words."""
    dice = random.Random(seed)
    start = time.monotonic()
    with Shop(folder, database, dice, small_disks=small_disks) as shop:
        trouble = Faults(shop, dice)
        for _ in range(kills):
            trouble.kill_one()
            if dice.randrange(100) < OTHERS_PERCENT:
                trouble.another()
        trouble.heal()
        for seller in shop.sellers.values():
            seller.stop()
        settle(shop)
        for each in (*shop.tills.values(), shop.hq):
            each.stop()
        found = faults(shop)
        found += [
            f"{seller.name}: {seller.failure}" for seller in shop.sellers.values() if seller.failure
        ]
        sold = sum(len(seller.receipts) for seller in shop.sellers.values())
    took = time.monotonic() - start
    told = ", ".join(f"{name} {count}" for name, count in sorted(trouble.counts.items()))
    return found, f"seed {seed}, {database}: {sold} sales answered in {took:.0f} s; {told}"


def main() -> int:
    """Run the trial that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--small-disks", action="store_true", help="fill disks as well; needs root")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tallypoint-outage-") as folder:
        found, told = trial(
            Path(folder), asked.kills, asked.database, asked.seed, small_disks=asked.small_disks
        )
    sys.stdout.write("\n".join([told, *found, "holds" if not found else "DOES NOT HOLD"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
