"""Does the schema take the files that are taken, and tell what each field means?"""

from typing import Any

import jsonschema_rs
import pytest
import yaml

from afterword.flows.surveys.survey_definition import parse_survey_file
from afterword.flows.surveys.survey_schema import EXAMPLES, MEANINGS, survey_schema
from afterword.flows.surveys.yaml_lines import SurveyFileError
from tests.flows.surveys.test_survey_definition import HEAD, QUESTIONS, WHOLE

SCHEMA = survey_schema()
BUNDLE = HEAD + QUESTIONS


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        BUNDLE,
        BUNDLE + "starts_at: 2027-03-01\nends_at: 2027-04-01T00:00+02:00\ntimezone: Europe/Berlin\n",
        BUNDLE + "throttle: {caps: {7d: 1}, send_window: any, global_cooldown: respect, quota: null}\n",
        "# yaml-language-server: $schema=survey.schema.json\n" + BUNDLE,
    ],
)
def test_a_file_that_is_taken_fits(text: str) -> None:
    parse_survey_file(text, "s.yaml")
    assert jsonschema_rs.is_valid(SCHEMA, _document(text))


@pytest.mark.parametrize(
    "lines",
    [
        "colour: red\n",
        "throttle: {max_per_day: -1}\n",
        "throttle: {caps: {week: 1}}\n",
        "throttle: {sampling: {rate: 0}}\n",
        "throttle: {global_cooldown: never}\n",
        "tags: [A B]\n",
        "starts_at: tomorrow\n",
    ],
)
def test_a_file_that_is_refused_for_its_form_does_not_fit(lines: str) -> None:
    with pytest.raises(SurveyFileError):
        parse_survey_file(BUNDLE + lines, "s.yaml")
    assert not jsonschema_rs.is_valid(SCHEMA, _document(BUNDLE + lines))


def test_it_is_a_sound_schema_in_which_every_field_is_described() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    fields = [
        (name, field)
        for part in SCHEMA["$defs"].values()
        for name, field in part.get("properties", {}).items()
    ]
    assert {name for name, _ in fields} == set(MEANINGS)
    assert set(EXAMPLES) <= set(MEANINGS)
    assert all(field["description"].startswith(MEANINGS[name]) for name, field in fields)
    assert "discriminator" not in str(SCHEMA)


def test_the_examples_of_fields_fit_their_fields() -> None:
    for part in SCHEMA["$defs"].values():
        for name, field in part.get("properties", {}).items():
            for example in field.get("examples", []):
                whole: dict[str, Any] = {**field, "$defs": SCHEMA["$defs"]}
                assert jsonschema_rs.is_valid(whole, example), name


def _document(text: str) -> Any:
    """As editors read it: dates are texts."""
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.yaml_implicit_resolvers = {
        first: [found for found in resolvers if not found[0].endswith("timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, Loader=loader)  # noqa: S506
