"""Identity: who did it, as the tool knows them; never a reason to lose an event."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cases import (
    ABSENT,
    Accepted,
    Outcome,
    Refused,
    as_form,
    as_json,
    check_stored,
    full_width,
    params,
    send_all,
)
from tests.contract.shape import assert_accepted
from tests.support.project import (
    CHANGES_SEEN_S,
    FORM,
    Project,
    create_project,
    create_projects,
    import_people,
)
from tests.support.server import RunningServer

CHARS_MAX = 254
KINDS = ("email", "github_username", "gitlab_username")
JUNK = ("unknown", "null", "none", "n/a", "undefined", "anonymous")
ADA, BOB, OCTO, ZOE = "ada@example.com", "bob@example.com", "octo@example.com", "zoe@example.com"


def who(name: str, person: str | None, **handles: Any) -> Accepted:
    """Write an accepted event of these handles (no others) and the person it must be attributed to."""
    return Accepted(name, as_json(**{"email": ABSENT, **handles}), {"person": person})


def long(kind: str, length: int) -> str:
    """Write a handle of exactly this many characters."""
    return "x" * (length - 12) + "@example.com" if kind == "email" else "x" * length


RESOLVED = [
    who("by-email", ADA, email=ADA),
    who("by-github", OCTO, github_username="octocat"),
    who("by-gitlab", ADA, gitlab_username="ada-gl"),
    who("all-three-equal-person", ADA, email=ADA, github_username="ada-gh", gitlab_username="ada-gl"),
    who("email-before-github", ADA, email=ADA, github_username="bob-gh"),
    who("email-before-gitlab", ADA, email=ADA, gitlab_username="bob-gl"),
    who("github-before-gitlab", BOB, github_username="bob-gh", gitlab_username="ada-gl"),
    who("email-before-both", OCTO, email=OCTO, github_username="bob-gh", gitlab_username="ada-gl"),
    who("github-when-the-email-is-unknown", BOB, email="nobody@example.com", github_username="bob-gh"),
    who(
        "gitlab-when-the-others-are-unknown",
        BOB,
        email="x@example.com",
        github_username="x",
        gitlab_username="bob-gl",
    ),
    who("github-when-the-email-is-junk", BOB, email="unknown", github_username="bob-gh"),
    who("gitlab-when-github-is-junk", BOB, github_username="null", gitlab_username="bob-gl"),
    who("email-trimmed", ADA, email="  ada@example.com \t"),
    who("email-in-capitals", ADA, email="ADA@Example.COM"),
    who("github-trimmed", OCTO, github_username=" octocat "),
    who("github-in-capitals", OCTO, github_username="OctoCat"),
    who("github-with-an-at", OCTO, github_username="@octocat"),
    who("github-with-an-at-and-blanks", OCTO, github_username="  @OctoCat "),
    who("gitlab-with-an-at", ADA, gitlab_username="@ada-gl"),
    who("only-one-at-is-dropped", None, github_username="@@octocat"),
    who("an-at-of-an-address-is-not-dropped", None, email="@ada@example.com"),
    who("composed", ZOE, github_username="zo\u00eb"),
    who("decomposed", ZOE, github_username="zoe\u0308"),
    who("decomposed-in-capitals", ZOE, github_username="ZOE\u0308"),
    who("full-width-is-someone-else", None, github_username=full_width("octocat")),
    who("full-width-address-is-someone-else", None, email=full_width("ada") + "@example.com"),
    who("superscript-is-someone-else", None, github_username="octoca\u1d57"),
    who("github-name-is-not-a-gitlab-name", None, gitlab_username="octocat"),
    who("gitlab-name-is-not-a-github-name", None, github_username="ada-gl"),
    who("address-as-a-user-name", None, github_username=ADA),
    who("user-name-as-an-address", None, email="octocat"),
    who("unknown-person", None, email="nobody@example.com"),
    who("unknown-everywhere", None, email="n@example.com", github_username="n-1", gitlab_username="n-2"),
    who("address-without-at", None, email="ada.example.com"),
    who("address-with-a-space", None, email="ada lovelace@example.com"),
    who("only-an-at", None, email="@"),
    who("user-name-only-an-at", None, github_username="@"),
    who("bot", None, github_username="dependabot[bot]"),
    who("bot-of-gitlab", None, gitlab_username="project_1_bot[bot]"),
    who("emoji", None, github_username="🎉"),
    who("markup", None, github_username="<script>alert(1)</script>"),
    *(who(f"{kind}-{junk}", None, **{kind: junk}) for kind in KINDS for junk in JUNK),
    *(
        who(f"{kind}-{junk}-in-capitals", None, **{kind: f" {junk.upper()} "})
        for kind in KINDS
        for junk in JUNK
    ),
    *(who(f"{kind}-254-characters", None, **{kind: long(kind, CHARS_MAX)}) for kind in KINDS),
    who("254-emoji", None, github_username="🎉" * CHARS_MAX),
]

KEPT: dict[str, dict[str, str | None]] = {
    "several": {"email": ADA, "github_username": "bob-gh", "gitlab_username": "octo-gl"},
    "equal": {"email": "same", "github_username": "same", "gitlab_username": "same"},
    "two": {"email": ADA, "github_username": None, "gitlab_username": "ada-gl"},
    "junk-beside-good": {"email": "unknown", "github_username": "octocat", "gitlab_username": None},
    "junk": {"email": "unknown", "github_username": "null", "gitlab_username": "n/a"},
    "capitals": {"email": "Ada@Example.com", "github_username": "OctoCat", "gitlab_username": "Ada-GL"},
    "bot": {"email": None, "github_username": "renovate[bot]", "gitlab_username": None},
}
ALL = [
    *RESOLVED,
    *(Accepted(f"kept-{name}", as_json(**handles), dict(handles)) for name, handles in KEPT.items()),
    *(
        Accepted(
            f"kept-{name}-in-a-form",
            as_form(**{kind: value or "" for kind, value in handles.items()}),
            dict(handles),
            FORM,
        )
        for name, handles in KEPT.items()
    ),
]


@pytest.fixture(scope="module")
def outcomes(roomy: Project) -> dict[str, Outcome]:
    """All good identities, sent once."""
    return send_all(roomy, ALL)


@pytest.mark.parametrize("case", params(ALL))
def test_handles_are_kept_and_the_person_is_found_by_email_then_github_then_gitlab(
    outcomes: dict[str, Outcome], case: Accepted
) -> None:
    check_stored(outcomes, case)


def test_the_reply_never_tells_whether_the_person_exists(outcomes: dict[str, Outcome]) -> None:
    replies = [outcome.reply for outcome in outcomes.values()]
    assert {reply.body for reply in replies} == {replies[0].body}
    assert {tuple(name.lower() for name, _ in reply.headers) for reply in replies} == {
        tuple(name.lower() for name, _ in replies[0].headers)
    }


def test_usernames_must_have_been_loaded_before_they_attribute(server: RunningServer, tmp_path: Path) -> None:
    project = create_project(server)
    name = project.name
    assert_accepted(project.post(as_json(name="before", email=ABSENT, github_username=name)))
    header = "email,name,github_username,gitlab_username,timezone,team\n"
    import_people(server, tmp_path, f"{header}{name}@example.com,Late Comer,{name},,UTC,\n")
    time.sleep(CHANGES_SEEN_S)
    assert_accepted(project.post(as_json(name="after", email=ABSENT, github_username=name)))
    listed = {event["name"]: event["person"] for event in project.events()}
    assert listed["after"] == f"{name}@example.com"


OTHER_TYPES: list[Any] = [1, 0, 1.5, True, False, [], ["ada@example.com"], {}, {"value": "ada@example.com"}]
CONTROLS = ("\x00", "\x01", "\t", "\n", "\r", "\x1b", "\x1f", "\x7f", "\x80", "\x85", "\x9f")
REFUSED = [
    *(
        Refused(f"{kind}-type-{value!r}", as_json(**{kind: value}), says=(kind,))
        for kind in KINDS
        for value in OTHER_TYPES
    ),
    *(
        Refused(f"{kind}-control-{ord(code):#04x}", as_json(**{kind: f"a{code}b@example.com"}), says=(kind,))
        for kind in KINDS
        for code in CONTROLS
    ),
    *(
        Refused(f"{kind}-255-characters", as_json(**{kind: long(kind, CHARS_MAX + 1)}), says=(kind,))
        for kind in KINDS
    ),
    *(
        Refused(f"{kind}-5000-characters", as_json(**{kind: long(kind, 5_000)}), says=(kind,))
        for kind in KINDS
    ),
    *(
        Refused(f"{kind}-wrong-beside-a-good-address", as_json(**{"email": ADA, kind: 7}), says=(kind,))
        for kind in KINDS[1:]
    ),
    Refused("all-absent", as_json(email=ABSENT), says=KINDS),
    Refused("all-null", as_json(email=None, github_username=None, gitlab_username=None), says=KINDS),
    Refused("all-empty", as_json(email="", github_username="", gitlab_username=""), says=KINDS),
    Refused("all-blank", as_json(email=" ", github_username="\t", gitlab_username="  "), says=KINDS),
    Refused("mixed-nothing", as_json(email=None, github_username="", gitlab_username=ABSENT), says=KINDS),
    Refused("only-an-unknown-field", as_json(email=ABSENT, username="ada"), says=KINDS),
]


@pytest.mark.parametrize("case", params(REFUSED))
def test_other_types_control_characters_long_texts_and_nobody_at_all_are_422(
    unstored: Project, case: Refused
) -> None:
    case.check(unstored)


WARNINGS: list[tuple[str, dict[str, Any], dict[str, int]]] = [
    ("known-person", {"email": ADA, "github_username": "ada-gh"}, {}),
    ("conflict", {"email": ADA, "github_username": "bob-gh"}, {"identity_conflict": 1}),
    ("unknown-person", {"email": "nobody@example.com"}, {"unresolved_identity": 1}),
    ("junk", {"email": "unknown"}, {"junk_identity": 1}),
    ("address-without-at", {"email": "ada.example.com"}, {"junk_identity": 1}),
    ("bot", {"github_username": "dependabot[bot]"}, {"bot_identity": 1}),
]


@pytest.fixture(scope="module")
def warned(server: RunningServer) -> dict[str, dict[str, int]]:
    """One odd event in each of some fresh projects; their warnings by code, with the counts."""
    projects = create_projects(server, len(WARNINGS))
    for project, (_, handles, _) in zip(projects, WARNINGS, strict=True):
        assert_accepted(project.post(as_json(**{"email": ABSENT, **handles})))
    time.sleep(CHANGES_SEEN_S)
    return {
        name: {row["code"]: row["count"] for row in project.rejects() if row["kind"] == "warning"}
        for project, (name, _, _) in zip(projects, WARNINGS, strict=True)
    }


@pytest.mark.parametrize(("name", "expected"), [(name, expected) for name, _, expected in WARNINGS])
def test_what_is_odd_about_an_identity_warns_the_project(
    warned: dict[str, dict[str, int]], name: str, expected: dict[str, int]
) -> None:
    assert warned[name] == expected
