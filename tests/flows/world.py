"""A small world for flows: the project "Build CLI", its surveys, and Alice, Bob and Charlie."""

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import yaml

from afterword.domain.invitation import InvitationState
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.domain.people.time_zone import HeldZone
from afterword.flows.links import Links, Ticket, person_mark
from afterword.flows.manage_projects import create_project
from afterword.flows.people.held_zone import read_zone
from afterword.flows.people.save_people import save_people
from afterword.flows.people.saved_people import Saved
from afterword.flows.people.tombstones import Tombstones
from afterword.flows.provisioning.import_people import import_people
from afterword.flows.surveys.manage_policies import AppliedPolicy, apply_policies
from afterword.flows.surveys.manage_surveys import apply_survey, publish_survey
from afterword.flows.surveys.policy_file import parse_policy_file
from afterword.flows.surveys.policy_files import WrittenPolicy
from afterword.flows.surveys.survey_definition import SurveyFile, parse_survey_file
from afterword.flows.throttle.evaluate_events import evaluate_events
from afterword.flows.throttle.preferences import change_settings
from afterword.kit.clock import SECOND_US
from afterword.kit.signing import Signer
from afterword.storage import decisions, event_batch, invitations, jobs, people, policies, projects, surveys
from afterword.storage.decisions import Entry
from afterword.storage.engine import Database
from afterword.storage.invitations import Invitation
from afterword.storage.people import Person
from afterword.storage.tables import job
from tests.storage.support import FakeClock, event_id, new_event

PROJECT = "Build CLI"
CAST = (("Alice", "Europe/Berlin", "Build"), ("Bob", "Africa/Lagos", "Build"), ("Charlie", None, "Search"))
BASE_URL = "https://afterword.example"
POLICY = '{"policy": "organisation", "may_override_global_cooldown": ["*"]}'
"""Each survey may say what it wants, so that a test can look at one thing alone."""

NO_LIMITS = {
    "project_cooldown": "0s",
    "caps": {},
    "max_open": 0,
    "backoff": False,
    "send_window": "any",
}
NO_CAP = dict.fromkeys(("1d", "7d", "30d", "90d"))
"""Takes each cap away that holds by default, and leaves room for others."""
EAGER = NO_LIMITS | {"cooldown": "0s", "global_cooldown": "0s"}
QUESTIONS = [
    {"key": "satisfaction", "type": "rating", "text": "How satisfied are you?"},
    {"key": "comment", "type": "text", "text": "What should we improve first?"},
]


def survey_file(key: str = "build-cli", **changes: object) -> SurveyFile:
    """A checked survey; ``throttle`` and ``trigger`` are taken whole, as everything else."""
    usual = {
        "survey": key,
        "project": PROJECT,
        "title": "How was your build?",
        "trigger": {"events": ["build.finished"]},
        "questions": QUESTIONS,
    }
    return parse_survey_file(yaml.safe_dump(usual | changes, sort_keys=False), f"{key}.yaml")


class World:
    """Short words for what most tests need; each does one thing through the real flows."""

    def __init__(self, database: Database, clock: FakeClock, folder: Path) -> None:
        self.database = database
        self.clock = clock
        self.links = Links(Signer("k" * 32), BASE_URL)
        self.tombstoned = Tombstones(Signer("k" * 32))
        self._folder = folder
        made = create_project(database, clock, PROJECT)
        self.project_id, self.token = made.id, made.token
        with database.write() as connection:
            policies.add_policy(connection, project_id=None, definition=POLICY, now=clock.now)
        for name, timezone, team in CAST:
            self._add_person(name, timezone, team)

    def import_people(self, text: str) -> Saved:
        """Import a CSV."""
        path = self._folder / "people.csv"
        path.write_text(text, encoding="utf-8")
        return import_people(self.database, self.clock, self.tombstoned, path)

    def _add_person(self, name: str, timezone: str | None, team: str) -> None:
        handle = name.lower()
        address = f"{handle}@example.com"
        record = PersonRecord(
            where=name,
            emails=(address,),
            name=name,
            github_usernames=(f"{handle}-gh",),
            gitlab_usernames=(f"{handle}-gl",),
            timezone=timezone,
            team=team,
        )
        save_people(self.database, self.clock, [record], source=Source.HERE, tombstoned=self.tombstoned)

    def add_survey(self, key: str = "build-cli", *, live: bool = True, **changes: object) -> None:
        """Apply a survey and, as a rule, publish it."""
        apply_survey(self.database, self.clock, survey_file(key, **changes), dry_run=False)
        if live:
            publish_survey(self.database, self.clock, key)

    def add_event(
        self, *, email: str | None = "bob@example.com", age: timedelta = timedelta(), **changes: object
    ) -> int:
        """Store an event of the project that occurred some time ago, without asking the intake; its id."""
        project_id = changes.pop("project_id", self.project_id)
        assert isinstance(project_id, int)
        now_us = self.clock.now_us()
        with self.database.write() as connection:
            number = projects.lock_accepted(connection, [project_id])[project_id] + 1
            row = new_event(
                project_id,
                number,
                counted_at=now_us,
                received_at=now_us,
                occurred_at=now_us - round(age.total_seconds() * SECOND_US),
                email=email,
                **changes,
            )
            event_batch.write(connection, [row])
            return event_id(connection, row)

    def evaluate(self, event_id: int) -> bool:
        """Decide an event as the worker does."""
        return bool(evaluate_events(self.database, self.clock, [event_id]))

    def decide(self, **event: object) -> list[Entry]:
        """Store an event, decide it, and read the ledger."""
        event_id = self.add_event(**event)  # type: ignore[arg-type]
        self.evaluate(event_id)
        return self.ledger(event_id)

    def invite(self, **event: object) -> Invitation:
        """Store an event that must lead to an invitation; the invitation."""
        event_id = self.add_event(**event)  # type: ignore[arg-type]
        assert self.evaluate(event_id), self.ledger(event_id)
        (invitation,) = self.invitations(event_id)
        return invitation

    def reserve(self, key: str = "build-cli", email: str = "bob@example.com", **event: object) -> Invitation:
        """An invitation to a live survey past all rules, for what comes after the decision."""
        event_id = self.add_event(email=email, **event)  # type: ignore[arg-type]
        with self.database.write() as connection:
            survey = surveys.find_survey(connection, key)
            assert survey is not None
            row = {
                "survey_id": survey.id,
                "survey_version": survey.live_version,
                "person_id": self.person(email).id,
                "event_id": event_id,
                "is_test": bool(event.get("is_test")),
                "state": InvitationState.SENT.value,
                "message_id": f"m{event_id}",
                "created_at": self.clock.now,
                "expires_at": self.clock.now + timedelta(days=3),
                "sent_at": self.clock.now,
            }
            (invitation_id,) = invitations.add_invitations(connection, [row])
        return self.invitation(invitation_id)

    def ledger(self, event_id: int) -> list[Entry]:
        """What was decided about an event."""
        with self.database.read() as connection:
            return decisions.list_entries(connection, event_id)

    def invitations(self, event_id: int) -> list[Invitation]:
        """What an event led to."""
        with self.database.read() as connection:
            return invitations.list_for_event(connection, event_id)

    def invitation(self, invitation_id: int) -> Invitation:
        """One invitation as it is now."""
        with self.database.read() as connection:
            found = invitations.get_invitation(connection, invitation_id)
        assert found is not None
        return found

    def ticket(self, invitation: Invitation) -> Ticket:
        """What the link to an invitation lets in with."""
        return Ticket(invitation.id, invitation.message_id)

    def guest(self, email: str) -> Ticket:
        """What the link to a person's own page lets in with."""
        found = self.person(email)
        return Ticket(found.id, person_mark(found.created_at))

    def wish(self, email: str, change: str, **fields: str) -> None:
        """Do what a form of the person's settings does."""
        settings = change_settings(self.database, self.clock, self.guest(email), {"change": change, **fields})
        assert settings is not None

    def set_person(self, who: str, /, **columns: object) -> None:
        """Change columns of a person past all flows."""
        with self.database.write() as connection:
            people.update_person(connection, self.person(who).id, columns)

    def job_times(self) -> list[datetime]:
        """When the jobs that are not done are due."""
        with self.database.read() as connection:
            return list(connection.execute(sa.select(job.c.run_at).order_by(job.c.id)).scalars())

    def person(self, email: str) -> Person:
        """One person as the directory knows them now."""
        with self.database.read() as connection:
            (found,) = people.list_people(connection, matching=email, limit=2)
        return found

    def zone(self, email: str) -> HeldZone:
        """By which time zone a person lives, and who says so."""
        with self.database.read() as connection:
            return read_zone(connection, self.person(email))

    def set_policy(self, text: str) -> AppliedPolicy:
        """Let the organisation or the project say what a policy file says."""
        written = WrittenPolicy("policy.yaml", text, parse_policy_file(text, "policy.yaml"))
        (applied,) = apply_policies(self.database, self.clock, [written], dry_run=False)
        return applied

    def waiting_jobs(self) -> int:
        """Jobs that are not done."""
        with self.database.read() as connection:
            return jobs.count_jobs(connection)[0]
