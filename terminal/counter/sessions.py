"""Who is signed in at the page: bounded, in memory, forgotten at a restart.

The browser holds a random token in a cookie that no script can read; here lies only its hash.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from terminal.core.till import Operator

SESSIONS_MAX = 16
"""Pages signed in at one time; the one unused for longest makes room."""
IDLE_S = 12 * 3600
TOKEN_BYTES = 32
COOKIE = "tallypoint"


@dataclass(slots=True)
class _Session:
    operator: Operator
    used_s: float


class Sessions:
    """The sessions of one till; used by the server's thread alone."""

    def __init__(self, random_bytes: Callable[[int], bytes], clock_s: Callable[[], float]) -> None:
        self._random_bytes = random_bytes
        self._clock_s = clock_s
        self._by_hash: OrderedDict[str, _Session] = OrderedDict()

    def start(self, operator: Operator) -> str:
        """Sign ``operator`` in and return the new token. A till has one operator: others end."""
        for key, session in list(self._by_hash.items()):
            if session.operator.number != operator.number:
                del self._by_hash[key]
        while len(self._by_hash) >= SESSIONS_MAX:
            self._by_hash.popitem(last=False)
        token = self._random_bytes(TOKEN_BYTES).hex()
        self._by_hash[_hash(token)] = _Session(operator, self._clock_s())
        return token

    def who(self, token: str | None) -> Operator | None:
        """Return the operator who holds ``token``, or None."""
        session = self._by_hash.get(_hash(token)) if token else None
        if token is None or session is None:
            return None
        now_s = self._clock_s()
        if now_s - session.used_s > IDLE_S:
            del self._by_hash[_hash(token)]
            return None
        session.used_s = now_s
        self._by_hash.move_to_end(_hash(token))
        return session.operator

    def end_all(self) -> None:
        """Sign everybody out."""
        self._by_hash.clear()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
