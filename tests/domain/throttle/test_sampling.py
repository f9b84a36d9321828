"""Does the draw fall on people as it says: evenly, once a period, and always the same way?"""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import product
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.survey.policy import SAMPLING_PERIOD, SamplingUnit
from afterword.domain.throttle import sampling
from afterword.domain.throttle.sampling import draw_holdout, draw_sample

PERIOD, PERSON, EVENT = SamplingUnit.PERSON_PERIOD, SamplingUnit.PERSON, SamplingUnit.EVENT
START = datetime(1970, 1, 1, tzinfo=UTC) + 600 * SAMPLING_PERIOD
TICK = timedelta(microseconds=1)
within_period = st.timedeltas(timedelta(), SAMPLING_PERIOD - TICK)


def test_a_period_has_thirty_days() -> None:
    assert timedelta(days=30) == SAMPLING_PERIOD


class TestOfAPersonAndAPeriod:
    @given(st.integers(1, 10**9), st.integers(1, 10**9), within_period)
    @settings(max_examples=50, deadline=None)
    def test_is_the_same_all_through_a_period_whatever_the_event(
        self, person_id: int, event_id: int, later: timedelta
    ) -> None:
        draw = draw_sample(PERIOD, 3, person_id, 1, START)
        assert draw == draw_sample(PERIOD, 3, person_id, event_id, START + later)
        assert draw != draw_sample(PERIOD, 3, person_id, 1, START + SAMPLING_PERIOD)
        assert draw != draw_sample(PERIOD, 3, person_id, 1, START - TICK)

    def test_differs_between_people_and_between_surveys(self) -> None:
        ids = range(1, 31)
        assert len({draw_sample(PERIOD, one, two, 1, START) for one, two in product(ids, ids)}) == 900


class TestOfAPerson:
    @given(st.integers(1, 10**9), st.integers(1, 10**9), st.timedeltas(timedelta(), timedelta(days=9_000)))
    @settings(max_examples=50, deadline=None)
    def test_is_for_good(self, person_id: int, event_id: int, later: timedelta) -> None:
        draw = draw_sample(PERSON, 3, person_id, 1, START)
        assert draw == draw_sample(PERSON, 3, person_id, event_id, START + later)

    def test_differs_between_people_and_between_surveys(self) -> None:
        ids = range(1, 31)
        assert len({draw_sample(PERSON, one, two, 1, START) for one, two in product(ids, ids)}) == 900


class TestOfAnEvent:
    @given(st.integers(1, 10**9), st.timedeltas(timedelta(), timedelta(days=9_000)))
    @settings(max_examples=50, deadline=None)
    def test_is_the_same_whenever_it_is_decided(self, event_id: int, later: timedelta) -> None:
        assert draw_sample(EVENT, 3, 7, event_id, START) == draw_sample(EVENT, 3, 7, event_id, START + later)

    def test_differs_between_events_people_and_surveys(self) -> None:
        ids = range(1, 11)
        draws = {draw_sample(EVENT, *those, START) for those in product(ids, ids, ids)}
        assert len(draws) == 1_000


def test_units_draw_apart_from_one_another() -> None:
    assert len({draw_sample(unit, 3, 7, 1, START) for unit in SamplingUnit}) == 3


def test_the_holdout_is_one_for_all_surveys_and_no_survey_draws_like_it() -> None:
    assert draw_holdout(7) == draw_holdout(7)
    assert len({draw_holdout(person_id) for person_id in range(900)}) == 900
    assert draw_holdout(7) not in {draw_sample(PERSON, survey_id, 7, 1, START) for survey_id in range(99)}


@pytest.mark.parametrize("unit", [*SamplingUnit, "holdout"])
def test_draws_are_uniform(unit: SamplingUnit | str) -> None:
    count, cells = 10_000, 20
    if isinstance(unit, SamplingUnit):
        draws = [draw_sample(unit, 3, number, number, START) for number in range(count)]
    else:
        draws = [draw_holdout(number) for number in range(count)]
    assert all(0 <= draw < 1 for draw in draws)
    heights = [sum(int(draw * cells) == cell for draw in draws) for cell in range(cells)]
    chi_square = sum((height - count / cells) ** 2 / (count / cells) for height in heights)
    assert chi_square < 50  # 99.99 % of a chi-square with 19 degrees of freedom is below 51


def test_draws_stay_what_they_are_from_release_to_release() -> None:
    # Somebody who was drawn for good would be drawn anew otherwise.
    assert draw_sample(PERIOD, 3, 7, 1, START) == 0.7917733363167107
    assert draw_sample(PERSON, 3, 7, 1, START) == 0.804266010336424
    assert draw_sample(EVENT, 3, 7, 1, START) == 0.05004380175635059
    assert draw_holdout(7) == 0.07488191179521675


def test_even_the_greatest_hash_draws_less_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    greatest = b"\xff" * hashlib.sha256().digest_size
    monkeypatch.setattr(sampling.hashlib, "sha256", lambda text: SimpleNamespace(digest=lambda: greatest))
    # Draws are remembered: this person's was not asked for before, and is no real one.
    sampling._draw.cache_clear()
    assert 1 - draw_holdout(7) == 2**-53
    sampling._draw.cache_clear()
