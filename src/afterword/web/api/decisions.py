"""``decisions.list``: how do programs read why people were asked, or not?"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from afterword.bootstrap import Parts
from afterword.domain.method_error import MethodErrorCode as Code
from afterword.domain.scope import Scope
from afterword.flows.api_decisions import ToldDecision, page_decisions
from afterword.web.api.method import Method, ResponseMetadata

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
"""Decisions of one reply; each comes with the verdict of every rule."""


class ListDecisions(Struct, kw_only=True):
    """The arguments of decisions.list: an event, a person, or both; whatever is given must hold."""

    event_id: Annotated[
        str | int | None, Meta(description="The id of an event, as staff pages show it.", examples=["1"])
    ] = None
    email: Annotated[
        str | None, Meta(description="An address of the person.", examples=["ana@example.com"])
    ] = None
    survey: Annotated[str | None, Meta(description="A survey's key.", examples=["build-cli"])] = None
    cursor: Annotated[str | None, Meta(description="The next_cursor of the page before.")] = None
    limit: (
        Annotated[
            int, Meta(ge=1, le=LIMIT_MAX, description=f"Decisions on a page; {LIMIT_DEFAULT} as a rule.")
        ]
        | None
    ) = None


class ListDecisionsReply(Struct, kw_only=True):
    """One page of decisions, those about the newest events first."""

    ok: Literal[True] = True
    decisions: list[ToldDecision]
    response_metadata: ResponseMetadata


def list_(parts: Parts, said: ListDecisions) -> ListDecisionsReply:
    """List one page of the decisions about an event or a person."""
    found, cursor = page_decisions(
        parts.database,
        event_id=None if said.event_id is None else str(said.event_id),
        email=said.email,
        survey=said.survey,
        cursor=said.cursor,
        limit=said.limit or LIMIT_DEFAULT,
    )
    return ListDecisionsReply(decisions=found, response_metadata=ResponseMetadata(next_cursor=cursor))


METHODS = (
    Method(
        name="decisions.list",
        verb="GET",
        scope=Scope.DECISIONS_READ,
        summary="Tell why people were asked, or not: what each rule said about an event or a person.",
        arguments=ListDecisions,
        reply=ListDecisionsReply,
        run=list_,
        errors=(
            Code.EVENT_ID_BLANK,
            Code.EVENT_NOT_FOUND,
            Code.USER_NOT_FOUND,
            Code.SURVEY_NOT_FOUND,
            Code.INVALID_CURSOR,
        ),
    ),
)
