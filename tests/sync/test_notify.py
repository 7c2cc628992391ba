"""Words for systemd: heard on the socket that it names, and harmless without one."""

import socket

from sync import notify
from tests.kit.waiting import PATIENCE_S


def test_what_is_said_is_heard(tmp_path, monkeypatch):
    where = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(where)
        ear.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", where)
        notify.ready()
        notify.watchdog()
        notify.status("all\nis well")
        notify.stopping()
        heard = [ear.recv(200) for _ in range(4)]
    assert heard == [b"READY=1", b"WATCHDOG=1", b"STATUS=all is well", b"STOPPING=1"]


def test_an_abstract_socket_is_heard_too(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("")
        ear.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + ear.getsockname()[1:].decode())
        notify.ready()
        assert ear.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.ready()
    for where in ("not a path", str(tmp_path / "nobody")):
        monkeypatch.setenv("NOTIFY_SOCKET", where)
        notify.ready()
