"""What did a person submit with a form?"""

from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

FORM_BYTES_MAX = 256 * 1024
FIELDS_MAX = 500
"""A survey of 20 questions with 20 options each, all chosen, has 420, and says which steps came before."""


class FormError(Exception):
    """
    The form can't be read; the message is for the person who sent it.

    Attributes:
        is_too_long: Shortening would help; else opening the page again might.
    """

    def __init__(self, message: str, *, is_too_long: bool = False) -> None:
        super().__init__(message)
        self.is_too_long = is_too_long


async def read_form(request: Request) -> dict[str, list[str]]:
    """
    Read a URL-encoded form: field → the texts sent under it.

    Raises:
        FormError: Too large, or not such a form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError("This form was not sent the way a browser does. Please open the page and try again.")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > FORM_BYTES_MAX:
                raise FormError("This is too long to be taken. Please shorten your answer.", is_too_long=True)
    except ClientDisconnect:
        raise FormError("The connection ended before everything was sent. Please try again.") from None
    try:
        return parse_qs(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError:
        raise FormError("This form can't be read. Please open the page and try again.") from None
