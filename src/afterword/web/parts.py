"""Where does a route find the parts it works with?"""

from starlette.requests import Request

from afterword.bootstrap import Parts


def parts_of(request: Request) -> Parts:
    """The parts that the application was built with."""
    parts: Parts = request.app.state.parts
    return parts
