"""``afterword survey``: does a file become a survey, and is a mistake named with file, line and field?"""

import re

import pytest
import sqlalchemy as sa

from afterword.cli.open import open_app
from afterword.storage.tables import survey_version
from tests.cli.installation import PROJECT, SURVEY, Installation

BARE = SURVEY.replace("throttle:\n  send_window: any\n", "")
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
        assert home.ok("survey", "publish", "build-cli") == (
            "build-cli: version 1 is live\n"
            "Running servers follow within 2 s: they don't hear events before.\n"
        )
        assert states(home) == [("live", 1, 1)]
        assert home.ok("survey", "close", "build-cli", "--yes") == "build-cli: closed\n"
        assert states(home)[0][0] == "closed"

    def test_a_draft_gets_a_next_version_too(self, home: Installation) -> None:
        home.ok("project", "create", PROJECT)
        apply(home, SURVEY)
        assert "build-cli: changed (version 2, draft)" in apply(home, CHANGED)
        assert states(home) == [("draft", 2, None)]

    def test_a_live_survey_gets_a_next_version_that_waits(self, lively: Installation) -> None:
        assert "build-cli: changed (version 2, waits to be published; version 1 stays live)" in apply(
            lively, CHANGED
        )
        assert states(lively) == [("live", 2, 1)]
        assert "version 2 waits to be published" in lively.ok("survey", "list")
        assert "version 2 is live" in lively.ok("survey", "publish", "build-cli")
        assert states(lively) == [("live", 2, 2)]
        assert "waits" not in lively.ok("survey", "list")

    def test_the_same_file_again_changes_nothing(self, lively: Installation) -> None:
        assert apply(lively, SURVEY) == "build-cli: unchanged (version 1, live)\n"
        assert apply(lively, "# a comment\n" + SURVEY) == "build-cli: rewritten (version 1, live)\n"
        assert apply(lively, "# a comment\n" + SURVEY) == "build-cli: unchanged (version 1, live)\n"

    def test_the_same_file_of_a_version_that_waits_says_so(self, lively: Installation) -> None:
        apply(lively, CHANGED)
        said = "build-cli: unchanged (version 2, waits to be published; version 1 stays live)\n"
        assert apply(lively, CHANGED) == said
        assert said in lively.run("survey", "plan", lively.file("survey.yaml", CHANGED)).out

    def test_publishing_and_closing_again_change_nothing(self, lively: Installation) -> None:
        lively.ok("survey", "publish", "build-cli")
        assert states(lively) == [("live", 1, 1)]
        for _ in range(2):
            assert lively.ok("survey", "close", "build-cli", "--yes") == "build-cli: closed\n"

    def test_closing_asks_first(self, lively: Installation) -> None:
        lively.track()
        lively.work()
        refused = lively.run("survey", "close", "build-cli", typed="n\n")
        assert "Aborted" in refused.err
        assert refused.out.startswith(
            "Nobody can answer build-cli any more after this. Open invitations that end with it: 1. "
            "Close it for good?"
        )
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
        assert "build-cli: would be changed (version 2, waits to be published; version 1 stays live)" in out
        assert "survey publish" not in out
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
        assert lively.ok("survey", "list") == "build-cli  live  version 1  Build CLI\n"
        assert lively.json("survey", "list") == [
            {
                "key": "build-cli",
                "project": PROJECT,
                "state": "live",
                "phase": "live",
                "latest_version": 1,
                "live_version": 1,
                "paused_by": [],
                "starts_at": None,
                "ends_at": None,
            }
        ]

    def test_shows_a_schedule(self, lively: Installation) -> None:
        later = SURVEY.replace("build-cli", "later") + "starts_at: 2999-03-01\nends_at: 2999-04-01\n"
        apply(lively, later, "--publish")
        assert lively.ok("survey", "list").splitlines() == [
            "build-cli  live                                    version 1  Build CLI",
            "later      scheduled, starts 2999-03-01 00:00 UTC  version 1  Build CLI",
        ]
        assert lively.ok("survey", "publish", "later").startswith(
            "later: version 1 is published, and scheduled, starts 2999-03-01 00:00 UTC\n"
        )
        (_, listed) = lively.json("survey", "list")
        assert (listed["state"], listed["phase"], listed["starts_at"]) == (
            "live",
            "scheduled",
            "2999-03-01T00:00:00+00:00",
        )
        apply(lively, later.replace("starts_at: 2999-03-01\n", ""), "--publish")
        assert "later      live, ends 2999-04-01 00:00 UTC  version 2" in lively.ok("survey", "list")


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
            (
                "title: How was your build?",
                "title: 1.5e+3",
                ":3: title: this must be text: put it into quotes",
            ),
            ("title: How was your build?", "title: !!python/object:os.system x", ":3: this is not YAML"),
            ("title: How was your build?", "title: 5", ":3: title: "),
            ("title: How was your build?", "title: ''", ":3: title: "),
        ],
        ids=range(30),
    )
    def test_are_named_with_line_and_field(self, lively: Installation, old: str, new: str, said: str) -> None:
        assert old in BARE
        assert said in " " + complaint(lively, BARE.replace(old, new, 1))

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            pytest.param("", "empty", id="empty"),
            pytest.param("# only a comment\n", "empty", id="only a comment"),
            pytest.param("just a text", ":1:", id="a text"),
            pytest.param("- a\n- b\n", ":1:", id="a list"),
            pytest.param("a: 1\n---\nb: 2\n", "not YAML", id="two documents"),
            pytest.param("\x07", "not YAML", id="a control character"),
            pytest.param("a: " + "[" * 1_500, "this nests too deeply", id="nested too deep"),
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


class TestPause:
    def test_is_told_and_can_be_taken_back(self, lively: Installation) -> None:
        assert lively.ok("survey", "pause", "build-cli") == (
            "build-cli: paused; `afterword survey resume build-cli` lets it ask again\n"
        )
        assert states(lively) == [("paused", 1, 1)]
        assert "(version 2, waits to be published; version 1 stays paused)" in apply(lively, CHANGED)
        assert lively.ok("survey", "publish", "build-cli") == (
            "build-cli: version 2 is published, and paused\n"
            "Running servers follow within 2 s: they don't hear events before.\n"
        )
        assert lively.ok("survey", "resume", "build-cli") == "build-cli: version 2 is live\n"

    def test_by_a_policy_is_told_wherever_the_state_is(self, lively: Installation) -> None:
        paused = SURVEY.replace("throttle:\n", "throttle:\n  pause: true\n")
        assert "Running servers follow within 2 s" in apply(lively, paused, "--publish")
        lively.ok("policy", "apply", lively.file("o.yaml", "policy: organisation\nthrottle: {pause: true}\n"))
        said = "live, paused by its file and the organisation"
        assert lively.ok("survey", "list") == f"build-cli  {said}  version 2  Build CLI\n"
        assert f"\n  {said}, of the project Build CLI\n" in lively.ok("survey", "show", "build-cli")
        assert lively.ok("survey", "resume", "build-cli") == (
            "build-cli: version 2 is published, but paused by its file and the organisation\n"
        )
        assert lively.json("survey", "list")[0]["paused_by"] == ["survey", "organisation"]
        lively.ok("survey", "pause", "build-cli")
        assert lively.ok("survey", "list") == "build-cli  paused  version 2  Build CLI\n"

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_of_a_draft_is_refused(self, home: Installation, verb: str) -> None:
        home.ok("project", "create", PROJECT)
        apply(home, SURVEY)
        assert "'build-cli' is a draft: only a live one can be paused" in home.error(
            "survey", verb, "build-cli"
        )

    @pytest.mark.parametrize("verb", ["pause", "resume", "show", "export"])
    def test_and_others_of_an_unknown_survey_are_refused(self, lively: Installation, verb: str) -> None:
        assert "no survey 'bild'; there is build-cli" in lively.error("survey", verb, "bild")


class TestShow:
    def test_lists_the_versions(self, lively: Installation) -> None:
        apply(lively, CHANGED)
        lines = lively.ok("survey", "show", "build-cli").splitlines()
        assert lines[:2] == ["build-cli: How was your build?", "  live, of the project Build CLI"]
        assert re.fullmatch(r"  version 1, made .+ UTC  live", lines[2])
        assert re.fullmatch(r"  version 2, made .+ UTC  waits to be published", lines[3])
        versions = lively.json("survey", "show", "build-cli")["versions"]
        assert [(one["version"], one["is_live"]) for one in versions] == [(1, True), (2, False)]


class TestPlan:
    def test_ends_with_0_when_there_is_nothing_to_do(self, lively: Installation) -> None:
        done = lively.run("survey", "plan", lively.file("survey.yaml", SURVEY))
        assert (done.status, done.err) == (0, "")
        assert done.out == "build-cli: unchanged (version 1, live)\nChecked: 1. With changes: 0.\n"

    def test_ends_with_2_when_there_are_changes_and_shows_them(self, lively: Installation) -> None:
        path = lively.file("survey.yaml", CHANGED)
        done = lively.run("survey", "plan", path)
        assert (done.status, done.err) == (2, "")
        assert "-title: How was your build?\n+title: How was it?\n" in done.out
        assert "would be changed (version 2, waits to be published; version 1 stays live)" in done.out
        done = lively.run("survey", "plan", path, "--publish")
        assert "would be changed (version 2, would be published)" in done.out
        assert states(lively) == [("live", 1, 1)]

    def test_ends_with_1_when_something_is_wrong(self, lively: Installation) -> None:
        path = lively.file("survey.yaml", CHANGED.replace("title", "titel"))
        assert "did you mean title?" in lively.error("survey", "plan", path)
        for arguments in ((), (path, "--nope"), (path, "--expect-version", "-1")):
            done = lively.run("survey", "plan", *arguments)
            assert (done.status, done.out) == (1, ""), arguments
            assert "Error: " in done.err

    def test_is_json_for_programs(self, lively: Installation) -> None:
        path = lively.file("survey.yaml", CHANGED)
        done = lively.run("survey", "plan", path, "--publish", "--json")
        (row,) = done.json
        assert done.status == 2
        assert "+title: How was it?" in row.pop("difference")
        assert row == {
            "file": path,
            "key": "build-cli",
            "change": "changed",
            "version": 2,
            "state": "live",
            "published": True,
        }

    def test_of_a_directory_tells_all_that_is_wrong_on_lines_of_their_own(self, lively: Installation) -> None:
        (lively.folder / "surveys").mkdir()
        lively.file("surveys/a.yaml", SURVEY.replace("title", "titel"))
        lively.file("surveys/b.yaml", SURVEY.replace("project: Build CLI", "project: 5"))
        for verb in ("plan", "apply"):
            done = lively.run("survey", verb, str(lively.folder / "surveys"))
            assert (done.status, done.out) == (1, "")
            head, first, second = done.err.splitlines()
            assert head == "Error: nothing was done, for there is this to mend:"
            assert first.endswith("a.yaml:3: titel: there is no such field: did you mean title?")
            assert second.endswith(
                "b.yaml:2: project: this must be text: put it into quotes, "
                "for YAML reads it as something else"
            )


class TestApplyOfSeveral:
    def test_publishes_all_at_once(self, lively: Installation) -> None:
        (lively.folder / "surveys").mkdir()
        lively.file("surveys/a.yaml", CHANGED)
        lively.file("surveys/b.yaml", SURVEY.replace("build-cli", "other"))
        out = lively.ok("survey", "apply", str(lively.folder / "surveys"), "--publish")
        assert out == (
            "build-cli: changed (version 2, published, live)\nother: created (version 1, published, live)\n"
            "Running servers follow within 2 s: they don't hear events before.\n"
        )
        assert states(lively) == [("live", 2, 2), ("live", 1, 1)]

    def test_does_not_take_one_version_for_several(self, lively: Installation) -> None:
        (lively.folder / "surveys").mkdir()
        lively.file("surveys/a.yaml", CHANGED)
        lively.file("surveys/b.yaml", SURVEY.replace("build-cli", "other"))
        assert "--expect-version is about one survey: these are 2 files" in lively.error(
            "survey", "apply", str(lively.folder / "surveys"), "--expect-version", "1"
        )


class TestTwoEditors:
    def test_the_second_one_is_told_of_the_first(self, lively: Installation) -> None:
        apply(lively, CHANGED, "--expect-version", "1")
        path = lively.file("survey.yaml", SURVEY)
        message = lively.error("survey", "apply", path, "--expect-version", "1")
        assert re.search(
            r"survey\.yaml:1: survey: somebody else changed the survey 'build-cli': it is at version 2, made "
            r".+ UTC, and you expect 1\. `afterword survey export build-cli` shows theirs: take it over, "
            r"then apply with --expect-version 2$",
            message.rstrip(),
        )
        assert states(lively) == [("live", 2, 1)]


class TestExport:
    @pytest.mark.parametrize(
        "text",
        [
            SURVEY,
            "# Größe ✓\n\n" + SURVEY + "\n# the end, without an end of line",
            SURVEY.replace("\n", "\r\n"),
            "\ufeff" + SURVEY,
            SURVEY.replace("questions", '"questions"').replace("[build.finished]", "[ build.finished  ]"),
        ],
        ids=["plain", "comments", "CRLF", "byte order mark", "layout"],
    )
    def test_is_the_file_byte_for_byte(self, home: Installation, text: str) -> None:
        home.ok("project", "create", PROJECT)
        apply(home, text)
        done = home.run("survey", "export", "build-cli")
        assert (done.status, done.out, done.err) == (0, text, "build-cli: this is version 1\n")
        assert apply(home, done.out) == "build-cli: unchanged (version 1, draft)\n"

    def test_gives_each_version(self, lively: Installation) -> None:
        apply(lively, CHANGED)
        assert lively.run("survey", "export", "build-cli", "--version", "1").out == SURVEY
        assert lively.run("survey", "export", "build-cli").out == CHANGED
        assert "has no version 3: it has 1 to 2" in lively.error(
            "survey", "export", "build-cli", "--version", "3"
        )

    def test_of_a_version_without_a_file_is_its_definition(self, lively: Installation) -> None:
        with open_app() as parts, parts.database.write() as connection:
            connection.execute(sa.update(survey_version).values(source=None))
        text = lively.run("survey", "export", "build-cli").out
        assert text.startswith("survey: build-cli\nproject: Build CLI\n")
        assert apply(lively, text) == "build-cli: rewritten (version 1, live)\n"


class TestLint:
    def test_of_a_good_file_ends_with_0(self, home: Installation) -> None:
        assert home.ok("survey", "lint", home.file("survey.yaml", SURVEY)) == "Checked: 1. Hints: 0.\n"

    def test_names_line_field_and_rule_and_ends_with_1(self, home: Installation) -> None:
        text = SURVEY.replace("How satisfied are you?", "How satisfied are you with speed and looks?")
        text += "translations: {de: {title: Wie war es}}\n"
        path = home.file("survey.yaml", text)
        done = home.run("survey", "lint", path)
        assert (done.status, done.err) == (1, "")
        first, other, last = done.out.splitlines()
        assert first == (
            f"{path}:11: questions[0].text: 'speed and looks' asks two things at once: "
            "make two questions [KP, PEW] (double_barrelled)"
        )
        assert other.endswith("questions.satisfaction.text, questions.comment.text (missing_translation)")
        assert last == "Checked: 1. Hints: 2."
        assert home.run("survey", "lint", path, "--json").json[0]["rule"] == "double_barrelled"
        ignored = home.run("survey", "lint", path, "--ignore", "double_barrelled")
        assert (ignored.status, ignored.out) == (1, f"{other}\nChecked: 1. Hints: 1.\n")
        both = ("--ignore", "double_barrelled", "--ignore", "missing_translation")
        assert home.ok("survey", "lint", path, *both) == "Checked: 1. Hints: 0.\n"

    def test_takes_standard_input(self, home: Installation) -> None:
        assert home.ok("survey", "lint", "-", typed=SURVEY) == "Checked: 1. Hints: 0.\n"
        wrong = home.error("survey", "lint", "-", typed=SURVEY.replace("title", "titel"))
        assert wrong == "Error: standard input:3: titel: there is no such field: did you mean title?\n"
        assert (
            "can't read standard input: it is not UTF-8" in home.run("survey", "lint", "-", typed=b"\xff").err
        )

    def test_needs_no_database_and_makes_none(
        self, home: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AFTERWORD_DATA", str(home.folder / "nowhere"))
        done = home.run("survey", "lint", "-", typed=SURVEY)
        assert (done.status, done.out) == (0, "Checked: 1. Hints: 0.\n")
        assert done.err.startswith("Not compared with people and surveys: there is no database in ")
        assert not (home.folder / "nowhere").exists()

    def test_a_rule_that_there_is_not_can_not_be_ignored(self, home: Installation) -> None:
        assert "Invalid value for '--ignore'" in home.usage_error("survey", "lint", "-", "--ignore", "nope")

    def test_of_settings_is_told_when_a_file_is_applied(self, lively: Installation) -> None:
        path = lively.file("survey.yaml", SURVEY.replace("throttle:\n", "throttle:\n  holdout: 1\n"))
        for verb, status in (("plan", 2), ("apply", 0)):
            done = lively.run("survey", verb, path)
            assert done.status == status
            assert done.err == f"Hint: {path}:7: throttle.holdout: everybody is held out (asks_nobody)\n"

    @pytest.mark.parametrize(("locale", "place"), [("fi", "locale"), ("de", "translations.sv-FI")])
    def test_says_in_which_languages_all_around_is_english(
        self, home: Installation, locale: str, place: str
    ) -> None:
        text = f"{SURVEY}locale: {locale}\n"
        if place != "locale":
            text += "translations:\n  sv-FI: {title: Hur var det}\n  fr: {title: Comment}\n"
        out = home.run("survey", "lint", home.file("survey.yaml", text)).out
        (hint,) = [line for line in out.splitlines() if line.endswith("(unspoken_locale)")]
        assert f": {place}: Afterword has no words in {place.removeprefix('translations.')}" in hint.replace(
            "in fi", "in locale"
        )

    @pytest.mark.parametrize(("caps", "hints"), [("", 1), ("  caps: {7d: 2}\n", 0), ("  caps: {1d: 2}\n", 1)])
    def test_says_when_caps_let_no_reminder_go(self, home: Installation, caps: str, hints: int) -> None:
        text = SURVEY.replace("throttle:\n", "throttle:\n  reminders: {after: 24h}\n" + caps)
        out = home.run("survey", "lint", home.file("survey.yaml", text)).out
        assert out.count("(no_reminder)") == hints
        assert out.endswith(f"Checked: 1. Hints: {hints}.\n")

    @pytest.mark.parametrize(("after", "hints"), [("71h", 0), ("72h", 1)])
    def test_says_when_an_invitation_ends_before_its_next_channel(
        self, home: Installation, after: str, hints: int
    ) -> None:
        text = SURVEY.replace("throttle:\n", f"throttle:\n  next_channel_after: {after}\n")
        out = home.run("survey", "lint", home.file("survey.yaml", text)).out
        assert out.count("(no_next_channel)") == hints

    @pytest.mark.parametrize(
        ("throttle", "rules"),
        [
            ("  caps: {7d: 2}\n  reminders: {after: 72h}\n", ["no_reminder"]),
            ("  caps: {7d: 2}\n  reminders: {after: 71h}\n", []),
            ("  expires_after: 4h\n", ["short_expiry"]),
            ("  send_window: {defer: 72h}\n", ["short_expiry"]),
            ("  expires_after: 241m\n", []),
        ],
    )
    def test_says_what_an_early_expiry_never_lets_happen(
        self, home: Installation, throttle: str, rules: list[str]
    ) -> None:
        text = SURVEY.replace("  send_window: any\n", throttle)
        hints = home.run("survey", "lint", home.file("survey.yaml", text), "--json").json
        assert [hint["rule"] for hint in hints] == rules

    def test_of_a_bad_file_is_an_error(self, home: Installation) -> None:
        path = home.file("survey.yaml", SURVEY.replace("title", "titel"))
        assert "did you mean title?" in home.error("survey", "lint", path)


class TestSchema:
    def test_is_json_that_names_its_draft(self, home: Installation) -> None:
        done = home.run("survey", "schema")
        assert done.json["$schema"] == "https://json-schema.org/draft/2020-12/schema"
