"""What a till says to the cashier, heard over an event stream of its own."""

import json
import socket
import threading
from contextlib import suppress
from typing import Any, Self

import httpx

from tests.kit.process import START_LIMIT_S
from tests.kit.waiting import PATIENCE_S, until


class Heard:
    """What the till said to the cashier, heard over an event stream of its own."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = httpx.Client(
            base_url=client.base_url,
            headers=client.headers,
            cookies=client.cookies,
            timeout=PATIENCE_S,
        )
        self.notices: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._hear, name="heard")
        self._began = threading.Event()
        self._door: socket.socket | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._began.wait(START_LIMIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._door is not None
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._client.close()

    @property
    def keys(self) -> list[str]:
        """The keys of what was said, oldest first."""
        return [each["key"] for each in self.notices]

    def until(self, key: str, times: int = 1) -> str:
        """Return the sentence once ``key`` was said so often."""
        try:
            until(lambda: self.keys.count(key) >= times, key)
        except AssertionError as error:
            raise AssertionError(f"{error}; said were {self.keys}") from None
        said = next(each["message"] for each in reversed(self.notices) if each["key"] == key)
        assert len(said) > 5, f"{key} has no sentence"
        return str(said)

    def _hear(self) -> None:
        event = ""
        with suppress(httpx.HTTPError), self._client.stream("GET", "/api/v1/events") as stream:
            self._door = stream.extensions["network_stream"].get_extra_info("socket")
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and event == "notice":
                    self.notices.append(json.loads(line.removeprefix("data: ")))
                elif line.startswith("data: "):
                    self._began.set()
