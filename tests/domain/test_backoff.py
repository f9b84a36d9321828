"""Does failed work come back later and later, spread out, and never too early?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.backoff import FIRST_S, JITTER, LONGEST_S, retry_delay_s

tries = st.integers(1, 10_000)
jitters = st.floats(0, 1)


@pytest.mark.parametrize(
    ("attempts", "delay_s"),
    [(1, 15), (2, 30), (3, 60), (4, 120), (8, 1_920), (9, 3_600), (10, 3_600), (100_000, 3_600)],
)
def test_the_wait_doubles_up_to_an_hour(attempts: int, delay_s: float) -> None:
    assert retry_delay_s(attempts, jitter=0) == delay_s


@given(tries, jitters)
def test_jitter_takes_off_a_half_at_most(attempts: int, jitter: float) -> None:
    whole = retry_delay_s(attempts, jitter=0)
    assert whole * (1 - JITTER) <= retry_delay_s(attempts, jitter) <= whole
    assert FIRST_S / 2 <= retry_delay_s(attempts, jitter) <= LONGEST_S


@given(tries, jitters, st.floats(0, 100_000))
def test_never_earlier_than_the_other_side_asked(attempts: int, jitter: float, asked_s: float) -> None:
    assert retry_delay_s(attempts, jitter, asked_s) == max(retry_delay_s(attempts, jitter), asked_s)


def test_a_whole_jitter_halves_the_wait() -> None:
    assert retry_delay_s(3, jitter=1) == 30


def test_another_way_need_not_wait_for_this_one() -> None:
    assert retry_delay_s(8, jitter=0, asked_s=9_000, longest_s=7) == 7
    assert retry_delay_s(1, jitter=0, longest_s=3_600) == 15
