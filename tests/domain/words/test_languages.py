"""Does everybody get their language, and English where there is none of ours?"""

import pytest

from afterword.domain.words.languages import (
    LANGUAGES,
    accepted_words,
    find_words,
    is_right_to_left,
    words_in,
)


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("de", "de"),
        ("DE_at", "de"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("es-419", "es"),
        ("ja-Jpan-JP", "ja"),
        ("fi", None),
        ("deu", None),
        ("", None),
    ],
)
def test_a_language_is_found_whatever_its_region(locale: str, tag: str | None) -> None:
    found = find_words(locale)
    assert (found and found.tag) == tag
    assert words_in(locale).tag == (tag or "en")


def test_no_language_is_there_twice() -> None:
    assert len({words.tag.partition("-")[0] for words in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("fi, fr;q=0.8, de;q=0.9", "de"),
        ("fi,sv;q=0.9", "en"),
        ("de;q=0,fr;q=0.1", "fr"),
        ("de;q=high,fr;q=0.1", "fr"),
        ("de;q=nan,fr;q=0.1", "fr"),
        ("*", "en"),
        ("", "en"),
        (",;=,;;q=1", "en"),
        ("x," * 100_000 + "de", "en"),
    ],
)
def test_a_browser_says_which_languages_it_wants(header: str, tag: str) -> None:
    assert accepted_words(header).tag == tag


@pytest.mark.parametrize("locale", ["ar", "he-IL", "fa", "ur_PK", "az-Arab", "uz-arab-AF", "yi"])
def test_some_languages_are_written_from_right_to_left(locale: str) -> None:
    assert is_right_to_left(locale)


@pytest.mark.parametrize("locale", ["en", "de", "ar-Latn", "az", "ja", "uz-Latn", "arn", ""])
def test_most_are_not(locale: str) -> None:
    assert not is_right_to_left(locale)
