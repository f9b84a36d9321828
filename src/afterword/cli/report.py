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
    click.echo(f"\nResponse rate: {_score(found.response_rate, percent=True)}")
    for question in found.questions:
        _show_question(question)
    for comment in found.comments:
        click.echo(f"\n  {comment.answered_at:%Y-%m-%d}  {comment.text}")
    if found.test_responses:
        click.echo(f"\n{found.test_responses} test responses, not counted.")


def _show_question(question: QuestionReport) -> None:
    click.echo(f"\n{question.text}  ({question.n} people)")
    if question.score is not None:
        is_share = question.score_name == "csat"
        name = "CSAT" if is_share else "NPS"
        click.echo(f"  {name} {_score(question.score, percent=is_share)}")
    if question.distribution is None:
        return
    for row in question.distribution.rows:
        share = "" if row.share is None else f"{row.share:>6.0%}"
        click.echo(f"  {row.label:<32}{row.count:>6}{share}")


def _score(score: Score, *, percent: bool) -> str:
    if score.value is None:
        return "no answers yet"
    number = "{:.0%}" if percent else "{:+.0f}"
    text = number.format(score.value)
    if score.interval is None:
        reason = "everybody answered" if score.is_census else "too few answers for an interval"
        return f"{text} (n = {score.n}; {reason})"
    low, high = number.format(score.interval.low), number.format(score.interval.high)
    return f"{text} ({score.confidence:.0%} interval {low} to {high}, n = {score.n})"
