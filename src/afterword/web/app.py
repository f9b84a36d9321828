"""All routes in one list, and the callable that uvicorn runs."""

import logging
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from afterword.bootstrap import IntakeParts, Parts
from afterword.flows.ingest.check_store import StoreError, is_unavailable, log_failure
from afterword.flows.names.guess_names import Guesser
from afterword.web import health
from afterword.web.admin import events, mailbox, names, session, surveys
from afterword.web.admin.session import FIRST_PAGE, staff_only
from afterword.web.api.call_limit import CALLS_PER_MINUTE, SCIM_CALLS_PER_MINUTE, CallLimit
from afterword.web.api.methods import METHODS
from afterword.web.api.route import PATH_BEGINNINGS, make_routes
from afterword.web.connections import Connections, room_for_connections
from afterword.web.errors import UNAVAILABLE_RETRY_S, ErrorCode
from afterword.web.openapi import show_openapi
from afterword.web.pages import answer, erase_me, person, unsubscribe
from afterword.web.parts import parts_of
from afterword.web.render import SECURITY_HEADERS, render_page
from afterword.web.respond import (
    Receive,
    Scope,
    Send,
    error_body,
    json_headers,
    next_request_id,
)
from afterword.web.scim.call import render_error
from afterword.web.scim.routes import SCIM_ROUTES
from afterword.web.scim.shapes import PREFIX as SCIM_PREFIX
from afterword.web.survey_schema import show_survey_schema
from afterword.web.track import Track

STATIC = Path(__file__).parent / "static"

logger = logging.getLogger(__name__)


async def root(request: Request) -> Response:
    """Send staff to their first page."""
    return RedirectResponse(FIRST_PAGE, status_code=303, headers=SECURITY_HEADERS)


ROUTES = [
    Route("/healthz", health.healthz),
    Route("/readyz", health.readyz),
    Route("/metrics", health.metrics),
    Route("/openapi.json", show_openapi),
    Route("/survey.schema.json", show_survey_schema),
    *make_routes(METHODS),
    Route("/answer/{token}", answer.show, methods=["GET"]),
    Route("/answer/{token}", answer.submit, methods=["POST"]),
    Route("/answer/{token}/thanks", answer.thanks),
    Route("/answer/{token}/leave", answer.leave, methods=["POST"]),
    Route("/unsubscribe/{token}", unsubscribe.show, methods=["GET"]),
    Route("/unsubscribe/{token}", unsubscribe.submit, methods=["POST"]),
    Route("/me/{token}", person.show_overview),
    Route("/me/{token}/surveys", person.show_surveys),
    Route("/me/{token}/settings", person.show_settings, methods=["GET"]),
    Route("/me/{token}/settings", person.change, methods=["POST"]),
    Route("/me/{token}/export", person.export),
    Route("/me/{token}/erase", erase_me.show, methods=["GET"]),
    Route("/me/{token}/erase", erase_me.submit, methods=["POST"]),
    Route("/admin/{secret}", session.show_link, methods=["GET"]),
    Route("/admin/{secret}", session.use_link, methods=["POST"]),
    Route("/sign-out", staff_only(session.close), methods=["POST"]),
    Route("/", staff_only(root)),
    Route("/surveys", staff_only(surveys.show_list)),
    Route("/surveys/{key}/report", staff_only(surveys.show_report)),
    Route("/events", staff_only(events.show_list)),
    Route("/events/{id:int}", staff_only(events.show_event)),
    Route("/names", staff_only(names.show_list)),
    Route("/names/assign", staff_only(names.assign), methods=["POST"]),
    Route("/names/unassign", staff_only(names.unassign), methods=["POST"]),
    Route("/names/bot", staff_only(names.call_a_bot), methods=["POST"]),
    Route("/mailbox", staff_only(mailbox.show_list)),
    Route("/mailbox/{name}", staff_only(mailbox.show_mail)),
    Route("/mailbox/{name}/html", staff_only(mailbox.show_mail_html)),
    *SCIM_ROUTES,
    Mount("/static", StaticFiles(directory=STATIC), name="static"),
]


class Web:
    """What a server answers with: ``track`` for events.track, and an ASGI callable for the pages."""

    def __init__(self, parts: Parts, intake: IntakeParts) -> None:
        self.track = Track(
            directory=intake.directory, intake=intake.intake, notices=intake.notices, clock=parts.clock
        )
        self.connections = Connections(room_for_connections())
        self._pages = Starlette(
            routes=[*ROUTES, *make_routes(METHODS, end="/")],
            exception_handlers={
                HTTPException: _show_error,
                Exception: _show_error,
                **dict.fromkeys(StoreError, _show_store_error),
            },
        )
        # Such redirects would lead wherever the Host header says.
        self._pages.router.redirect_slashes = False
        self._pages.state.parts = parts
        self._pages.state.intake = intake
        self._pages.state.guesser = Guesser(parts.database, parts.clock)
        self._pages.state.call_limit = CallLimit(parts.clock, CALLS_PER_MINUTE)
        self._pages.state.scim_limit = CallLimit(parts.clock, SCIM_CALLS_PER_MINUTE)
        self._pages.state.metrics = health.metrics_registry(parts, intake, self.track, self.connections)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a page; those to events.track go from web/protocol.py to ``track``."""
        await self._pages(scope, receive, send)


_TITLES = {404: "Not found", 405: "Not possible", 500: "Something went wrong", 503: "Not possible now"}
_CODES = {
    404: ErrorCode.UNKNOWN_METHOD,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    503: ErrorCode.SERVICE_UNAVAILABLE,
}
_MESSAGES = {
    404: "There is nothing at this address.",
    405: "This address does not take this HTTP method.",
    500: "This is a bug on our side; the server's log has more.",
    503: "The database can't do this now, and nothing was changed. Come back in five minutes.",
}


async def _show_store_error(request: Request, error: Exception) -> Response:
    """The store failed: say so, and that nothing was changed; a bug stays a bug."""
    if not is_unavailable(error):
        raise error
    log_failure(logger, parts_of(request).database, f"can't answer {request.method} on a page", error)
    return await _show_error(request, HTTPException(503, headers={"Retry-After": str(UNAVAILABLE_RETRY_S)}))


async def _show_error(request: Request, error: Exception) -> Response:
    """Say it as a page to a browser, and as JSON to every other program."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers: dict[str, Any] = dict(getattr(error, "headers", None) or {})
    text = _MESSAGES.get(status, "This request can't be answered.")
    path = request.url.path
    if path.startswith(f"{SCIM_PREFIX}/"):
        return render_error(status, text, headers=headers)
    is_page = not path.startswith(PATH_BEGINNINGS) and (
        request.method in ("GET", "HEAD") or not path.startswith("/events.")
    )
    if is_page and "text/html" in request.headers.get("accept", ""):
        context = {"title": _TITLES.get(status, "That did not work"), "text": text}
        return render_page("message.html", context, status=status, headers=headers)
    body = error_body(_CODES.get(status, ErrorCode.INTERNAL_ERROR), text)
    common = {name.decode(): value.decode() for name, value in json_headers(next_request_id(), body)}
    return Response(body, status_code=status, headers={**headers, **common})
