"""Are the defaults of a survey's throttle those of the reference?"""

from datetime import timedelta

from afterword.domain.policy import Policy


def test_a_survey_that_says_nothing_asks_rarely() -> None:
    assert Policy() == Policy(
        survey_cooldown=timedelta(days=90),
        global_cooldown=timedelta(days=14),
        sampling_rate=1.0,
        max_event_age=timedelta(minutes=30),
        expires_after=timedelta(hours=72),
    )
