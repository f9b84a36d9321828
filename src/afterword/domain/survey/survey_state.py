"""What does the state of a survey mean at a moment, given when it starts and ends?"""

from datetime import datetime
from enum import StrEnum

from afterword.domain.survey.survey import SurveyState


class Phase(StrEnum):
    """Where a survey is in its life, its schedule included."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"
    CLOSED = "closed"


IS_OVER = frozenset({Phase.ENDED, Phase.CLOSED})
"""Links can't be answered any more."""


def state_at(
    state: SurveyState, starts_at: datetime | None, ends_at: datetime | None, now: datetime
) -> Phase:
    """
    Where a survey is at a moment.

    Args:
        state: As it is stored.
        starts_at: Of the version that is live.
        ends_at: Of the version that is live.
        now: Aware UTC time.
    """
    if state in (SurveyState.DRAFT, SurveyState.CLOSED):
        return Phase(state.value)
    if ends_at is not None and now >= ends_at:
        return Phase.ENDED
    if state is SurveyState.PAUSED:
        return Phase.PAUSED
    return Phase.SCHEDULED if starts_at is not None and now < starts_at else Phase.LIVE
