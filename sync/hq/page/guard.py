"""What stands before every answer: known hosts, no foreign pages, and headers that keep a browser honest.

Whoever changes anything from a browser says where the page came from; only ours may. A program with a key
sends no cookie, so nobody can make it act.
"""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.hq.page.around import LOOPBACK
from sync.hq.page.asking import QUERY_BYTES_MAX

_POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Guard:
    """Refuses other hosts (so that no foreign name can be pointed at this machine) and foreign pages."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = LOOPBACK | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        assert scope["type"] == "http"  # No lifespan, no web sockets: the server offers neither.
        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        if scope["method"] not in {"GET", "HEAD", "POST"}:
            return PlainTextResponse("not done here\n", 405, {"allow": "GET, HEAD, POST"})
        if len(scope["query_string"]) > QUERY_BYTES_MAX:
            return PlainTextResponse("too long a question\n", 414)
        if host_of(scope) not in self._hosts:
            return PlainTextResponse("this page is not served under that name\n", 421)
        if scope["method"] == "POST" and not is_from_here(scope):
            return PlainTextResponse("another site's page may not ask\n", 403)
        return None


def is_from_here(scope: Scope) -> bool:
    """Return whether a change is asked for by a page of ours, or by a program with a key."""
    named = [value for name, value in scope["headers"] if name == b"origin"]
    if not named:
        return any(name == b"authorization" for name, _ in scope["headers"])
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return len(named) == 1 and named[0].lower() in {
        scheme + host.lower() for scheme in (b"http://", b"https://") for host in hosts
    }


def host_of(scope: Scope) -> str:
    """Return the host a request names, without its port, empty for none or several."""
    named = [value for name, value in scope["headers"] if name == b"host"]
    if len(named) != 1:
        return ""
    host = str(named[0], "latin-1").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and port.isascii() else host
