"""A printer on a pseudo-terminal, in a process of its own: answers, and notes when a slip's first byte came.

paper.py     prints the terminal's path, then one line per slip: CLOCK_MONOTONIC in nanoseconds
"""

import os
import pty
import sys
import time
import tty

RESET = b"\x1b@"


def main() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    print(os.ttyname(theirs), flush=True)
    while True:
        data = os.read(ours, 65536)
        now = time.monotonic_ns()
        answer = b"\x12" * data.count(b"\x10\x04") + b"\x00" * data.count(b"\x1dr\x01")
        if answer:
            os.write(ours, answer)
        if RESET in data:
            sys.stdout.write(f"{now}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
