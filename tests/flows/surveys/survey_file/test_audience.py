"""Is an audience refused that asks for what the directory can't say of people?"""

from typing import Any

import pytest

from afterword.domain.people.time_zone import HeldZone
from afterword.flows.surveys.policy_file import parse_policy_file
from afterword.flows.surveys.survey_file.audience import check_audience, list_groups
from afterword.flows.surveys.survey_file.base import FieldError
from afterword.flows.surveys.survey_file.conditions import ConditionFile
from afterword.flows.surveys.yaml_lines import SurveyFileError
from afterword.flows.throttle.decision_facts import audience_document
from tests.flows.world import World, survey_file

OFFICE = (
    "people have no 'office': did you mean attributes.office? "
    "Or one of email, name, team, timezone, locale, start_date, teams, is_tester"
)


def compare(path: str, **operation: Any) -> ConditionFile:
    return ConditionFile(path=path, **operation)


@pytest.mark.parametrize(
    ("file", "place", "said"),
    [
        (compare("tema", eq="X"), "path", "people have no 'tema': did you mean team?"),
        (compare("Team", eq="X"), "path", "people have no 'Team': did you mean team?"),
        (
            compare("office", eq="X"),
            "path",
            OFFICE,
        ),
        (compare("attribute.Office", eq="X"), "path", "people have no 'attribute': did you mean attributes?"),
        (
            compare("attributes", exists=True),
            "path",
            "attributes are asked for by their group, as attributes.GROUP",
        ),
        (
            compare("attributes.a.b", eq="X"),
            "path",
            "attributes are asked for by their group, as attributes.GROUP",
        ),
        (compare("team.name", eq="X"), "path", "team is a text and has no parts: write team"),
        (compare("teams", eq="Platform"), "eq", "teams is a list of texts: write contains: Platform"),
        (
            compare("attributes.Office", ne="Rome"),
            "ne",
            "attributes.Office is a list of texts: write contains: Rome",
        ),
        (compare("is_tester", eq="true"), "eq", "is_tester is true or false: compare it with true or false"),
        (
            compare("is_tester", in_=[True, 1]),
            "in",
            "is_tester is true or false: compare it with true or false",
        ),
        (compare("team", eq=3), "eq", "team is a text: compare it with a text"),
        (compare("team", in_=["A", 3]), "in", "team is a text: compare it with a text"),
        (compare("name", contains=3), "contains", "name is a text: look for a text"),
        (compare("start_date", gt=2027), "gt", "start_date is a text: look for a text"),
        (
            compare("teams", gt="A"),
            "gt",
            "teams is a list of texts: it can be compared by eq, ne, in, contains",
        ),
        (
            compare("is_tester", contains="x"),
            "contains",
            "is_tester is true or false: it can be compared by eq, ne, in",
        ),
        (compare("team", exists=False), "exists", "everybody has team, if only an empty one: write eq: null"),
        (compare("teams", exists=True), "exists", "everybody has teams, if only an empty one: write eq: []"),
    ],
    ids=range(19),
)
def test_what_people_do_not_have_is_refused_with_its_place(
    file: ConditionFile, place: str, said: str
) -> None:
    nested = ConditionFile(all_=[compare("name", eq="Ana"), ConditionFile(any_=[ConditionFile(not_=file)])])
    with pytest.raises(FieldError) as caught:
        check_audience(nested, "$.audience")
    assert (caught.value.path, str(caught.value)) == (f"$.audience.all[1].any[0].not.{place}", said)


@pytest.mark.parametrize(
    "file",
    [
        None,
        compare("team", eq="Core"),
        compare("team", eq=None),
        compare("email", matches="@example.com$"),
        compare("locale", in_=["de", None]),
        compare("start_date", lt="2027-01-01"),
        compare("teams", contains="Core"),
        compare("teams", eq=[]),
        compare("is_tester", ne=True),
        compare("attributes.Office", contains="Rome"),
        compare("attributes.Office", exists=False),
    ],
)
def test_what_can_be_said_of_people_may_be_asked(file: ConditionFile | None) -> None:
    check_audience(file, "$.audience")


def test_every_field_of_people_is_known(world: World) -> None:
    document = audience_document(world.person("bob@"), HeldZone())
    for name, value in document.items():
        path = f"{name}.Office" if name == "attributes" else name
        operation = {"exists": True} if name == "attributes" else {"eq": value}
        check_audience(compare(path, **operation), "$")


def test_surveys_and_policies_are_checked() -> None:
    with pytest.raises(
        SurveyFileError, match=r"^build-cli\.yaml:16: throttle\.audience\.path: people have no 'tema'"
    ):
        survey_file(throttle={"audience": {"path": "tema", "eq": "X"}})
    text = "policy: organisation\nthrottle:\n  audience: {path: tema, eq: X}\n"
    with pytest.raises(SurveyFileError, match=r"^p\.yaml:3: throttle\.audience\.path: people have no 'tema'"):
        parse_policy_file(text, "p.yaml")


def test_the_groups_that_are_asked_for_are_told_with_their_places() -> None:
    file = ConditionFile(any_=[compare("attributes.Office", contains="Rome"), compare("team", eq="X")])
    assert list(list_groups(file, "$")) == [("$.any[0].path", "Office")]
