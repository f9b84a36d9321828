"""
What if the server has a bug? Put this folder on its import path: then an event of one name breaks it.

Python imports ``sitecustomize`` at its start, before the server imports what is changed here.
"""

from typing import Any

from afterword.domain import event

EVENT_NAME = "plant-the-bug"
DETAIL = "the-planted-bug-was-hit"
_parse_event = event.parse_event


def _break(**arguments: Any) -> event.Event:
    if arguments["name"] == EVENT_NAME:
        raise RuntimeError(DETAIL)
    return _parse_event(**arguments)


event.parse_event = _break
