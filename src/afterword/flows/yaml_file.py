"""How does a YAML file become a checked value, or a message with file, line and field?"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import yaml

from afterword.flows.survey_file.base import FieldError
from afterword.flows.yaml_lines import SurveyFileError, YamlLines

FILE_BYTES_MAX = 256 * 1024

File = TypeVar("File")


class _Loader(yaml.SafeLoader):
    """YAML of which dates are texts, as in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml_file(text: str, lines: YamlLines, kind: type[File], check: Callable[[File], object]) -> File:
    """
    Read a file's YAML.

    Args:
        text: The file's content.
        lines: Empty yet, with the file's name.
        kind: What the file is.
        check: Raises FieldError when something in it can't be.

    Raises:
        SurveyFileError: Every message starts with file and line.
    """
    document = _load(text, lines)
    try:
        file = msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise lines.explain(str(error)) from None
    try:
        check(file)
    except FieldError as error:
        raise lines.error(error.path, str(error)) from None
    return file


def _load(text: str, lines: YamlLines) -> Any:
    name = lines.name
    if len(text.encode()) > FILE_BYTES_MAX:
        raise SurveyFileError(f"{name}: the file is over {FILE_BYTES_MAX // 1024} KiB")
    try:
        node = yaml.compose(text, Loader=_Loader)
        lines.walk(node, "$")
        document = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise SurveyFileError(f"{where}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "reason", "") or " ".join(str(error).split()) or "it nests too deeply"
        raise SurveyFileError(f"{name}: this is not YAML: {reason}") from error
    try:
        json.dumps(document, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise SurveyFileError(
            f"{name}: a text holds half of a surrogate pair, which is no character"
        ) from None
    return document


def find_place(text: str, name: str, path: str) -> str:
    """File, line and field of a file that could be read: ``deploy.yaml:2: project``."""
    lines = YamlLines(name, fields=(), types=())
    lines.walk(yaml.compose(text, Loader=_Loader), "$")
    return lines.place(path)
