"""What did people answer?"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from afterword.domain.survey.answer import Value
from afterword.storage.tables import anonymous_response, answer, invitation, response


@dataclass(frozen=True, slots=True)
class Response:
    """What a person answered to one invitation."""

    created_at: datetime
    updated_at: datetime
    is_whole: bool
    values: Mapping[str, Value]


def set_response(
    connection: sa.Connection,
    invitation_id: int,
    values: Mapping[str, Value],
    *,
    is_whole: bool,
    now: datetime,
) -> None:
    """Record the current response to an invitation in place of the one there was."""
    changed = connection.execute(
        sa.update(response)
        .where(response.c.invitation_id == invitation_id)
        .values(is_whole=is_whole, updated_at=now)
        .returning(response.c.id)
    ).scalar()
    response_id = (
        changed
        or connection.execute(
            sa.insert(response)
            .values(invitation_id=invitation_id, is_whole=is_whole, created_at=now, updated_at=now)
            .returning(response.c.id)
        ).scalar_one()
    )
    connection.execute(sa.delete(answer).where(answer.c.response_id == response_id))
    rows = [
        {"response_id": response_id, "question_key": key, "value": json.dumps(value, ensure_ascii=False)}
        for key, value in values.items()
    ]
    if rows:
        connection.execute(sa.insert(answer), rows)


def find_answers(connection: sa.Connection, invitation_id: int) -> dict[str, Value] | None:
    """Question key → value of the current response; None without a response, or when they were let go."""
    response_id = connection.execute(
        sa.select(response.c.id).where(
            response.c.invitation_id == invitation_id, sa.not_(response.c.is_emptied)
        )
    ).scalar()
    if response_id is None:
        return None
    rows = connection.execute(
        sa.select(answer.c.question_key, answer.c.value).where(answer.c.response_id == response_id)
    )
    return {row.question_key: json.loads(row.value) for row in rows}


def list_responses(connection: sa.Connection, invitation_ids: Collection[int]) -> dict[int, Response]:
    """Invitation id → its response; those without one are absent."""
    is_its = response.c.invitation_id.in_(list(invitation_ids))
    values: dict[int, dict[str, Value]] = defaultdict(dict)
    statement = sa.select(answer).join(response, response.c.id == answer.c.response_id).where(is_its)
    for row in connection.execute(statement):
        values[row.response_id][row.question_key] = json.loads(row.value)
    return {
        row.invitation_id: Response(row.created_at, row.updated_at, row.is_whole, values[row.id])
        for row in connection.execute(sa.select(response).where(is_its))
    }


def add_anonymous(
    connection: sa.Connection,
    response_id: str,
    *,
    survey_id: int,
    survey_version: int,
    values: Mapping[str, Value],
    is_whole: bool,
    day: date,
) -> None:
    """
    Keep a response of which nobody can say whose it is.

    Args:
        response_id: Random, so that it tells nothing about the order.
    """
    connection.execute(
        sa.insert(anonymous_response).values(
            id=response_id,
            survey_id=survey_id,
            survey_version=survey_version,
            is_whole=is_whole,
            day=day.isoformat(),
            answers=json.dumps(values, ensure_ascii=False, sort_keys=True),
        )
    )


def mix_anonymous(connection: sa.Connection, *, after: date, until: date) -> None:
    """
    Write the anonymous responses of some days anew, in the order of their random ids, the last day included.

    PostgreSQL keeps with each row which transaction wrote it, and rows where they came: one look at both
    tables would tell whose each answer is.
    """
    of_days = anonymous_response.c.day > after.isoformat(), anonymous_response.c.day <= until.isoformat()
    statement = sa.delete(anonymous_response).where(*of_days).returning(*anonymous_response.c)
    rows = sorted(connection.execute(statement), key=lambda row: str(row.id))
    if rows:
        connection.execute(sa.insert(anonymous_response), [dict(row._mapping) for row in rows])


@dataclass(frozen=True, slots=True)
class AnonymousResponse:
    """What somebody answered on a day."""

    id: str
    survey_version: int
    day: date
    is_whole: bool
    values: Mapping[str, Value]


def list_anonymous(connection: sa.Connection, survey_id: int) -> list[AnonymousResponse]:
    """The anonymous responses to a survey, the oldest day first."""
    columns = anonymous_response.c
    statement = sa.select(anonymous_response).where(columns.survey_id == survey_id)
    return [
        AnonymousResponse(
            row.id,
            row.survey_version,
            date.fromisoformat(row.day),
            row.is_whole,
            json.loads(row.answers),
        )
        for row in connection.execute(statement.order_by(columns.day, columns.id))
    ]


class Answer(NamedTuple):
    """What a person answered to one question, of which version, and when that was last changed."""

    person_id: int
    survey_version: int
    updated_at: datetime
    question_key: str
    value: Value


def list_answers(connection: sa.Connection, survey_id: int, *, is_test: bool) -> list[Answer]:
    """All answers to a survey, those that were changed last at the end."""
    given = invitation.c.person_id, invitation.c.survey_version, response.c.updated_at
    statement = (
        sa.select(*given, answer.c.question_key, answer.c.value)
        .select_from(response.join(invitation).join(answer))
        .where(invitation.c.survey_id == survey_id, invitation.c.is_test == is_test)
        .order_by(response.c.updated_at, response.c.id)
    )
    return [Answer(*row[:4], json.loads(row[4])) for row in connection.execute(statement)]
