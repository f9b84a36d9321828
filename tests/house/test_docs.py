"""Is everything documented, and is everything that the documentation names there?"""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import msgspec
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from afterword.channels.slack import SCOPES
from afterword.cli.main import cli
from afterword.domain.method_error import MethodErrorCode
from afterword.domain.people.identity import IdentityWarning
from afterword.domain.survey.trigger import OPERATORS
from afterword.domain.survey.wording import Rule
from afterword.domain.throttle.reason import Reason
from afterword.domain.words.languages import LANGUAGES
from afterword.flows.job_kinds import JobKind
from afterword.flows.read_totals import Totals
from afterword.flows.surveys.lint_surveys import OF_FILES
from afterword.flows.surveys.policy_file import PolicyFile, parse_policy_file
from afterword.flows.surveys.policy_levels import DEFAULTS, show_value
from afterword.flows.surveys.survey_definition import SurveyFile, parse_survey_file
from afterword.flows.surveys.survey_file.conditions import ConditionFile
from afterword.flows.surveys.survey_file.oddities import Oddity
from afterword.flows.surveys.survey_file.questions import QUESTION_FILES, QUESTION_TYPES, OptionFile
from afterword.flows.surveys.survey_file.throttle import ThrottleFile
from afterword.flows.surveys.survey_file.trigger import CountFile, TriggerFile, WithinFile
from afterword.flows.throttle import explain_reason
from afterword.kit.histogram import Histogram
from afterword.settings import FILE_SUFFIX, NAMES, PREFIX, Settings
from afterword.storage.tables import metadata
from afterword.storage.trouble import Trouble
from afterword.web import connections, health, protocol, storms
from afterword.web.api.methods import METHODS
from afterword.web.app import ROUTES
from afterword.web.errors import STATUS, ErrorCode
from afterword.web.track import UNKNOWN_FIELD

pytestmark = pytest.mark.docs

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
HOW_LONG = {"ARCHITECTURE.md": 130, "README.md": 120}
DECISION_LINES_MAX = 70
LINE_CHARS_MAX = 130

# What only routes.md calls by another path than the list of routes.
TRACK_PATH = "/events.track"
FORMS_OF_A_NAME = (".venv/bin/afterword", "afterword")
MINIMAL_SURVEY = {
    "survey": "s",
    "project": "P",
    "title": "T",
    "trigger": {"events": ["e"]},
    "questions": [{"key": "q", "type": "text", "text": "Q?"}],
}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def rows(page: Path, heading: str | None = None) -> list[list[str]]:
    """The cells of all table rows of a page, or of one section, without heads and rules."""
    text = page.read_text()
    if heading is not None:
        text = section(text, heading)
    found: list[list[str]] = []
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        lines = [re.split(r"(?<!\\)\|", line.strip()[1:-1]) for line in table.splitlines()]
        found += [[cell.strip() for cell in cells] for cells in lines[2:]]
    return found


def section(text: str, heading: str) -> str:
    """The text below one heading, up to the next of its rank or above."""
    match = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert match, f"there is no heading {heading!r}"
    rest = text[match.end() :]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def code(cell: str) -> str:
    """What a cell's first code span says."""
    match = re.search(r"`([^`]+)`", cell)
    assert match, f"no code in the cell {cell!r}"
    return match[1]


def all_code(cell: str) -> list[str]:
    """Every code span of a cell."""
    return re.findall(r"`([^`]+)`", cell)


def duplicates(values: Iterable[str]) -> list[str]:
    """Values that are there more than once."""
    values = list(values)
    return sorted({value for value in values if values.count(value) > 1})


@dataclass(frozen=True)
class Block:
    """One fenced block: where it is, its language and its text without the indentation of a list."""

    page: Path
    line: int
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    lines = page.read_text().splitlines()
    start: tuple[int, str, int] | None = None
    for number, line in enumerate(lines):
        if not (fence := re.fullmatch(r"( *)```(\w*)", line)):
            continue
        if start is None:
            start = number, fence[2], len(fence[1])
        else:
            inside = [text[start[2] :] for text in lines[start[0] + 1 : number]]
            yield Block(page, start[0] + 2, start[1], "\n".join(inside) + "\n")
            start = None
    assert start is None, f"{page}: the block of line {start and start[0] + 1} has no end"


def blocks_of(*languages: str) -> list[Any]:
    """All blocks in one of some languages, as parameters named by page and line."""
    return [
        pytest.param(block, id=f"{block.page.relative_to(ROOT)}:{block.line}")
        for page in PAGES
        for block in blocks(page)
        if block.language in languages
    ]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


# Settings


def test_every_setting_is_documented_with_its_default_and_nothing_else_is() -> None:
    described = {code(row[0]): row[1] for row in rows(REFERENCE / "settings.md")}
    defaults = {PREFIX + item.name.upper(): item.default for item in fields(Settings)}
    assert all(default is not MISSING for default in defaults.values())
    assert described == {
        name: "unset" if default is None else f"`{default}`" for name, default in defaults.items()
    }


def test_every_secret_setting_is_called_one() -> None:
    described = {code(row[0]): row[2] for row in rows(REFERENCE / "settings.md")}
    said = {name for name, text in described.items() if text.endswith("Secret")}
    assert said == {PREFIX + item.name.upper() for item in fields(Settings) if item.metadata["secret"]}


@each_page
def test_a_page_names_only_variables_that_there_are(page: Path) -> None:
    known = {PREFIX + name.upper() for name in NAMES} | {PREFIX + "CONFIG"}
    # The typo that shows what a typo looks like, and a variable of a workflow's own secrets.
    known |= {PREFIX + "PROT", PREFIX + "TOKEN"}
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", page.read_text()))
    assert {name for name in named if name.removesuffix(FILE_SUFFIX) not in known} == set()


# Commands


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join(("afterword", *path, name)), command


COMMANDS = list(commands())


def options(command: click.Command) -> set[str]:
    """The long options of a command, without --help."""
    return {
        name
        for item in command.params
        if isinstance(item, click.Option)
        for name in (*item.opts, *item.secondary_opts)
        if name.startswith("--")
    }


def test_every_command_has_its_heading_and_no_other_has_one() -> None:
    headings = re.findall(r"^### `(.*)`$", (REFERENCE / "commands.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(name for name, _ in COMMANDS)


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_option_of_a_command_is_documented_and_nothing_else_is(
    name: str, command: click.Command
) -> None:
    described = [code(row[0]).split()[0] for row in rows(REFERENCE / "commands.md", f"`{name}`")]
    assert sorted(described) == sorted(options(command))


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_argument_of_a_command_is_shown(name: str, command: click.Command) -> None:
    arguments = [
        item.make_metavar(click.Context(command))
        for item in command.params
        if isinstance(item, click.Argument)
    ]
    usage = " ".join([name, *arguments])
    text = section((REFERENCE / "commands.md").read_text(), f"`{name}`")
    assert not arguments or f"`{usage}`" in text


def command_lines(block: Block) -> Iterator[tuple[int, list[str]]]:
    """Line and words, without the program's name, of each line of a shell block that calls afterword."""
    text = re.sub(r"\\\n", "  ", block.text)
    for number, line in enumerate(text.splitlines()):
        words = line.split()
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words = words[1:]
        if words and words[0] in FORMS_OF_A_NAME:
            yield block.line + number, shlex.split(" ".join(words), comments=True)[1:]


def problem_of(words: list[str]) -> str | None:
    """What is wrong with a command line of prose, or None; it may leave out what is required."""
    command: click.Command = cli
    path = "afterword"
    words = list(words)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        path += f" {words[0]}"
        if (found := command.commands.get(words.pop(0))) is None:
            return f"there is no command {path!r}"
        command = found
    known = {name: item for item in command.params for name in (*item.opts, *item.secondary_opts)}
    arguments = sum(isinstance(item, click.Argument) for item in command.params)
    given = 0
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            given += 1
            continue
        option = known.get(word.partition("=")[0])
        if word not in ("--help", "-h") and option is None:
            return f"{path} has no option {word}"
        if isinstance(option, click.Option) and not option.is_flag and "=" not in word:
            words = words[1:]
    return f"{path} takes {arguments} arguments, not {given}" if given > arguments else None


@pytest.mark.parametrize("block", blocks_of("sh"))
def test_the_command_lines_of_a_shell_block_can_be_typed(block: Block) -> None:
    for line, words in command_lines(block):
        command: click.Command = cli
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert not isinstance(command, click.Group), f"{block.page}:{line}: there is no such command"
        # Only read, not run, and not asked about.
        words += ["--yes"] if "--yes" in options(command) else []
        try:
            # Below the program's own context: a command keeps the help option that its first one gave it.
            command.make_context(command.name, words, parent=click.Context(cli, **cli.context_settings))
        except click.UsageError as error:
            pytest.fail(f"{block.page}:{line}: {error.format_message()}")


@each_page
def test_a_page_says_how_to_call_the_command_of_a_clone_before_it_does(page: Path) -> None:
    lines = [line for block in blocks(page) if block.language == "sh" for line, _ in command_lines(block)]
    until_the_first = "\n".join(page.read_text().splitlines()[: min(lines, default=0)])
    assert not lines or ".venv/bin" in until_the_first


@each_page
def test_prose_names_only_commands_and_options_that_there_are(page: Path) -> None:
    spans = re.findall(r"`([^`]+)`", prose(page))
    named = [shlex.split(span)[1:] for span in spans if span.split()[0] in FORMS_OF_A_NAME]
    examples = [words for words in named if words and "COMMAND" not in words]
    problems = {" ".join(words): problem_of(words) for words in examples}
    assert {words: problem for words, problem in problems.items() if problem} == {}


@each_page
def test_a_page_names_only_verbs_of_make_that_there_are(page: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text()
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(
        re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)
    )
    assert named - verbs == set()


def test_every_verb_of_make_is_in_the_guide_for_contributors() -> None:
    verbs = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    described = {code(row[0]) for row in rows(ROOT / "CONTRIBUTING.md", "Set up")}
    assert described == {f"make {verb}" for verb in verbs if verb != "help"}


# Routes, errors, reasons, tables, metrics


def methods_by_path() -> dict[str, set[str]]:
    """Path → methods of all routes, without HEAD, which goes with GET."""
    found: dict[str, set[str]] = {TRACK_PATH: {"POST", "OPTIONS"}}
    for route in ROUTES:
        methods = set(route.methods or ()) if isinstance(route, Route) else {"GET"}
        found.setdefault(route.path, set()).update(methods - {"HEAD"})
    return found


def test_every_route_is_documented_with_its_methods_and_no_other_is() -> None:
    described = [(code(row[0]), set(row[1].split(", "))) for row in rows(REFERENCE / "routes.md")]
    assert duplicates(path for path, _ in described) == []
    assert dict(described) == methods_by_path()


def test_the_documentation_says_which_routes_are_for_staff() -> None:
    described = {code(row[0]) for row in rows(REFERENCE / "routes.md") if row[2] == "staff"}
    guarded = {
        route.path
        for route in ROUTES
        if isinstance(route, Route) and getattr(route.endpoint, "is_staff_only", False)
    }
    assert described == guarded


def error_rows() -> list[list[str]]:
    text = (REFERENCE / "errors.md").read_text()
    warnings = section(text, "Warnings")
    return [row for row in rows(REFERENCE / "errors.md") if f"| {row[0]} |" not in warnings]


def test_every_error_code_is_documented_with_its_status_and_no_other_is() -> None:
    described = {code(row[0]): int(row[1]) for row in error_rows()}
    assert described == {str(error): STATUS[error] for error in (*ErrorCode, *MethodErrorCode)}


def test_every_method_of_the_web_api_is_documented_with_its_scope_fields_and_codes() -> None:
    text = prose(REFERENCE / "web-api.md")
    assert re.findall(r"^## `(.*)`$", text, re.MULTILINE) == [method.name for method in METHODS]
    for method in METHODS:
        part = section(text, f"`{method.name}`")
        assert f"`{method.verb} /{method.name}`" in part
        assert f"scope `{method.scope.value}`" in part
        named = set(all_code(part))
        fields = {field.encode_name for field in msgspec.structs.fields(method.arguments)}
        assert fields | {code.value for code in method.errors} <= named


def test_every_error_code_says_when_and_what_to_do() -> None:
    assert [row for row in error_rows() if len(row) != 4 or not all(row)] == []


def test_every_trouble_of_the_store_says_what_to_do() -> None:
    page = ROOT / "docs" / "how-to" / "mend-a-store-that-fails.md"
    described = {row[0].strip("`"): row[-1] for row in rows(page)}
    assert described.keys() >= {*map(str, Trouble), "database", "draining"}
    assert all(described.values())


def test_every_warning_is_documented_and_no_other_is() -> None:
    described = {code(row[0]) for row in rows(REFERENCE / "errors.md", "Warnings")}
    assert described == {str(warning) for warning in IdentityWarning} | {UNKNOWN_FIELD}


def test_every_status_of_events_track_names_codes_that_there_are() -> None:
    described: dict[str, set[int]] = {}
    for row in rows(REFERENCE / "events-track.md", "Replies"):
        for name in all_code(row[1]):
            described.setdefault(name, set()).add(int(row[0]))
    expected = {str(error): {STATUS[error]} for error in ErrorCode if error is not ErrorCode.MISSING_SCOPE}
    expected[ErrorCode.METADATA_TOO_LARGE].add(413)
    assert described == expected


def test_every_reason_is_documented_with_number_and_word_and_no_other_is() -> None:
    described = {int(row[0]): code(row[1]) for row in rows(REFERENCE / "throttle.md", "Reason codes")}
    assert described == {reason.value: reason.label for reason in Reason}


def test_a_reason_is_called_decided_when_it_can_be() -> None:
    table = rows(REFERENCE / "throttle.md", "Reason codes")
    assert {row[3] for row in table} == {"decided"}
    assert {int(row[0]) for row in table} == {reason.value for reason in explain_reason._SENTENCES}


def test_every_table_is_documented_and_no_other_is() -> None:
    described = [code(row[0]) for row in rows(REFERENCE / "data-model.md")]
    assert sorted(described) == sorted(metadata.tables)


def _ended_connections() -> connections.Connections:
    some = connections.Connections(1)
    some.ended["idle"] = 1
    return some


def exposed_metrics() -> dict[str, str]:
    """Name → type of every metric of /metrics; a histogram by its own name."""
    kinds = {kind.value: 0 for kind in JobKind}
    totals = Totals(
        accepted=0, waiting=kinds, dead=0, lag_s=0, invitations={"sent": 0}, responses=0, sources={}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "TotalsReader", lambda *parts: SimpleNamespace(read=lambda: totals))
        registry: CollectorRegistry = health.metrics_registry(
            SimpleNamespace(database=None, clock=None, sources=[SimpleNamespace(name="github")]),
            SimpleNamespace(intake=SimpleNamespace(queue_length=0, batch_events=Histogram((1,)))),
            SimpleNamespace(received=1, outcomes={"accepted": 1}, seconds=Histogram((1,))),
            _ended_connections(),
        )
        text = generate_latest(registry).decode()
    return {
        (family.name if family.type == "histogram" else sample.name): family.type
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def documented_metrics() -> dict[str, str]:
    """Name → type of every metric of metrics.md."""
    kinds = ("counter", "gauge", "histogram")
    table = [row for row in rows(REFERENCE / "metrics.md") if len(row) == 3 and row[1] in kinds]
    return {code(row[0]): row[1] for row in table}


def test_every_metric_is_documented_with_its_type_and_no_other_is() -> None:
    assert documented_metrics() == exposed_metrics()


def test_every_limit_of_connections_is_documented_with_its_number() -> None:
    limits = {
        name: value
        for module in (connections, protocol, storms)
        for name, value in vars(module).items()
        if re.search(r"_(S|MAX|RESERVED)$", name) and type(value) in (int, float)
    }
    described = {code(row[1]): row[0] for row in rows(REFERENCE / "limits.md") if len(row) == 3}
    assert set(described) == set(limits)
    assert {
        name: str(value) in text.split() for name, text in described.items() for value in [limits[name]]
    } == (dict.fromkeys(limits, True))


# The survey file


def test_every_field_of_the_throttle_is_documented_with_its_default() -> None:
    expected = {name: show_value(getattr(DEFAULTS, name)) for name in ThrottleFile.__struct_fields__}
    of_file = rows(REFERENCE / "survey-file.md", "Throttle")
    assert {code(row[0]): row[2].strip("`") for row in of_file} == expected
    policy = rows(REFERENCE / "throttle.md", "The policy of a survey")
    assert {code(row[0]): row[2].strip("`") for row in policy} == expected


def test_every_field_of_a_survey_is_documented() -> None:
    described = {code(row[0]): row[2] for row in rows(REFERENCE / "survey-file.md", "The survey")}
    known = {field.encode_name: field.required for field in msgspec.structs.fields(SurveyFile)}
    assert {name: default == "required" for name, default in described.items()} == known


def test_every_field_of_a_trigger_is_documented() -> None:
    structs = (TriggerFile, CountFile, WithinFile, ConditionFile)
    known = {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}
    described = [code(row[0]) for row in rows(REFERENCE / "survey-file.md", "Trigger")]
    assert duplicates(described) == []
    assert set(described) == known
    assert set(OPERATORS) < set(described)


def test_every_field_and_type_of_a_question_is_documented() -> None:
    kinds = QUESTION_FILES
    known = {field.encode_name for struct in kinds for field in msgspec.structs.fields(struct)} | {"type"}
    known |= {field.encode_name for field in msgspec.structs.fields(OptionFile)}
    table = rows(REFERENCE / "survey-file.md", "Questions")
    assert {code(row[0]) for row in table if len(row) == 5 and row[2] not in ("true", "false")} == known
    by_type = {code(row[0]): row[2] for row in table if row[2] in ("true", "false")}
    required = {
        struct.__struct_config__.tag: str(
            next(field.default for field in msgspec.structs.fields(struct) if field.name == "required")
        ).lower()
        for struct in kinds
    }
    assert by_type == required


def test_every_field_of_a_policy_is_documented() -> None:
    described = [code(row[0]) for row in rows(REFERENCE / "policy-file.md", "The policy file")]
    assert described == [field.encode_name for field in msgspec.structs.fields(PolicyFile)]


def test_every_language_that_we_speak_is_documented() -> None:
    described = [code(row[0]) for row in rows(REFERENCE / "survey-file.md", "Languages") if len(row) == 2]
    assert described == [words.tag for words in LANGUAGES]


def test_every_hint_about_a_survey_is_documented() -> None:
    described = [code(row[0]) for row in rows(REFERENCE / "survey-file.md", "Hints")]
    assert sorted(described) == sorted([*Rule, *Oddity, *OF_FILES])


@pytest.mark.parametrize("block", blocks_of("yaml"))
def test_a_yaml_example_can_be_used(block: Block) -> None:
    document = yaml.safe_load(block.text)
    known = {field.encode_name for field in msgspec.structs.fields(SurveyFile)}
    if "policy" in document:
        parse_policy_file(block.text, str(block.page))
    elif "survey" in document:
        parse_survey_file(block.text, str(block.page))
    elif document.keys() <= known:
        parse_survey_file(yaml.safe_dump(MINIMAL_SURVEY | document), str(block.page))
    elif "oauth_config" in document:
        assert set(SCOPES) <= set(document["oauth_config"]["scopes"]["bot"])
    else:
        assert {"on", "jobs"} <= {str(key).replace("True", "on") for key in document}, "what is this example?"


def test_the_examples_use_each_type_of_question() -> None:
    examples = [parameter.values[0].text for parameter in blocks_of("yaml")]
    surveys = [text for text in examples if text.startswith("survey:")]
    assert len(surveys) >= 3
    named = set(re.findall(r"type: (\w+)", "".join(surveys)))
    assert named == set(QUESTION_TYPES)


# Pages


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found


@each_page
def test_every_link_inside_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.is_relative_to(ROOT) or not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@each_page
def test_every_file_of_the_source_that_a_page_names_is_there(page: Path) -> None:
    places = (ROOT, ROOT / "src" / "afterword", page.parent)
    spans = re.findall(r"`([\w./-]+\.(?:py|md|toml|html|css))`", prose(page))
    missing = [
        name for name in spans if "NNNN" not in name and not any((place / name).exists() for place in places)
    ]
    assert missing == []


def test_the_architecture_tells_the_life_of_an_event_in_its_order() -> None:
    text = section((ROOT / "ARCHITECTURE.md").read_text(), "The life of an event")
    told = re.findall(r"\*\*`([\w/]+\.py)`\*\*", text)
    assert told == [
        "web/protocol.py",
        "web/track.py",
        "web/track_body.py",
        "domain/event.py",
        "flows/ingest/track_event.py",
        "worker/loop.py",
        "flows/throttle/evaluate_events.py",
        "domain/throttle/eligibility.py",
        "flows/invitations/send_invitation.py",
        "channels/email.py",
        "channels/mailbox.py",
        "web/pages/answer.py",
        "flows/invitations/submit_response.py",
        "flows/build_report.py",
        "domain/report.py",
    ]


def test_the_architecture_shows_every_room() -> None:
    rooms = {path.parent.name for path in (ROOT / "src" / "afterword").glob("*/__init__.py")}
    picture = next(blocks(ROOT / "ARCHITECTURE.md")).text
    assert [room for room in sorted(rooms) if not re.search(rf"\b{room}\b", picture)] == []


@pytest.mark.parametrize(("name", "lines_max"), HOW_LONG.items())
def test_a_page_that_everybody_reads_stays_short(name: str, lines_max: int) -> None:
    assert len((ROOT / name).read_text().splitlines()) <= lines_max


@each_page
def test_a_page_has_a_title_and_lines_that_fit_an_editor(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert lines[0].startswith("# ")
    assert [line for line in lines if len(line) > LINE_CHARS_MAX and not line.startswith("|")] == []


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        for target in re.findall(r"\]\(([^)\s#]+\.md)(?:#[^)]*)?\)", page.read_text()):
            file = (page.parent / target).resolve()
            if file.exists() and file not in seen:
                waiting.append(file)
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in seen] == []


def test_decisions_are_numbered_listed_and_one_page_each() -> None:
    folder = ROOT / "docs" / "decisions"
    files = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    listed = dict(re.findall(r"\[(\d+)\]\((\S+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {str(number): path.name for number, path in enumerate(files, 1)}
    for number, path in enumerate(files, 1):
        text = path.read_text()
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Options",
            "Decision",
            "Consequences",
        ]
        assert len(text.splitlines()) <= DECISION_LINES_MAX


def test_every_decision_that_the_source_names_is_there() -> None:
    named = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text())
    }
    assert {name for name in named if not (ROOT / name).exists()} == set()
    assert named
