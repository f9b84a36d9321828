"""GET and POST /answer/{token}: an invited person's survey. GET never records an answer."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from afterword.domain.answer import preselected
from afterword.domain.invitation import LinkState
from afterword.flows.links import Ticket
from afterword.flows.submit_response import Visit, open_survey, submit_response
from afterword.web.form import FormError, read_form
from afterword.web.parts import parts_of
from afterword.web.render import SECURITY_HEADERS, render_page

_CLOSED_PAGES = {LinkState.EXPIRED: "answer_expired.html", LinkState.CLOSED: "answer_closed.html"}
GONE = 410


async def show(request: Request) -> Response:
    """The survey, filled in with the earlier answers or with what the link preselects."""
    parts = parts_of(request)
    ticket = parts.links.read_answer(request.path_params["token"])
    if ticket is None:
        return invalid_link()
    visit = await _open(request, ticket)
    if visit is None:
        return invalid_link()
    if visit.link_state is not LinkState.OPEN:
        return _not_open(visit)
    query = {key: request.query_params.getlist(key) for key in request.query_params}
    values = {**(visit.answers or {}), **preselected(visit.definition, query)}
    return render_page("answer.html", {"visit": visit, "values": values, "problems": {}})


async def submit(request: Request) -> Response:
    """Record the answers, or show what to mend with everything still filled in."""
    parts = parts_of(request)
    token = request.path_params["token"]
    ticket = parts.links.read_answer(token)
    if ticket is None:
        return invalid_link()
    try:
        fields = await read_form(request)
    except FormError as error:
        return render_page("message.html", {"title": "That did not work", "text": str(error)}, status=422)
    visit, answers = await run_in_threadpool(submit_response, parts.database, parts.clock, ticket, fields)
    if visit is None:
        return invalid_link()
    if answers is None:
        return _not_open(visit)
    if answers.problems:
        values = {**{key: texts[-1] for key, texts in fields.items() if texts}, **answers.values}
        context = {"visit": visit, "values": values, "problems": answers.problems}
        return render_page("answer.html", context, status=422)
    # See Other: reloading the thank-you page sends nothing again.
    return RedirectResponse(f"/answer/{token}/thanks", status_code=303, headers=SECURITY_HEADERS)


async def thanks(request: Request) -> Response:
    """What was answered, and the way back to change it."""
    parts = parts_of(request)
    token = request.path_params["token"]
    ticket = parts.links.read_answer(token)
    if ticket is None:
        return invalid_link()
    visit = await _open(request, ticket)
    if visit is None:
        return invalid_link()
    if visit.answers is None:
        return RedirectResponse(f"/answer/{token}", status_code=303, headers=SECURITY_HEADERS)
    return render_page("answer_thanks.html", {"visit": visit, "answer_path": f"/answer/{token}"})


async def _open(request: Request, ticket: Ticket) -> Visit | None:
    parts = parts_of(request)
    is_shown = request.method == "GET"
    return await run_in_threadpool(open_survey, parts.database, parts.clock, ticket, is_shown=is_shown)


def invalid_link() -> Response:
    """The same page for every link that we did not make."""
    return render_page("link_invalid.html", {}, status=404)


def _not_open(visit: Visit) -> Response:
    return render_page(_CLOSED_PAGES[visit.link_state], {"visit": visit}, status=GONE)
