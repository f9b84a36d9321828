"""GET /survey.schema.json: what may stand in a survey file, for editors?"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from afterword.flows.surveys.survey_schema import survey_schema


async def show_survey_schema(request: Request) -> Response:
    """The JSON Schema of a survey file."""
    return JSONResponse(
        survey_schema(),
        headers={"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"},
        media_type="application/schema+json",
    )
