"""How does a YAML file become a checked value, or a message with file, line and field?"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import msgspec
import yaml

from afterword.flows.surveys.survey_file.base import FieldError
from afterword.flows.surveys.yaml_lines import SurveyFileError, YamlLines

FILE_BYTES_MAX = 256 * 1024

File = TypeVar("File")

_QUOTES = ": a text with one of : ? , [ ] { } # goes into quotes"
_UNQUOTED = (
    "expected ',' or",
    "mapping values are not allowed here",
    "expected <block end>, but found '<scalar>'",
)
"""What the parser says when a text should have been in quotes."""


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
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        hint = _QUOTES if (error.problem or "").startswith(_UNQUOTED) else ""
        raise SurveyFileError(f"{where}: this is not YAML: {error.problem}{hint}") from error
    except RecursionError as error:
        raise SurveyFileError(f"{name}: this nests too deeply for a survey or a policy") from error
    except (yaml.YAMLError, ValueError) as error:
        reason = getattr(error, "reason", "") or " ".join(str(error).split())
        raise SurveyFileError(f"{name}: this is not YAML: {reason}") from error
    try:
        json.dumps(document, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise SurveyFileError(
            f"{name}: a text holds half of a surrogate pair, which is no character"
        ) from None
    return document


def list_choices(structs: Iterable[type[msgspec.Struct]]) -> dict[str, list[str]]:
    """Field → its values, of those fields of some structs that have only some."""
    found: dict[str, list[str]] = {}
    for struct in msgspec.inspect.multi_type_info(structs):
        for field in getattr(struct, "fields", ()):
            if values := list(_list_literals(field.type)):
                found[field.encode_name] = values
    return found


def _list_literals(kind: msgspec.inspect.Type) -> Iterator[str]:
    match kind:
        case msgspec.inspect.LiteralType(values):
            yield from map(str, values)
        case msgspec.inspect.UnionType(types):
            for one in types:
                yield from _list_literals(one)
        case msgspec.inspect.ListType(item_type=item):
            yield from _list_literals(item)
        case msgspec.inspect.Metadata(type=inner):
            yield from _list_literals(inner)


def find_place(text: str, name: str, path: str) -> str:
    """File, line and field of a file that could be read: ``deploy.yaml:2: project``."""
    lines = YamlLines(name, fields=(), types=())
    lines.walk(yaml.compose(text, Loader=_Loader), "$")
    return lines.place(path)
