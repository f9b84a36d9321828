"""``afterword event``: what came in, and what was decided about it?"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from afterword.cli.open import open_app
from afterword.cli.show import echo_json
from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle import explain_event
from afterword.flows.throttle.explain_event import Explanation
from afterword.flows.throttle.explain_invitation import show_life
from afterword.flows.throttle.explain_reason import explain_basis, explain_reason, explain_verdict
from afterword.flows.throttle.told_decision import tell_event
from afterword.storage.events import StoredEvent
from afterword.storage.invitations import Invitation
from afterword.storage.jobs import Progress
from afterword.storage.notices import Notice

EVENTS_SHOWN = 50

_UNDECIDED = {
    Progress.WAITING: "Not decided yet: the worker has not come to it.",
    Progress.GIVEN_UP: "Not decided: the worker gave up after errors, which the server's log holds.",
}


class EventId(click.ParamType[int | None]):
    """A number, or ``last``, which becomes None."""

    name = "event id"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Text → id."""
        if value == "last":
            return None
        if not str(value).isdecimal() or len(str(value)) > 18:
            self.fail(
                "an event's id is a number, as `afterword event list PROJECT` shows it, or `last`", param, ctx
            )
        return int(str(value))


@click.group()
def event() -> None:
    """What came in, and what was decided about it."""


@event.command(name="list")
@click.argument("project")
@click.option("--limit", type=click.IntRange(1), default=EVENTS_SHOWN, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(project: str, limit: int, as_json: bool) -> None:
    """List a project's newest events, the newest last."""
    with open_app() as parts:
        found = explain_event.list_events(parts.database, project, limit=limit)[::-1]
        bots = explain_event.find_bots(parts.database, found)
    if as_json:
        click.echo(json.dumps([_as_dict(item) for item in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No events yet.")
    for item in found:
        who = item.person_email or item.email or item.github_username or item.gitlab_username
        unknown = " (a bot)" if item.id in bots else " (not in the directory)"
        known = "" if item.person_id else unknown
        test = "  TEST" if item.is_test else ""
        click.echo(f"{item.id}  {item.received_at:%Y-%m-%d %H:%M:%S}  {item.name}  {who}{known}{test}")


@event.command()
@click.argument("event_id", metavar="ID", type=EventId())
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(event_id: int | None, as_json: bool) -> None:
    """Tell why an event asked somebody, or nobody; ID is a number, or `last` for the newest."""
    with open_app() as parts:
        found = explain_event.explain_event(parts.database, event_id)
    if as_json:
        echo_json({"event": _as_dict(found.event)} | tell_event(found))
        return
    for line in _explanation(found):
        click.echo(line)


def _explanation(found: Explanation) -> Iterator[str]:
    item = found.event
    yield f"Event {item.id}: {item.name}, received {item.received_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"Person: {item.person_email or 'not in the directory when it came'}"
    for sentence in found.names:
        yield f"  {sentence}"
    if found.progress is not None:
        yield _UNDECIDED[found.progress]
        return
    for sentence in found.meaning:
        yield sentence
    if not found.entries and found.reason is not None:
        yield show_outcome(found.reason)
    for entry in found.entries:
        yield f"\nSurvey {entry.survey_key}, version {entry.survey_version}:"
        yield f"  {show_outcome(entry.reason)}"
        yield f"  {explain_basis(entry.policy_id, entry.draw, entry.probability)}"
        for verdict in entry.verdicts:
            yield f"    {show_verdict(verdict)}"
    for invitation in found.invitations:
        yield ""
        yield from show_invitation(invitation, found.held_back.get(invitation.id))


def show_outcome(reason: Reason) -> str:
    """How something ended, with its code and in words."""
    return f"{reason.value} {reason.label}: {explain_reason(reason)}"


def show_verdict(verdict: Verdict) -> str:
    """What a rule said, and what it saw."""
    seen = explain_verdict(verdict)
    mark = "ok  " if verdict.passed else "FAIL"
    return f"{mark} {verdict.reason.value} {verdict.reason.label}{f': {seen}' if seen else ''}"


def show_invitation(invitation: Invitation, waits_until: datetime | None) -> Iterator[str]:
    """How far an invitation got, and which rule kept it from going out."""
    yield f"Invitation {invitation.id}: {show_life(invitation, waits_until)}"
    if (against := invitation.ended_reason) is not None:
        yield f"  {show_outcome(against)}"


@event.command()
@click.argument("project")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def rejects(project: str, as_json: bool) -> None:
    """Show what was refused or odd in the last 7 days, the latest first."""
    with open_app() as parts:
        found = explain_event.list_notices(parts.database, project)
    if as_json:
        rows = [
            {
                "kind": item.kind,
                "code": item.code,
                "message": item.message,
                "count": item.count,
                "first_at": item.first_at.isoformat(),
                "last_at": item.last_at.isoformat(),
            }
            for item in found
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("Nothing was refused in the last 7 days.")
    for line in _rows_of_notices(found):
        click.echo(line)


def _rows_of_notices(found: Sequence[Notice]) -> Iterator[str]:
    """One line each, in columns; how often is aligned by its number."""
    often = [f"{item.count} time{' ' if item.count == 1 else 's'}" for item in found]
    kinds = max((len(item.kind) for item in found), default=0)
    codes = max((len(item.code) for item in found), default=0)
    times = max(map(len, often), default=0)
    for item, count in zip(found, often, strict=True):
        when = f"{item.last_at:%Y-%m-%d %H:%M:%S}"
        yield f"{when}  {item.kind:<{kinds}}  {item.code:<{codes}}  {count:>{times}}  {item.message}"


def _as_dict(item: StoredEvent) -> dict[str, object]:
    return {
        "id": item.id,
        "name": item.name,
        "occurred_at": item.occurred_at.isoformat(),
        "received_at": item.received_at.isoformat(),
        "email": item.email,
        "github_username": item.github_username,
        "gitlab_username": item.gitlab_username,
        "metadata": item.metadata,
        "is_test": item.is_test,
        "person": item.person_email,
    }
