"""``afterword survey simulate`` and ``preview``: whom would a survey ask, and what would it hear?"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from afterword.cli.open import open_app
from afterword.cli.progress import Progress
from afterword.cli.show_simulation import describe_simulation, show_simulation, show_span
from afterword.domain.errors import ConflictError, InvalidInputError
from afterword.flows.simulator.preview_trigger import Mismatch, Preview, preview_trigger
from afterword.flows.simulator.simulate_survey import simulate_survey
from afterword.flows.simulator.simulation import Simulation
from afterword.flows.simulator.what_if import vary
from afterword.flows.surveys.survey_definition import SurveyFile, parse_survey_file
from afterword.flows.surveys.survey_file.base import DURATION_MAX, parse_duration
from afterword.web.day_chart import day_chart

EXAMPLES_MAX = 50


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
@click.option(
    "--chart",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the invitations of each day into this new file, as SVG.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def simulate(
    file: Path,
    since: timedelta,
    against: str | None,
    ranges: tuple[str, ...],
    response_rate: float | None,
    chart: Path | None,
    as_json: bool,
) -> None:
    """Replay past events through a survey's file, and tell whom it would have asked; changes nothing."""
    wanted = vary(read_survey(file), str(file), ranges)
    if chart is not None:
        _check_chart(chart, len(wanted))
    with open_app() as parts:
        found = simulate_survey(
            parts.database,
            parts.clock,
            wanted,
            since=since,
            against_live=against is not None,
            response_rate=response_rate,
            channels=parts.channels,
            on_progress=Progress(),
        )
    if chart is not None:
        _write_chart(chart, found)
    if as_json:
        click.echo(json.dumps(describe_simulation(found), indent=2, ensure_ascii=False))
        return
    for line in show_simulation(found):
        click.echo(line)
    if chart is not None:
        click.echo(f"\nWrote {chart}.")


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


def _check_chart(path: Path, versions: int) -> None:
    """Say what can't be before time is spent on the simulation."""
    if versions > 1:
        raise InvalidInputError(
            f"--chart draws one version, and --vary makes {versions}: leave out one of both"
        )
    if path.suffix.lower() != ".svg":
        raise InvalidInputError(f"--chart {path}: a chart is SVG: call it {path.with_suffix('.svg').name}")
    if path.exists():
        raise ConflictError(f"{path} is there already: choose another name")


def _write_chart(path: Path, found: Simulation) -> None:
    (version,) = found.versions
    series = [(version.label, version.forecast.days)]
    if found.live is not None:
        series.append((found.live.label, found.live.forecast.days))
    picture = day_chart(found.survey_key, series, in_part=version.forecast.days_in_part)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(picture)
    except FileExistsError:
        raise ConflictError(f"{path} is there already: choose another name") from None
    except OSError as error:
        raise InvalidInputError(f"can't write {path}: {error.strerror}") from error


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))


def _show_preview(found: Preview) -> Iterator[str]:
    span = show_span(found.since, found.until)
    yield f"{found.survey_key} ({found.project}), {span}: {found.events:,} events"
    if found.emptied:
        yield f"{found.emptied:,} more were emptied: nobody can tell what they said."
    yield f"Heard: {sum(found.heard.values()):,}"
    for name, count in found.heard.items():
        yield f"  {name}: {count:,}"
    yield f"Satisfy `where`: {found.matching:,}"
    for path, mismatch in found.mismatches.items():
        yield f"  not as wanted, {path or 'a condition with not'}: {_show_mismatch(path, mismatch)}"
    if found.withdrawn:
        yield f"Withdrawn by what the person did next: {found.withdrawn:,}"
    if found.collapsed:
        yield f"Counted with one of the same person that waited: {found.collapsed:,}"
    yield f"Would ask, but for the throttle: {found.firing:,}, of {found.people:,} known people"
    for one in found.examples:
        known = "" if one.is_known else " (not in the directory)"
        yield f"  {one.event_id}  {one.received_at:%Y-%m-%d %H:%M:%S}  {one.name}  {one.who}{known}"


def _show_mismatch(path: str, found: Mismatch) -> str:
    parts = [f"{found.absent:,} absent"] if found.absent else []
    if found.different:
        parts.append(f"{found.different:,} another value" if path else f"{found.different:,}")
    return ", ".join(parts)
