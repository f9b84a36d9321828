"""GET and POST /answer/{token}: an invited person's survey. GET never records an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from afterword.domain.invitation import LinkState
from afterword.domain.survey.answer import (
    BACK_FIELD,
    SHOWN_FIELD,
    Answers,
    Fields,
    field_names,
    preselected,
    read_draft,
)
from afterword.domain.throttle.facts import Outcome
from afterword.domain.words.languages import accepted_words
from afterword.domain.words.words import Words
from afterword.flows.invitations.submit_response import (
    Visit,
    begin_answers,
    leave_survey,
    open_survey,
    submit_response,
)
from afterword.flows.links import Ticket
from afterword.web.form import FormError, read_form
from afterword.web.parts import parts_of
from afterword.web.render import SECURITY_HEADERS, render_page, spoken, spoken_around

_CLOSED_PAGES = {
    LinkState.EXPIRED: "answer_expired.html",
    LinkState.CLOSED: "answer_closed.html",
    LinkState.WITHDRAWN: "answer_withdrawn.html",
}
GONE = 410

OUTCOMES = (Outcome.SNOOZED, Outcome.DISMISSED)
"""How somebody can leave without an answer."""


async def show(request: Request) -> Response:
    """The survey, filled in with the earlier answers or with what the link preselects."""
    parts = parts_of(request)
    token = request.path_params["token"]
    ticket = parts.links.read_answer(token)
    if ticket is None:
        return invalid_link(request)
    visit = await _open(request, ticket)
    if visit is None:
        return invalid_link(request)
    if visit.link_state is not LinkState.OPEN:
        return _not_open(visit)
    query = {key: request.query_params.getlist(key) for key in request.query_params}
    chosen = preselected(visit.definition, query)
    values = {**(visit.answers or {}), **chosen}
    return _page(token, visit, begin_answers(visit), values, query if chosen else {})


async def submit(request: Request) -> Response:
    """Record the answers, or show the next questions, or what to mend, with everything still filled in."""
    parts = parts_of(request)
    token = request.path_params["token"]
    ticket = parts.links.read_answer(token)
    if ticket is None:
        return invalid_link(request)
    try:
        fields = await read_form(request)
    except FormError as error:
        return _bad_form(request, error)
    visit, answers = await run_in_threadpool(submit_response, parts.database, parts.clock, ticket, fields)
    if visit is None:
        return invalid_link(request)
    if answers is None:
        return _not_open(visit)
    if not answers.is_complete:
        values = {**(visit.answers or {}), **read_draft(visit.definition, fields)}
        if answers.problems:
            # What was left blank is shown blank, whatever an earlier answer was.
            values = read_draft(visit.definition, fields)
        return _page(token, visit, answers, values, fields)
    # See Other: reloading the thank-you page sends nothing again.
    return RedirectResponse(f"/answer/{token}/thanks", status_code=303, headers=SECURITY_HEADERS)


async def leave(request: Request) -> Response:
    """Remember that somebody does not want to answer, now or at all."""
    parts = parts_of(request)
    token = request.path_params["token"]
    ticket = parts.links.read_answer(token)
    if ticket is None:
        return invalid_link(request)
    try:
        outcome = _outcome(await read_form(request))
    except FormError as error:
        return _bad_form(request, error)
    visit = await run_in_threadpool(leave_survey, parts.database, parts.clock, ticket, outcome)
    if visit is None:
        return invalid_link(request)
    if visit.link_state is not LinkState.OPEN:
        return _not_open(visit)
    if visit.answers is not None:
        return RedirectResponse(f"/answer/{token}/thanks", status_code=303, headers=SECURITY_HEADERS)
    context = {**_seen(visit), "outcome": outcome, "answer_path": f"/answer/{token}"}
    return render_page("answer_left.html", context)


async def thanks(request: Request) -> Response:
    """What was answered, and the way back to change it."""
    parts = parts_of(request)
    token = request.path_params["token"]
    ticket = parts.links.read_answer(token)
    if ticket is None:
        return invalid_link(request)
    visit = await _open(request, ticket)
    if visit is None:
        return invalid_link(request)
    if visit.answers is None and visit.link_state is not LinkState.ANSWERED:
        return RedirectResponse(f"/answer/{token}", status_code=303, headers=SECURITY_HEADERS)
    return render_page("answer_thanks.html", {**_seen(visit), "answer_path": f"/answer/{token}"})


async def _open(request: Request, ticket: Ticket) -> Visit | None:
    parts = parts_of(request)
    is_shown = request.method == "GET"
    return await run_in_threadpool(open_survey, parts.database, parts.clock, ticket, is_shown=is_shown)


def invalid_link(request: Request) -> Response:
    """The same page for every link that we did not make, in the language that the browser asks for."""
    return render_page("link_invalid.html", spoken(browser_words(request)), status=404)


def browser_words(request: Request) -> Words:
    """Our words where nothing but the browser says in which language."""
    return accepted_words(request.headers.get("accept-language", ""))


def _bad_form(request: Request, error: FormError) -> Response:
    words = browser_words(request)
    text = words.refusal.form_too_long if error.is_too_long else words.refusal.form_unreadable
    return render_page(
        "message.html", {**spoken(words), "title": words.refusal.form, "text": text}, status=422
    )


def _seen(visit: Visit) -> dict[str, Any]:
    """What every page behind a link shows."""
    return {"visit": visit, **spoken_around(visit.definition.locale)}


def _outcome(fields: Fields) -> Outcome:
    for outcome in OUTCOMES:
        if fields.get("outcome") == [outcome.value]:
            return outcome
    raise FormError("This form was not sent the way a browser does. Please open the page and try again.")


def _page(token: str, visit: Visit, answers: Answers, values: Mapping[str, Any], fields: Fields) -> Response:
    """One step of the survey; what was sent to other steps goes along in hidden fields."""
    context = {
        **_seen(visit),
        "answers": answers,
        "values": values,
        "problems": answers.problems,
        "carried": _carried(visit, answers, fields),
        "answer_path": f"/answer/{token}",
        "shown_field": SHOWN_FIELD,
        "back_field": BACK_FIELD,
    }
    return render_page("answer.html", context, status=422 if answers.problems else 200)


def _carried(visit: Visit, answers: Answers, fields: Fields) -> Sequence[tuple[str, str]]:
    now_shown = {question.key for question in answers.step}
    names = [
        name
        for question in visit.definition.questions
        if question.key not in now_shown
        for name in field_names(question)
    ]
    return [(name, text) for name in names for text in fields.get(name, ())]


def _not_open(visit: Visit) -> Response:
    if visit.link_state is LinkState.ANSWERED:
        return render_page("answer_thanks.html", _seen(visit))
    return render_page(_CLOSED_PAGES[visit.link_state], _seen(visit), status=GONE)
