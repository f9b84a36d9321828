"""GET and POST /me/{token}/erase: a person takes themselves out of everything."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from afterword.flows.people.erase_person import erase_person
from afterword.flows.throttle.preferences import read_settings
from afterword.web.form import FormError, read_form
from afterword.web.pages.answer import invalid_link
from afterword.web.pages.person import is_of_other_site, person_page, ticket_of
from afterword.web.parts import parts_of
from afterword.web.render import render_page

_OTHER = "That is not the address that our mails to you go to. Nothing was erased."
_ERASED = (
    "What is left is the number and time of your events, without who or what, and a code made of each of "
    "your names, from which nobody can read them: by it you stay unknown. Copies in backups go by their age. "
    "This link no longer works, and nobody will ask you anything."
)


async def show(request: Request) -> Response:
    """What erasing takes away and what stays, and a form that asks for the address."""
    return await _ask(request)


async def submit(request: Request) -> Response:
    """Erase, when the address was typed; nothing can be taken back then."""
    parts, ticket = parts_of(request), ticket_of(request)
    if is_of_other_site(request):
        context = {"title": "Not from here", "text": "This request came from another site."}
        return render_page("message.html", context, status=403)
    settings = await run_in_threadpool(read_settings, parts.database, ticket)
    if settings is None:
        return invalid_link(request)
    person = settings.person
    try:
        typed = (await read_form(request)).get("address", [""])[-1]
    except FormError as error:
        return await _ask(request, str(error))
    if not person.email or typed.strip().lower() != person.email.lower():
        return await _ask(request, _OTHER, typed)
    await run_in_threadpool(
        erase_person, parts.database, parts.clock, parts.tombstones, person.id, mailbox=parts.mailbox
    )
    return render_page("message.html", {"title": "You are erased", "text": _ERASED})


async def _ask(request: Request, problem: str | None = None, typed: str = "") -> Response:
    settings = await run_in_threadpool(read_settings, parts_of(request).database, ticket_of(request))
    if settings is None:
        return invalid_link(request)
    status = 200 if problem is None else 422
    context = {"problem": problem, "typed": typed}
    return person_page(request, "person_erase.html", settings, context, status=status)
