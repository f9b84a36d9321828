"""What would a survey bring, and what would it cost people?"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil

from afterword.domain.statistics import Interval, wilson
from afterword.domain.throttle.reason import Reason

WORST_SHARE = 0.5
"""A share has its widest interval at a half, so that no result is less sure than foretold."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How something is spread: as many at most in half of the cases, in 95 of 100, and in all.

    None where nothing is known.
    """

    p50: int | None
    p95: int | None
    max: int


@dataclass(frozen=True, slots=True)
class Stop:
    """
    A rule that kept events from asking.

    Attributes:
        decisions: How often it failed, alone or with others.
        first: How often it was the reason, as no rule before it failed.
        people: How many different people it kept from being asked at least once.
    """

    reason: Reason
    decisions: int
    first: int
    people: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    What came of a simulation, of one survey.

    Attributes:
        events: Those that the trigger hears.
        matching: Those of them that meet all that it wants.
        people: Different known people who did what it hears.
        invitations: Without those withdrawn before they went out.
        withdrawn: The others.
        reached: Different people with an invitation.
        per_day: Invitations of each day of the time, days without any too. Of the days that lie in it only in
            part the highest counts, as it may be the most, but half a day says nothing of days.
        per_person: Invitations of each person reached.
        responses: Expected, at the response rate.
        respondents: Different people among those, whom a score rests on.
        interval: The 95 % interval of a share of a half among that many of ``people``; None where there is
            none, as with everybody or nobody.
        stops: The rules that failed, in the order of the codes.
        days: Day (UTC) → invitations.
        days_in_part: Those of them that lie in the time only in part.
        otherwise: The same at other response rates, where this one is a guess.
    """

    events: int
    matching: int
    people: int
    invitations: int
    withdrawn: int
    reached: int
    per_day: Spread
    per_person: Spread
    response_rate: float
    responses: float
    respondents: int
    interval: Interval | None
    stops: tuple[Stop, ...]
    days: Mapping[date, int]
    days_in_part: frozenset[date] = frozenset()
    otherwise: tuple["Forecast", ...] = ()

    @property
    def share_reached(self) -> float | None:
        """Of the people who did it; None when nobody did."""
        return self.reached / self.people if self.people else None

    @property
    def interval_width(self) -> float | None:
        """From one end of the interval to the other."""
        return None if self.interval is None else self.interval.high - self.interval.low


@dataclass(frozen=True, slots=True)
class Difference:
    """
    What would be other than with another version.

    Attributes:
        both, only_this, only_other: Events that ask.
        people_both, people_only_this, people_only_other: People who are asked.
        moved: (What the other version said, what this one says) → events; None where it does not hear them.
    """

    both: int
    only_this: int
    only_other: int
    people_both: int
    people_only_this: int
    people_only_other: int
    moved: Mapping[tuple[Reason | None, Reason | None], int]


def spread(counts: Collection[int]) -> Spread:
    """How counts are spread, by the nearest rank; nothing of none."""
    ordered = sorted(counts)
    if not ordered:
        return Spread(0, 0, 0)
    return Spread(_rank(ordered, 0.5), _rank(ordered, 0.95), ordered[-1])


def spread_days(days: Mapping[date, int], in_part: Collection[date]) -> Spread:
    """How the counts of days are spread: by the whole ones, and the most of all."""
    whole = spread([count for day, count in days.items() if day not in in_part])
    is_any_whole = len(days) > len(in_part)
    most = max(days.values(), default=0)
    return Spread(whole.p50 if is_any_whole else None, whole.p95 if is_any_whole else None, most)


def expect_people(invitations: Collection[int], response_rate: float) -> int:
    """How many different people answer at least once, of those invited so often each; rounded down."""
    return int(sum(1 - (1 - response_rate) ** count for count in invitations) + 1e-9)


def expect_interval(respondents: int, people: int) -> Interval | None:
    """The interval of a share of a half, had so many of these people answered."""
    return wilson(round(respondents * WORST_SHARE), respondents, population=max(people, respondents))


def count_days(first: date, last: date, invited: Collection[date]) -> dict[date, int]:
    """Day → invitations, for each day from the first to the last one."""
    counts = Counter(invited)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return {day: counts[day] for day in days}


def list_days_in_part(since: datetime, until: datetime) -> frozenset[date]:
    """The first and the last day (UTC) of a time, unless it has all of them."""
    first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    is_first_whole = since == datetime.combine(first, time(), tzinfo=UTC)
    # At midnight the end is the first moment of a day of which nothing else is in the time.
    return frozenset({last} if is_first_whole else {first, last})


def _rank(ordered: Sequence[int], share: float) -> int:
    return ordered[max(ceil(share * len(ordered)) - 1, 0)]
