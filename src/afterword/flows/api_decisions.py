"""What may a program ask about the ledger by the Web API?"""

from afterword.domain.method_error import MethodError, MethodErrorCode
from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import check_text
from afterword.flows.api_cursor import parse_id, read_cursor, write_cursor
from afterword.flows.api_users import find_by_handle
from afterword.flows.throttle.told_decision import ToldDecision, tell_decision
from afterword.storage import decisions, events, surveys
from afterword.storage.decisions import About
from afterword.storage.engine import Connection, Database

__all__ = ["ToldDecision", "page_decisions"]

_METHOD = "decisions.list"


def page_decisions(
    database: Database,
    *,
    event_id: str | None,
    email: str | None,
    survey: str | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[ToldDecision], str]:
    """
    One page of the decisions about an event, a person or both, of the newest events first.

    Args:
        event_id: Of this event.
        email: Of whom this address names now.
        survey: Of the survey with this key only.
        cursor: Where the page begins, as the page before gave it; None for the first one.

    Returns:
        The decisions, and the cursor of the next page: empty when this was the last one.

    Raises:
        MethodError: Neither event nor person is named, one is not there, or the cursor is none of ours.
    """
    if event_id is None and email is None:
        raise MethodError(MethodErrorCode.EVENT_ID_BLANK)
    before = None if cursor is None else read_cursor(_METHOD, cursor, numbers=2)
    with database.read() as connection:
        about = _find(connection, event_id, email, survey)
        place = None if before is None else (before[0], before[1])
        found = decisions.list_about(connection, about, before=place, limit=limit + 1)
    page = found[:limit]
    next_cursor = write_cursor(_METHOD, page[-1].event_id, page[-1].survey_id) if len(found) > limit else ""
    return [tell_decision(entry) for entry in page], next_cursor


def _find(connection: Connection, event_id: str | None, email: str | None, survey: str | None) -> About:
    number = None if event_id is None else parse_id(event_id)
    if event_id is not None and (number is None or events.get_event(connection, number) is None):
        raise MethodError(MethodErrorCode.EVENT_NOT_FOUND)
    person = None if email is None else find_by_handle(connection, IdentityKind.EMAIL, email)
    if email is not None and person is None:
        raise MethodError(MethodErrorCode.USER_NOT_FOUND)
    return About(
        number,
        None if person is None else person.id,
        None if survey is None else _find_survey(connection, survey.strip()),
    )


def _find_survey(connection: Connection, key: str) -> int:
    found = surveys.find_survey(connection, key) if check_text(key) is None else None
    if found is None:
        raise MethodError(MethodErrorCode.SURVEY_NOT_FOUND)
    return found.id
