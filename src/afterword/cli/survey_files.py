"""``afterword survey apply``, ``plan``, ``export``, ``lint``, ``schema``: surveys as files."""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from afterword.cli.open import open_app
from afterword.domain.errors import AfterwordError, InvalidInputError
from afterword.domain.survey.wording import Rule
from afterword.flows.surveys import manage_surveys
from afterword.flows.surveys.lint_surveys import OF_FILES, Hint, lint_surveys, warn_of_settings
from afterword.flows.surveys.manage_surveys import Applied, Change
from afterword.flows.surveys.survey_file.oddities import Oddity
from afterword.flows.surveys.survey_files import Written, read_survey_files
from afterword.flows.surveys.survey_schema import survey_schema
from afterword.kit.clock import SystemClock, to_datetime
from afterword.storage.engine import StoreError

NOTHING_TO_DO, ERRORS, CHANGES = 0, 1, 2
"""What ``plan`` ends with, so that a pipeline can tell."""

FOLLOWED = "Running servers follow within 2 s: they don't hear events before."

RULES = sorted(map(str, [*Rule, *Oddity, *OF_FILES]))
"""What ``lint`` looks for."""

PATHS = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What ``plan`` and ``apply`` have in common."""
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="As JSON."),
        click.option(
            "--expect-version",
            type=click.IntRange(0),
            metavar="N",
            help="Refuse when the survey's latest version is another one; 0 = it must be new.",
        ),
        click.option("--publish", is_flag=True, help="Let what is not live yet go live, too."),
        PATHS,
    ):
        command = decorate(command)
    return command


class PlanCommand(click.Command):
    """A command of which the status 2 means something else than wrong options."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **options)
        except click.UsageError as error:
            raise _PlanUsageError(error.message, error.ctx) from error


class _PlanUsageError(click.UsageError):
    exit_code = ERRORS


@click.command(cls=PlanCommand)
@_options
@click.pass_context
def plan(
    context: click.Context, paths: tuple[Path, ...], publish: bool, expect_version: int | None, as_json: bool
) -> None:
    """
    Show what `apply` would do with files and directories, and change nothing.

    Ends with 0 when there is nothing to do, 2 when there are changes, 1 when something is wrong.
    """
    applied = _apply(paths, dry_run=True, publish=publish, expected=expect_version)
    _show(applied, as_json=as_json, dry_run=True)
    changes = sum(one.is_something for _, one in applied)
    if not as_json:
        click.echo(f"Checked: {len(applied)}. With changes: {changes}.")
    context.exit(CHANGES if changes else NOTHING_TO_DO)


@click.command()
@_options
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def apply(
    paths: tuple[Path, ...], publish: bool, expect_version: int | None, as_json: bool, dry_run: bool
) -> None:
    """
    Bring surveys to what YAML files say; a new one starts as a draft.

    PATHs are files, or directories with all files in and below them; all are applied, or none.
    """
    applied = _apply(paths, dry_run=dry_run, publish=publish, expected=expect_version)
    _show(applied, as_json=as_json, dry_run=dry_run)
    if as_json or dry_run:
        return
    if any(one.is_published for _, one in applied):
        click.echo(FOLLOWED)
    for _, one in applied:
        if one.change in (Change.CREATED, Change.CHANGED) and not one.is_published:
            click.echo(f"`afterword survey publish {one.key}` lets this version ask people.")


@click.command()
@click.argument("key")
@click.option("--version", type=click.IntRange(1), metavar="N", help="This one instead of the latest.")
def export(key: str, version: int | None) -> None:
    """Print a survey's file, byte for byte as it was applied; its version goes to the terminal."""
    with open_app() as parts:
        number, text = manage_surveys.export_survey(parts.database, key, version)
    click.echo(text.encode(), nl=False)
    click.echo(f"{key}: this is version {number}", err=True)


@click.command()
@PATHS
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="RULE",
    type=click.Choice(RULES),
    help="Leave out the hints of a rule.",
)
@click.pass_context
def lint(context: click.Context, paths: tuple[Path, ...], as_json: bool, ignored: tuple[str, ...]) -> None:
    """
    Check files, and tell what is worth another look: wording, length, no way out, settings that do nothing.

    Needs no database; where there is one, files are compared with its people and surveys. Ends with 1 when a
    file can't be used or there is a hint.
    """
    written = _read(paths)
    hints = [hint for hint in _lint(written) if hint.rule not in ignored]
    if as_json:
        rows = [{"place": hint.place, "rule": hint.rule, "message": hint.message} for hint in hints]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        for hint in hints:
            click.echo(_show_hint(hint))
        click.echo(f"Checked: {len(written)}. Hints: {len(hints)}.")
    context.exit(ERRORS if hints else NOTHING_TO_DO)


@click.command()
def schema() -> None:
    """Print the JSON Schema of a survey file, for editors."""
    click.echo(json.dumps(survey_schema(), indent=2, ensure_ascii=False))


COMMANDS = (apply, plan, export, lint, schema)


def _read(paths: tuple[Path, ...]) -> list[Written]:
    return read_survey_files(paths, sys.stdin.buffer.read)


def _lint(written: list[Written]) -> list[Hint]:
    """All hints; those that need a database only where one can be opened."""
    with ExitStack() as stack:
        try:
            parts = stack.enter_context(open_app())
        except (AfterwordError, *StoreError) as error:
            click.echo(f"Not compared with people and surveys: {error}", err=True)
            return lint_surveys(written, to_datetime(SystemClock().now_us()))
        return lint_surveys(written, to_datetime(parts.clock.now_us()), parts.database)


def _show_hint(hint: Hint) -> str:
    return f"{hint.place}: {hint.message} ({hint.rule})"


def _apply(
    paths: tuple[Path, ...], *, dry_run: bool, publish: bool, expected: int | None
) -> list[tuple[Written, Applied]]:
    written = _read(paths)
    if expected is not None and len(written) > 1:
        raise InvalidInputError(f"--expect-version is about one survey: these are {len(written)} files")
    with open_app() as parts:
        applied = manage_surveys.apply_surveys(
            parts.database, parts.clock, written, dry_run=dry_run, publish=publish, expected=expected
        )
        hints = warn_of_settings(written, to_datetime(parts.clock.now_us()), parts.database)
    for hint in hints:
        click.echo(f"Hint: {_show_hint(hint)}", err=True)
    return list(zip(written, applied, strict=True))


def _show(applied: list[tuple[Written, Applied]], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        rows = [_as_dict(written, one) for written, one in applied]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for _, one in applied:
        if dry_run and one.difference:
            click.echo(one.difference)
        click.echo(_sentence(one, dry_run=dry_run))


def _sentence(one: Applied, *, dry_run: bool) -> str:
    would = "would be " if dry_run and one.change is not Change.UNCHANGED else ""
    state: str = one.state
    if one.is_published:
        state = "would be published" if dry_run else f"published, {one.state}"
    elif one.live_version not in (None, one.version):
        state = f"waits to be published; version {one.live_version} stays {one.state}"
    return f"{one.key}: {would}{one.change} (version {one.version}, {state})"


def _as_dict(written: Written, one: Applied) -> dict[str, object]:
    return {
        "file": written.name,
        "key": one.key,
        "change": one.change,
        "version": one.version,
        "state": one.state,
        "published": one.is_published,
        "difference": one.difference,
    }
