"""What in survey files is worth another look before people are asked?"""

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterword.domain.people.person import name_key
from afterword.domain.survey.policy import Cap, Policy
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.translation import find_foreign_locales, missing_translations
from afterword.domain.survey.wording import find_wording
from afterword.flows.surveys.kept_questions import find_changed_questions
from afterword.flows.surveys.survey_definition import dump_definition, read_definition
from afterword.flows.surveys.survey_file.audience import list_groups
from afterword.flows.surveys.survey_file.oddities import (
    Oddity,
    find_odd_questions,
    find_odd_throttle,
    find_odd_trigger,
)
from afterword.flows.surveys.survey_files import Written
from afterword.flows.surveys.yaml_file import find_place
from afterword.storage import attributes, surveys
from afterword.storage.engine import Connection, Database

MISSING_TRANSLATION = "missing_translation"
NO_REMINDER = "no_reminder"
NO_NEXT_CHANNEL = "no_next_channel"
SHORT_EXPIRY = "short_expiry"
UNKNOWN_ATTRIBUTE = "unknown_attribute"
CHANGED_QUESTION = "changed_question"
UNSPOKEN_LOCALE = "unspoken_locale"
OF_FILES = (
    MISSING_TRANSLATION,
    UNSPOKEN_LOCALE,
    NO_REMINDER,
    SHORT_EXPIRY,
    NO_NEXT_CHANNEL,
    UNKNOWN_ATTRIBUTE,
    CHANGED_QUESTION,
)
"""Rules beside those about words and those about odd settings."""

PLACES_SHOWN = 3
"""Of texts that a translation lacks."""


@dataclass(frozen=True, slots=True)
class Hint:
    """
    Something that may keep people from answering well.

    Attributes:
        place: File, line and field.
        rule: Its name, as the documentation has it.
    """

    place: str
    rule: str
    message: str


def lint_surveys(written: Sequence[Written], now: datetime, database: Database | None = None) -> list[Hint]:
    """
    What all rules say about all files, file by file; nothing of it is an error.

    Args:
        now: Aware UTC time.
        database: To compare with the surveys and people that are there; None = there is none at hand.
    """
    if database is None:
        return [hint for one in written for hint in (*_lint(one), *_find_oddities(one, now))]
    with database.read() as connection:
        groups = attributes.list_groups(connection)
        return [
            hint
            for one in written
            for hint in (
                *_lint(one),
                *_find_oddities(one, now),
                *_find_unknown_attributes(one, groups),
                *_find_changed_questions(connection, one),
            )
        ]


def warn_of_settings(written: Sequence[Written], now: datetime, database: Database) -> list[Hint]:
    """
    Which settings do nothing, or keep everybody from being asked: what who applies files should know.

    Args:
        now: Aware UTC time.
    """
    with database.read() as connection:
        groups = attributes.list_groups(connection)
    return [
        hint
        for one in written
        for hint in (*_find_oddities(one, now), *_find_unknown_attributes(one, groups))
    ]


def _lint(written: Written) -> Iterator[Hint]:
    definition = read_definition(dump_definition(written.file))
    for finding in find_wording(definition):
        place = find_place(written.text, written.name, f"$.{finding.path}")
        yield Hint(place, finding.rule, finding.message)
    for rule, path, message in _find_in_vain(definition.policy):
        yield Hint(find_place(written.text, written.name, f"$.throttle.{path}"), rule, message)
    for locale in find_foreign_locales(definition):
        field = "locale" if locale == definition.locale else f"translations.{locale}"
        message = (
            f"Afterword has no words in {locale}: buttons, hints and the mail around its texts are English"
        )
        yield _hint(written, f"$.{field}", UNSPOKEN_LOCALE, message)
    yield from _list_missing_translations(written, definition)


def _list_missing_translations(written: Written, definition: Definition) -> Iterator[Hint]:
    lacking: dict[str, list[str]] = defaultdict(list)
    for missing in missing_translations(definition):
        lacking[missing.locale].append(missing.path)
    for locale, paths in lacking.items():
        more = f" and {len(paths) - PLACES_SHOWN} more" if len(paths) > PLACES_SHOWN else ""
        what = "1 text is" if len(paths) == 1 else f"{len(paths)} texts are"
        message = f"{what} not translated: {', '.join(paths[:PLACES_SHOWN])}{more}"
        yield _hint(written, f"$.translations.{locale}", MISSING_TRANSLATION, message)


def _find_oddities(written: Written, now: datetime) -> Iterator[Hint]:
    file, definition = written.file, read_definition(dump_definition(written.file))
    odd = (
        *find_odd_trigger(file.trigger),
        *find_odd_throttle(file.throttle, file.tags),
        *find_odd_questions(file.questions),
    )
    for one in odd:
        yield _hint(written, one.path, one.rule, one.message)
    if definition.ends_at is not None and definition.ends_at <= now:
        said = f"the survey is over since {definition.ends_at:%Y-%m-%d %H:%M} UTC"
        yield _hint(written, "$.ends_at", Oddity.ASKS_NOBODY, said)


def _find_unknown_attributes(written: Written, groups: Collection[str]) -> Iterator[Hint]:
    throttle = written.file.throttle
    for path, group in list_groups(throttle.audience, "$.throttle.audience"):
        if group not in groups:
            yield _hint(written, path, UNKNOWN_ATTRIBUTE, _nobody_has(group, groups))
    quota = throttle.quota
    if quota and quota.attribute and name_key(quota.attribute) not in map(name_key, groups):
        said = f"{_nobody_has(quota.attribute, groups)}; all count as one cell"
        yield _hint(written, "$.throttle.quota.attribute", UNKNOWN_ATTRIBUTE, said)


def _nobody_has(group: str, groups: Collection[str]) -> str:
    known: Mapping[str, str] = {name_key(name): name for name in groups}
    close = difflib.get_close_matches(name_key(group), known, n=1)
    hint = f": did you mean {known[close[0]]}?" if close else ""
    return f"nobody in the directory has the attribute {group!r} yet{hint}"


def _find_changed_questions(connection: Connection, written: Written) -> Iterator[Hint]:
    survey = surveys.find_survey(connection, written.file.survey)
    if survey is not None:
        for path, error in find_changed_questions(connection, survey, written.file):
            yield _hint(written, path, CHANGED_QUESTION, str(error))


def _hint(written: Written, path: str, rule: str, message: str) -> Hint:
    return Hint(find_place(written.text, written.name, path), rule, message)


def _find_in_vain(policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Rule, path and message of what a policy says and what its other values never let happen."""
    after, window, expires_after = policy.reminder_after, policy.send_window, policy.expires_after
    if after is not None and after >= expires_after:
        why = "the invitation has expired by then: see expires_after"
        yield NO_REMINDER, "reminders", f"nobody would be reminded: {why}"
    elif after is not None and (cap := _cap_against(policy, after)):
        why = f"{cap.count} exposure within {cap.window.days}d lets no second one go so soon"
        yield (
            NO_REMINDER,
            "reminders",
            f"nobody would be reminded: {why}, unless the policy above says otherwise",
        )
    if window is not None and expires_after <= window.defer_max:
        yield (
            SHORT_EXPIRY,
            "expires_after",
            "the invitation expires before the end of send_window.defer: who would wait so long is not asked",
        )
    is_told = len(policy.channels) > 1 or policy.next_channel_after != Policy().next_channel_after
    if is_told and policy.next_channel_after >= expires_after:
        why = "the invitation has expired by then: see expires_after"
        yield NO_NEXT_CHANNEL, "next_channel_after", f"no next channel would be tried: {why}"


def _cap_against(policy: Policy, after: timedelta) -> Cap | None:
    """The cap that lets no reminder go so soon after the invitation; None when all do."""
    return next((cap for cap in policy.caps if cap.count == 1 and cap.window > after), None)
