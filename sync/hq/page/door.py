"""Who asks: a person by the cookie of their session, a program by its key. And what they send."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from sync.hq import people, programs
from sync.hq.audit import Act
from sync.hq.page.asking import BadParameterError
from sync.hq.page.sessions import COOKIE, Sessions
from sync.hq.reader import HqReader
from sync.hq.roles import Right, Role, may

FORM_BYTES_MAX = 16_000
FIELDS_MAX = 30
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a program that may ask."""

    name: str
    role: Role
    address: str
    is_program: bool = False
    must_change: bool = False
    """Whether the password is to be changed before anything else."""

    def may(self, right: Right) -> bool:
        """Return whether this is allowed to them."""
        return may(self.role, right)

    def act(self, now_ms: int) -> Act:
        """Return what the audit log says of who acts now."""
        return Act(f"key:{self.name}" if self.is_program else self.name, self.address, now_ms)


class Door:
    """Knows callers by what their requests carry."""

    def __init__(self, reader: HqReader, sessions: Sessions, now_ms: Callable[[], int]) -> None:
        self._reader = reader
        self._sessions = sessions
        self._now_ms = now_ms

    def caller(self, request: Request) -> Caller | None:
        """Return who asks, or ``None`` for nobody we know."""
        address = address_of(request)
        authorization = request.headers.get("authorization", "")
        if authorization[: len(_BEARER)].lower() == _BEARER:
            with self._reader.reading() as ask:
                found = programs.whose(ask, authorization[len(_BEARER) :].strip())
            return None if found is None else Caller(*found, address, is_program=True)
        signed_in = self._sessions.who(request.cookies.get(COOKIE), self._now_ms())
        if signed_in is None:
            return None
        with self._reader.reading() as ask:
            person = people.current(ask, signed_in.name)
        if person is None or person.stamp != signed_in.stamp:
            return None
        return Caller(person.name, person.role, address, must_change=person.must_change)


def address_of(request: Request) -> str:
    """Return where a request comes from, for the audit log."""
    return request.client.host if request.client else ""


async def sent(request: Request, bytes_max: int) -> dict[str, str]:
    """Return the fields that a request carries: a form's, or a JSON object of texts.

    Raises:
        BadParameterError: It is too large, or none of the two.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > bytes_max:
            raise BadParameterError("body", f"must be at most {bytes_max} bytes")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _from_json(bytes(data))
    if kind != "application/x-www-form-urlencoded" and data:
        raise BadParameterError("body", "must be a form or JSON")
    return _from_form(bytes(data))


def _from_json(data: bytes) -> dict[str, str]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadParameterError("body", "must be JSON") from error
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise BadParameterError("body", "must be an object whose values are texts")
    return found


def _from_form(data: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError as error:
        raise BadParameterError("body", "must be a form in UTF-8") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise BadParameterError("body", "must name each field once")
    return fields
