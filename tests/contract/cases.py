"""How are tables of inputs written down, sent, and compared with what was stored?"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.shape import assert_accepted, assert_refused
from tests.support.http import Header, Reply
from tests.support.project import JSON, PATH, Project

ABSENT = object()
"""Leaves an argument out, where None sends null."""

OCCURRED = 1_680_723_287


def arguments(**changes: Any) -> dict[str, Any]:
    """Write good arguments with some of them changed or ABSENT."""
    good = {"name": "action-executed", "timestamp": str(OCCURRED), "email": "ada@example.com"}
    return {name: value for name, value in {**good, **changes}.items() if value is not ABSENT}


def as_json(**changes: Any) -> bytes:
    """Write good arguments, changed, as a JSON body."""
    return json.dumps(arguments(**changes)).encode()


def full_width(text: str) -> str:
    """Write ASCII in the full-width forms that only NFKC takes for the same."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def raw_json(**fragments: str | bytes) -> bytes:
    """Write a JSON body of good arguments and members given as they stand on the wire."""
    head = as_json(**dict.fromkeys(fragments, ABSENT))[:-1]
    parts = [
        b'"%s":%s' % (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in fragments.items()
    ]
    return head + b"," + b",".join(parts) + b"}"


def as_form(*more: tuple[str, str], **changes: Any) -> bytes:
    """Write good arguments, changed, as a form body, with more pairs after them."""
    return urlencode([*arguments(**changes).items(), *more]).encode()


@dataclass(frozen=True)
class Refused:
    """One input that is refused: exact status, exact code, words of the message."""

    id: str
    body: bytes
    error: str = "invalid_arguments"
    says: tuple[str, ...] = ()
    content_type: str = JSON
    status: int = 422
    headers: tuple[Header, ...] = ()
    target: str = PATH

    def check(self, project: Project) -> None:
        """Send it and check the reply."""
        reply = project.post(self.body, self.content_type, self.headers, self.target)
        assert_refused(reply, self.status, self.error, *self.says, sent=self.body)


@dataclass(frozen=True)
class Accepted:
    """
    One input that is accepted.

    Attributes:
        expect: Fields of the stored event as ``event list`` shows them.
    """

    id: str
    body: bytes
    expect: dict[str, Any] = field(default_factory=dict)
    content_type: str = JSON
    headers: tuple[Header, ...] = ()
    target: str = PATH


@dataclass(frozen=True)
class Outcome:
    """What the server replied to one accepted input, and what it kept of it."""

    reply: Reply
    event: dict[str, Any] | None


def params(cases: Sequence[Refused] | Sequence[Accepted]) -> list[Any]:
    """Make pytest parameters; ids must differ."""
    ids = [case.id for case in cases]
    assert len(set(ids)) == len(ids), f"ids repeat: {sorted(i for i in ids if ids.count(i) > 1)}"
    return [pytest.param(case, id=case.id) for case in cases]


def send_all(project: Project, cases: Sequence[Accepted]) -> dict[str, Outcome]:
    """
    Send a table of accepted inputs, then list what was stored, once.

    Stored events are matched to the inputs by their order; an input that was
    refused has no event, and so has each when the counts differ.
    """
    replies = [project.post(case.body, case.content_type, case.headers, case.target) for case in cases]
    taken = [case for case, reply in zip(cases, replies, strict=True) if reply.status == 200]
    listed = project.events(limit=len(taken)) if taken else []
    stored = {case.id: event for case, event in zip(taken, listed, strict=False)}
    return {case.id: Outcome(reply, stored.get(case.id)) for case, reply in zip(cases, replies, strict=True)}


def check_stored(outcomes: dict[str, Outcome], case: Accepted) -> dict[str, Any]:
    """Check that one input of a table was answered 200 and stored as its case says; the stored event."""
    outcome = outcomes[case.id]
    assert_accepted(outcome.reply, case.body)
    assert outcome.event is not None, "answered 200, but not listed"
    assert {name: outcome.event[name] for name in case.expect} == case.expect
    return outcome.event


def pick(events: Iterable[dict[str, Any]], **fields: Any) -> list[dict[str, Any]]:
    """Keep the events (or rejects) that have these fields."""
    return [event for event in events if all(event[name] == value for name, value in fields.items())]


def numbered(prefix: str, values: Iterable[Any], make: Callable[[Any], bytes], **more: Any) -> list[Refused]:
    """Write refused inputs that differ in one value only."""
    return [Refused(f"{prefix}-{value!r:.40}", make(value), **more) for value in values]
