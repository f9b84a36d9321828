"""What in survey files is worth another look before people are asked?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from afterword.domain.survey.policy import Cap, Policy
from afterword.domain.survey.translation import find_foreign_locales, missing_translations
from afterword.domain.survey.wording import find_wording
from afterword.flows.surveys.survey_definition import dump_definition, read_definition
from afterword.flows.surveys.survey_files import Written
from afterword.flows.surveys.yaml_file import find_place

MISSING_TRANSLATION = "missing_translation"
NO_REMINDER = "no_reminder"
NO_NEXT_CHANNEL = "no_next_channel"
SHORT_EXPIRY = "short_expiry"
UNSPOKEN_LOCALE = "unspoken_locale"


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


def lint_surveys(written: Sequence[Written]) -> list[Hint]:
    """What all rules say about all files, file by file; nothing of it is an error."""
    return [hint for one in written for hint in _lint(one)]


def _lint(written: Written) -> Iterator[Hint]:
    definition = read_definition(dump_definition(written.file))
    for finding in find_wording(definition):
        place = find_place(written.text, written.name, f"$.{finding.path}")
        yield Hint(place, finding.rule, finding.message)
    for rule, path, message in _find_in_vain(definition.policy):
        yield Hint(find_place(written.text, written.name, f"$.throttle.{path}"), rule, message)
    for locale in find_foreign_locales(definition):
        field = "locale" if locale == definition.locale else f"translations.{locale}"
        yield Hint(
            find_place(written.text, written.name, f"$.{field}"),
            UNSPOKEN_LOCALE,
            f"Afterword has no words in {locale}: buttons, hints and the mail around its texts are English",
        )
    for missing in missing_translations(definition):
        place = find_place(written.text, written.name, f"$.translations.{missing.locale}")
        yield Hint(place, MISSING_TRANSLATION, f"{missing.path} is not translated: {missing.text!r}")


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
