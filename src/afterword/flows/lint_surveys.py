"""What in survey files is worth another look before people are asked?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from afterword.domain.translation import missing_translations
from afterword.domain.wording import find_wording
from afterword.flows.survey_definition import dump_definition, read_definition
from afterword.flows.survey_files import Written
from afterword.flows.yaml_file import find_place

MISSING_TRANSLATION = "missing_translation"


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
    for missing in missing_translations(definition):
        place = find_place(written.text, written.name, f"$.translations.{missing.locale}")
        yield Hint(place, MISSING_TRANSLATION, f"{missing.path} is not translated: {missing.text!r}")
