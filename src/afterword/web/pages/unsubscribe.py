"""GET and POST /unsubscribe/{token}: ending all surveys in one click, and taking that back."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from afterword.flows.opt_out import is_opted_out, opt_in, opt_out
from afterword.web.form import FormError, read_form
from afterword.web.pages.answer import invalid_link
from afterword.web.parts import parts_of
from afterword.web.render import render_page


async def show(request: Request) -> Response:
    """A button, because programs that scan mails open links too."""
    parts = parts_of(request)
    person_id = parts.links.read_unsubscribe(request.path_params["token"])
    opted_out = (
        None if person_id is None else await run_in_threadpool(is_opted_out, parts.database, person_id)
    )
    if opted_out is None:
        return invalid_link()
    return render_page("unsubscribe.html", {"opted_out": opted_out})


async def submit(request: Request) -> Response:
    """
    RFC 8058: a mail program posts here without cookies and without showing a page.

    The form field ``resubscribe`` takes an earlier click back.
    """
    parts = parts_of(request)
    person_id = parts.links.read_unsubscribe(request.path_params["token"])
    opted_out = (
        None if person_id is None else await run_in_threadpool(is_opted_out, parts.database, person_id)
    )
    if person_id is None or opted_out is None:
        return invalid_link()
    try:
        fields = await read_form(request)
    except FormError:
        fields = {}
    if "resubscribe" in fields:
        await run_in_threadpool(opt_in, parts.database, person_id)
    else:
        await run_in_threadpool(opt_out, parts.database, parts.clock, person_id)
    return render_page("unsubscribe.html", {"opted_out": "resubscribe" not in fields})
