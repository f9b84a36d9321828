"""Which languages do we speak, and which one does somebody get?"""

from afterword.domain.words.dutch import DUTCH
from afterword.domain.words.english import ENGLISH
from afterword.domain.words.french import FRENCH
from afterword.domain.words.german import GERMAN
from afterword.domain.words.italian import ITALIAN
from afterword.domain.words.japanese import JAPANESE
from afterword.domain.words.polish import POLISH
from afterword.domain.words.portuguese import PORTUGUESE
from afterword.domain.words.spanish import SPANISH
from afterword.domain.words.words import Words

LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN, DUTCH, POLISH, JAPANESE)

ACCEPTED_MAX = 20
"""Languages of one header ``Accept-Language`` that are looked at; browsers send two or three."""

_RIGHT_TO_LEFT = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "syr", "ug", "ur", "yi")
)
"""
Languages that are written from right to left, where their tag names no script.

Source: Unicode CLDR, likely subtags with the scripts Arab, Hebr, Syrc and Thaa.
"""

_RIGHT_TO_LEFT_SCRIPTS = frozenset(("adlm", "arab", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"))

_SCRIPT_CHARS = 4
"""Of a subtag that names a script, as in ``az-Arab``; RFC 5646, 2.2.3."""


def find_words(locale: str) -> Words | None:
    """Our words in a language, whatever its region; None when we don't speak it."""
    language = _parts(locale)[0]
    return next((words for words in LANGUAGES if _parts(words.tag)[0] == language), None)


def words_in(locale: str) -> Words:
    """Our words in a language, else in English."""
    return find_words(locale) or ENGLISH


def language_around(locale: str) -> str:
    """The language tag of all that stands around texts in a language."""
    return locale if find_words(locale) else ENGLISH.tag


def accepted_words(header: str) -> Words:
    """
    Our words in the language that a browser asks for, else in English.

    Args:
        header: ``Accept-Language``, such as ``de-AT,de;q=0.9,en;q=0.5``.

    Source: RFC 9110, 12.5.4.
    """
    wanted = sorted(map(_weighed, header.split(",")[:ACCEPTED_MAX]), key=lambda one: -one[1])
    found = (find_words(locale) for locale, weight in wanted if weight > 0)
    return next((words for words in found if words is not None), ENGLISH)


def is_right_to_left(locale: str) -> bool:
    """Whether a language is written from right to left."""
    language, *more = _parts(locale)
    script = next((part for part in more if len(part) == _SCRIPT_CHARS and part.isalpha()), None)
    if script is not None:
        return script in _RIGHT_TO_LEFT_SCRIPTS
    return language in _RIGHT_TO_LEFT


def _parts(locale: str) -> list[str]:
    return locale.replace("_", "-").lower().split("-")


def _weighed(part: str) -> tuple[str, float]:
    """A language of the header and how much it is wanted, from 0 to 1."""
    locale, _, parameter = part.partition(";")
    name, _, text = parameter.partition("=")
    if name.strip().lower() != "q":
        return locale.strip(), 1.0
    try:
        return locale.strip(), float(text)
    except ValueError:
        return locale.strip(), 0.0
