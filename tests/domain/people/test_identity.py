"""Does a handle find the right person, and nobody else?"""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.people.identity import (
    EVENT_KINDS,
    JUNK,
    IdentityKind,
    IdentityWarning,
    Resolution,
    normalise,
    resolve,
)

EMAIL, GITHUB, GITLAB = IdentityKind.EMAIL, IdentityKind.GITHUB, IdentityKind.GITLAB
ANA, BEN, CHLOE = 1, 2, 3
PEOPLE = {
    (EMAIL, "ana@example.com"): ANA,
    (GITHUB, "ana"): ANA,
    (GITLAB, "ana.s"): ANA,
    (GITHUB, "ben"): BEN,
    (GITLAB, "ben"): BEN,
    (EMAIL, "chloé@example.com"): CHLOE,
    (GITLAB, "chloé"): CHLOE,
}
UNRESOLVED, CONFLICT = IdentityWarning.UNRESOLVED, IdentityWarning.CONFLICT
JUNK_WARNING, BOT = IdentityWarning.JUNK, IdentityWarning.BOT


class TestNormalise:
    @pytest.mark.parametrize(
        ("kind", "sent", "compared"),
        [
            pytest.param(EMAIL, " Ana@Example.COM\t", "ana@example.com", id="trimmed, lower case"),
            pytest.param(EMAIL, "@ana", "@ana", id="an address keeps its @"),
            pytest.param(GITHUB, "@Ana", "ana", id="GitHub name drops one @"),
            pytest.param(GITLAB, " @ana ", "ana", id="GitLab name drops one @"),
            pytest.param(GITHUB, "@@ana", "@ana", id="only one @"),
            pytest.param(GITHUB, "a@na", "a@na", id="only a leading @"),
            pytest.param(GITLAB, "chloe\N{COMBINING ACUTE ACCENT}", "chloé", id="NFC"),
            pytest.param(GITLAB, "CHLOÉ", "chloé", id="accented capitals"),
            pytest.param(GITHUB, "\uff41na", "\uff41na", id="full-width stays full-width"),
            pytest.param(GITHUB, "ﬁn", "ﬁn", id="a ligature stays one"),
            pytest.param(GITHUB, "a²", "a²", id="a superscript stays one"),
        ],
    )
    def test_brings_a_handle_into_one_form(self, kind: IdentityKind, sent: str, compared: str) -> None:
        assert normalise(kind, sent) == compared

    # Letters whose capital is one letter that leads back. The small form of sigma depends on its place.
    letters = st.characters(exclude_categories=["Cs", "Cc"]).filter(
        lambda c: c.upper().lower() == c.lower() and c.lower() not in ("\u03c2", "\u03c3")
    )

    @given(st.sampled_from(EVENT_KINDS), st.text(letters, max_size=12))
    @settings(max_examples=100)
    def test_does_not_depend_on_case_or_composition(self, kind: IdentityKind, handle: str) -> None:
        compared = normalise(kind, handle)
        assert normalise(kind, handle.upper()) == normalise(kind, handle.lower())
        for form in ("NFC", "NFD"):
            assert normalise(kind, unicodedata.normalize(form, handle)) == compared
        assert normalise(kind, f" {handle}\t") == compared

    @given(st.sampled_from(EVENT_KINDS), st.text(max_size=12))
    @settings(max_examples=100)
    def test_gives_text_that_is_composed(self, kind: IdentityKind, handle: str) -> None:
        assert unicodedata.is_normalized("NFC", normalise(kind, handle))


class TestResolve:
    @pytest.mark.parametrize(
        ("kind", "handle"),
        [
            (EMAIL, "ana@example.com"),
            (EMAIL, " ANA@EXAMPLE.COM "),
            (GITHUB, "@Ana"),
            (GITLAB, "Ana.S"),
        ],
    )
    def test_one_known_handle_finds_the_person(self, kind: IdentityKind, handle: str) -> None:
        assert resolve({kind: handle}, PEOPLE) == Resolution(ANA)

    @pytest.mark.parametrize(
        ("kind", "handle"),
        [
            pytest.param(EMAIL, "dan@example.com", id="an unknown address"),
            pytest.param(GITHUB, "dan", id="an unknown name"),
            pytest.param(GITHUB, "ana.s", id="a GitLab name is no GitHub name"),
            pytest.param(GITHUB, "\uff41na", id="full-width is someone else"),
            pytest.param(GITHUB, "\u0430na", id="a Cyrillic letter is someone else"),
            pytest.param(GITHUB, "ana@example.com", id="an address is no user name"),
            pytest.param(EMAIL, "ana@example.com.", id="another domain"),
        ],
    )
    def test_an_unknown_handle_is_nobody_and_warns(self, kind: IdentityKind, handle: str) -> None:
        assert resolve({kind: handle}, PEOPLE) == Resolution(None, (UNRESOLVED,))

    @pytest.mark.parametrize("kind", EVENT_KINDS)
    @pytest.mark.parametrize("handle", sorted(JUNK))
    def test_junk_is_nobody_even_if_somebody_has_that_name(self, kind: IdentityKind, handle: str) -> None:
        named_so = {(kind, handle): ANA}
        for sent in (handle, handle.upper(), f" {handle} "):
            assert resolve({kind: sent}, named_so) == Resolution(None, (JUNK_WARNING,))

    def test_the_junk_words_are_those_of_the_contract(self) -> None:
        assert {"unknown", "null", "none", "n/a", "undefined", "anonymous"} == JUNK

    def test_an_address_without_at_sign_is_junk(self) -> None:
        assert resolve({EMAIL: "ana"}, {(EMAIL, "ana"): ANA}) == Resolution(None, (JUNK_WARNING,))

    @pytest.mark.parametrize("kind", EVENT_KINDS)
    @pytest.mark.parametrize("handle", ["dependabot[bot]", "@Renovate[BOT] ", "[bot]"])
    def test_a_bot_is_nobody_and_marked(self, kind: IdentityKind, handle: str) -> None:
        assert resolve({kind: handle}, PEOPLE) == Resolution(None, (BOT,), is_bot=True)

    @pytest.mark.parametrize("handle", ["bot", "robot", "[bot]ana", "ana-bot"])
    def test_a_name_that_only_resembles_a_bot_is_not_one(self, handle: str) -> None:
        assert resolve({GITHUB: handle}, PEOPLE) == Resolution(None, (UNRESOLVED,))

    def test_a_bot_beside_a_person_stays_a_bot(self) -> None:
        found = resolve({EMAIL: "ana@example.com", GITHUB: "dependabot[bot]"}, PEOPLE)
        assert found == Resolution(ANA, (BOT,), is_bot=True)

    @pytest.mark.parametrize(
        ("handles", "person"),
        [
            pytest.param({EMAIL: "ana@example.com", GITHUB: "ben"}, ANA, id="e-mail before GitHub"),
            pytest.param({EMAIL: "ana@example.com", GITLAB: "ben"}, ANA, id="e-mail before GitLab"),
            pytest.param({GITHUB: "ben", GITLAB: "chloé"}, BEN, id="GitHub before GitLab"),
            pytest.param({GITLAB: "chloé", GITHUB: "ben"}, BEN, id="whatever comes first in the call"),
            pytest.param(
                {GITLAB: "ben", GITHUB: "ana", EMAIL: "chloé@example.com"}, CHLOE, id="three of them"
            ),
        ],
    )
    def test_the_first_known_handle_wins_and_a_conflict_warns(
        self, handles: dict[IdentityKind, str], person: int
    ) -> None:
        assert resolve(handles, PEOPLE) == Resolution(person, (CONFLICT,))

    def test_handles_of_one_person_do_not_conflict(self) -> None:
        handles = {EMAIL: "ana@example.com", GITHUB: "ana", GITLAB: "ana.s"}
        assert resolve(handles, PEOPLE) == Resolution(ANA)

    def test_an_unknown_handle_beside_a_known_one_does_not_warn(self) -> None:
        assert resolve({EMAIL: "dan@example.com", GITHUB: "ana"}, PEOPLE) == Resolution(ANA)

    def test_junk_beside_a_known_handle_still_warns(self) -> None:
        assert resolve({EMAIL: "unknown", GITHUB: "ana"}, PEOPLE) == Resolution(ANA, (JUNK_WARNING,))

    def test_each_warning_is_given_once(self) -> None:
        handles = {EMAIL: "dan@example.com", GITHUB: "dan", GITLAB: "dan"}
        assert resolve(handles, PEOPLE) == Resolution(None, (UNRESOLVED,))

    def test_no_handles_are_nobody(self) -> None:
        assert resolve({}, PEOPLE) == Resolution(None)

    @given(
        st.dictionaries(
            st.sampled_from(EVENT_KINDS),
            st.sampled_from(
                ["ana", "ben", "ana@example.com", "chloé@example.com", "chloé", "x[bot]", "null"]
            ),
            min_size=1,
        ),
        st.sampled_from(["NFC", "NFD"]),
        st.sampled_from([str.upper, str.lower, str.title]),
    )
    @settings(max_examples=100)
    def test_case_and_composition_change_nothing(
        self, handles: dict[IdentityKind, str], form: str, case: Callable[[str], str]
    ) -> None:
        written = {kind: unicodedata.normalize(form, case(handle)) for kind, handle in handles.items()}
        assert resolve(written, PEOPLE) == resolve(handles, PEOPLE)


@pytest.mark.parametrize("warning", IdentityWarning)
def test_each_warning_has_words_of_its_own(warning: IdentityWarning) -> None:
    assert warning.message.startswith("An event ")
    assert sum(other.message == warning.message for other in IdentityWarning) == 1
