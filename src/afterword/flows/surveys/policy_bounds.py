"""How often may surveys and projects ask a person, where the organisation has said how often?"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from afterword.flows.surveys.survey_file.base import parse_duration
from afterword.flows.surveys.survey_file.throttle import CapFile, ThrottleFile


def find_excess(throttle: ThrottleFile, organisation: ThrottleFile | None) -> dict[str, str]:
    """
    What a level below the organisation says that would ask people more often than the organisation lets it.

    Its caps, group caps, open invitations and back-off are a promise to people over all surveys.

    Args:
        throttle: What the survey or the project says.
        organisation: What the organisation says; None = nothing, so that nothing is too often.

    Returns:
        Field, or part of one as ``caps.7d`` → what the organisation says of it.
    """
    if organisation is None:
        return {}
    return {
        name if part is None else f"{name}.{part}": bound
        for name, part, bound in _excess(throttle, organisation)
    }


def keep_within(throttle: ThrottleFile, organisation: ThrottleFile | None) -> ThrottleFile:
    """What a level below the organisation says, without what the organisation does not let it say."""
    if organisation is None:
        return throttle
    kept: dict[str, Any] = {}
    for name, part, _ in _excess(throttle, organisation):
        whole = kept.get(name, getattr(throttle, name))
        rest = {key: value for key, value in whole.items() if key != part} if part is not None else {}
        kept[name] = rest or UNSET
    return msgspec.structs.replace(throttle, **kept)


def _excess(throttle: ThrottleFile, organisation: ThrottleFile) -> Iterator[tuple[str, str | None, str]]:
    """Field, part of it or None for all of it, and what the organisation says."""
    yield from _of_caps(throttle.caps, organisation.caps)
    yield from _of_group_caps(throttle.group_caps, organisation.group_caps)
    if isinstance(throttle.max_open, int) and isinstance(organisation.max_open, int):
        # 0 is any number.
        own, bound = (one or float("inf") for one in (throttle.max_open, organisation.max_open))
        if own > bound:
            yield "max_open", None, str(organisation.max_open)
    if throttle.backoff is False and organisation.backoff is True:
        yield "backoff", None, "true"


def _of_caps(own: Any, said: Any) -> Iterator[tuple[str, str | None, str]]:
    bounds = _without_none(said)
    if own is UNSET or not bounds:
        return
    if not own:
        yield "caps", None, ", ".join(f"{count} within {window}" for window, count in bounds.items())
    counts = {parse_duration(window): count for window, count in bounds.items()}
    for window, count in own.items():
        bound = counts.get(parse_duration(window))
        if bound is not None and (count is None or count > bound):
            yield "caps", window, f"{bound} within {window}"


def _of_group_caps(own: Any, said: Any) -> Iterator[tuple[str, str | None, str]]:
    bounds = _without_none(said)
    if own is UNSET or not bounds:
        return
    if not own:
        yield "group_caps", None, ", ".join(bounds)
    for tag, cap in own.items():
        bound: CapFile | None = bounds.get(tag)
        if bound is not None and not _is_stricter(cap, bound):
            yield "group_caps", tag, f"{bound.count} within {bound.window}"


def _without_none(said: Any) -> dict[str, Any]:
    """The caps that the organisation says; one that it takes away binds nobody."""
    return {} if said is UNSET else {part: cap for part, cap in said.items() if cap is not None}


def _is_stricter(cap: CapFile | None, bound: CapFile) -> bool:
    """Whether a cap asks nobody whom the other would not: no more, within as long a time."""
    if cap is None:
        return False
    return cap.count <= bound.count and parse_duration(cap.window) >= parse_duration(bound.window)
