"""Who is signed in at the page: bounded, in memory, forgotten at a restart.

The browser holds a random token in a cookie that no script can read; here lies only its hash.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from sync.hq.people import Person

SESSIONS_MAX = 500
"""Browsers signed in at one time; the one unused for longest makes room."""
IDLE_MS = 2 * 3_600_000
WHOLE_MS = 12 * 3_600_000
"""After so long everybody signs in anew."""
TOKEN_BYTES = 32
COOKIE = "tallypoint_hq"


@dataclass(slots=True)
class _Session:
    person: Person
    begun_ms: int
    used_ms: int


class Sessions:
    """All sessions; may be asked from any thread."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._lock = Lock()
        self._by_hash: OrderedDict[bytes, _Session] = OrderedDict()

    def start(self, person: Person, now_ms: int) -> str:
        """Sign ``person`` in and return the new token."""
        token = self._random_bytes(TOKEN_BYTES).hex()
        with self._lock:
            while len(self._by_hash) >= SESSIONS_MAX:
                self._by_hash.popitem(last=False)
            self._by_hash[_hash(token)] = _Session(person, now_ms, now_ms)
        return token

    def who(self, token: str | None, now_ms: int) -> Person | None:
        """Return the person who holds ``token``, or ``None``."""
        key = _hash(token or "")
        with self._lock:
            session = self._by_hash.get(key)
            if session is None:
                return None
            if now_ms - session.used_ms > IDLE_MS or now_ms - session.begun_ms > WHOLE_MS:
                del self._by_hash[key]
                return None
            session.used_ms = now_ms
            self._by_hash.move_to_end(key)
            return session.person

    def end(self, token: str | None) -> None:
        """Sign one browser out."""
        with self._lock:
            self._by_hash.pop(_hash(token or ""), None)

    def end_all_of(self, name: str) -> None:
        """Sign somebody out everywhere: their role, password or account changed."""
        with self._lock:
            theirs = [key for key, each in self._by_hash.items() if each.person.name == name]
            for key in theirs:
                del self._by_hash[key]


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
