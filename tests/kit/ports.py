"""Ports of this machine for programs under test, that nobody else takes meanwhile."""

import random
import socket

_FIRST, _LAST = 20_000, 31_999
"""Below the ports that Linux gives to outgoing connections: none of those can sit on ours, nor can a
connection to a port where nobody listens end up talking to itself."""
_TRIES = 1000

_draw = random.SystemRandom()
_claims: list[socket.socket] = []
"""What keeps other test processes from the ports of this one, until it ends."""


def free_port() -> int:
    """Return a port on which nobody listens, and that no other test run of this machine gets."""
    for _ in range(_TRIES):
        port = _draw.randint(_FIRST, _LAST)
        if _claim(port) and _is_free(port):
            return port
    raise AssertionError("no port is free")


def _claim(port: int) -> bool:
    """Take the name that stands for ``port``; the kernel gives it to one process at a time."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0tallypoint-tests-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
