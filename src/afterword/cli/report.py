"""``afterword report``: what did people say?"""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from afterword.cli.open import open_app
from afterword.domain.question_report import QuestionReport
from afterword.domain.report import Report
from afterword.domain.statistics import Score
from afterword.flows.build_report import build_report


@click.command()
@click.argument("survey")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def report(survey: str, as_json: bool) -> None:
    """Report a survey: how many were asked and answered, and what they said."""
    with open_app() as parts:
        found = build_report(parts.database, parts.clock, survey)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False, default=_plain))
        return
    _show(found)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))


def _show(found: Report) -> None:
    click.echo(f"{found.title} ({found.survey_key}, version {found.version}, {found.state})\n")
    for step in found.funnel.steps:
        click.echo(f"  {step.name:<12}{step.count:>8}")
        for loss in step.losses:
            click.echo(f"      lost to {loss.reason}: {loss.count}")
    if found.funnel.answered_late:
        click.echo(f"  answered too late, not counted: {found.funnel.answered_late}")
    click.echo(f"\nResponse rate: {_score(found.response_rate, _PERCENT)}")
    for question in found.questions:
        _show_question(question)
    if found.is_anonymous:
        click.echo("\nAnonymous: each response counts as a person, for nobody can tell whose it is.")
    for comment in found.comments:
        click.echo(f"\n  {comment.answered_at:%Y-%m-%d}  {comment.text}")
    if found.test_responses:
        click.echo(f"\n{found.test_responses} test responses, not counted.")


_PERCENT = "{:.0%}"
_MEAN = "{:.1f}"
_SCORES = {
    "csat": ("CSAT", _PERCENT),
    "nps": ("NPS", "{:+.0f}"),
    "ces": ("CES", _MEAN),
    "yes": ("Yes", _PERCENT),
}
"""Score → its name, and how its numbers are written."""


def _show_question(question: QuestionReport) -> None:
    click.echo(f"\n{question.text}  ({question.n} people)")
    if question.score is not None and question.score_name is not None:
        name, number = _SCORES[question.score_name]
        click.echo(f"  {name} {_score(question.score, number)}")
    for row in question.rows:
        if row.score is not None:
            click.echo(f"  {row.text:<38} CSAT {_score(row.score, _PERCENT)}")
    for one in question.ranking:
        if one.mean.value is not None:
            click.echo(f"  {one.label:<38} place {_score(one.mean, _MEAN)}; {one.first.count} put it first")
    if question.distribution is not None:
        for share in question.distribution.rows:
            part = "" if share.share is None else f"{share.share:>6.0%}"
            click.echo(f"  {share.label:<32}{share.count:>6}{part}")
    if question.unmatched:
        click.echo(f"  Left out, for they don't fit this version of the question: {question.unmatched:,}")
    for text in question.others:
        click.echo(f"    “{text}”")


def _score(score: Score, number: str) -> str:
    if score.value is None:
        return "no answers yet"
    text = number.format(score.value)
    if score.interval is None:
        reason = "everybody answered" if score.is_census else "too few answers for an interval"
        return f"{text} (n = {score.n}; {reason})"
    low, high = number.format(score.interval.low), number.format(score.interval.high)
    return f"{text} ({score.confidence:.0%} interval {low} to {high}, n = {score.n})"
