"""Does a file keep the questions that were asked under its keys?"""

from collections.abc import Iterator

from afterword.domain.errors import ConflictError
from afterword.domain.survey.comparison import find_difference
from afterword.domain.survey.question import Question
from afterword.flows.surveys.survey_definition import SurveyFile, dump_definition, read_definition
from afterword.storage import surveys
from afterword.storage.engine import Connection
from afterword.storage.surveys import Survey


def find_changed_questions(
    connection: Connection, survey: Survey, file: SurveyFile
) -> Iterator[tuple[str, ConflictError]]:
    """
    Find the questions that a published version asked otherwise, so that answers to both can't be counted.

    Yields:
        The field of the file, and what is wrong with it.
    """
    asked = _list_asked(connection, survey)
    for index, question in enumerate(read_definition(dump_definition(file)).questions):
        if question.key not in asked:
            continue
        version, before = asked[question.key]
        if said := find_difference(before, question):
            yield (
                f"$.questions[{index}]",
                ConflictError(
                    f"the question {question.key!r} can't change so: {said} (version {version}). "
                    "Answers to both would be counted as one: give the question another key"
                ),
            )


def _list_asked(connection: Connection, survey: Survey) -> dict[str, tuple[int, Question]]:
    """Key → the last version with it that is live or that somebody was asked, and the question there."""
    asked = surveys.list_asked_versions(connection, survey.id) | {survey.live_version}
    return {
        question.key: (version.version, question)
        for version in surveys.list_versions(connection, survey.id)
        if version.version in asked
        for question in read_definition(version.definition).questions
    }
