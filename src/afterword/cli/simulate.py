"""``afterword survey simulate`` and ``preview``: whom would a survey ask, and what would it hear?"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from afterword.cli.open import open_app
from afterword.cli.progress import Progress
from afterword.domain.errors import InvalidInputError
from afterword.domain.throttle.forecast import Difference, Forecast, Spread
from afterword.domain.throttle.reason import Reason
from afterword.flows.simulator.preview_trigger import Preview, preview_trigger
from afterword.flows.simulator.simulate_survey import simulate_survey
from afterword.flows.simulator.simulation import Simulation, Version
from afterword.flows.simulator.what_if import vary
from afterword.flows.surveys.survey_definition import SurveyFile, parse_survey_file
from afterword.flows.surveys.survey_file.base import DURATION_MAX, parse_duration

BAR_CHARS_MAX = 40
"""As wide as the longest bar of the chart."""

EXAMPLES_MAX = 50

CHANGES_SHOWN = 8
"""Of what would be decided otherwise, the most frequent ones."""


class Span(click.ParamType[timedelta]):
    """How far back: a number and s, m, h or d."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Text → span."""
        if isinstance(value, timedelta):
            return value
        if not re.fullmatch(r"[1-9][0-9]{0,8}[smhd]", str(value)):
            self.fail(f"{value!r} is no span of time, such as 30d or 12h", param, ctx)
        span = parse_duration(str(value))
        if span > DURATION_MAX:
            self.fail(f"{value} is too long: at most {DURATION_MAX.days}d", param, ctx)
        return span


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--since", type=Span(), default="30d", show_default=True, help="How far back.")
@click.option("--against", type=click.Choice(["live"]), help="Compare with the version that is live.")
@click.option("--vary", "ranges", multiple=True, metavar="FIELD=A,B…", help="What if a field said this?")
@click.option(
    "--response-rate",
    type=click.FloatRange(0, 1),
    help="Share of invitations that is answered, from 0 to 1; as observed if left out.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def simulate(
    file: Path,
    since: timedelta,
    against: str | None,
    ranges: tuple[str, ...],
    response_rate: float | None,
    as_json: bool,
) -> None:
    """Replay past events through a survey's file, and tell whom it would have asked; changes nothing."""
    wanted = vary(read_survey(file), str(file), ranges)
    with open_app() as parts:
        found = simulate_survey(
            parts.database,
            parts.clock,
            wanted,
            since=since,
            against_live=against is not None,
            response_rate=response_rate,
            on_progress=Progress(),
        )
    if as_json:
        click.echo(json.dumps(_as_dict(found), indent=2, ensure_ascii=False))
        return
    for line in _show(found):
        click.echo(line)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--since", type=Span(), default="7d", show_default=True, help="How far back.")
@click.option("--examples", type=click.IntRange(0, EXAMPLES_MAX), default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def preview(file: Path, since: timedelta, examples: int, as_json: bool) -> None:
    """Tell which past events the trigger of a survey's file hears, and how many it wants; changes nothing."""
    wanted = read_survey(file)
    with open_app() as parts:
        found = preview_trigger(
            parts.database, parts.clock, wanted, since=since, examples=examples, on_progress=Progress()
        )
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False, default=_plain))
        return
    for line in _show_preview(found):
        click.echo(line)


COMMANDS = (simulate, preview)


def read_survey(path: Path) -> SurveyFile:
    """A survey's file; raises what a person can mend."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInputError(f"can't read {path}: {reason}") from error
    return parse_survey_file(text, str(path))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))


def _show_preview(found: Preview) -> Iterator[str]:
    yield f"{found.survey_key} ({found.project}), {_span(found.since, found.until)}: {found.events:,} events"
    if found.emptied:
        yield f"{found.emptied:,} more were emptied: nobody can tell what they said."
    yield f"Heard: {sum(found.heard.values()):,}"
    for name, count in found.heard.items():
        yield f"  {name}: {count:,}"
    yield f"Satisfy `where`: {found.matching:,}"
    for path, count in found.mismatches.items():
        yield f"  not as wanted, {path or 'a condition with not'}: {count:,}"
    yield f"Would ask, but for the throttle: {found.firing:,}, of {found.people:,} known people"
    for one in found.examples:
        known = "" if one.is_known else " (not in the directory)"
        yield f"  {one.event_id}  {one.received_at:%Y-%m-%d %H:%M:%S}  {one.name}  {one.who}{known}"


def _span(since: datetime, until: datetime) -> str:
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"


def _show(found: Simulation) -> Iterator[str]:
    yield f"{found.survey_key} ({found.project}), {_span(found.since, found.until)}: {found.events:,} events"
    if found.tests:
        yield f"{found.tests:,} of them are test events, which never count."
    if found.emptied_before is not None:
        before = f"{found.emptied_before:%Y-%m-%d %H:%M}"
        yield f"{found.emptied:,} of them can't be simulated: events up to {before} UTC were emptied."
    if found.beside:
        yield f"Simulated beside it, as they compete for the same people: {', '.join(found.beside)}."
    rate = found.versions[0].forecast.response_rate
    yield f"Response rate: {rate:.0%} ({found.rate_origin}).\n"
    rows = [*found.versions, *([found.live] if found.live else [])]
    yield from _table([_HEAD, *(_row(one) for one in rows)])
    if len(found.versions) > 1:
        yield "\nThe days and the limits of each version are in `--json`."
        return
    (only,) = found.versions
    yield from _show_stops(only.forecast)
    if only.difference is not None:
        yield from _show_difference(only.difference)
    yield from _show_days(only.forecast)


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
    return f"{found.p50}/{found.p95}/{found.max}"


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
    yield "\n`a day` and `a person` are p50/p95/max. What kept events from asking:\n"
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
    yield "\nInvitations of each day:\n"
    width = len(f"{highest:,}")
    for day, count in found.days.items():
        bar = "█" * -(-count * BAR_CHARS_MAX // highest)
        yield f"{day:%Y-%m-%d %a}  {count:>{width},}  {bar}".rstrip()


def _as_dict(found: Simulation) -> dict[str, Any]:
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
        "response_rate_origin": found.rate_origin,
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
        "response_rate": found.response_rate,
        "responses": found.responses,
        "respondents": found.respondents,
        "interval": None if found.interval is None else asdict(found.interval),
        "interval_width": found.interval_width,
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
        "difference": None if difference is None else _difference_as_dict(difference),
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
