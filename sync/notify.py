"""Tells systemd how this program does, over the socket that it names; without systemd nothing happens."""

import os
import socket

_SOCKET = "NOTIFY_SOCKET"


def ready() -> None:
    """Say that the program has started and serves."""
    _say("READY=1")


def watchdog() -> None:
    """Say that the loop turns. systemd restarts a program that falls silent."""
    _say("WATCHDOG=1")


def stopping() -> None:
    """Say that the program was asked to stop and does."""
    _say("STOPPING=1")


def status(text: str) -> None:
    """Say in one line how things are, for ``systemctl status``."""
    _say("STATUS=" + " ".join(text.split()))


def _say(message: str) -> None:
    where = os.environ.get(_SOCKET, "")
    if not where.startswith(("/", "@")):
        return
    address = "\0" + where[1:] if where.startswith("@") else where
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        try:
            line.connect(address)
            line.send(message.encode())
        except OSError:
            return  # The service manager is gone; that must not end us.
