"""When the head office tells which versions of the master data it has."""

from sync import topics
from sync.hq.master import MasterStore, Version
from sync.mqtt import Message
from sync.protocol.keys import SecretKey
from sync.protocol.master import FORMAT, STATEMENTS, TABLES, Word, write_word

STATEMENTS_EVERY_MS = 2_000
"""That balances moved is told at most so often by a small company,"""
MS_PER_TILL = 10
"""and so much less often for each till: a hundred questions follow in a second, however many tills."""


class Words:
    """Keeps what was told last; the loop's."""

    def __init__(self, master: MasterStore, key: SecretKey) -> None:
        self._master = master
        self._key = key
        self._told: dict[str, tuple[int, bytes]] = {}
        self._statements_ms = 0

    def forget(self) -> None:
        """Tell everything again: the broker may have lost it."""
        self._told.clear()
        self._statements_ms = 0

    def news(self, now_ms: int, tills: int) -> list[Message]:
        """Return what is to be told now."""
        messages = []
        for table in TABLES:
            if table == STATEMENTS and now_ms < self._statements_ms:
                continue
            newest = self._newest(table)
            if self._told.get(table) == (newest.number, newest.mark):
                continue
            self._told[table] = (newest.number, newest.mark)
            if table == STATEMENTS:
                self._statements_ms = now_ms + max(STATEMENTS_EVERY_MS, tills * MS_PER_TILL)
            word = Word(FORMAT, table, newest.number, newest.mark)
            payload = write_word(word, self._key)
            messages.append(Message(topics.master(table), payload, retain=True))
        return messages

    def _newest(self, table: str) -> Version:
        if table != STATEMENTS:
            return self._master.newest(table)
        with self._master.settled():
            return self._master.newest(table)
