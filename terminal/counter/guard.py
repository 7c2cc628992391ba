"""The door of the server: which host names it answers to, whose pages may call it, what it tells browsers.

A page of another site must not reach the till through the cashier's browser: its ``Origin`` is not ours, and
a name of its own that it points at this address (DNS rebinding) is not on the list.
"""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def names(host: str, port: int, extra: Iterable[str]) -> frozenset[str]:
    """Return every ``Host`` that is ours.

    >>> sorted(names("127.0.0.1", 8080, ["till.lan"]))
    ['127.0.0.1:8080', 'localhost:8080', 'till.lan', 'till.lan:8080']
    """
    bare = f"[{host}]" if ":" in host else host
    local = {f"{bare}:{port}", f"localhost:{port}"}
    if port == 80:  # noqa: PLR2004 - browsers leave it out
        local |= {bare, "localhost"}
    return frozenset(
        local | {name for each in extra for name in (each.lower(), f"{each.lower()}:{port}")}
    )


class Guard:
    """ASGI application around another one."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = frozenset(
            f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn it away."""
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await (self._turn_away(scope) or self._app)(scope, receive, with_headers)

    def _turn_away(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1 or headers["host"].lower() not in self._hosts:
            return JSONResponse({"field": "Host", "message": "this till has no such name"}, 421)
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self._origins:
            return JSONResponse(
                {"field": "Origin", "message": "another site's page may not ask"}, 403
            )
        return None
