"""May this request see staff pages? Opening, checking and ending a session."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from afterword.flows import admin_access
from afterword.web.parts import parts_of
from afterword.web.render import SAME_ORIGIN_REFERRER, SECURITY_HEADERS, render_page

COOKIE = "afterword_session"
FIRST_PAGE = "/surveys"

Handler = Callable[[Request], Awaitable[Response]]


def staff_only(handler: Handler) -> Handler:
    """Wrap a route so that it answers open sessions only, and changes nothing for other sites."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        if request.method not in ("GET", "HEAD") and not is_same_origin(request):
            return _other_site()
        if not await has_session(request):
            return render_page("session_needed.html", {}, status=401)
        response = await handler(request)
        response.headers.update(SAME_ORIGIN_REFERRER)
        return response

    guarded.is_staff_only = True  # type: ignore[attr-defined]
    return guarded


async def has_session(request: Request) -> bool:
    """Tell whether the request comes with an open session."""
    parts = parts_of(request)
    session = request.cookies.get(COOKIE)
    if not session:
        return False
    return await run_in_threadpool(admin_access.is_session_good, parts.database, parts.clock, session)


def is_same_origin(request: Request) -> bool:
    """Tell from the browser's own headers whether one of our pages sent this."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    base_url = parts_of(request).settings.public_url
    return origin in (None, f"{request.url.scheme}://{request.url.netloc}", _origin(base_url))


def _other_site() -> Response:
    context = {"title": "Not from here", "text": "This request came from another site."}
    return render_page("message.html", context, status=403)


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


async def show_link(request: Request) -> Response:
    """The page behind a one-time link. A button, because chat programs open links to preview them."""
    parts = parts_of(request)
    secret = request.path_params["secret"]
    good = await run_in_threadpool(admin_access.is_link_good, parts.database, parts.clock, secret)
    if not good:
        return render_page("session_needed.html", {}, status=404)
    return render_page("session_open.html", {}, headers=SAME_ORIGIN_REFERRER)


async def use_link(request: Request) -> Response:
    """Use the one-time link up and open a session."""
    if not is_same_origin(request):
        return _other_site()
    parts = parts_of(request)
    secret = request.path_params["secret"]
    session = await run_in_threadpool(admin_access.open_session, parts.database, parts.clock, secret)
    if session is None:
        return render_page("session_needed.html", {}, status=404)
    response = RedirectResponse(FIRST_PAGE, status_code=303, headers=SECURITY_HEADERS)
    response.set_cookie(
        COOKIE,
        session,
        max_age=int(admin_access.SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=parts.settings.public_url.startswith("https://"),
    )
    return response


async def close(request: Request) -> Response:
    """Sign out."""
    parts = parts_of(request)
    await run_in_threadpool(admin_access.close_session, parts.database, request.cookies[COOKIE])
    response = render_page("message.html", {"title": "Signed out", "text": "You can close this page."})
    response.delete_cookie(COOKIE)
    return response
