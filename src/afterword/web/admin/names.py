"""GET /names, POST /names/assign, unassign and bot: whose are the names that nobody in the directory has?"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from afterword.domain.errors import AfterwordError, NotFoundError
from afterword.domain.people.identity import EVENT_KINDS, IdentityKind
from afterword.flows.names.attribute_events import find_remaining
from afterword.flows.names.guess_names import Guesser
from afterword.flows.names.manage_names import (
    assign_name,
    call_bot,
    count_names,
    find_bare,
    find_owner,
    list_names,
    unassign_name,
)
from afterword.web.form import FormError, read_form
from afterword.web.parts import parts_of
from afterword.web.render import SECURITY_HEADERS, render_page

NAMES_SHOWN_MAX = 25
"""On one page: for each, people are guessed."""

DONE = {
    "unassigned": "The name was taken back. It comes back to this list with its events, and so do they.",
    "bot": "The name is a bot's from now on. `afterword name rule list` shows the rule.",
}
_ASSIGN_FIELDS = ("kind", "name", "person")

LABELS = {
    IdentityKind.EMAIL: "E-mail",
    IdentityKind.GITHUB: "GitHub",
    IdentityKind.GITLAB: "GitLab",
}


async def show_list(request: Request) -> Response:
    """The unknown names, those of most events first."""
    return await _render(request)


async def assign(request: Request) -> Response:
    """Give a name to a person."""
    parts = parts_of(request)
    failed: dict[str, str] | None = None
    try:
        form = await read_form(request)
        failed = {field: _only(form, field) for field in _ASSIGN_FIELDS}
        kind, name, who = failed.values()
        if kind not in EVENT_KINDS or not name or not who:
            raise FormError("Say who it is: by an address, a user name or an id.")
        done = await run_in_threadpool(
            assign_name, parts.database, parts.clock, parts.tombstones, IdentityKind(kind), name, who
        )
    except NotFoundError as problem:
        # What to do is said for a terminal, behind the last colon.
        text = f"{str(problem).rpartition(': `')[0]}; an address, a user name or an id says who it is"
        return await _render(request, problem=text, failed=failed)
    except (FormError, AfterwordError) as problem:
        return await _render(request, problem=str(problem), failed=failed)
    return _see("assigned", kind=kind, name=done.name)


async def unassign(request: Request) -> Response:
    """Take a name back from whoever got it by mistake."""
    parts = parts_of(request)
    try:
        form = await read_form(request)
        kind, name = _only(form, "kind"), _only(form, "name")
        if kind not in EVENT_KINDS or not name:
            raise FormError("This form can't be read. Please open the page and try again.")
        await run_in_threadpool(
            unassign_name, parts.database, parts.clock, parts.tombstones, IdentityKind(kind), name
        )
    except (FormError, AfterwordError) as problem:
        return await _render(request, problem=str(problem))
    return _see("unassigned")


async def call_a_bot(request: Request) -> Response:
    """Add the rule that a name is a bot's."""
    parts = parts_of(request)
    try:
        name = _only(await read_form(request), "name")
        if not name:
            raise FormError("This form can't be read. Please open the page and try again.")
        await run_in_threadpool(call_bot, parts.database, parts.clock, name)
    except (FormError, AfterwordError) as problem:
        return await _render(request, problem=str(problem))
    return _see("bot")


async def _render(
    request: Request, *, problem: str | None = None, failed: Mapping[str, str] | None = None
) -> Response:
    database = parts_of(request).database
    after = _place(request)
    found = await run_in_threadpool(list_names, database, after=after, limit=NAMES_SHOWN_MAX + 1)
    shown = found[:NAMES_SHOWN_MAX]
    guesser: Guesser = request.app.state.guesser
    context: dict[str, Any] = {
        "names": shown,
        "total": await run_in_threadpool(count_names, database),
        "guesses": await run_in_threadpool(guesser.suggest, shown) if shown else {},
        "bare": await run_in_threadpool(find_bare, database, shown),
        "remaining": await run_in_threadpool(find_remaining, database),
        "labels": LABELS,
        "problem": problem,
        "failed": failed or dict.fromkeys(_ASSIGN_FIELDS, ""),
        "done": DONE.get(request.query_params.get("done", "")),
        "assigned": await run_in_threadpool(_find_assigned, request),
        "is_first": after is None,
        "next": _query(shown[-1].place) if len(found) > len(shown) else None,
    }
    return render_page("names.html", context, status=400 if problem else 200)


def _find_assigned(request: Request) -> dict[str, Any] | None:
    """What was assigned just now, as the directory has it: a link can't make the page say what isn't so."""
    query = request.query_params
    kind, name = query.get("kind", ""), query.get("name", "")
    if query.get("done") != "assigned" or kind not in EVENT_KINDS or "\0" in name:
        return None
    person = find_owner(parts_of(request).database, IdentityKind(kind), name)
    return None if person is None else {"kind": IdentityKind(kind), "name": name, "person": person}


def _see(done: str, **more: str) -> Response:
    return RedirectResponse(
        f"/names?{urlencode({'done': done, **more})}", status_code=303, headers=SECURITY_HEADERS
    )


def _only(form: dict[str, list[str]], field: str) -> str:
    given = form.get(field, [])
    return given[0].strip() if len(given) == 1 else ""


def _query(place: tuple[int, str, str, int]) -> str:
    events, kind, name, project_id = place
    return urlencode({"events": events, "kind": kind, "name": name, "project": project_id})


def _place(request: Request) -> tuple[int, str, str, int] | None:
    """The place that a page begins after; the first page for what is none."""
    query = request.query_params
    numbers = query.get("events", ""), query.get("project", "")
    if not all(number.isascii() and number.isdecimal() and len(number) < 19 for number in numbers):
        return None
    name = query.get("name", "").replace("\0", "")
    return int(numbers[0]), query.get("kind", ""), name, int(numbers[1])
