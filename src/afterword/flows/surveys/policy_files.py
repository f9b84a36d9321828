"""Which policies do files and directories hold?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterword.domain.errors import AfterwordError, InvalidInputError
from afterword.flows.surveys.policy_file import PolicyFile, parse_policy_file
from afterword.flows.surveys.survey_files import list_files, raise_all, read_text

ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class WrittenPolicy:
    """A policy as it is written down: the file's name, its text byte for byte, and what it says."""

    name: str
    text: str
    file: PolicyFile


def read_policy_files(paths: Sequence[Path]) -> list[WrittenPolicy]:
    """
    Read files, and all files of directories and of those below, by name.

    Raises:
        InvalidInputError: With what is wrong with each file that can't be used.
    """
    found: list[WrittenPolicy] = []
    problems: list[AfterwordError] = []
    for path in list_files(paths):
        try:
            text = read_text(path)
            found.append(WrittenPolicy(str(path), text, parse_policy_file(text, str(path))))
        except AfterwordError as error:
            problems.append(error)
    raise_all([*problems, *_list_doubles(found)])
    return found


def _list_doubles(found: list[WrittenPolicy]) -> Iterator[AfterwordError]:
    first: dict[str | None, str] = {}
    for written in found:
        level = written.file.project
        if level in first:
            whose = f"the project {level!r}" if level is not None else "the organisation"
            yield InvalidInputError(f"{written.name}: policy: that of {whose} is in {first[level]}, too")
        first.setdefault(level, written.name)
