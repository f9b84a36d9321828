"""Which settings of a survey do nothing, or keep everybody from being asked?"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from msgspec import UNSET

from afterword.domain.survey.question import RATING_LABELS
from afterword.domain.survey.trigger import any_name
from afterword.flows.surveys.survey_file.base import parse_duration
from afterword.flows.surveys.survey_file.conditions import list_comparisons
from afterword.flows.surveys.survey_file.questions import QuestionFile, RatingFile
from afterword.flows.surveys.survey_file.throttle import SendWindowFile, ThrottleFile
from afterword.flows.surveys.survey_file.trigger import TriggerFile

WINDOW_CYCLE = timedelta(days=7)
"""Hours for mails open again within a week at the latest."""

_ABOVE_METADATA = ("metadata.", "event.metadata.")


class Oddity(StrEnum):
    """What is odd about a setting; hints, not errors."""

    ASKS_NOBODY = "asks_nobody"
    NO_EFFECT = "no_effect"
    WITHDRAWS_ITSELF = "withdraws_itself"


class Odd(NamedTuple):
    """A field that is not what somebody meant, as ``$.trigger.cancel_on``."""

    path: str
    rule: Oddity
    message: str


def find_odd_trigger(file: TriggerFile) -> Iterator[Odd]:
    """Find what is odd about a trigger."""
    for where, compare in list_comparisons(file.where, "$.trigger.where"):
        for prefix in _ABOVE_METADATA:
            if str(compare.path).startswith(prefix):
                said = f"paths start below the metadata: write {str(compare.path).removeprefix(prefix)}"
                yield Odd(f"{where}.path", Oddity.ASKS_NOBODY, said)
    unfollowed = () if file.not_followed_by is None else tuple(file.not_followed_by.events)
    if file.cancel_on and not unfollowed and not parse_duration(file.delay):
        said = "without delay or not_followed_by they withdraw only what waits for the hours of mails"
        yield Odd("$.trigger.cancel_on", Oddity.NO_EFFECT, said)
    if twice := next((name for name in file.events if any_name(unfollowed, name)), None):
        said = f"{twice} is what asks, too: a second one within the time withdraws what the first one asked"
        yield Odd("$.trigger.not_followed_by.events", Oddity.WITHDRAWS_ITSELF, said)


def find_odd_throttle(file: ThrottleFile, tags: Sequence[str]) -> Iterator[Odd]:
    """
    Find what is odd about a survey's throttle.

    Args:
        tags: The survey's.
    """
    for window, count in (file.caps or {}).items():
        if count == 0:
            yield Odd(f"$.throttle.caps.{window}", Oddity.ASKS_NOBODY, "0 exposures let nobody be asked")
    for tag, cap in (file.group_caps or {}).items():
        if cap and cap.count == 0 and tag in tags:
            said = f"0 exposures let nobody be asked, for this survey has the tag {tag}"
            yield Odd(f"$.throttle.group_caps.{tag}", Oddity.ASKS_NOBODY, said)
    if file.holdout == 1:
        yield Odd("$.throttle.holdout", Oddity.ASKS_NOBODY, "everybody is held out")
    if file.max_shows is not UNSET and file.repeat in ("once", "recurring"):
        yield Odd("$.throttle.max_shows", Oddity.NO_EFFECT, "it counts only with repeat: until_answered")
    if file.max_shows is not UNSET and file.repeat is UNSET:
        said = "it counts only with repeat: until_answered, which this file leaves to the policy above"
        yield Odd("$.throttle.max_shows", Oddity.NO_EFFECT, said)
    if isinstance(file.send_window, SendWindowFile):
        yield from _find_odd_window(file.send_window)


def find_odd_questions(files: Sequence[QuestionFile]) -> Iterator[Odd]:
    """Find what is odd about questions."""
    for index, file in enumerate(files):
        if not isinstance(file, RatingFile) or not file.labels:
            continue
        for name, usual in zip(("low_label", "high_label"), RATING_LABELS, strict=True):
            if getattr(file, name) != usual:
                said = "labels say already what each point means: this is not shown"
                yield Odd(f"$.questions[{index}].{name}", Oddity.NO_EFFECT, said)


def _find_odd_window(file: SendWindowFile) -> Iterator[Odd]:
    if isinstance(file.defer, str) and parse_duration(file.defer) > WINDOW_CYCLE:
        said = f"the hours open again within {WINDOW_CYCLE.days}d: nobody would wait longer"
        yield Odd("$.throttle.send_window.defer", Oddity.NO_EFFECT, said)
