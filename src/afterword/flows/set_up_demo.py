"""What does a newcomer find in the demo?"""

from datetime import timedelta
from importlib.resources import as_file, files

from afterword.domain.errors import ConflictError
from afterword.flows.manage_projects import create_project, list_projects, rotate_token
from afterword.flows.people.tombstones import Tombstones
from afterword.flows.provisioning.import_people import import_people
from afterword.flows.surveys.manage_surveys import apply_survey, list_surveys, publish_survey
from afterword.flows.surveys.survey_definition import parse_survey_file
from afterword.kit.clock import Clock
from afterword.storage.engine import Database

DEMO_PROJECT = "Build CLI"
DEMO_SURVEY = "build-cli"
DEMO_EVENT = "build.finished"
DEMO_PERSON = "ana@example.com"
TOKEN_OVERLAP = timedelta(days=1)

_FILES = files("afterword") / "demo"


def set_up_demo(database: Database, clock: Clock, tombstoned: Tombstones) -> str:
    """
    Make the demo's project, people and survey unless they are there; returns a fresh token.

    Tokens are hashed at rest, so an earlier one can't be shown again: each start
    makes a new one, and the one before stays valid for TOKEN_OVERLAP.

    Raises:
        ConflictError: The data are not a demo's.
    """
    others = [project.name for project, _ in list_projects(database)]
    if others and DEMO_PROJECT not in others:
        raise ConflictError(
            f"these data hold another project, {others[0]!r}, and the demo would write into them: "
            "set AFTERWORD_DATA to a new directory for the demo, or start `afterword serve`"
        )
    if not others:
        token = create_project(database, clock, DEMO_PROJECT).token
    else:
        token = rotate_token(database, clock, DEMO_PROJECT, overlap=TOKEN_OVERLAP)
    with as_file(_FILES / "people.csv") as path:
        import_people(database, clock, tombstoned, path)
    if all(survey.key != DEMO_SURVEY for survey in list_surveys(database)):
        name = "survey.yaml"
        text = (_FILES / name).read_text(encoding="utf-8")
        apply_survey(database, clock, parse_survey_file(text, name), dry_run=False, source=text)
        publish_survey(database, clock, DEMO_SURVEY)
    return token
