"""Which share of the invitations of a simulation is answered, and who says so?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from afterword.storage import exposures, surveys
from afterword.storage.engine import Connection

RATE_WINDOW = timedelta(days=90)
RATE_INVITATIONS_MIN = 20
"""With fewer invitations that ended, an observed response rate is chance."""

RATE_ASSUMED = 0.3
"""Where too little was observed. Our guess: no source says what a survey of tools inside a company gets."""

RATE_LOW, RATE_HIGH = 0.1, 0.6
"""Also shown beside our guess: few of those who are asked, and more than half of them. Guesses, too."""


class RateOrigin(StrEnum):
    """Where the response rate comes from."""

    GIVEN = "given"
    SURVEY = "observed, this survey"
    PROJECT = "observed, this project"
    ASSUMED = "our guess"


@dataclass(frozen=True, slots=True)
class ResponseRate:
    """
    The share of the invitations that is answered.

    Attributes:
        ended: Real invitations it was observed at, or with a guess the project's, which were too few.
        answered: Those of them that were answered.
    """

    share: float
    origin: RateOrigin
    ended: int = 0
    answered: int = 0

    @property
    def otherwise(self) -> tuple[float, ...]:
        """What it might be as well, where it is a guess."""
        return (RATE_LOW, RATE_HIGH) if self.origin is RateOrigin.ASSUMED else ()


def find_rate(
    connection: Connection, survey_id: int, project_id: int, now: datetime, given: float | None
) -> ResponseRate:
    """What somebody says; else what the survey got, else its project, else our guess."""
    if given is not None:
        return ResponseRate(given, RateOrigin.GIVEN)
    counts = exposures.count_ended(connection, now, now - RATE_WINDOW)
    of_project = {one.id for one in surveys.list_surveys(connection, project_id)}
    ended = answered = 0
    for ids, origin in (({survey_id}, RateOrigin.SURVEY), (of_project, RateOrigin.PROJECT)):
        found = [counts[one] for one in ids if one in counts]
        ended, answered = sum(one for one, _ in found), sum(one for _, one in found)
        if ended >= RATE_INVITATIONS_MIN:
            return ResponseRate(answered / ended, origin, ended, answered)
    return ResponseRate(RATE_ASSUMED, RateOrigin.ASSUMED, ended, answered)
