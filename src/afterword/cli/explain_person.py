"""``afterword people explain``: why was somebody asked, or not?"""

from collections.abc import Iterator, Sequence

import click

from afterword.cli.event import show_invitation
from afterword.cli.open import open_app
from afterword.cli.show import echo_json
from afterword.domain.throttle.eligibility import Invite
from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle.explain_person import PersonExplanation, explain_person
from afterword.flows.throttle.explain_reason import explain_reason, explain_verdict
from afterword.flows.throttle.told_decision import tell_person
from afterword.storage.decisions import Entry


@click.command()
@click.argument("who")
@click.argument("survey")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(who: str, survey: str, as_json: bool) -> None:
    """
    Tell why WHO was asked SURVEY, or not, and what would be decided now.

    WHO is an address, a user name or an id; SURVEY is a key.
    """
    with open_app() as parts:
        found = explain_person(parts.database, parts.clock, who, survey, channels=parts.channels)
    if as_json:
        echo_json(tell_person(found))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: PersonExplanation) -> Iterator[str]:
    name = found.person.name or found.person.email
    paused = f", paused by {found.pausing}" if found.pausing else ""
    yield f"{name} and the survey {found.survey.key}, which is {found.phase}{paused}:"
    if not found.entries:
        yield f"\n{name} did nothing that the survey listens to, as far as the ledger goes back."
    for entry in found.entries:
        event = found.events.get(entry.event_id)
        what = f"{event.name} of {event.occurred_at:%Y-%m-%d %H:%M} UTC" if event else "an event"
        yield f"\n{what} (event {entry.event_id}): {_show_asked(entry)}."
        yield from _reasons(entry.verdicts, entry.reason)
        if (invitation := found.invitations.get(entry.event_id)) is not None:
            until = found.held_back.get(invitation.id)
            yield from (f"  {line}" for line in show_invitation(invitation, until))
    if found.now is None:
        yield "\nNo version is live: nobody is asked now."
        return
    would = "would be asked" if isinstance(found.now, Invite) else "would not be asked"
    yield f"\nIf the trigger were met now, {name} {would}."
    yield from _reasons(found.now.verdicts, found.now.reason)


def _show_asked(entry: Entry) -> str:
    asked = "asked" if entry.invited else "not asked"
    return f"{asked}, as a test" if entry.is_test else asked


def _reasons(verdicts: Sequence[Verdict], reason: Reason) -> Iterator[str]:
    """All that spoke against it, the reason first."""
    failed = sorted((one for one in verdicts if not one.passed), key=lambda one: one.reason)
    for verdict in failed:
        seen = explain_verdict(verdict)
        yield f"  {explain_reason(verdict.reason)}{f' ({seen})' if seen else ''}"
    if not failed and reason not in (Reason.INVITED, Reason.INVITED_TEST):
        yield f"  {explain_reason(reason)}"
