"""GET and POST /unsubscribe/{token}: ending all surveys in one click, and taking that back."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from afterword.domain.words.languages import find_words
from afterword.flows.links import Ticket
from afterword.flows.throttle.preferences import find_locale, is_opted_out, set_opted_out
from afterword.web.form import FormError, read_form
from afterword.web.pages.answer import browser_words, invalid_link
from afterword.web.parts import parts_of
from afterword.web.render import render_page, spoken


async def show(request: Request) -> Response:
    """A button, because programs that scan mails open links too."""
    parts = parts_of(request)
    ticket = parts.links.read_unsubscribe(request.path_params["token"])
    opted_out = await run_in_threadpool(is_opted_out, parts.database, ticket)
    return await _page(request, ticket, opted_out)


async def submit(request: Request) -> Response:
    """
    RFC 8058: a mail program posts here without cookies and without showing a page.

    The form field ``resubscribe`` takes an earlier click back.
    """
    parts = parts_of(request)
    ticket = parts.links.read_unsubscribe(request.path_params["token"])
    if ticket is None:
        return invalid_link(request)
    try:
        fields = await read_form(request)
    except FormError:
        fields = {}
    wants_none = "resubscribe" not in fields
    opted_out = await run_in_threadpool(
        set_opted_out, parts.database, parts.clock, ticket, opted_out=wants_none
    )
    return await _page(request, ticket, opted_out)


async def _page(request: Request, ticket: Ticket | None, opted_out: bool | None) -> Response:
    if opted_out is None:
        return invalid_link(request)
    locale = await run_in_threadpool(find_locale, parts_of(request).database, ticket)
    words = find_words(locale) or browser_words(request)
    return render_page("unsubscribe.html", {**spoken(words), "opted_out": opted_out})
