"""How does a page become HTML?"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from afterword.domain.survey.answer import show_answer
from afterword.domain.words.english import ENGLISH
from afterword.domain.words.languages import is_right_to_left, language_around, words_in
from afterword.domain.words.words import Words
from afterword.web.charts import format_percent, question_chart

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # A link's token is in the address of its page: no other site may learn it.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}

SAME_ORIGIN_REFERRER = {"Referrer-Policy": "same-origin"}
"""
For pages whose forms ask where they were sent from: without a referrer a browser sends ``Origin: null``, and
where there is no TLS nothing else tells that it was us. Other sites learn nothing by this, either.
"""

_templates = Environment(
    loader=PackageLoader("afterword.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["question_chart"] = question_chart
_templates.globals["show_answer"] = show_answer
_templates.globals["is_right_to_left"] = is_right_to_left
_templates.filters["percent"] = format_percent
_templates.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]


def spoken(words: Words) -> Mapping[str, Any]:
    """What a template needs to speak a language."""
    return {"words": words, "page_lang": words.tag}


def spoken_around(locale: str) -> Mapping[str, Any]:
    """What a template needs to speak the language of a survey's texts, or English where we don't speak it."""
    return {"words": words_in(locale), "page_lang": language_around(locale)}


def render_page(
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Fill a template in; all get the same strict security headers, and are in English unless told."""
    html = _templates.get_template(template).render({**spoken(ENGLISH), **context})
    return HTMLResponse(html, status_code=status, headers={**SECURITY_HEADERS, **(headers or {})})
