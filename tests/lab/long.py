"""The laboratory without sampling: every image of every cut. Takes minutes.

python -m tests.lab.long [SALES] [SEED]
"""

import random
import sys
import time

from tests.lab.bench import Scratch, experiment, record
from tests.lab.second import second_cuts


def main() -> None:
    sales = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 10**9
    print(f"seed {seed}")
    with Scratch() as scratch:
        ops = record(scratch, sales)
        for found in (
            experiment(scratch, ops, random.Random(seed), None),
            second_cuts(scratch, ops, random.Random(seed), 60, 12),
        ):
            print(found.report())
            print("\n".join(found.wrong[:20]))


if __name__ == "__main__":
    main()
