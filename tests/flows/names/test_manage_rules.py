"""Are rules checked, for their project, and shown before they do anything?"""

import pytest

from afterword.domain.errors import AfterwordError, ConflictError, InvalidInputError, NotFoundError
from afterword.flows.manage_projects import create_project
from afterword.flows.names import preview_rule as preview_flow
from afterword.flows.names.manage_rules import Draft, add_rule, list_rules, remove_rule
from afterword.flows.names.preview_rule import Preview, preview_rule
from afterword.storage.identity_rules import RuleKind
from tests.flows.names.test_keep_names import add_stranger, give, names, settle
from tests.flows.world import World

DOMAIN, MOVED, TAGS, JUNK, BOT = RuleKind


def add(world: World, kind: RuleKind, *texts: str, project: str | None = None) -> int:
    return add_rule(world.database, world.clock, Draft(kind, *texts, project=project)).id


def preview(world: World, kind: RuleKind, *texts: str, project: str | None = None) -> Preview:
    return preview_rule(world.database, world.clock, Draft(kind, *texts, project=project))


def test_rules_are_listed_as_they_were_made_with_their_project(world: World) -> None:
    add(world, DOMAIN, "Example.com", project="Build CLI")
    add(world, MOVED, "old.org", "example.com")
    add(world, TAGS)
    found = [(one.rule.kind, one.rule.pattern, one.rule.replacement, one.project_name)
             for one in list_rules(world.database)]  # fmt: skip
    assert found == [
        (DOMAIN, "example.com", None, "Build CLI"),
        (MOVED, "old.org", "example.com", None),
        (TAGS, "+*", None, None),
    ]


@pytest.mark.parametrize(
    ("kind", "texts", "project", "error"),
    [
        (DOMAIN, ["example"], None, InvalidInputError),
        (DOMAIN, ["example.com"], "Nothing", NotFoundError),
        (MOVED, ["old.org", "OLD.org"], None, InvalidInputError),
        (MOVED, ["old.org", ""], None, InvalidInputError),
        (JUNK, [""], None, InvalidInputError),
        (BOT, ["*"], None, InvalidInputError),
        (BOT, ["bob-*"], None, ConflictError),
        (BOT, ["*@example.com"], None, ConflictError),
        (JUNK, ["bob-gl"], None, ConflictError),
    ],
)
def test_what_can_be_no_rule_is_refused_and_nothing_changes(
    world: World, kind: RuleKind, texts: list[str], project: str | None, error: type[AfterwordError]
) -> None:
    with pytest.raises(error):
        add(world, kind, *texts, project=project)
    assert list_rules(world.database) == []


def test_a_refusal_says_whose_name_it_is(world: World) -> None:
    with pytest.raises(ConflictError, match=r"bob-gl is the name of Bob <bob@example.com>"):
        add(world, BOT, "bob-gl")


def test_the_name_of_a_person_who_is_a_bot_may_be_called_one(world: World) -> None:
    give(world, "robot@example.com", github_usernames=("svc-1",), is_bot=True)
    assert add(world, BOT, "svc-*")
    with pytest.raises(ConflictError):
        add(world, JUNK, "svc-1")


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ((BOT, "svc-*"), (BOT, "SVC-*"), "says so already"),
        ((TAGS,), (TAGS,), "says so already"),
        ((MOVED, "old.org", "example.com"), (MOVED, "old.org", "example.net"), "says otherwise already"),
        ((DOMAIN, "example.com"), (DOMAIN, "example.net"), "says otherwise already"),
    ],
)
def test_there_is_one_rule_for_a_thing(
    world: World, one: tuple[RuleKind, str], other: tuple[RuleKind, str], says: str
) -> None:
    rule_id = add(world, *one)
    with pytest.raises(ConflictError, match=f"rule {rule_id} {says}"):
        add(world, *other)
    remove_rule(world.database, rule_id)
    assert add(world, *other)


def test_projects_have_their_own_domains(world: World) -> None:
    create_project(world.database, world.clock, "Deploy CLI")
    for project in ("Build CLI", "Deploy CLI", None):
        assert add(world, DOMAIN, "example.com", project=project)


def test_a_rule_that_is_not_there_can_not_be_taken_away(world: World) -> None:
    with pytest.raises(NotFoundError, match="there is no rule 9"):
        remove_rule(world.database, 9)


def test_two_domains_do_not_move_to_each_other(world: World) -> None:
    made = add_rule(world.database, world.clock, Draft(MOVED, "old.org", "example.com"))
    with pytest.raises(ConflictError, match=rf"rule {made.id} says that old\.org moved to example\.com"):
        add_rule(world.database, world.clock, Draft(MOVED, "example.com", "old.org"))


class TestPreview:
    def test_says_how_many_events_and_which_names_and_changes_nothing(self, world: World) -> None:
        for name in ("svc-1", "svc-1", "SVC-2", "ada"):
            add_stranger(world, github_username=name)
        settle(world)
        found = preview(world, BOT, "svc-*")
        assert (found.looked_at, found.touched) == (4, 3)
        assert [(one.value, one.events, one.before, one.after) for one in found.names] == [
            ("svc-1", 2, "nobody who is known", "a bot"),
            ("svc-2", 1, "nobody who is known", "a bot"),
        ]
        assert list_rules(world.database) == []
        assert len(names(world)) == 3

    def test_names_the_people_whom_events_would_be_of(self, world: World) -> None:
        other = create_project(world.database, world.clock, "Deploy CLI")
        for email in ("bob", "bob+x@example.com", "bob@old.org"):
            add_stranger(world, email=email)
        add_stranger(world, email="bob", project_id=other.id)
        bob = "Bob <bob@example.com>"
        found = preview(world, DOMAIN, "example.com", project="Build CLI")
        assert [(one.value, one.project_name, one.before, one.after) for one in found.names] == [
            ("bob", "Build CLI", "nobody who is known", bob)
        ]
        assert [one.after for one in preview(world, TAGS).names] == [bob]
        assert [one.after for one in preview(world, MOVED, "old.org", "example.com").names] == [bob]

    def test_shows_whose_names_would_be_lost(self, world: World) -> None:
        world.add_event(email="bob@example.com")
        found = preview(world, BOT, "bob@*")
        (lost,) = found.names
        assert (found.refusal or "").startswith("bob@example.com is the name of Bob <bob@example.com>")
        assert preview(world, BOT, "nobody-*").refusal is None
        assert "is the name of Bob" in str(preview(world, RuleKind.JUNK, "bob-gh").refusal)
        assert (lost.before, lost.after) == ("Bob <bob@example.com>", "a bot")

    def test_reads_the_newest_events_step_by_step_up_to_a_limit(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(preview_flow, "EVENTS_AT_ONCE", 3)
        monkeypatch.setattr(preview_flow, "EVENTS_LOOKED_AT_MAX", 6)
        for index in range(10):
            add_stranger(world, github_username=f"svc-{index}")
        told: list[tuple[int, int]] = []
        draft = Draft(BOT, "svc-*")
        found = preview_rule(
            world.database, world.clock, draft, lambda what, done, of: told.append((done, of))
        )
        assert sorted(one.value for one in found.names) == [f"svc-{index}" for index in range(4, 10)]
        assert told == [(3, 6), (6, 6)]

    def test_of_no_events_is_nothing(self, world: World) -> None:
        assert preview(world, TAGS) == Preview()
