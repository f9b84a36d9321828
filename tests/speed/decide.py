"""What does a decision cost? The pure function alone, without a database, by the time of the processor."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from zoneinfo import ZoneInfo

from afterword.domain.people.preference import QuietHours
from afterword.domain.survey.policy import Policy, Quota, Sampling
from afterword.domain.survey.survey_state import Phase
from afterword.domain.throttle.eligibility import Invite, decide
from afterword.domain.throttle.facts import (
    Asked,
    Facts,
    Outcome,
    PersonFacts,
    Spent,
    SurveyCounts,
    SurveyFacts,
)

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
DAY = timedelta(days=1)
EVENTS = 20_000
TRIES = 5
PEOPLE = 500
NOTE = (
    "`decide` for people who were asked six times, with every default of the throttle and a quota with even "
    "pacing, in one process: the best of some tries, by its processor time."
)


def make_facts(
    number: int, last_asked: timedelta, zone: str = "Europe/Berlin", quiet: QuietHours | None = None
) -> Facts:
    """An event of somebody who was asked six times, the last time some time ago."""
    asked = tuple(
        Asked(
            survey_id=3 + index % 2,
            project_id=1 + index % 2,
            at=NOW - last_asked - (5 - index) * 40 * DAY,
            outcome=Outcome.ANSWERED if index % 2 else Outcome.DISMISSED,
            expires_at=NOW - last_asked - (5 - index) * 40 * DAY + 3 * DAY,
        )
        for index in range(6)
    )
    person = PersonFacts(id=number, zone=ZoneInfo(zone), quiet=quiet, asked=asked)
    counts = SurveyCounts(quota=Spent(120, 30), slot=Spent(0, 1), day=12, response_rate=0.31)
    survey = SurveyFacts(3, 1, Phase.LIVE, counts=counts, slot=timedelta(hours=4))
    return Facts(event_id=number, occurred_at=NOW, is_test=False, survey=survey, person=person)


POLICY = Policy(quota=Quota(count=200, period=30 * DAY), sampling=Sampling(0.2))
NIGHT = QuietHours(20 * 60, 8 * 60)
CASES = {
    "asked nobody lately: invited, or not drawn": (lambda number: make_facts(number, 45 * DAY), POLICY),
    "asked last week: nine of ten events": (lambda number: make_facts(number, 5 * DAY), POLICY),
    "outside the window, with quiet hours": (
        lambda number: make_facts(number, 45 * DAY, "Asia/Tokyo", NIGHT),
        POLICY,
    ),
    "without a quota, a window and sampling": (
        lambda number: make_facts(number, 45 * DAY),
        Policy(send_window=None),
    ),
}


def measure(facts: Sequence[Facts], policy: Policy) -> tuple[float, float]:
    """Microseconds of processor time for each decision, and the share of the invited."""
    events = list(islice(cycle(facts), EVENTS))
    found = []
    invited = 0
    for _ in range(TRIES):
        began = time.process_time()
        invited = sum(isinstance(decide(one, policy, NOW), Invite) for one in events)
        found.append((time.process_time() - began) / EVENTS * 1e6)
    return min(found), invited / EVENTS


def table() -> list[str]:
    """The table in Markdown."""
    lines = ["| events | decisions per second and core | µs | invited |", "|---|--:|--:|--:|"]
    for name, (make, policy) in CASES.items():
        us, share = measure([make(number) for number in range(PEOPLE)], policy)
        lines.append(f"| {name} | {1e6 / us:,.0f} | {us:.1f} | {share:.0%} |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
