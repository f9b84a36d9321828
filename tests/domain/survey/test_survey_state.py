"""Is a survey live only within its schedule, and over from its end on?"""

from datetime import UTC, datetime, timedelta

import pytest

from afterword.domain.survey.survey import SurveyState
from afterword.domain.survey.survey_state import IS_OVER, Phase, state_at

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
SOON, BEFORE = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("state", "starts_at", "ends_at", "phase"),
    [
        (SurveyState.DRAFT, None, None, Phase.DRAFT),
        (SurveyState.DRAFT, BEFORE, NOW, Phase.DRAFT),
        (SurveyState.LIVE, None, None, Phase.LIVE),
        (SurveyState.LIVE, NOW, SOON, Phase.LIVE),
        (SurveyState.LIVE, SOON, None, Phase.SCHEDULED),
        (SurveyState.LIVE, None, NOW, Phase.ENDED),
        (SurveyState.PAUSED, None, None, Phase.PAUSED),
        (SurveyState.PAUSED, SOON, None, Phase.PAUSED),
        (SurveyState.PAUSED, BEFORE, NOW, Phase.ENDED),
        (SurveyState.CLOSED, BEFORE, SOON, Phase.CLOSED),
        (SurveyState.CLOSED, BEFORE, BEFORE, Phase.CLOSED),
    ],
)
def test_a_survey_has_one_phase_at_each_moment(
    state: SurveyState, starts_at: datetime | None, ends_at: datetime | None, phase: Phase
) -> None:
    assert state_at(state, starts_at, ends_at, NOW) is phase
    assert (phase in IS_OVER) == (phase in (Phase.ENDED, Phase.CLOSED))
