"""GET and POST /unsubscribe/{token}: ending all surveys in one click, and taking that back."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from afterword.flows.throttle.preferences import is_opted_out, set_opted_out
from afterword.web.form import FormError, read_form
from afterword.web.pages.answer import invalid_link
from afterword.web.parts import parts_of
from afterword.web.render import render_page


async def show(request: Request) -> Response:
    """A button, because programs that scan mails open links too."""
    parts = parts_of(request)
    ticket = parts.links.read_unsubscribe(request.path_params["token"])
    return _page(await run_in_threadpool(is_opted_out, parts.database, ticket))


async def submit(request: Request) -> Response:
    """
    RFC 8058: a mail program posts here without cookies and without showing a page.

    The form field ``resubscribe`` takes an earlier click back.
    """
    parts = parts_of(request)
    ticket = parts.links.read_unsubscribe(request.path_params["token"])
    if ticket is None:
        return invalid_link()
    try:
        fields = await read_form(request)
    except FormError:
        fields = {}
    opted_out = "resubscribe" not in fields
    return _page(
        await run_in_threadpool(set_opted_out, parts.database, parts.clock, ticket, opted_out=opted_out)
    )


def _page(opted_out: bool | None) -> Response:
    return invalid_link() if opted_out is None else render_page("unsubscribe.html", {"opted_out": opted_out})
