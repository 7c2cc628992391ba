"""The page's routes: each question answered as a page for people and as JSON for programs."""

from pathlib import Path
from secrets import token_bytes
from threading import Event

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from sync.hq.database import CommitUnknownError, StoreError
from sync.hq.page.around import Around, Languages
from sync.hq.page.asking import BadParameterError
from sync.hq.page.checks import Checks
from sync.hq.page.deeds import PeopleDeeds
from sync.hq.page.desk import Desk
from sync.hq.page.door import Door
from sync.hq.page.drawing import Drawing
from sync.hq.page.enrolling import Certificates, Enrolling
from sync.hq.page.erasing import Erasing
from sync.hq.page.export import Exports
from sync.hq.page.exposed import Exposure
from sync.hq.page.feeds import Feeds
from sync.hq.page.guard import Guard
from sync.hq.page.language import LANGUAGES, Language
from sync.hq.page.live import Live
from sync.hq.page.lookback import Lookback
from sync.hq.page.openapi import CALLS, ROOT, describe
from sync.hq.page.paths import PATHS, WAYS
from sync.hq.page.purses import Purses
from sync.hq.page.questions import NotFoundError, Questions
from sync.hq.page.ruling import Ruling
from sync.hq.page.sessions import Sessions
from sync.hq.page.signing_in import SigningIn
from sync.hq.page.site import Site, json_of
from sync.hq.people import DeniedError
from sync.hq.reader import HqReader

STATIC = Path(__file__).parent / "static"


def application(reader: HqReader, locale: str, around: Around, stop: Event) -> ASGIApp:
    """Return the whole page as an ASGI application."""
    questions = Questions(reader, around).by_name()
    desk, exports, ruling = Desk(reader, around), Exports(reader, around), Ruling(reader, around)
    questions |= Checks(reader).questions() | Purses(reader).questions()
    questions |= Exposure(reader, around).questions()
    questions |= Lookback(reader, around).by_name() | desk.questions() | ruling.questions()
    deeds = PeopleDeeds(reader, around).by_name() | desk.deeds() | ruling.deeds()
    certificates = None if around.office is None else Certificates.of(around.office)
    enrolling = Enrolling(reader, around, certificates)
    erasing = Erasing(reader, around)
    questions |= enrolling.questions() | erasing.questions()
    deeds |= enrolling.deeds() | erasing.deeds()
    sessions = Sessions(token_bytes)
    door = Door(reader, sessions, around.now_ms)
    languages = Languages(locale, {each: Language(each) for each in LANGUAGES})
    site = Site(Drawing(around), languages, door, SigningIn(reader, around, sessions))
    live, feeds = Live(reader, stop), Feeds(reader, stop)
    questions["feed"] = feeds.page
    described = describe()
    routes = [Route(each.path, site.page(each, questions[each.name])) for each in PATHS]
    routes += [
        Route(ROOT + call.path, site.json(call.right, questions[call.name])) for call in CALLS
    ]
    for way in WAYS:
        routes += [
            Route(way.path, site.deed(way, deeds[way.name]), methods=["POST"]),
            Route(ROOT + way.path, site.deed(way, deeds[way.name]), methods=["POST"]),
        ]
    routes += [
        Route("/export/{name}", site.export(exports, around)),
        Route(ROOT + "/export/{name}", site.export(exports, around)),
        Route("/sign-in", site.sign_in, methods=["GET", "POST"]),
        Route("/sign-out", site.sign_out, methods=["POST"]),
        Route("/password", site.password, methods=["GET", "POST"]),
        Route("/api/openapi.json", lambda _request: json_of(described)),
        Route("/events", site.guarded(live.answer)),
        Route(ROOT + "/events", site.guarded(feeds.answer)),
        Route("/healthz", lambda _request: Response(b"ok\n", media_type="text/plain")),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=around.hosts)],
        exception_handlers={
            BadParameterError: site.bad_parameter,
            NotFoundError: site.not_found,
            DeniedError: site.denied,
            StoreError: site.not_stored,
            CommitUnknownError: site.not_stored,
            HTTPException: site.no_page,
        },
    )
    app.mount("/static", StaticFiles(directory=STATIC))
    return app
