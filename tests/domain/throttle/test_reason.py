"""Are the codes of the throttle to the letter those of its reference?"""

from afterword.domain.throttle.reason import Reason

REFERENCE = """
0 invited 1 invited_test
10 duplicate_event 11 stale_event 12 future_event
20 no_matching_survey 21 survey_not_live 22 filter 23 count
30 person_unresolved 31 bot 32 inactive 33 audience 34 tenure 35 opted_out 36 snoozed 37 holdout
40 open_invitation 41 repeat_exhausted 42 survey_cooldown 43 project_cooldown 44 group_cap
45 global_cooldown 46 person_cap 47 backoff
50 quota_full 51 pacing 52 daily_max
60 not_sampled
70 lower_priority
80 no_channel 81 deferred 82 outside_window 83 paused 84 test_capped
90 cancelled 91 expired 92 delivery_failed 93 ineligible_at_send
"""


def test_numbers_and_words_are_those_of_the_reference() -> None:
    cells = REFERENCE.split()
    numbers, words = map(int, cells[::2]), cells[1::2]
    assert [(reason.value, reason.label) for reason in Reason] == list(zip(numbers, words, strict=True))


def test_reasons_sort_in_the_order_in_which_they_are_told() -> None:
    assert list(Reason) == sorted(Reason)
