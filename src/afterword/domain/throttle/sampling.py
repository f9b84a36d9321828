"""On whom does the draw fall? Hashes, not random numbers: asking again gives the same answer."""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache

from afterword.domain.survey.policy import SAMPLING_PERIOD, SamplingUnit

DRAWS_REMEMBERED = 10_000
"""The same draw is asked for more than once in a decision, and again at the person's next event."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def draw_sample(unit: SamplingUnit, survey_id: int, person_id: int, event_id: int, now: datetime) -> float:
    """
    Draw u in [0, 1) for what is drawn: a person and a period, a person for good, or an event.

    A person who does a thing a thousand times is drawn once per period, not a thousand times.
    """
    match unit:
        case SamplingUnit.PERSON_PERIOD:
            return _draw(f"{survey_id}:{person_id}:{(now - _EPOCH) // SAMPLING_PERIOD}")
        case SamplingUnit.PERSON:
            return _draw(f"{survey_id}:{person_id}")
        case SamplingUnit.EVENT:
            return _draw(f"{survey_id}:{person_id}:event:{event_id}")


def draw_holdout(person_id: int) -> float:
    """Draw once for a person, for good and for all surveys: who is held out at 5 % is at 10 %, too."""
    return _draw(f"holdout:{person_id}")


@lru_cache(maxsize=DRAWS_REMEMBERED)
def _draw(text: str) -> float:
    # 53 bits are what a float holds exactly; more would round up to 1 now and then.
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 11) / 2**53
