"""A printer on the network, on TCP port 9100. The connection is kept between jobs.

Closing a connection with answers unread resets it, and a printer then drops what it has not yet
printed (4 kB of 300 kB came out). So a close first ends our side, then reads until the printer
ends its own.
"""

import contextlib
import errno
import os
import select
import socket
import threading
from functools import partial
from time import monotonic
from typing import Protocol

from drivers.api import DeviceLostError
from drivers.printers.driver import PrinterSettings, QueuedPrinter
from drivers.printers.port import drain_fd, read_fd, ready, write_fd

_CONNECT_S = 2.0
_CONNECT_SLICE_S = 0.2
_SEND_BUFFER = 16_384
"""Holds a receipt, and no more: what waits here counts as sent though it is not."""
_CLOSE_S = 0.8
"""How long a close waits for the printer; a driver must end within a second of a stop."""


class NetworkSettings(PrinterSettings, Protocol):
    """What the settings say of a network printer."""

    @property
    def host(self) -> str:
        """Address; a name works too, but asking for it can take seconds."""

    @property
    def port(self) -> int:
        """TCP port, nearly always 9100."""


class NetworkPrinter(QueuedPrinter):
    """A printer on the network."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings, partial(_connect, settings.host, settings.port))


class _TcpPort:
    """A connection to a printer; see :class:`drivers.printers.port.Port`."""

    can_answer = True

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._fd = connection.fileno()

    def write(self, data: memoryview, timeout_s: float) -> int:
        return write_fd(self._fd, data, timeout_s)

    def read(self, timeout_s: float) -> bytes:
        return read_fd(self._fd, timeout_s)

    def drain(self, timeout_s: float) -> bool:
        return drain_fd(self._fd, timeout_s)

    def close(self) -> None:
        with self._connection, contextlib.suppress(OSError, DeviceLostError):
            self._connection.shutdown(socket.SHUT_WR)
            until_s = monotonic() + _CLOSE_S
            while (left_s := until_s - monotonic()) > 0:
                self.read(left_s)


def _connect(host: str, port: int, stop: threading.Event) -> _TcpPort:
    """Return a connection, or raise DeviceLostError; a stop ends the waiting."""
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )
        connection = socket.socket(family, kind, protocol)
    except OSError as error:
        raise DeviceLostError(f"{host}: {error.strerror}") from error
    try:
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        _finish_connect(connection, address, stop)
    except OSError as error:
        connection.close()
        raise DeviceLostError(f"{host}:{port}: {error.strerror}") from error
    return _TcpPort(connection)


def _finish_connect(connection: socket.socket, address: object, stop: threading.Event) -> None:
    """Connect within ``_CONNECT_S``, or raise OSError."""
    until_s = monotonic() + _CONNECT_S
    fault = connection.connect_ex(address)  # type: ignore[arg-type]  # getaddrinfo's own address.
    while fault == errno.EINPROGRESS and not stop.is_set() and monotonic() < until_s:
        if ready(connection.fileno(), select.POLLOUT, _CONNECT_SLICE_S):
            fault = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if fault:
        fault = errno.ETIMEDOUT if fault == errno.EINPROGRESS else fault
        raise OSError(fault, os.strerror(fault))
