"""``afterword survey``: does a file become a survey, and is a mistake named with file, line and field?"""

import re

import pytest

from tests.cli.installation import PROJECT, SURVEY, Installation

CHANGED = SURVEY.replace("How was your build?", "How was it?")


def apply(home: Installation, text: str, *options: str) -> str:
    return home.ok("survey", "apply", home.file("survey.yaml", text), *options)


def complaint(home: Installation, text: str | bytes) -> str:
    """What is said about a file, without the words before its path."""
    path = home.file("survey.yaml", text)
    message = home.error("survey", "apply", path)
    assert path in message
    return message.split(path, 1)[1].strip()


def states(home: Installation) -> list[tuple[str, int, int | None]]:
    listed = home.json("survey", "list")
    return [(item["state"], item["latest_version"], item["live_version"]) for item in listed]


class TestLife:
    def test_starts_as_a_draft_goes_live_and_ends(self, home: Installation) -> None:
        home.ok("project", "create", PROJECT)
        out = apply(home, SURVEY)
        assert "build-cli: created (version 1, draft)" in out
        assert "afterword survey publish build-cli" in out
        assert states(home) == [("draft", 1, None)]
        assert home.ok("survey", "publish", "build-cli") == "build-cli: version 1 is live\n"
        assert states(home) == [("live", 1, 1)]
        assert home.ok("survey", "close", "build-cli", "--yes") == "build-cli: closed\n"
        assert states(home)[0][0] == "closed"

    def test_a_draft_changes_in_place(self, home: Installation) -> None:
        home.ok("project", "create", PROJECT)
        apply(home, SURVEY)
        assert "build-cli: changed (version 1, draft)" in apply(home, CHANGED)
        assert states(home) == [("draft", 1, None)]

    def test_a_live_survey_gets_a_next_version_that_waits(self, lively: Installation) -> None:
        assert "build-cli: changed (version 2, waits; the version before it stays live)" in apply(
            lively, CHANGED
        )
        assert states(lively) == [("live", 2, 1)]
        assert "version 2 waits to be published" in lively.ok("survey", "list")
        assert "version 2 is live" in lively.ok("survey", "publish", "build-cli")
        assert states(lively) == [("live", 2, 2)]
        assert "waits" not in lively.ok("survey", "list")

    def test_the_same_file_again_changes_nothing(self, lively: Installation) -> None:
        assert apply(lively, SURVEY) == "build-cli: unchanged (version 1, live)\n"
        assert apply(lively, "# a comment\n" + SURVEY).startswith("build-cli: unchanged")

    def test_publishing_and_closing_again_change_nothing(self, lively: Installation) -> None:
        lively.ok("survey", "publish", "build-cli")
        assert states(lively) == [("live", 1, 1)]
        for _ in range(2):
            assert lively.ok("survey", "close", "build-cli", "--yes") == "build-cli: closed\n"

    def test_closing_asks_first(self, lively: Installation) -> None:
        assert "Aborted" in lively.run("survey", "close", "build-cli", typed="n\n").err
        assert states(lively)[0][0] == "live"
        assert "closed" in lively.run("survey", "close", "build-cli", typed="y\n").out
        assert states(lively)[0][0] == "closed"

    def test_a_closed_survey_stays_closed(self, lively: Installation) -> None:
        lively.ok("survey", "close", "build-cli", "--yes")
        assert "closed for good" in lively.error("survey", "publish", "build-cli")
        path = lively.file("survey.yaml", CHANGED)
        assert "closed for good" in lively.error("survey", "apply", path)
        assert "closed for good" in lively.error("survey", "apply", path, "--dry-run")


class TestDryRun:
    def test_shows_what_would_change_and_changes_nothing(self, lively: Installation) -> None:
        out = apply(lively, CHANGED, "--dry-run")
        assert "-title: How was your build?" in out
        assert "+title: How was it?" in out
        assert "build-cli: would be changed (version 2, waits; the version before it stays live)" in out
        assert "publish" not in out
        assert states(lively) == [("live", 1, 1)]

    def test_of_a_new_survey_makes_none(self, home: Installation) -> None:
        home.ok("project", "create", PROJECT)
        assert "build-cli: would be created (version 1, draft)" in apply(home, SURVEY, "--dry-run")
        assert states(home) == []

    def test_of_the_same_file_says_so(self, lively: Installation) -> None:
        assert apply(lively, SURVEY, "--dry-run") == "build-cli: unchanged (version 1, live)\n"


class TestList:
    def test_of_nothing_says_how_to_begin(self, home: Installation) -> None:
        assert "afterword survey apply" in home.ok("survey", "list")
        assert home.json("survey", "list") == []

    def test_shows_state_version_and_project(self, lively: Installation) -> None:
        assert lively.ok("survey", "list") == "build-cli  live, version 1  (Build CLI)\n"
        assert lively.json("survey", "list") == [
            {
                "key": "build-cli",
                "project": PROJECT,
                "state": "live",
                "latest_version": 1,
                "live_version": 1,
            }
        ]


class TestBadFiles:
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("title:", "titel:", ":3: titel: there is no such field: did you mean title?"),
            ("title: How was your build?\n", "", ":1: the field title is missing"),
            ("type: rating", "type: stars", ":8: questions[0].type: there is no such type: one of rating"),
            ("key: comment", "key: satisfaction", ":10: questions[1]"),
            ("key: comment", "key: Com ment", ":10: questions[1].key: "),
            ("[build.finished]", "[]", ":5: trigger.events: "),
            ("[build.finished]", "build.finished", ":5: trigger.events: "),
            ("    type: text\n", "", ":10: questions[1]: "),
            (
                "questions:",
                "throttle: {project_cooldown: 3 weeks}\nquestions:",
                ":6: throttle.project_cooldown: a ",
            ),
            (
                "questions:",
                "throttle: {project_cooldown: 9999d}\nquestions:",
                ":6: throttle.project_cooldown: at ",
            ),
            ("questions:", "throttle: {expires_after: 0s}\nquestions:", ":6: throttle.expires_after: must "),
            ("questions:", "throttle: {sampling: {rate: 0}}\nquestions:", ":6: throttle.sampling.rate: "),
            ("questions:", "throttle: {sampling: {rate: 1.5}}\nquestions:", ":6: throttle.sampling.rate: "),
            (
                "questions:",
                "throttle: {coldown: 1d}\nquestions:",
                ":6: throttle.coldown: there is no such field",
            ),
            ("questions:", "  where: {path: a}\nquestions:", ":6: trigger.where: a condition is one of"),
            ("questions:", "  where: {path: a, eq: 1, ne: 2}\nquestions:", ":6: trigger.where: a condition"),
            ("questions:", "  where: {all: []}\nquestions:", ":6: trigger.where.all: the list is empty"),
            ("questions:", "  where: {path: a, is: 1}\nquestions:", ":6: trigger.where.is: there is no such"),
            ("How satisfied are you?", "x" * 501, ":9: questions[0].text: "),
            ("title: How", "title: 'How", ": this is not YAML"),
            ("title: How", "title: [How", ": this is not YAML"),
            ("  events", "\tevents", ":5: this is not YAML"),
            ("title: How", "title: How: is", ":3: this is not YAML"),
            ("title: How was your build?", "title: *alias", ":3: this is not YAML"),
            ("title: How", "title: a\ntitle: How", ":4: title: this field is there twice"),
            (
                "title: How was your build?",
                "title: &a x\nintroduction: *a",
                ": YAML aliases (*name) are not supported",
            ),
            ("title: How was your build?", "title: 2024-13-45", " this is not YAML"),
            ("title: How was your build?", "title: !!python/object:os.system x", ":3: this is not YAML"),
            ("title: How was your build?", "title: 5", ":3: title: "),
            ("title: How was your build?", "title: ''", ":3: title: "),
        ],
        ids=range(30),
    )
    def test_are_named_with_line_and_field(self, lively: Installation, old: str, new: str, said: str) -> None:
        assert old in SURVEY
        assert said in " " + complaint(lively, SURVEY.replace(old, new, 1))

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            pytest.param("", "empty", id="empty"),
            pytest.param("# only a comment\n", "empty", id="only a comment"),
            pytest.param("just a text", ":1:", id="a text"),
            pytest.param("- a\n- b\n", ":1:", id="a list"),
            pytest.param("a: 1\n---\nb: 2\n", "not YAML", id="two documents"),
            pytest.param("\x07", "not YAML", id="a control character"),
            pytest.param("a: " + "[" * 1_500, "not YAML", id="nested too deep"),
            pytest.param("x" * (256 * 1024 + 1), "over 256 KiB", id="too large"),
            pytest.param("title: Zoë".encode("latin-1"), "", id="Latin-1"),
            pytest.param(
                SURVEY.replace("How was", '"\\ud800"').replace(" your build?", ""), "", id="surrogate"
            ),
        ],
    )
    def test_of_another_kind_are_refused(self, lively: Installation, content: str | bytes, said: str) -> None:
        assert said in complaint(lively, content)

    def test_that_are_not_there_are_refused_by_name(self, home: Installation) -> None:
        path = str(home.folder / "missing.yaml")
        assert f"can't read {path}" in home.error("survey", "apply", path)

    def test_nothing_of_a_bad_file_is_kept(self, lively: Installation) -> None:
        complaint(lively, CHANGED.replace("type: text", "type: essay"))
        assert states(lively) == [("live", 1, 1)]


class TestUnknown:
    def test_projects_are_refused_with_those_that_there_are(self, lively: Installation) -> None:
        path = lively.file("survey.yaml", SURVEY.replace("project: Build CLI", "project: Bild"))
        assert "no project 'Bild'; there is 'Build CLI'" in lively.error("survey", "apply", path)

    @pytest.mark.parametrize("arguments", [("publish",), ("close", "--yes")], ids=["publish", "close"])
    def test_surveys_are_refused_with_those_that_there_are(
        self, lively: Installation, arguments: tuple[str, ...]
    ) -> None:
        verb, *options = arguments
        assert "no survey 'bild'; there is build-cli" in lively.error("survey", verb, "bild", *options)

    def test_a_survey_of_another_project_is_refused(self, lively: Installation) -> None:
        lively.ok("project", "create", "Deploy")
        path = lively.file("survey.yaml", SURVEY.replace("project: Build CLI", "project: Deploy"))
        message = lively.error("survey", "apply", path)
        assert re.search(r"'build-cli' belongs to the project 'Build CLI'", message)
