"""Keeps what a program holds in its memory, keys above all, out of files."""

import ctypes
import resource

_PR_SET_DUMPABLE = 4
"""Source: prctl(2)."""


def keep_to_itself() -> None:
    """Have the kernel write no core dump of this process, and let no other user read its memory.

    The limit holds for what it starts, too. Dumps that go to a collector ignore the limit, so the mark is
    taken away as well. Source: core(5), prctl(2).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
