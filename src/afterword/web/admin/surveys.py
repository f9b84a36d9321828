"""GET /surveys and /surveys/{key}/report: what was asked, and what was answered?"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from afterword.domain.errors import NotFoundError
from afterword.flows.build_report import build_report
from afterword.flows.surveys.manage_surveys import list_phases
from afterword.web.parts import parts_of
from afterword.web.render import render_page


async def show_list(request: Request) -> Response:
    """All surveys."""
    parts = parts_of(request)
    surveys = await run_in_threadpool(list_phases, parts.database, parts.clock)
    return render_page("surveys.html", {"surveys": surveys})


async def show_report(request: Request) -> Response:
    """One survey's report."""
    parts = parts_of(request)
    try:
        report = await run_in_threadpool(
            build_report, parts.database, parts.clock, request.path_params["key"]
        )
    except NotFoundError:
        return render_page(
            "message.html", {"title": "Not found", "text": "There is no such survey."}, status=404
        )
    return render_page("report.html", {"report": report})
