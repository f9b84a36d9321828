"""How does a terminal show what a simulation found?"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Any

from afterword.domain.throttle.forecast import Difference, Forecast, Spread
from afterword.domain.throttle.reason import Reason
from afterword.flows.simulator.response_rate import (
    RATE_INVITATIONS_MIN,
    RATE_WINDOW,
    RateOrigin,
    ResponseRate,
)
from afterword.flows.simulator.simulation import Simulation, Version

BAR_CHARS_MAX = 40
"""As wide as the longest bar of the chart."""

EMPTY_DAYS_FOLDED_MIN = 3
"""So many empty days in a row are one line."""

CHANGES_SHOWN = 8
"""Of what would be decided otherwise, the most frequent ones."""


def show_span(since: datetime, until: datetime) -> str:
    """A time, from and to."""
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"


def show_simulation(found: Simulation) -> Iterator[str]:
    """Lines for people."""
    span = show_span(found.since, found.until)
    yield f"{found.survey_key} ({found.project}), {span}: {found.events:,} events"
    if found.tests:
        yield f"{found.tests:,} of them are test events, which never count."
    if found.emptied_before is not None:
        before = f"{found.emptied_before:%Y-%m-%d %H:%M}"
        yield f"{found.emptied:,} of them can't be simulated: events up to {before} UTC were emptied."
    if found.beside:
        yield f"Simulated beside it, as they compete for the same people: {', '.join(found.beside)}."
    yield f"Response rate: {_show_rate(found.response_rate)}\n"
    rows = [*found.versions, *([found.live] if found.live else [])]
    yield from _table([_HEAD, *(_row(one) for one in rows)])
    if found.response_rate.otherwise:
        yield from _show_otherwise(rows)
    if len(found.versions) > 1:
        yield "\nThe days and the limits of each version are in `--json`."
        return
    (only,) = found.versions
    yield from _show_stops(only.forecast)
    if only.difference is not None:
        yield from _show_difference(only.difference)
    yield from _show_days(only.forecast)


def _show_rate(rate: ResponseRate) -> str:
    observed = f"{rate.answered:,} of {rate.ended:,} answered"
    match rate.origin:
        case RateOrigin.GIVEN:
            return f"{rate.share:.0%} ({rate.origin})."
        case RateOrigin.ASSUMED:
            return (
                f"{rate.share:.0%} ({rate.origin}, without a source: fewer than {RATE_INVITATIONS_MIN} "
                f"invitations of the project ended in the last {RATE_WINDOW.days} days, {observed}). "
                "If you know better, say --response-rate."
            )
    return f"{rate.share:.0%} ({rate.origin}: {observed})."


def _show_otherwise(versions: Sequence[Version]) -> Iterator[str]:
    yield "\nSo much depends on our guess:\n"
    rows = [("version", "response rate", "invitations", "responses", "95 % interval of 50 %")]
    for one in versions:
        courses = sorted([one.forecast, *one.forecast.otherwise], key=lambda course: course.response_rate)
        rows += [
            (
                one.label,
                f"{course.response_rate:.0%}",
                f"{course.invitations:,}",
                f"{course.responses:,.0f}",
                _show_interval(course),
            )
            for course in courses
        ]
    yield from _table(rows)


_HEAD = (
    "version",
    "heard",
    "matching",
    "people",
    "invitations",
    "reached",
    "a day",
    "a person",
    "responses",
    "95 % interval of 50 %",
)


def _row(version: Version) -> tuple[str, ...]:
    found = version.forecast
    share = "" if found.share_reached is None else f" ({found.share_reached:.0%})"
    return (
        version.label,
        f"{found.events:,}",
        f"{found.matching:,}",
        f"{found.people:,}",
        f"{found.invitations:,}",
        f"{found.reached:,}{share}",
        _show_spread(found.per_day),
        _show_spread(found.per_person),
        f"{found.responses:,.0f}",
        _show_interval(found),
    )


def _show_spread(found: Spread) -> str:
    return "/".join("-" if one is None else str(one) for one in (found.p50, found.p95, found.max))


def _show_interval(found: Forecast) -> str:
    interval, width = found.interval, found.interval_width
    if interval is None or width is None:
        return "-"
    return f"{interval.low:.1%} to {interval.high:.1%}, {width:.1%} wide"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their widest cell; numbers to the right, the first column to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join(cells).rstrip()


def _show_stops(found: Forecast) -> Iterator[str]:
    yield "\n`a day` (UTC) and `a person` are p50/p95/max. What kept events from asking:\n"
    rows = [("rule", "first reason", "failed", "people")]
    rows += [
        (
            f"{stop.reason.value} {stop.reason.label}",
            f"{stop.first:,}",
            f"{stop.decisions:,}",
            f"{stop.people:,}",
        )
        for stop in found.stops
    ]
    yield from _table(rows) if len(rows) > 1 else ["nothing"]


def _show_difference(found: Difference) -> Iterator[str]:
    yield "\nAgainst the live version:"
    rows = [
        ("", "both", "this only", "live only"),
        ("events that ask", found.both, found.only_this, found.only_other),
        ("people asked", found.people_both, found.people_only_this, found.people_only_other),
    ]
    yield from _table([[cell if isinstance(cell, str) else f"{cell:,}" for cell in row] for row in rows])
    if found.moved:
        yield "\nEvents decided otherwise, live → this:"
    for (old, new), count in list(found.moved.items())[:CHANGES_SHOWN]:
        yield f"  {_label(old)} → {_label(new)}: {count:,}"


def _label(reason: Reason | None) -> str:
    return "not heard" if reason is None else reason.label


def _show_days(found: Forecast) -> Iterator[str]:
    highest = max(found.days.values(), default=0)
    if not highest:
        return
    yield "\nInvitations of each day (UTC):\n"
    width = len(f"{highest:,}")
    for count, run in groupby(found.days.items(), key=lambda one: one[1]):
        days = [day for day, _ in run]
        if not count and len(days) >= EMPTY_DAYS_FOLDED_MIN:
            yield f"{days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}: none"
            continue
        bar = "█" * -(-count * BAR_CHARS_MAX // highest)
        for day in days:
            in_part = " (part of the day)" if day in found.days_in_part else ""
            yield f"{day:%Y-%m-%d %a}  {count:>{width},}  {bar}{in_part}".rstrip()


def describe_simulation(found: Simulation) -> dict[str, Any]:
    """Everything, as JSON."""
    return {
        "survey": found.survey_key,
        "project": found.project,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "events": found.events,
        "test_events": found.tests,
        "emptied_events": found.emptied,
        "emptied_before": None if found.emptied_before is None else found.emptied_before.isoformat(),
        "beside": list(found.beside),
        "response_rate_origin": found.response_rate.origin,
        "ended_invitations": found.response_rate.ended,
        "answered_invitations": found.response_rate.answered,
        "versions": [_version_as_dict(one) for one in found.versions],
        "live": None if found.live is None else _version_as_dict(found.live),
    }


def _version_as_dict(version: Version) -> dict[str, Any]:
    found, difference = version.forecast, version.difference
    return {
        "version": version.label,
        "events": found.events,
        "matching": found.matching,
        "people": found.people,
        "invitations": found.invitations,
        "withdrawn": found.withdrawn,
        "reached": found.reached,
        "share_reached": found.share_reached,
        "per_day": asdict(found.per_day),
        "per_person": asdict(found.per_person),
        **_answers_as_dict(found),
        "at_other_response_rates": [
            {"invitations": one.invitations, **_answers_as_dict(one)} for one in found.otherwise
        ],
        "stops": [
            {
                "code": stop.reason.value,
                "reason": stop.reason.label,
                "first": stop.first,
                "failed": stop.decisions,
                "people": stop.people,
            }
            for stop in found.stops
        ],
        "days": {day.isoformat(): count for day, count in found.days.items()},
        "days_in_part": sorted(day.isoformat() for day in found.days_in_part),
        "difference": None if difference is None else _difference_as_dict(difference),
    }


def _answers_as_dict(found: Forecast) -> dict[str, Any]:
    return {
        "response_rate": found.response_rate,
        "responses": found.responses,
        "respondents": found.respondents,
        "interval": None if found.interval is None else asdict(found.interval),
        "interval_width": found.interval_width,
    }


def _difference_as_dict(found: Difference) -> dict[str, Any]:
    return {
        "both": found.both,
        "only_this": found.only_this,
        "only_live": found.only_other,
        "people_both": found.people_both,
        "people_only_this": found.people_only_this,
        "people_only_live": found.people_only_other,
        "moved": [
            {"live": _code(old), "this": _code(new), "events": count}
            for (old, new), count in found.moved.items()
        ],
    }


def _code(reason: Reason | None) -> str | None:
    return None if reason is None else reason.label
