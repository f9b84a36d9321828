"""Are the counts that are kept up over time those that counting anew would find?"""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.survey.policy import CATCH_UP, RESPONSE_RATE_INVITATIONS_MIN, RESPONSE_RATE_WINDOW
from afterword.domain.throttle.facts import Outcome, Spent, SurveyCounts
from afterword.domain.throttle.used_over_time import Use, UsedOverTime

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

spans = st.sampled_from([timedelta(), HOUR, 6 * HOUR, DAY, 2 * DAY, 10 * DAY])
uses = st.tuples(
    spans,
    st.sampled_from([None, "North"]),
    st.sampled_from([HOUR, DAY, 3 * DAY]),
    st.sampled_from([None, Outcome.ANSWERED, Outcome.DISMISSED]),
    st.none() | st.sampled_from([timedelta(), HOUR, 2 * DAY]),
    st.none() | st.sampled_from([timedelta(), HOUR, 2 * DAY]),
    st.integers(0, 5),
)


def counted_anew(
    kept: list[Use], cell: str | None, now: datetime, period: timedelta | None, slot: timedelta | None
) -> SurveyCounts:
    """What the worker asks the database for at each decision."""
    kept = [one for one in kept if one.gone_at is None or one.gone_at > now]
    ended = [one for one in kept if one.outcome is not None and (one.outcome_at or one.at) <= now]
    answered = [one for one in ended if one.outcome is Outcome.ANSWERED]
    still_open = [one for one in kept if one not in ended and one.expires_at > now]

    def spent(since: datetime, chosen: str | None = "all") -> Spent:
        return Spent(
            *(
                sum(one.at > since and chosen in ("all", one.cell) for one in some)
                for some in (answered, still_open)
            )
        )

    quota_since = now - period if period is not None else START - DAY
    recent = [one for one in kept if one.at > now - RESPONSE_RATE_WINDOW]
    over = [one for one in recent if one not in still_open]
    is_enough = len(over) >= RESPONSE_RATE_INVITATIONS_MIN
    return SurveyCounts(
        quota=spent(quota_since),
        cell=spent(quota_since, cell),
        slot=spent(now - slot) if slot is not None else Spent(),
        burst=sum(slot is not None and one.at > now - slot / CATCH_UP for one in kept),
        day=sum(one.at > now - DAY for one in kept),
        response_rate=sum(one in answered for one in recent) / len(over) if is_enough else 1.0,
    )


@given(st.lists(uses, min_size=1, max_size=60), st.none() | spans, st.none() | spans)
@settings(max_examples=100, deadline=None)
def test_what_is_kept_up_is_what_counting_anew_finds(
    history: list[
        tuple[timedelta, str | None, timedelta, Outcome | None, timedelta | None, timedelta | None, int]
    ],
    period: timedelta | None,
    slot: timedelta | None,
) -> None:
    now, used, kept = START, UsedOverTime(period, slot), []
    for gap, cell, life, outcome, lag, fails_after, chance in history:
        now += gap
        used.advance(now)
        for asked in (None, "North", "South"):
            assert used.counts(asked) == counted_anew(kept, asked, now, period, slot)
        if chance == 0 and kept:
            used.remove(kept.pop())
            continue
        outcome_at = None if outcome is None or lag is None else now + lag
        use = Use(
            now, now + life, cell, outcome, outcome_at, None if fails_after is None else now + fails_after
        )
        used.add(use, now)
        kept.append(use)
