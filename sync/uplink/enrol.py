"""Asks the head office to enrol this machine: one request, repeated until it is answered."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence

from config.schema import Link
from sync import topics
from sync.mqtt import TURN_S_MAX, Down, Message, Pipe, PipeEvent, Up
from sync.protocol.certificates import BadCertificateError, Chain, check_chain
from sync.protocol.enrol import Answer, Token, check_answer, peek_answer
from sync.protocol.wire import BadEnvelopeError

AGAIN_S = 3.0
LIMIT_S = 60.0


class NoAnswerError(Exception):
    """Nobody who knows the token answered in time; the message says what was met instead."""


def ask_to_enrol(
    token: Token, request: bytes, nonce: bytes, say: Callable[[str], None], limit_s: float = LIMIT_S
) -> tuple[Answer, Chain]:
    """Return the head office's answer and what it showed, both checked against the token.

    Raises:
        NoAnswerError: There was none in time.
    """
    asking = _Asking(token, request, nonce, say, limit_s)
    asking.pipe.run(asking.stop, asking.turn)
    if asking.found is None:
        raise NoAnswerError(asking.trouble or "the head office does not answer; does it run?")
    return asking.found


class _Asking:
    def __init__(
        self,
        token: Token,
        request: bytes,
        nonce: bytes,
        say: Callable[[str], None],
        limit_s: float,
    ) -> None:
        self.stop = threading.Event()
        self.found: tuple[Answer, Chain] | None = None
        self.trouble = ""
        self._token, self._request, self._nonce, self._say = token, request, nonce, say
        self._ends = time.monotonic() + limit_s
        self._again = 0.0
        self._is_up = False
        self.pipe = Pipe(
            Link(broker=f"mqtt://{token.host}:{token.port}"),
            f"enrol-{secrets.token_hex(8)}",
            (topics.enrolled(token.id.hex()),),
            None,
            lambda bound: secrets.randbelow(bound + 1),
        )

    def turn(self, happened: Sequence[PipeEvent]) -> float:
        """Take what happened; called by the pipe."""
        now = time.monotonic()
        for event in happened:
            match event:
                case Up():
                    self._is_up, self._again = True, now
                case Down(reason):
                    self._is_up = False
                    if reason != self.trouble:
                        self._say(f"broker: {reason}")
                    self.trouble = reason
                case Message(_, payload):
                    self._heard(payload)
        if self._is_up and now >= self._again and self.found is None:
            self._again = now + AGAIN_S
            self.pipe.send(Message(topics.ENROL, self._request))
        if self.found is not None or now >= self._ends:
            self.stop.set()
        return TURN_S_MAX

    def _heard(self, payload: bytes) -> None:
        try:
            answer = peek_answer(payload)
            if answer.nonce != self._nonce:
                return
            chain = check_chain(answer.root, answer.ca, answer.signing, self._token.root)
            check_answer(payload, answer, self._token.secret, chain.signing)
        except (BadCertificateError, BadEnvelopeError) as error:
            self.trouble = f"somebody else answered: {error}"
            return
        self.found = (answer, chain)
