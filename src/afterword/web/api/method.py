"""What is a method of the Web API?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from afterword.bootstrap import Parts
from afterword.domain.method_error import MethodErrorCode
from afterword.domain.scope import Scope


class ResponseMetadata(Struct, kw_only=True):
    """Where the next page begins; empty after the last one."""

    next_cursor: str


@dataclass(frozen=True, slots=True)
class Method:
    """
    One method: a path, who may call it, what it takes and what it gives back.

    Attributes:
        name: ``family.method``, which is the path.
        verb: GET for what only reads, with the arguments in the query; POST for everything else.
        arguments, reply: The types that parse the one and make the other; they are the description, too.
        run: Does it, in a thread of the pool.
        errors: The codes that it may answer with, beside those of every request.
    """

    name: str
    verb: str
    scope: Scope
    summary: str
    arguments: type[Struct]
    reply: type[Struct]
    run: Callable[[Parts, Any], Struct]
    errors: tuple[MethodErrorCode, ...] = ()
