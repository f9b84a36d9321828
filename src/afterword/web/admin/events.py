"""GET /events and /events/{id}: what was sent, and what was decided about it?"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from afterword.domain.errors import NotFoundError
from afterword.flows.throttle.explain_event import explain_event, list_events, list_outcomes
from afterword.flows.throttle.explain_invitation import list_steps
from afterword.flows.throttle.explain_reason import explain_basis, explain_reason, explain_verdict
from afterword.web.parts import parts_of
from afterword.web.render import render_page

EVENTS_SHOWN_MAX = 100


async def show_list(request: Request) -> Response:
    """The newest events of all projects."""
    database = parts_of(request).database
    events = await run_in_threadpool(list_events, database, None, limit=EVENTS_SHOWN_MAX)
    outcomes = await run_in_threadpool(list_outcomes, database, events)
    context = {"events": events, "outcomes": outcomes, "shown_max": EVENTS_SHOWN_MAX}
    return render_page("events.html", context)


async def show_event(request: Request) -> Response:
    """One event with every rule's verdict."""
    try:
        explanation = await run_in_threadpool(
            explain_event, parts_of(request).database, request.path_params["id"]
        )
    except NotFoundError:
        return render_page(
            "message.html", {"title": "Not found", "text": "There is no such event."}, status=404
        )
    return render_page(
        "event.html",
        {
            "explanation": explanation,
            "list_steps": list_steps,
            "explain_reason": explain_reason,
            "explain_verdict": explain_verdict,
            "explain_basis": explain_basis,
        },
    )
