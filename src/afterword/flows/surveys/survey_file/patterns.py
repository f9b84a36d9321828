"""How does the text of a regular expression become a pattern that can't explode?"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import re2

from afterword.flows.surveys.survey_file.base import FieldError

PATTERN_CHARS_MAX = 500
"""Nobody can read a longer one; it also bounds the time that compiling takes."""

PATTERN_MEMORY_BYTES = 1024 * 1024
"""Of RE2, for each pattern: one that repeats repetitions is refused instead of unfolded."""

_UNSUPPORTED = "back references and look-around are left out, so that any text is searched in linear time"


@dataclass(frozen=True, slots=True)
class LinearPattern:
    """A regular expression of RE2, which takes time linear in the text; equal to others of the same words."""

    text: str
    _compiled: Any = field(compare=False, repr=False)

    def search(self, text: str) -> bool:
        """Whether it matches anywhere."""
        return self._compiled.search(text) is not None


def compile_pattern(text: str, path: str) -> LinearPattern:
    """
    Compile the regular expression that a field gives.

    Raises:
        FieldError: RE2 can't use it.
    """
    if len(text) > PATTERN_CHARS_MAX:
        raise FieldError(path, f"a regular expression has at most {PATTERN_CHARS_MAX} characters")
    try:
        return _compile(text)
    except re2.error as error:
        raise FieldError(path, f"this regular expression can't be used: {_reason(error)}") from None


@lru_cache(maxsize=1_000)
def _compile(text: str) -> LinearPattern:
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY_BYTES
    options.log_errors = False
    return LinearPattern(text, re2.compile(text, options))


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if "pattern too large" in reason or "repetition size" in reason:
        return f"{reason}: it repeats too often"
    if "perl operator: (?" in reason or reason.startswith("invalid escape sequence"):
        return f"{reason}: {_UNSUPPORTED}"
    return reason
