"""What does a survey promise about whom it asks, and how often?"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """
    The throttle of one survey.

    Attributes:
        survey_cooldown: Least time between two invitations of one person to this survey.
        global_cooldown: Least time between two invitations of one person to any survey.
        sampling_rate: Share of the eligible who are asked, from 0 (excluded) to 1.
        max_event_age: Events that occurred longer ago are stored but never ask.
        expires_after: When the invitation and its link end.

    Source: docs/reference/throttle.md.
    """

    survey_cooldown: timedelta = timedelta(days=90)
    global_cooldown: timedelta = timedelta(days=14)
    sampling_rate: float = 1.0
    max_event_age: timedelta = timedelta(minutes=30)
    expires_after: timedelta = timedelta(hours=72)


SAMPLING_PERIOD = timedelta(days=30)
"""
A person is drawn once per period, however often they do the thing.

The same for all surveys: tied to a survey's cooldown, a longer cooldown would
draw anew at other times and could ask somebody more often.
"""

TEST_INVITATIONS_PER_HOUR_MAX = 10
"""Test invitations per person and hour: a project token can be public and must not be a mail cannon."""
