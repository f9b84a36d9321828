"""Does even pacing reach its quota where there are events enough, evenly, and without overshooting?"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from afterword.domain.survey.policy import Quota
from afterword.domain.throttle.facts import Facts, Outcome, Spent, SurveyCounts, Verdict
from afterword.domain.throttle.rules.limits import paced, quota_left
from afterword.domain.throttle.used_over_time import Use, UsedOverTime
from tests.domain.throttle.throttle_facts import DAY, FREE, GOOD, HOUR, NOW, of_survey

MONDAY = datetime(2027, 1, 4, tzinfo=UTC)
COUNT, PERIOD, LIFE = 60, 30 * DAY, 72 * HOUR
SLOT = PERIOD / COUNT
POLICY = replace(FREE, quota=Quota(COUNT, PERIOD))
EVENTS_PER_HOUR = 6
SEEDS = range(4)


@dataclass
class Course:
    """What two periods of a survey brought."""

    answered: list[datetime] = field(default_factory=list)
    invited_on: Counter[int] = field(default_factory=Counter)

    def within(self, begin: timedelta, end: timedelta) -> int:
        """Responses to invitations of a time."""
        return sum(MONDAY + begin < at <= MONDAY + end for at in self.answered)


def some_events(random: Random, *, at_work: bool) -> Iterator[datetime]:
    at = MONDAY
    while at < MONDAY + 2 * PERIOD:
        at += HOUR * random.expovariate(EVENTS_PER_HOUR)
        if not at_work or (at.weekday() < 5 and 9 <= at.hour < 17):
            yield at


def run(rate: float, *, at_work: bool, seed: int, makes_up: bool = True) -> Course:
    """Ask whenever the rules let it; half of those who answer do so in the first quarter of the time."""
    random, used, course = Random(seed), UsedOverTime(PERIOD, SLOT), Course()
    since = MONDAY if makes_up else None
    for now in some_events(random, at_work=at_work):
        used.advance(now)
        facts = replace(GOOD, survey=of_survey(counts=used.counts(None), slot=SLOT, paced_since=since))
        if not all(is_free(rule(facts, POLICY, now)) for rule in (quota_left, paced)):
            continue
        answers_at = now + random.random() ** 2 * LIFE if random.random() < rate else None
        outcome = None if answers_at is None else Outcome.ANSWERED
        used.add(Use(now, now + LIFE, None, outcome, answers_at), now)
        course.invited_on[(now - MONDAY) // DAY] += 1
        if answers_at is not None:
            course.answered.append(now)
    return course


def is_free(verdict: Verdict | None) -> bool:
    return verdict is None or verdict.passed


@pytest.mark.parametrize("at_work", [False, True], ids=["day and night", "Mon-Fri 9-17"])
@pytest.mark.parametrize(("rate", "share_min", "over_max"), [(1.0, 0.97, 0), (0.6, 0.93, 2), (0.3, 0.9, 2)])
def test_it_reaches_its_quota_evenly(rate: float, share_min: float, over_max: int, at_work: bool) -> None:
    courses = [run(rate, at_work=at_work, seed=seed) for seed in SEEDS]
    found = [course.within(PERIOD, 2 * PERIOD) for course in courses]
    assert sum(found) / len(found) >= share_min * COUNT, found
    # Of invitations that are open nobody can know better than that a share of them is answered.
    windows = [day * DAY for day in range(31)]
    assert max(one.within(begin, begin + PERIOD) for one in courses for begin in windows) <= COUNT + over_max
    share = COUNT / 30 * (7 / 5 if at_work else 1)
    on_a_day = max(max(course.invited_on.values()) for course in courses) * rate
    # What is expected is counted by the recent response rate, which is off by a tenth or two.
    assert on_a_day <= 3 * share * 1.25


def behind(**counts: object) -> Facts:
    """A survey that should have brought 12 responses in six days."""
    given = SurveyCounts(**{"slot": Spent(1), "quota": Spent(1), **counts})  # type: ignore[arg-type]
    return replace(GOOD, survey=of_survey(counts=given, slot=SLOT, paced_since=NOW - 12 * SLOT))


class TestCatchingUp:
    """What was missed is made up, bit by bit."""

    @pytest.mark.parametrize(
        ("counts", "fits"),
        [
            ({}, True),
            ({"quota": Spent(11)}, True),
            ({"quota": Spent(11, 1)}, False),
            ({"quota": Spent(12)}, False),
            ({"burst": 1}, False),
            ({"burst": 2, "response_rate": 0.3}, True),
            ({"burst": 3, "response_rate": 0.3}, False),
            ({"day": 5}, True),
            ({"day": 6}, False),
            ({"day": 19, "response_rate": 0.3}, True),
            ({"day": 20, "response_rate": 0.3}, False),
        ],
    )
    def test_it_asks_sooner_while_it_is_behind(self, counts: dict[str, object], fits: bool) -> None:
        assert is_free(paced(behind(**counts), POLICY, NOW)) is fits

    def test_more_than_a_period_is_never_made_up(self) -> None:
        facts = behind(quota=Spent(COUNT))
        ages_ago = replace(facts, survey=replace(facts.survey, paced_since=NOW - 10 * PERIOD))
        assert not is_free(paced(ages_ago, POLICY, NOW))

    def test_it_says_how_far_it_is_behind(self) -> None:
        verdict = paced(behind(burst=1, quota=Spent(5)), POLICY, NOW)
        assert verdict is not None
        assert verdict.saw == {"slot_s": 43_200.0, "responses": 1, "open": 0, "behind": 7.0}

    def test_of_a_survey_that_nobody_published_nothing_is_made_up(self) -> None:
        facts = behind()
        draft = replace(facts, survey=replace(facts.survey, paced_since=None))
        assert not is_free(paced(draft, POLICY, NOW))

    def test_a_slow_survey_asks_once_a_day_at_most(self) -> None:
        slow = replace(FREE, quota=Quota(3, PERIOD))
        facts = behind(slot=Spent(1), quota=Spent())
        asked = replace(facts.survey, slot=PERIOD / 3, paced_since=NOW - PERIOD)
        assert is_free(paced(replace(facts, survey=asked), slow, NOW))
        today = replace(asked, counts=replace(asked.counts, day=1))
        assert not is_free(paced(replace(facts, survey=today), slow, NOW))
