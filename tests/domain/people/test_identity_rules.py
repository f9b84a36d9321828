"""Do rules read names as the organisation means them, and nobody else's?"""

import pytest

from afterword.domain.people.identity import (
    IdentityKind,
    IdentityRules,
    IdentityWarning,
    Resolution,
    resolve,
    unknown_handles,
)

EMAIL, GITHUB = IdentityKind.EMAIL, IdentityKind.GITHUB
ADA, BOB = 1, 2
KNOWN = {(EMAIL, "ada@example.com"): ADA, (EMAIL, "ada+x@example.com"): BOB, (GITHUB, "ada"): ADA}
RULES = IdentityRules(
    domains={7: "example.com"},
    moved_domains={"old.org": "example.com"},
    drops_tags=True,
    junk=frozenset({"build-agent"}),
    bots=("svc-*", "ci-?"),
)


def who(kind: IdentityKind, handle: str, project_id: int = 7, rules: IdentityRules = RULES) -> int | None:
    return resolve({kind: handle}, KNOWN, rules, project_id).person_id


@pytest.mark.parametrize(
    "handle", ["ada", " ADA ", "ada+ci@example.com", "ada@old.org", "Ada+ci@OLD.org", "ada+ci"]
)
def test_an_address_is_read_in_all_its_ways(handle: str) -> None:
    assert who(EMAIL, handle) == ADA
    assert who(EMAIL, handle, rules=IdentityRules()) is None


def test_the_literal_reading_comes_first() -> None:
    assert who(EMAIL, "ada+x@example.com") == BOB


def test_a_domain_is_for_its_project_and_zero_for_all_others() -> None:
    assert who(EMAIL, "ada", project_id=8) is None
    everywhere = IdentityRules(domains={0: "example.com", 7: "example.org"})
    assert who(EMAIL, "ada", 8, everywhere) == ADA
    assert who(EMAIL, "ada", 7, everywhere) is None


def test_user_names_are_read_literally() -> None:
    assert who(GITHUB, "ada+ci") is None
    assert who(GITHUB, "@Ada") == ADA


@pytest.mark.parametrize("handle", ["+ci@example.com", "@example.com", "+"])
def test_a_tag_alone_is_nobodys_address(handle: str) -> None:
    assert who(EMAIL, handle) is None


@pytest.mark.parametrize("handle", ["svc-", "SVC-deploy", "ci-1", "renovate[bot]"])
def test_bots_are_told_by_pattern(handle: str) -> None:
    found = resolve({GITHUB: handle}, KNOWN, RULES, 7)
    assert found == Resolution(None, (IdentityWarning.BOT,), is_bot=True)


@pytest.mark.parametrize("handle", ["ci-12", "xsvc-1", "a.b", "axb"])
def test_a_pattern_is_no_regular_expression(handle: str) -> None:
    rules = IdentityRules(bots=("svc-*", "ci-?", "a.c", "[ab]*b"))
    assert resolve({GITHUB: handle}, KNOWN, rules, 7).is_bot is False


def test_what_is_called_junk_is_nobody() -> None:
    assert resolve({EMAIL: "Build-Agent"}, KNOWN, RULES, 7).warnings == (IdentityWarning.JUNK,)
    assert resolve({EMAIL: "nobody-known"}, KNOWN, RULES, 7).warnings == (IdentityWarning.UNRESOLVED,)
    assert resolve({EMAIL: "nobody-known"}, KNOWN, RULES, 8).warnings == (IdentityWarning.JUNK,)


def test_unknown_handles_are_told_even_if_another_one_is_known() -> None:
    handles = {EMAIL: "ADA@example.com", GITHUB: "@Ada-L", IdentityKind.GITLAB: "svc-1"}
    assert unknown_handles(handles, KNOWN, RULES, 7) == {GITHUB: "ada-l"}
