"""Signing in and out, new PINs, and the lock against guessing.

PINs are hashed on a thread of their own, one at a time: that thread is the only one that ever holds
Argon2's 19 MiB, and guesses cannot run side by side. After :data:`TRIES_MAX` wrong ones the till writes a
lock into its ledger, which a restart does not open. Numbers that nobody has take as long and lock alike.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.till import Operator
from terminal.counter import pins
from terminal.counter.bodies import PinBody, Plain, SessionBody
from terminal.counter.counter import (
    Counter,
    answer_of,
    body_as,
    busy,
    refused,
    sign_in_first,
)
from terminal.counter.desk import (
    Again,
    Call,
    ChangePin,
    DeskFullError,
    Done,
    LockOperator,
    SignIn,
    SignOut,
)
from terminal.counter.language import Language
from terminal.counter.services import OperatorRecord
from terminal.counter.sessions import COOKIE, IDLE_S

TRIES_MAX = 5
LOCK_MS = 5 * 60_000
NUMBERS_MAX = 1000
"""Operator numbers whose wrong tries are remembered; the oldest is forgotten first."""
WAITING_MAX = 4
"""PINs that wait to be checked; more are told to come again."""
_MINUTE_MS = 60_000


@dataclass(slots=True)
class Signing:
    """Signs operators in at one till."""

    counter: Counter
    wrong: OrderedDict[str, int] = field(default_factory=OrderedDict)
    locked_until_ms: OrderedDict[str, int] = field(default_factory=OrderedDict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0

    async def sign_in(self, request: Request) -> Response:
        """``POST /session``: the right PIN gives a session."""
        read = await body_as(request, SessionBody)
        if isinstance(read, Response):
            return read
        raw, body = read
        language = self.counter.language(request)
        known = await self._check(body.operator, body.pin)
        if known is None:
            return busy(language)
        if isinstance(known, Refusal):
            return refused(known, language)
        if known.must_change:
            return refused(refuse(Key.PIN_MUST_CHANGE), language)
        operator = _operator(known)
        digest = self.counter.digest(request, raw, secret=True)
        try:
            answer = await self.counter.ask(Call(body.id, digest, None, SignIn(operator)))
        except DeskFullError:
            return busy(language)
        response = answer_of(answer, language)
        if isinstance(answer, Done):
            token = self.counter.sessions.start(operator)
            response.set_cookie(
                COOKIE, token, max_age=IDLE_S, path="/", httponly=True, samesite="strict"
            )
        return response

    async def change_pin(self, request: Request) -> Response:
        """``POST /session/pin``: whoever knows the present PIN chooses another."""
        read = await body_as(request, PinBody)
        if isinstance(read, Response):
            return read
        raw, body = read
        language = self.counter.language(request)
        digest = self.counter.digest(request, raw, secret=True)
        before = await self._before(body.id, digest, language)
        if before is not None:
            return before
        known = await self._check(body.operator, body.pin)
        if known is None:
            return busy(language)
        if isinstance(known, Refusal):
            return refused(known, language)
        if body.new_pin == body.pin or pins.is_too_simple(body.new_pin, body.operator):
            return refused(refuse(Key.PIN_TOO_SIMPLE), language)
        verifier = await self._hash(body.new_pin)
        action = ChangePin(body.operator, verifier)
        return await self.counter.answer(request, Call(body.id, digest, _operator(known), action))

    async def sign_out(self, request: Request) -> Response:
        """``DELETE /session``: the operator leaves the till."""
        operator = self.counter.who(request)
        if operator is None:
            return sign_in_first(self.counter.language(request))
        read = await body_as(request, Plain)
        if isinstance(read, Response):
            return read
        raw, body = read
        self.counter.sessions.end_all()
        digest = self.counter.digest(request, raw)
        response = await self.counter.answer(request, Call(body.id, digest, operator, SignOut()))
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    async def _before(self, call_id: str, digest: bytes, language: Language) -> Response | None:
        """Return the first answer to a call that is asked again; None when it was not carried out.

        Once the PIN is changed the present one in the call is wrong, and must not count as a guess.
        """
        try:
            answer = await self.counter.ask(Call(call_id, digest, None, Again()))
        except DeskFullError:
            return busy(language)
        never = isinstance(answer, Done) and not answer.result
        return None if never else answer_of(answer, language)

    async def _check(self, number: str, pin: str) -> OperatorRecord | Refusal | None:
        """Return the operator whose PIN this is, why not, or None when too many wait."""
        if self.waiting >= WAITING_MAX:
            return None
        self.waiting += 1
        try:
            async with self.turn:
                return await self._check_in_turn(number, pin)
        finally:
            self.waiting -= 1

    async def _check_in_turn(self, number: str, pin: str) -> OperatorRecord | Refusal:
        services = self.counter.services
        loop = asyncio.get_running_loop()
        record = await loop.run_in_executor(self.counter.hasher, services.operator, number)
        if record is None and self.counter.desk.view().sync.waiting:
            return refuse(Key.NO_DATA_YET)  # Nobody can be known yet, so nobody guesses.
        left_ms = self._locked_until(number, record) - services.now_ms()
        if left_ms > 0:
            return refuse(Key.LOCKED_OUT, minutes=-(-left_ms // _MINUTE_MS))
        verifier = record.verifier if record else None
        is_right = await loop.run_in_executor(
            self.counter.hasher, pins.is_right, pin, verifier, services.pepper
        )
        if is_right and record is not None:
            self.wrong.pop(number, None)
            return record
        return await self._count(number, record)

    def _locked_until(self, number: str, record: OperatorRecord | None) -> int:
        return max(self.locked_until_ms.get(number, 0), record.locked_until_ms if record else 0)

    async def _count(self, number: str, record: OperatorRecord | None) -> Refusal:
        tries = self.wrong.pop(number, 0) + 1
        if tries < TRIES_MAX:
            _remember(self.wrong, number, tries)
            return refuse(Key.WRONG_PIN, left=TRIES_MAX - tries)
        until_ms = self.counter.services.now_ms() + LOCK_MS
        _remember(self.locked_until_ms, number, until_ms)
        if record is not None:
            await self._lock(number, until_ms)
        return refuse(Key.LOCKED_OUT, minutes=LOCK_MS // _MINUTE_MS)

    async def _lock(self, number: str, until_ms: int) -> None:
        name = f"lock-{self.counter.services.random_bytes(16).hex()}"
        call = Call(name, name.encode(), None, LockOperator(number, until_ms))
        try:
            await self.counter.ask(call)
        except DeskFullError:
            return  # Locked here all the same; only a restart within these minutes would open it.

    async def _hash(self, pin: str) -> str:
        services = self.counter.services
        salt = services.random_bytes(pins.SALT_BYTES)
        async with self.turn:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self.counter.hasher, pins.hash_pin, pin, services.pepper, salt
            )


def _remember(numbers: OrderedDict[str, int], number: str, value: int) -> None:
    numbers[number] = value
    numbers.move_to_end(number)
    while len(numbers) > NUMBERS_MAX:
        numbers.popitem(last=False)


def _operator(record: OperatorRecord) -> Operator:
    return Operator(record.number, record.name, record.role)
