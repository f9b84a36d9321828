"""Which surveys do files and directories hold?"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterword.domain.errors import AfterwordError, InvalidInputError
from afterword.flows.surveys.survey_definition import SurveyFile, parse_survey_file

TYPED = Path("-")
TYPED_NAME = "standard input"

SUFFIXES = (".yaml", ".yml")
FILES_MAX = 1_000
"""Of one call; they are checked and applied in one transaction."""


@dataclass(frozen=True, slots=True)
class Written:
    """A survey as it is written down: the file's name, its text byte for byte, and what it says."""

    name: str
    text: str
    file: SurveyFile


def read_survey_files(paths: Sequence[Path], typed: Callable[[], bytes] | None = None) -> list[Written]:
    """
    Read files, and all files of directories and of those below, by name.

    Args:
        typed: What the path ``-`` stands for; None = it is a file's name like any other.

    Raises:
        InvalidInputError: With what is wrong with each file that can't be used.
    """
    found: list[Written] = []
    problems: list[AfterwordError] = []
    for path in list_files(paths):
        try:
            name = str(path)
            if typed is not None and path == TYPED:
                name = TYPED_NAME
                text = _decode(typed(), name)
            else:
                text = read_text(path)
            found.append(Written(name, text, parse_survey_file(text, name)))
        except AfterwordError as error:
            problems.append(error)
    problems.extend(_list_doubles(found))
    raise_all(problems)
    return found


def read_text(path: Path) -> str:
    """
    A file's text, byte for byte: ends of lines stay as they are.

    Raises:
        InvalidInputError: It can't be read.
    """
    try:
        return _decode(path.read_bytes(), str(path))
    except OSError as error:
        raise InvalidInputError(f"can't read {path}: {error.strerror}") from error


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"can't read {name}: it is not UTF-8") from error


def raise_all(problems: Iterable[AfterwordError]) -> None:
    """
    Raise what was found, if anything: one error as it is, more of them together.

    Raises:
        AfterwordError: Each on a line of its own.
    """
    found = list(problems)
    if len(found) == 1:
        raise found[0]
    if found:
        lines = "\n".join(f"  {error}" for error in found)
        raise InvalidInputError(f"nothing was done, for there is this to mend:\n{lines}")


def list_files(paths: Sequence[Path]) -> list[Path]:
    """
    Files, and all files of directories and of those below, by name; each once.

    Raises:
        InvalidInputError: A directory has none, or they are too many.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        below = [path] if not path.is_dir() else sorted(_walk(path))
        if not below:
            raise InvalidInputError(f"{path}: no file in this directory ends in {' or '.join(SUFFIXES)}")
        for file in below:
            found.setdefault(file.resolve(), file)
    if len(found) > FILES_MAX:
        raise InvalidInputError(f"these are {len(found)} files: at most {FILES_MAX} at once")
    return list(found.values())


def _walk(directory: Path) -> Iterator[Path]:
    for path in directory.rglob("*"):
        is_hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
        if path.suffix in SUFFIXES and path.is_file() and not is_hidden:
            yield path


def _list_doubles(found: list[Written]) -> Iterator[AfterwordError]:
    first: dict[str, str] = {}
    for written in found:
        key = written.file.survey
        if key in first:
            yield InvalidInputError(f"{written.name}: survey: {key!r} is in {first[key]}, too")
        first.setdefault(key, written.name)
