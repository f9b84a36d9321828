"""Does the report count people once, lose nobody silently, and keep test data apart?"""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain import statistics
from afterword.domain.question_report import GivenAnswer, QuestionReport
from afterword.domain.report import (
    COMMENTS_MAX,
    Funnel,
    InvitationCounts,
    Loss,
    Period,
    Report,
    ReportFacts,
    assemble_funnel,
    assemble_report,
)
from afterword.domain.statistics import Interval
from afterword.domain.survey.answer import Value
from afterword.domain.survey.question import (
    CesQuestion,
    MatrixQuestion,
    MultipleChoiceQuestion,
    NpsQuestion,
    Option,
    RankingQuestion,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
)
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.survey_state import Phase
from afterword.domain.survey.trigger import Trigger
from afterword.domain.throttle.reason import Reason

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPTIONS = (Option("slow", "Too slow"), Option("flaky", "Flaky tests"), Option("docs", "Docs"))
SURVEY = Definition(
    key="build",
    title="Your build",
    trigger=Trigger(("build.finished",)),
    questions=(
        RatingQuestion("csat", "How satisfied are you?"),
        NpsQuestion("nps", "Would you recommend it?"),
        SingleChoiceQuestion("worst", "What is worst?", OPTIONS),
        MultipleChoiceQuestion("seen", "What did you see?", OPTIONS),
        TextQuestion("why", "Why?"),
        RatingQuestion("three", "Mood?", points=3, labels=("Bad", "So so", "Good")),
        RatingQuestion("seven", "How much?", points=7),
        CesQuestion("ease", "It was easy."),
        YesNoQuestion("worked", "Did it work?"),
        SingleChoiceQuestion("where", "Where?", (*OPTIONS, Option("other", "Elsewhere", is_other=True))),
        MatrixQuestion("parts", "Parts?", (Option("speed", "Speed"), Option("help", "Help"))),
        RankingQuestion("order", "What first?", OPTIONS),
    ),
)


def answer(person: str, key: str, value: Value, minute: int = 0) -> GivenAnswer:
    return GivenAnswer(person, key, value, NOON + timedelta(minutes=minute))


def report(*answers: GivenAnswer, population: int | None = None, **facts: int) -> Report:
    return assemble_report(
        ReportFacts(
            definition=SURVEY,
            state=Phase.LIVE,
            version=3,
            period=Period(NOON, NOON + timedelta(days=7)),
            decisions={},
            invitations=InvitationCounts(),
            population=population,
            answers=answers,
            **facts,
        )
    )


def question(found: Report, key: str) -> QuestionReport:
    return next(question for question in found.questions if question.key == key)


def counts(found: QuestionReport) -> dict[int | str, int]:
    assert found.distribution is not None
    return {row.value: row.count for row in found.distribution.rows}


class TestFunnel:
    DECISIONS: ClassVar[dict[int, int]] = {
        Reason.INVITED: 20,
        Reason.STALE_EVENT: 5,
        Reason.SURVEY_COOLDOWN: 30,
        Reason.PERSON_UNRESOLVED: 2,
        Reason.NOT_SAMPLED: 40,
        Reason.NO_CHANNEL: 3,
    }
    INVITATIONS = InvitationCounts(
        delivered=16,
        opened=11,
        answered_partial=2,
        answered_whole=6,
        lost_before_delivery={Reason.DELIVERY_FAILED: 1},
        expired_unopened=2,
        expired_opened=1,
    )

    def test_tells_each_step_with_its_losses_in_the_order_of_the_codes(self) -> None:
        funnel = assemble_funnel(self.DECISIONS, self.INVITATIONS)
        assert [(step.name, step.count, step.losses) for step in funnel.steps] == [
            ("events", 100, ()),
            (
                "eligible",
                63,
                (
                    Loss(11, "stale_event", 5),
                    Loss(30, "person_unresolved", 2),
                    Loss(42, "survey_cooldown", 30),
                ),
            ),
            ("sampled", 23, (Loss(60, "not_sampled", 40),)),
            ("invited", 20, (Loss(80, "no_channel", 3),)),
            ("delivered", 16, (Loss(92, "delivery_failed", 1), Loss(None, "waiting", 3))),
            ("opened", 11, (Loss(91, "expired", 2), Loss(None, "not_opened", 3))),
            ("answered", 8, (Loss(91, "expired", 1), Loss(None, "not_answered", 2))),
        ]
        assert (funnel.answered_whole, funnel.answered_partial) == (6, 2)

    @given(st.dictionaries(st.sampled_from(Reason), st.integers(0, 1_000)), st.data())
    def test_adds_up_at_each_step(self, decisions: dict[int, int], data: st.DataObject) -> None:
        invited = assemble_funnel(decisions, InvitationCounts()).steps[3].count
        delivered = data.draw(st.integers(0, invited))
        opened = data.draw(st.integers(0, delivered))
        whole = data.draw(st.integers(0, opened))
        funnel = assemble_funnel(
            decisions, InvitationCounts(delivered=delivered, opened=opened, answered_whole=whole)
        )
        for before, step in zip(funnel.steps, funnel.steps[1:], strict=False):
            assert step.count + sum(loss.count for loss in step.losses) == before.count
            assert all(loss.count > 0 for loss in step.losses)

    def test_counts_no_test_data(self) -> None:
        funnel = assemble_funnel({Reason.INVITED_TEST: 7, Reason.TEST_CAPPED: 2}, InvitationCounts())
        assert {step.count for step in funnel.steps} == {0}
        assert all(step.losses == () for step in funnel.steps)

    def test_counts_what_was_invited_and_lost_later_as_invited(self) -> None:
        decisions: dict[int, int] = {Reason.INVITED: 2, Reason.CANCELLED: 1, Reason.EXPIRED: 1}
        funnel = assemble_funnel(decisions, InvitationCounts(lost_before_delivery={Reason.CANCELLED: 1}))
        assert [step.count for step in funnel.steps[:5]] == [4, 4, 4, 4, 0]

    @pytest.mark.parametrize("code", Reason)
    def test_has_a_place_for_every_reason(self, code: Reason) -> None:
        funnel = assemble_funnel({code: 1}, InvitationCounts())
        assert all(step.count in {0, 1} for step in funnel.steps)

    def test_of_nothing_is_all_zero(self) -> None:
        assert [step.count for step in assemble_funnel({}, InvitationCounts()).steps] == [0] * 7

    @pytest.mark.parametrize(
        "invitations",
        [
            InvitationCounts(delivered=3),
            InvitationCounts(delivered=1, opened=2),
            InvitationCounts(delivered=1, opened=1, answered_whole=1, answered_partial=1),
            InvitationCounts(delivered=2, opened=1, expired_unopened=2),
        ],
    )
    def test_refuses_counts_that_do_not_add_up(self, invitations: InvitationCounts) -> None:
        with pytest.raises(ValueError, match="not taken over the same invitations"):
            assemble_funnel({Reason.INVITED: 2}, invitations)

    def test_gives_the_response_rates(self) -> None:
        found = assemble_report(
            ReportFacts(SURVEY, Phase.LIVE, 1, Period(), self.DECISIONS, self.INVITATIONS, None, ())
        )
        assert found.response_rate == statistics.response_rate(8, 16)
        assert found.response_rate_whole == statistics.response_rate(6, 16)
        assert isinstance(found.funnel, Funnel)


class TestScales:
    def test_of_a_rating_give_distribution_csat_and_mean(self) -> None:
        found = question(
            report(
                answer("ana", "csat", 5), answer("ben", "csat", 4), answer("cem", "csat", 2), population=10
            ),
            "csat",
        )
        assert counts(found) == {1: 0, 2: 1, 3: 0, 4: 1, 5: 1}
        assert (found.kind, found.n, found.score_name) == ("rating", 3, "csat")
        assert found.score == statistics.csat({2: 1, 4: 1, 5: 1}, population=10)
        assert found.mean == statistics.mean_t([5, 4, 2], population=10, scale=Interval(1, 5))
        assert (found.low_label, found.high_label) == ("Very dissatisfied", "Very satisfied")

    def test_of_an_nps_give_its_groups(self) -> None:
        found = question(
            report(answer("ana", "nps", 10), answer("ben", "nps", 7), answer("cem", "nps", 0)), "nps"
        )
        assert found.score_name == "nps"
        assert found.score == statistics.nps({10: 1, 7: 1, 0: 1})
        assert found.groups is not None
        assert [(row.value, row.count) for row in found.groups.rows] == [
            ("detractors", 1),
            ("passives", 1),
            ("promoters", 1),
        ]
        assert found.mean is None

    def test_of_nobody_have_rows_and_no_numbers(self) -> None:
        found = question(report(), "csat")
        assert set(counts(found).values()) == {0}
        assert found.score is not None
        assert (found.n, found.score.value, found.score.interval) == (0, None, None)


class TestMoreScales:
    def test_three_points_count_as_satisfied_from_the_third_and_seven_from_the_sixth(self) -> None:
        found = report(
            answer("ana", "three", 3),
            answer("ben", "three", 2),
            *(answer(f"p{point}", "seven", point) for point in range(1, 8)),
        )
        three, seven = question(found, "three"), question(found, "seven")
        assert three.score == statistics.proportion(1, 2)
        assert three.mean == statistics.mean_t([3, 2], scale=Interval(1, 3))
        assert seven.score == statistics.proportion(2, 7)
        assert three.distribution is not None
        assert [row.label for row in three.distribution.rows] == ["1 – Bad", "2 – So so", "3 – Good"]
        assert (three.low_label, seven.low_label) == (None, "Very dissatisfied")

    def test_of_effort_the_score_is_the_mean(self) -> None:
        found = question(report(answer("ana", "ease", 7), answer("ben", "ease", 4), population=9), "ease")
        assert (found.score_name, found.mean) == ("ces", None)
        assert found.score == statistics.mean_t([7, 4], population=9, scale=Interval(1, 7))

    def test_of_yes_and_no_the_score_is_the_share_of_yes(self) -> None:
        answers = [answer(who, "worked", said) for who, said in (("a", "yes"), ("b", "no"), ("c", "yes"))]
        found = question(report(*answers), "worked")
        assert (found.score_name, counts(found)) == ("yes", {"yes": 2, "no": 1})
        assert found.score == statistics.proportion(2, 3)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("three", 4),
            ("seven", True),
            ("ease", "4"),
            ("worked", True),
            ("parts", {"speed": 6}),
            ("parts", {"gone": 5}),
            ("parts", 5),
            ("order", ["slow", "flaky"]),
            ("order", ["slow", "flaky", "flaky"]),
            ("order", ["slow", "flaky", "gone"]),
        ],
    )
    def test_what_does_not_fit_is_left_out_and_counted(self, key: str, value: Value) -> None:
        found = question(report(answer("ana", key, value)), key)
        assert (found.n, found.unmatched) == (0, 1)


class TestMatrix:
    def test_each_row_is_a_rating_of_those_who_rated_it(self) -> None:
        found = question(
            report(
                answer("ana", "parts", {"speed": 5, "help": 1}),
                answer("ben", "parts", {"speed": 4}),
                answer("cem", "parts", {"speed": 1, "gone": 9}),
            ),
            "parts",
        )
        speed, help_ = found.rows
        assert (found.n, found.unmatched, found.score) == (3, 0, None)
        assert (speed.key, speed.text, speed.kind, speed.n) == ("parts.speed", "Speed", "rating", 3)
        assert speed.score == statistics.csat({5: 1, 4: 1, 1: 1})
        assert (help_.n, counts(help_)[1]) == (1, 1)


class TestRanking:
    def test_gives_the_mean_place_with_its_interval_and_who_was_put_first(self) -> None:
        found = question(
            report(
                answer("ana", "order", ["docs", "slow", "flaky"]),
                answer("ben", "order", ["docs", "flaky", "slow"]),
                answer("cem", "order", ["slow", "docs", "flaky"]),
            ),
            "order",
        )
        docs, slow, flaky = found.ranking
        assert [one.label for one in found.ranking] == ["Docs", "Too slow", "Flaky tests"]
        assert docs.mean == statistics.mean_t([1, 1, 2], scale=Interval(1, 3))
        assert slow.mean.value == 2
        assert (docs.first.count, slow.first.count, flaky.first.count) == (2, 1, 0)
        assert docs.first.interval == statistics.wilson(2, 3)

    def test_of_nobody_has_no_numbers(self) -> None:
        found = question(report(), "order")
        assert [one.mean.value for one in found.ranking] == [None] * 3


class TestOthers:
    def test_are_listed_newest_first_and_only_with_answers_that_count(self) -> None:
        found = question(
            report(
                answer("ana", "where", "other", 1),
                answer("ana", "where.other", "At home", 1),
                answer("ben", "where", "other", 2),
                answer("ben", "where.other", "On the train", 2),
                answer("cem", "where", "other", 1),
                answer("cem", "where.other", "Nowhere", 1),
                answer("cem", "where", "slow", 5),
            ),
            "where",
        )
        assert found.others == ("On the train", "At home")
        assert counts(found) == {"slow": 1, "flaky": 0, "docs": 0, "other": 2}


class TestChoices:
    def test_of_one_are_counted_in_the_order_of_the_survey(self) -> None:
        found = question(report(answer("ana", "worst", "docs"), answer("ben", "worst", "docs")), "worst")
        assert list(counts(found).items()) == [("slow", 0), ("flaky", 0), ("docs", 2)]
        assert found.score is None

    def test_of_several_are_shares_of_people(self) -> None:
        found = question(
            report(answer("ana", "seen", ["slow", "docs"]), answer("ben", "seen", ["slow", "slow"])), "seen"
        )
        assert found.distribution is not None
        assert [(row.value, row.count, row.share) for row in found.distribution.rows] == [
            ("slow", 2, 1.0),
            ("flaky", 0, 0.0),
            ("docs", 1, 0.5),
        ]


class TestPeople:
    def test_count_once_with_their_latest_answer(self) -> None:
        found = report(
            answer("ana", "csat", 1, minute=5),
            answer("ana", "csat", 5, minute=60),
            answer("ana", "csat", 2, minute=30),
            answer("ben", "csat", 3),
        )
        assert counts(question(found, "csat")) == {1: 0, 2: 0, 3: 1, 4: 0, 5: 1}
        assert found.people_answered == 2

    def test_are_counted_per_question(self) -> None:
        found = report(answer("ana", "csat", 4), answer("ben", "nps", 9))
        assert (question(found, "csat").n, question(found, "nps").n, found.people_answered) == (1, 1, 2)

    def test_who_all_answered_leave_nothing_to_chance(self) -> None:
        found = question(report(answer("ana", "csat", 4), answer("ben", "csat", 1), population=2), "csat")
        assert found.score is not None
        assert (found.score.value, found.score.interval, found.score.is_census) == (0.5, None, True)

    def test_more_than_the_population_make_it_unknown(self) -> None:
        found = question(report(answer("ana", "csat", 4), answer("ben", "csat", 1), population=1), "csat")
        assert found.score == statistics.csat({4: 1, 1: 1})


class TestAnswersThatDoNotFit:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("csat", 0),
            ("csat", 6),
            ("csat", True),
            ("csat", "5"),
            ("nps", 11),
            ("worst", "gone"),
            ("worst", ["slow"]),
            ("seen", ["slow", "gone"]),
            ("seen", []),
            ("seen", "slow"),
            ("why", 5),
            ("why", "  "),
        ],
    )
    def test_are_left_out_and_counted(self, key: str, value: Value) -> None:
        found = question(report(answer("ana", key, value)), key)
        assert (found.n, found.unmatched) == (0, 1)

    def test_do_not_hide_an_earlier_one_that_fits(self) -> None:
        found = question(report(answer("ana", "csat", 4), answer("ana", "csat", 9, minute=5)), "csat")
        assert (found.n, found.unmatched) == (1, 1)

    def test_to_unknown_questions_are_ignored(self) -> None:
        found = report(answer("ana", "gone", 4))
        assert [question.n for question in found.questions] == [0] * len(SURVEY.questions)


class TestComments:
    def test_come_newest_first_without_their_authors(self) -> None:
        found = report(
            answer("ana", "why", "first", minute=1),
            answer("ben", "why", " third ", minute=3),
            answer("ana", "why", "second", minute=2),
            answer("cem", "why", " \n", minute=4),
        )
        assert [comment.text for comment in found.comments] == ["third", "second", "first"]
        assert not hasattr(found.comments[0], "person_id")
        assert question(found, "why").n == 2

    def test_are_capped_and_counted(self) -> None:
        found = report(*(answer(f"p{n}", "why", f"text {n}", minute=n) for n in range(COMMENTS_MAX + 5)))
        assert len(found.comments) == COMMENTS_MAX
        assert found.comments_total == COMMENTS_MAX + 5
        assert found.comments[0].text == f"text {COMMENTS_MAX + 4}"


def test_the_report_names_its_survey_and_keeps_test_and_suspect_responses_apart() -> None:
    found = report(test_responses=4, suspect_responses=2, population=30)
    assert (found.survey_key, found.title, found.state, found.version) == (
        "build",
        "Your build",
        Phase.LIVE,
        3,
    )
    assert found.period == Period(NOON, NOON + timedelta(days=7))
    assert (found.test_responses, found.suspect_responses, found.population) == (4, 2, 30)
    assert (found.people_answered, found.response_rate.value) == (0, None)
    assert [question.key for question in found.questions] == [one.key for one in SURVEY.questions]
