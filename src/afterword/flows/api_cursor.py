"""Where does the next page of a method's list begin?"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from afterword.domain.method_error import MethodError, MethodErrorCode

ID_DIGITS_MAX = 18
"""Of an id; more would not fit into the 64 bits of the database."""


def parse_id(text: str) -> int | None:
    """The number of an id that a program gave back; None when it can be none of ours."""
    text = text.strip()
    is_number = text.isascii() and text.isdecimal() and len(text) <= ID_DIGITS_MAX
    return int(text) if is_number else None


def write_cursor(method: str, *place: int) -> str:
    """The place of the last one of a page, as the text that programs give back."""
    text = f"{method}:{'.'.join(map(str, place))}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(method: str, cursor: str, *, numbers: int) -> tuple[int, ...]:
    """
    The place that a method wrote, of as many numbers.

    Raises:
        MethodError: The cursor is not one that it wrote.
    """
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"==").decode("ascii")
    except ValueError:
        raise MethodError(MethodErrorCode.INVALID_CURSOR) from None
    found = [parse_id(part) for part in text.removeprefix(f"{method}:").split(".")]
    place = tuple(number for number in found if number is not None)
    # Only what is written the same again was written here.
    if len(place) != numbers or write_cursor(method, *place) != cursor:
        raise MethodError(MethodErrorCode.INVALID_CURSOR)
    return place
