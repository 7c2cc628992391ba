"""Names of the MQTT topics. A till's topics hold its id, which has no character that MQTT gives meaning."""

import re

_ROOT = "tp/1"
_TILL = re.compile(r"tp/1/([A-Za-z0-9][A-Za-z0-9_-]{0,31})/(up|req|state)", re.ASCII)
UP = "up"
REQUEST = "req"
STATE = "state"
ACK = "ack"
RESPONSE = "res"
_HQ = "hq"
"""No till may be called this."""
HQ_STATE = f"{_ROOT}/{_HQ}/state"
TO_HQ = (f"{_ROOT}/+/{UP}", f"{_ROOT}/+/{REQUEST}", f"{_ROOT}/+/{STATE}")
"""What the head office listens to."""


def topic(terminal: str, channel: str) -> str:
    """Return a till's topic.

    >>> topic("S01-T1", UP)
    'tp/1/S01-T1/up'
    """
    return f"{_ROOT}/{terminal}/{channel}"


def split(name: str) -> tuple[str, str] | None:
    """Return terminal and channel of a topic that a till publishes to, or ``None``.

    >>> split("tp/1/S01-T1/up"), split("tp/1/hq/state")
    (('S01-T1', 'up'), None)
    """
    match = _TILL.fullmatch(name)
    return None if match is None or match[1] == _HQ else (match[1], match[2])
