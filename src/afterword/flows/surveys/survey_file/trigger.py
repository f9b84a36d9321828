"""How is a trigger written down?"""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, field

from afterword.domain.survey.trigger import Trigger, Within
from afterword.flows.surveys.survey_file.base import Duration, EventName, FieldError, Part, check_duration
from afterword.flows.surveys.survey_file.conditions import ConditionFile, make_condition

EVENTS_MAX = 50
COUNT_MAX = 1_000

Events = Annotated[list[EventName], Meta(min_length=1, max_length=EVENTS_MAX)]


class WithinFile(Part):
    """Events, and the time in which they count."""

    events: Events
    within: Duration


class CountFile(Part):
    """The N-th event within a time."""

    at_least: Annotated[int, Meta(ge=2, le=COUNT_MAX)]
    within: Duration


class TriggerFile(Part):
    """Which events a survey listens to."""

    events: Events
    where: ConditionFile | None = None
    count: CountFile | None = None
    after: WithinFile | None = None
    not_followed_by: WithinFile | None = None
    delay: Duration = "0s"
    cancel_on: Annotated[list[EventName], Meta(max_length=EVENTS_MAX)] = field(default_factory=list)


def make_trigger(file: TriggerFile, path: str) -> Trigger:
    """
    The trigger of a file → what a survey listens to.

    Raises:
        FieldError: It can't be.
    """
    _check_names(file.events, f"{path}.events")
    _check_names(file.cancel_on, f"{path}.cancel_on")
    count, window = 1, timedelta()
    if file.count is not None:
        count = file.count.at_least
        window = check_duration(file.count.within, f"{path}.count.within", is_positive=True)
    return Trigger(
        events=tuple(file.events),
        where=None if file.where is None else make_condition(file.where, f"{path}.where"),
        count=count,
        count_window=window,
        after=_within(file.after, f"{path}.after"),
        not_followed_by=_within(file.not_followed_by, f"{path}.not_followed_by"),
        delay=check_duration(file.delay, f"{path}.delay"),
        cancel_on=tuple(file.cancel_on),
    )


def _within(file: WithinFile | None, path: str) -> Within | None:
    if file is None:
        return None
    _check_names(file.events, f"{path}.events")
    return Within(tuple(file.events), check_duration(file.within, f"{path}.within", is_positive=True))


def _check_names(names: list[str], path: str) -> None:
    for index, name in enumerate(names):
        if name != name.strip():
            raise FieldError(f"{path}[{index}]", "events are stored without blanks around their names")
