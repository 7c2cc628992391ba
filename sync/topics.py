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
_MASTER = "md"
_ENROL = "enrol"
_NOT_TILLS = (_HQ, _MASTER, _ENROL)
"""No till may be called this."""
HQ_STATE = f"{_ROOT}/{_HQ}/state"
MASTER = f"{_ROOT}/md/+"
"""Where the head office says which versions of the master data it has."""
ALL = f"{_ROOT}/#"
ENROL = f"{_ROOT}/{_ENROL}/{REQUEST}"
"""Where a till that is not known yet asks to be."""
TILL_WRITES = (UP, REQUEST, STATE)
TILL_READS = (ACK, RESPONSE)
"""A till's own topics, as a broker that knows tills by their certificates has to allow them."""
TO_HQ = (f"{_ROOT}/+/{UP}", f"{_ROOT}/+/{REQUEST}", f"{_ROOT}/+/{STATE}")
"""What the head office listens to."""
TO_OFFICE = (f"{_ROOT}/+/{STATE}",)
"""What it listens to where workers take the rest,"""
TO_WORKERS = (f"$share/hq/{_ROOT}/+/{UP}", f"$share/hq/{_ROOT}/+/{REQUEST}")
"""each message going to one of them."""


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
    return None if match is None or match[1] in _NOT_TILLS else (match[1], match[2])


def master(table: str) -> str:
    """Return the topic on which the version of a table of master data is told.

    >>> master("members"), table_of("tp/1/md/members"), table_of("tp/1/S01-T1/res")
    ('tp/1/md/members', 'members', None)
    """
    return f"{_ROOT}/{_MASTER}/{table}"


def table_of(name: str) -> str | None:
    """Return which table a topic is about, ``None`` for any other topic."""
    table = name.removeprefix(f"{_ROOT}/{_MASTER}/")
    return None if table == name else table


def enrolled(token: str) -> str:
    """Return where the answer to a request with this token's id is told.

    >>> enrolled("00112233ff")
    'tp/1/enrol/res/00112233ff'
    """
    return f"{_ROOT}/{_ENROL}/{RESPONSE}/{token}"
