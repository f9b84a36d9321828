"""GET /me/{token} and below: what is known about a person, what they were asked, and what they want."""

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from afterword.domain.people.preference import SNOOZE_DAYS_MAX, ChannelKind
from afterword.domain.people.time_zone import ZoneOrigin
from afterword.flows.invitations.person_page import (
    EVENTS_LOOKED_AT_MAX,
    History,
    Overview,
    open_history,
    open_overview,
)
from afterword.flows.invitations.tell_person import show_day, show_time
from afterword.flows.links import Ticket
from afterword.flows.people.export_person import export_person
from afterword.flows.throttle.explain_reason import show_channel
from afterword.flows.throttle.preferences import (
    PreferenceError,
    Settings,
    change_settings,
    read_settings,
    zones_to_choose,
)
from afterword.kit.clock import to_datetime
from afterword.web.form import FormError, read_form
from afterword.web.pages.answer import invalid_link
from afterword.web.parts import parts_of
from afterword.web.render import SECURITY_HEADERS, render_page

_PLACE = re.compile(r"([1-9][0-9]{0,17})\.([1-9][0-9]{0,17})")
_PAUSES = (("1 week", 7), ("1 month", 30), ("3 months", 91))
"""Pauses of one click, in days."""

_DONE = {
    "opt-out": "Saved: you are not asked that any more.",
    "opt-in": "Saved: you may be asked that again.",
    "snooze": "Saved: you have a pause.",
    "wake": "Saved: the pause is over.",
    "quiet": "Saved: your quiet hours hold from now on.",
    "no-quiet": "Saved: you have no quiet hours.",
    "timezone": "Saved: your time zone is changed.",
}
"""What the page says after a change; the section that was changed says what holds, and has the way back."""


_ZONE_WORDS = {
    ZoneOrigin.PERSON: "which you chose",
    ZoneOrigin.DIRECTORY: "which the directory says",
    ZoneOrigin.TEAM: "your team's",
    ZoneOrigin.ORGANISATION: "the organisation's",
    ZoneOrigin.DEFAULT: "because nobody says another",
}
"""Where the time zone comes from that holds."""


async def show_overview(request: Request) -> Response:
    """What is known."""
    overview = await run_in_threadpool(open_overview, parts_of(request).database, ticket_of(request))
    if overview is None:
        return invalid_link(request)
    context = {"overview": overview, "events_looked_at_max": EVENTS_LOOKED_AT_MAX}
    return person_page(request, "person_overview.html", overview, context)


async def show_surveys(request: Request) -> Response:
    """What was asked, or not, and why."""
    parts = parts_of(request)
    asked = request.query_params.get("show") != "not-asked"
    place = _PLACE.fullmatch(request.query_params.get("before", ""))
    before = (int(place[1]), int(place[2])) if place else None
    history = await run_in_threadpool(
        open_history, parts.database, parts.links, ticket_of(request), asked=asked, before=before
    )
    if history is None:
        return invalid_link(request)
    context = {"history": history, "asked": asked, "is_first": before is None}
    return person_page(request, "person_surveys.html", history, context)


async def show_settings(request: Request) -> Response:
    """What the person wants."""
    settings = await run_in_threadpool(read_settings, parts_of(request).database, ticket_of(request))
    if settings is None:
        return invalid_link(request)
    done = _DONE.get(request.query_params.get("done", ""))
    return _settings_page(request, settings, {"done": done})


async def change(request: Request) -> Response:
    """Change what the person wants, and show it."""
    parts = parts_of(request)
    ticket = ticket_of(request)
    if is_of_other_site(request):
        context = {"title": "Not from here", "text": "This request came from another site."}
        return render_page("message.html", context, status=403)
    fields: dict[str, str] = {}
    try:
        fields = {name: texts[-1] for name, texts in (await read_form(request)).items()}
        settings = await run_in_threadpool(change_settings, parts.database, parts.clock, ticket, fields)
    except (FormError, PreferenceError) as error:
        settings = await run_in_threadpool(read_settings, parts.database, ticket)
        if settings is None:
            return invalid_link(request)
        return _settings_page(request, settings, {"problem": str(error), "typed": fields}, status=422)
    if settings is None:
        return invalid_link(request)
    # See Other: reloading the page changes nothing again.
    path = f"/me/{request.path_params['token']}/settings?done={fields['change']}"
    return RedirectResponse(path, status_code=303, headers=SECURITY_HEADERS)


async def export(request: Request) -> Response:
    """Everything that is kept, as JSON to be saved."""
    parts = parts_of(request)
    settings = await run_in_threadpool(read_settings, parts.database, ticket_of(request))
    if settings is None:
        return invalid_link(request)
    pieces = await run_in_threadpool(export_person, parts.database, parts.clock, settings.person.id)
    headers = {**SECURITY_HEADERS, "Content-Disposition": 'attachment; filename="afterword-about-me.json"'}
    return StreamingResponse(pieces, media_type="application/json", headers=headers)


def ticket_of(request: Request) -> Ticket | None:
    """What the link lets in with."""
    return parts_of(request).links.read_person(request.path_params["token"])


def _show_date(text: str | None) -> str | None:
    """A date without a time, such as 2020-02-02, as the other days are shown."""
    if text is None:
        return None
    day = date.fromisoformat(text)
    return f"{day.day} {day:%B %Y}"


def is_of_other_site(request: Request) -> bool:
    """
    Tell from the browser's own headers whether another site sent this.

    Such a site does not know the link, so this is a second lock. An origin of ``null`` is what our own
    pages send where there is no TLS, because they send no referrer.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin", "null")
    public = urlsplit(parts_of(request).settings.public_url)
    ours = {"null", f"{request.url.scheme}://{request.url.netloc}", f"{public.scheme}://{public.netloc}"}
    return origin not in ours


def _settings_page(
    request: Request, settings: Settings, changes: dict[str, Any], *, status: int = 200
) -> Response:
    now = to_datetime(parts_of(request).clock.now_us())
    person, channels = settings.person, parts_of(request).channels
    today = now.astimezone(settings.zone.zone).date()
    context: dict[str, Any] = {
        "settings": settings,
        "done": None,
        "problem": None,
        "typed": {},
        "is_snoozed": person.snoozed_until is not None and now < person.snoozed_until,
        "pauses": [(label, today + timedelta(days=days)) for label, days in _PAUSES],
        "first_day": today + timedelta(days=1),
        "last_day": today + timedelta(days=SNOOZE_DAYS_MAX),
        "zones": zones_to_choose(),
        "channels": [(kind, show_channel(kind)) for kind in ChannelKind if kind in channels],
    }
    return person_page(request, "person_settings.html", settings, context | changes, status=status)


def person_page(
    request: Request,
    template: str,
    shown: Overview | History | Settings,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> Response:
    """A page with what all of them need: the way to the others, and times in the person's zone."""
    zone = shown.zone.zone
    common = {
        "person": shown.person,
        "zone": shown.zone,
        "zone_words": _ZONE_WORDS,
        "home": f"/me/{request.path_params['token']}",
        "show_time": lambda moment: show_time(moment, zone),
        "show_date": _show_date,
        "show_day": lambda moment: show_day(moment, zone),
    }
    return render_page(template, common | context, status=status)
