"""GET /mailbox and /mailbox/{name}: the mails of a server without SMTP."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from afterword.flows.read_mailbox import find_mail, list_mails
from afterword.web.parts import parts_of
from afterword.web.render import SECURITY_HEADERS, render_page

_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; "
    "sandbox allow-top-navigation-by-user-activation"
)


async def show_list(request: Request) -> Response:
    """The newest mails; the page asks again by itself for new ones."""
    parts = parts_of(request)
    mails = await run_in_threadpool(list_mails, parts.mailbox)
    template = "mailbox_list.html" if "hx-request" in request.headers else "mailbox.html"
    return render_page(template, {"mails": mails, "is_used": parts.settings.smtp_url is None})


async def show_mail(request: Request) -> Response:
    """One mail, as HTML in a frame and as plain text."""
    mail = await run_in_threadpool(find_mail, parts_of(request).mailbox, request.path_params["name"])
    if mail is None:
        return _no_such_mail()
    return render_page("mail.html", {"mail": mail})


async def show_mail_html(request: Request) -> Response:
    """The HTML of one mail by itself, for the frame: mails style inline, which our pages never do."""
    mail = await run_in_threadpool(find_mail, parts_of(request).mailbox, request.path_params["name"])
    if mail is None:
        return _no_such_mail()
    headers = {
        **SECURITY_HEADERS,
        "Content-Security-Policy": _MAIL_POLICY,
        "X-Frame-Options": "SAMEORIGIN",
    }
    return HTMLResponse(mail.html, headers=headers)


def _no_such_mail() -> Response:
    return render_page("message.html", {"title": "Not found", "text": "There is no such mail."}, status=404)
