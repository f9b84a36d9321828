"""Do the rules that look at what a person was asked before count right, up to the microsecond?"""

from dataclasses import replace
from typing import Any

import pytest

from afterword.domain.survey.policy import Cap, Cooldown, GlobalCooldownUse, Policy, Repeat
from afterword.domain.throttle.eligibility import decide
from afterword.domain.throttle.facts import Asked, Outcome
from afterword.domain.throttle.reason import Reason
from afterword.domain.throttle.rules.exposures import may_remind
from tests.domain.throttle.throttle_facts import (
    DAY,
    FREE,
    GOOD,
    HOUR,
    NOW,
    TICK,
    ana,
    asked,
    asked_other,
    of_survey,
    saw_of,
    why_not,
)

SNOOZED, DISMISSED, ANSWERED = Outcome.SNOOZED, Outcome.DISMISSED, Outcome.ANSWERED
CALM = replace(FREE, cooldown=Cooldown(90 * DAY, 60 * DAY, 30 * DAY, 7 * DAY))
BUILD = frozenset({"build"})


def reasons_after(policy: Policy, *before: Asked, **survey: Any) -> tuple[Reason, ...]:
    return why_not(replace(GOOD, person=ana(asked=before), survey=of_survey(**survey)), policy)


def saw_after(reason: Reason, policy: Policy, *before: Asked, **survey: Any) -> object:
    facts = replace(GOOD, person=ana(asked=before), survey=of_survey(**survey))
    return saw_of(decide(facts, policy, NOW))[reason]


class TestOpenInvitations:
    ONE = replace(FREE, max_open=1)

    def test_of_any_survey_count_until_they_expire(self) -> None:
        open_one = asked_other(DAY, None, expires_at=NOW + TICK)
        assert reasons_after(self.ONE, open_one) == (Reason.OPEN_INVITATION,)
        assert reasons_after(self.ONE, open_one._replace(expires_at=NOW)) == ()

    @pytest.mark.parametrize("outcome", Outcome)
    def test_that_the_person_reacted_to_are_not_open(self, outcome: Outcome) -> None:
        assert reasons_after(self.ONE, asked(TICK, outcome)) == ()

    @pytest.mark.parametrize(
        ("collapses", "changes", "fits"),
        [
            (True, {}, False),
            (False, {}, True),
            (True, {"send_at": NOW}, True),
            (True, {"send_at": None}, True),
            (True, {"outcome": ANSWERED}, True),
            (True, {"survey_id": 99}, True),
        ],
    )
    def test_of_this_survey_that_wait_take_up_further_matches(
        self, collapses: bool, changes: dict[str, Any], fits: bool
    ) -> None:
        one = asked(HOUR, None)._replace(**{"send_at": NOW + TICK, **changes})
        facts = replace(GOOD, person=ana(asked=(one,)), collapses=collapses)
        assert why_not(facts, FREE) == (() if fits else (Reason.OPEN_INVITATION,))

    def test_are_counted(self) -> None:
        two = asked_other(DAY, None), asked(HOUR, None)
        assert reasons_after(replace(FREE, max_open=2), *two) == (Reason.OPEN_INVITATION,)
        assert reasons_after(replace(FREE, max_open=3), *two) == ()
        saw = saw_after(Reason.OPEN_INVITATION, replace(FREE, max_open=3), *two)
        assert saw == {"open": 2, "max_open": 3}

    def test_may_be_any_number(self) -> None:
        assert reasons_after(FREE, asked(DAY, None), asked(HOUR, None)) == ()


class TestRepeat:
    ONCE, UNTIL = replace(FREE, repeat=Repeat.ONCE), replace(FREE, repeat=Repeat.UNTIL_ANSWERED, shows_max=2)

    @pytest.mark.parametrize("outcome", [None, *Outcome])
    def test_once_is_once_however_it_ended(self, outcome: Outcome | None) -> None:
        assert reasons_after(self.ONCE) == ()
        assert reasons_after(self.ONCE, asked(900 * DAY, outcome)) == (Reason.REPEAT_EXHAUSTED,)

    def test_other_surveys_are_none_of_its_business(self) -> None:
        others = (asked_other(9 * DAY), asked_other(8 * DAY), asked_other(7 * DAY, None))
        assert reasons_after(self.ONCE, *others) == ()
        assert reasons_after(self.UNTIL, *others) == ()

    def test_until_answered_asks_as_often_as_it_may(self) -> None:
        assert reasons_after(self.UNTIL, asked(900 * DAY, None)) == ()
        shown = asked(900 * DAY, None), asked(800 * DAY, SNOOZED)
        assert reasons_after(self.UNTIL, *shown) == (Reason.REPEAT_EXHAUSTED,)

    def test_until_answered_ends_with_the_answer(self) -> None:
        assert reasons_after(self.UNTIL, asked(900 * DAY, ANSWERED)) == (Reason.REPEAT_EXHAUSTED,)

    def test_recurring_asks_again(self) -> None:
        assert reasons_after(FREE, asked(9 * DAY), asked(8 * DAY), asked(7 * DAY)) == ()

    def test_says_what_it_saw(self) -> None:
        once = saw_after(Reason.REPEAT_EXHAUSTED, self.ONCE, asked(DAY), asked_other(HOUR))
        assert once == {"shown": 1, "shows_max": 1, "has_answered": True}
        until = saw_after(Reason.REPEAT_EXHAUSTED, self.UNTIL, asked(DAY, DISMISSED))
        assert until == {"shown": 1, "shows_max": 2, "has_answered": False}


class TestCooldowns:
    @pytest.mark.parametrize(
        ("outcome", "days"), [(ANSWERED, 90), (DISMISSED, 60), (None, 30), (SNOOZED, 7)], ids=str
    )
    def test_of_the_survey_go_by_how_the_last_one_ended(self, outcome: Outcome | None, days: int) -> None:
        assert reasons_after(CALM, asked(days * DAY - TICK, outcome)) == (Reason.SURVEY_COOLDOWN,)
        assert reasons_after(CALM, asked(days * DAY, outcome)) == ()

    def test_of_the_survey_look_at_its_last_one_only(self) -> None:
        assert reasons_after(CALM, asked(80 * DAY, ANSWERED), asked(8 * DAY, SNOOZED)) == ()
        assert reasons_after(CALM, asked(80 * DAY, SNOOZED), asked(8 * DAY)) == (Reason.SURVEY_COOLDOWN,)
        assert reasons_after(CALM, asked(80 * DAY), asked_other(60 * DAY)) == (Reason.SURVEY_COOLDOWN,)
        assert reasons_after(CALM, asked_other(TICK)) == ()

    @pytest.mark.parametrize("outcome", [None, *Outcome])
    def test_of_the_project_hold_for_all_of_its_surveys(self, outcome: Outcome | None) -> None:
        policy = replace(FREE, project_cooldown=30 * DAY)
        sister = asked(30 * DAY - TICK, outcome, survey_id=5)
        assert reasons_after(policy, sister) == (Reason.PROJECT_COOLDOWN,)
        assert reasons_after(policy, sister._replace(at=NOW - 30 * DAY)) == ()
        assert reasons_after(policy, sister, asked_other(TICK)) == (Reason.PROJECT_COOLDOWN,)
        assert reasons_after(policy, sister._replace(at=NOW - 31 * DAY), asked_other(TICK)) == ()

    @pytest.mark.parametrize("use", [GlobalCooldownUse.RESPECT, GlobalCooldownUse.CUSTOM])
    def test_of_everything_hold_for_every_survey(self, use: GlobalCooldownUse) -> None:
        policy = replace(FREE, global_cooldown=14 * DAY, global_cooldown_use=use)
        assert reasons_after(policy, asked_other(14 * DAY - TICK)) == (Reason.GLOBAL_COOLDOWN,)
        assert reasons_after(policy, asked(20 * DAY), asked_other(14 * DAY)) == ()

    def test_of_everything_may_be_ignored(self) -> None:
        policy = replace(FREE, global_cooldown=14 * DAY, global_cooldown_use=GlobalCooldownUse.IGNORE)
        assert reasons_after(policy, asked_other(TICK)) == ()
        assert saw_after(Reason.GLOBAL_COOLDOWN, policy, asked_other(TICK)) == {"use": "ignore"}

    def test_say_what_they_saw(self) -> None:
        policy, last = Policy(), asked(40 * DAY, SNOOZED)
        other = asked_other(3 * DAY)
        invited = {"invited_at": last.at, "outcome": "snoozed"}
        assert saw_after(Reason.SURVEY_COOLDOWN, policy, last, other) == invited | {"cooldown_s": 604_800.0}
        assert saw_after(Reason.PROJECT_COOLDOWN, policy, last, other) == invited | {
            "cooldown_s": 2_592_000.0
        }
        assert saw_after(Reason.GLOBAL_COOLDOWN, policy, last, other) == {
            "invited_at": other.at,
            "cooldown_s": 1_209_600.0,
            "outcome": "answered",
        }

    def test_each_has_a_clock_of_its_own(self) -> None:
        policy = replace(CALM, global_cooldown=14 * DAY)
        assert reasons_after(policy, asked(20 * DAY, SNOOZED), asked_other(15 * DAY)) == ()
        assert reasons_after(policy, asked(6 * DAY, SNOOZED)) == (
            Reason.SURVEY_COOLDOWN,
            Reason.GLOBAL_COOLDOWN,
        )


class TestCaps:
    TWO = replace(FREE, caps=(Cap(2, 30 * DAY),))

    def test_count_exposures_within_a_rolling_window(self) -> None:
        assert reasons_after(self.TWO, asked(30 * DAY - TICK), asked_other(DAY)) == (Reason.PERSON_CAP,)
        assert reasons_after(self.TWO, asked(30 * DAY), asked_other(DAY)) == ()

    def test_count_reminders(self) -> None:
        reminded = asked(2 * DAY, reminded_at=NOW - DAY)
        assert reasons_after(self.TWO, reminded) == (Reason.PERSON_CAP,)
        assert reasons_after(self.TWO, asked(2 * DAY)) == ()

    def test_count_a_reminder_that_is_in_the_window_alone(self) -> None:
        one = replace(FREE, caps=(Cap(1, 7 * DAY),))
        first = asked(9 * DAY, reminded_at=NOW - 7 * DAY + TICK)
        assert reasons_after(one, first) == (Reason.PERSON_CAP,)
        assert reasons_after(one, first._replace(reminded_at=NOW - 7 * DAY)) == ()

    @pytest.mark.parametrize(
        ("ago", "passed"),
        [((1 * DAY - TICK,), False), ((1 * DAY,), False), ((7 * DAY - TICK,), False), ((7 * DAY,), True),
         ((29 * DAY, 8 * DAY), False), ((30 * DAY, 8 * DAY), True),
         ((89 * DAY, 60 * DAY, 31 * DAY, 8 * DAY), False), ((90 * DAY, 60 * DAY, 31 * DAY, 8 * DAY), True)],
        ids=range(8),
    )  # fmt: skip
    def test_of_one_day_a_week_a_month_and_a_quarter_all_hold(
        self, ago: tuple[Any, ...], passed: bool
    ) -> None:
        policy = replace(FREE, caps=Policy().caps)
        assert reasons_after(policy, *map(asked, ago)) == (() if passed else (Reason.PERSON_CAP,))

    def test_show_the_one_that_is_exceeded_most(self) -> None:
        policy = replace(FREE, caps=(Cap(3, 90 * DAY), Cap(1, DAY), Cap(2, 30 * DAY)))
        before = asked(80 * DAY), asked(20 * DAY), asked(10 * DAY)
        saw = saw_after(Reason.PERSON_CAP, policy, *before)
        assert saw == {"exposures": 3, "cap": 3, "window_s": 7_776_000.0}
        before = asked(5 * HOUR), asked(4 * HOUR), asked(3 * HOUR)
        assert saw_after(Reason.PERSON_CAP, policy, *before) == {
            "exposures": 3,
            "cap": 1,
            "window_s": 86_400.0,
        }

    def test_of_zero_let_nobody_pass(self) -> None:
        assert reasons_after(replace(FREE, caps=(Cap(0, DAY),))) == (Reason.PERSON_CAP,)


class TestGroupCaps:
    POLICY = replace(FREE, group_caps={"build": Cap(1, 7 * DAY), "deploy": Cap(1, 30 * DAY)})

    def test_count_surveys_of_the_group_in_every_project(self) -> None:
        before = asked_other(7 * DAY - TICK, tags=BUILD)
        assert reasons_after(self.POLICY, before, tags=BUILD) == (Reason.GROUP_CAP,)
        assert reasons_after(self.POLICY, before._replace(at=NOW - 7 * DAY), tags=BUILD) == ()

    def test_count_no_others(self) -> None:
        others = asked(DAY, tags=frozenset({"deploy"})), asked(HOUR)
        assert reasons_after(self.POLICY, *others, tags=BUILD) == ()

    def test_count_reminders(self) -> None:
        reminded = asked_other(8 * DAY, tags=BUILD, reminded_at=NOW - 6 * DAY)
        assert reasons_after(self.POLICY, reminded, tags=BUILD) == (Reason.GROUP_CAP,)

    def test_hold_only_for_surveys_with_the_tag(self) -> None:
        assert reasons_after(self.POLICY, asked_other(DAY, tags=BUILD)) == ()
        assert reasons_after(self.POLICY, asked_other(DAY, tags=BUILD), tags=frozenset({"other"})) == ()

    def test_of_two_tags_both_hold_and_the_worse_is_shown(self) -> None:
        both = frozenset({"build", "deploy"})
        saw = saw_after(Reason.GROUP_CAP, self.POLICY, asked(20 * DAY, tags=both), tags=both)
        assert saw == {"tag": "deploy", "exposures": 1, "cap": 1, "window_s": 2_592_000.0}
        assert reasons_after(self.POLICY, asked(20 * DAY, tags=both), tags=both) == (Reason.GROUP_CAP,)
        policy = replace(FREE, group_caps={"build": Cap(1, 7 * DAY), "deploy": Cap(5, 30 * DAY)})
        saw = saw_after(Reason.GROUP_CAP, policy, asked(DAY, tags=both), tags=both)
        assert saw == {"tag": "build", "exposures": 1, "cap": 1, "window_s": 604_800.0}


class TestBackoff:
    WEEKLY = replace(
        FREE, backoff=True, project_cooldown=7 * DAY, cooldown=Cooldown(6 * DAY, 5 * DAY, 4 * DAY, 3 * DAY)
    )

    @pytest.mark.parametrize(("ignored", "factor"), [(1, 2), (2, 4), (3, 4), (9, 4)])
    def test_grows_with_each_one_that_is_ignored_in_a_row(self, ignored: int, factor: int) -> None:
        before = [asked((100 + number) * DAY, None) for number in range(ignored - 1)]
        last = asked(factor * 7 * DAY - TICK, None)
        assert reasons_after(self.WEEKLY, *reversed(before), last) == (Reason.BACKOFF,)
        assert reasons_after(self.WEEKLY, *reversed(before), last._replace(at=NOW - factor * 7 * DAY)) == ()

    @pytest.mark.parametrize("outcome", Outcome)
    def test_starts_anew_when_the_person_reacts(self, outcome: Outcome) -> None:
        before = asked(90 * DAY, None), asked(80 * DAY, None), asked(70 * DAY, outcome)
        assert reasons_after(self.WEEKLY, *before, asked(14 * DAY, None)) == ()
        assert reasons_after(self.WEEKLY, *before) == ()

    def test_counts_all_surveys(self) -> None:
        last = asked(27 * DAY, None)
        assert reasons_after(self.WEEKLY, asked_other(60 * DAY, None), last) == (Reason.BACKOFF,)
        assert reasons_after(self.WEEKLY, last) == ()

    def test_what_is_open_was_not_ignored_and_breaks_no_row(self) -> None:
        open_one = asked_other(DAY, None)
        assert reasons_after(self.WEEKLY, asked(15 * DAY, None), open_one) == ()
        row = asked_other(60 * DAY, None), asked(27 * DAY, None), open_one
        assert reasons_after(self.WEEKLY, *row) == (Reason.BACKOFF,)

    def test_is_ignored_from_its_end_on(self) -> None:
        last = asked(9 * DAY, None, expires_at=NOW + TICK)
        assert reasons_after(self.WEEKLY, last) == ()
        assert reasons_after(self.WEEKLY, last._replace(expires_at=NOW)) == (Reason.BACKOFF,)

    def test_stretches_the_cooldown_of_the_survey(self) -> None:
        policy = replace(FREE, backoff=True, cooldown=Cooldown(ignored=10 * DAY))
        assert reasons_after(policy, asked(20 * DAY - TICK, None)) == (Reason.BACKOFF,)
        assert reasons_after(policy, asked(20 * DAY, None)) == ()
        assert reasons_after(policy, asked_other(10 * DAY, None)) == ()

    def test_stretches_the_cooldown_of_everything_unless_it_is_ignored(self) -> None:
        policy = replace(FREE, backoff=True, global_cooldown=10 * DAY)
        last = asked_other(20 * DAY - TICK, None)
        assert reasons_after(policy, last) == (Reason.BACKOFF,)
        assert reasons_after(policy, last._replace(at=NOW - 20 * DAY)) == ()
        ignoring = replace(policy, global_cooldown_use=GlobalCooldownUse.IGNORE)
        assert reasons_after(ignoring, last) == ()

    def test_of_a_survey_that_shares_no_clock_has_nothing_to_stretch(self) -> None:
        policy = replace(self.WEEKLY, global_cooldown_use=GlobalCooldownUse.IGNORE)
        assert reasons_after(policy, asked_other(4 * DAY, None)) == ()
        saw = saw_after(Reason.BACKOFF, policy, asked_other(4 * DAY, None))
        assert saw == {"ignored": 1, "factor": 2}

    def test_stretches_the_cooldown_of_the_survey_by_how_its_last_one_ended(self) -> None:
        policy = replace(FREE, backoff=True, cooldown=Cooldown(answered=20 * DAY, ignored=DAY))
        ignored = asked_other(5 * DAY, None)
        assert reasons_after(policy, asked(40 * DAY - TICK), ignored) == (Reason.BACKOFF,)
        assert reasons_after(policy, asked(40 * DAY), ignored) == ()

    def test_can_be_off(self) -> None:
        assert reasons_after(replace(self.WEEKLY, backoff=False), asked(8 * DAY, None)) == ()

    def test_says_what_it_saw(self) -> None:
        last = asked(13 * DAY, None)
        saw = saw_after(Reason.BACKOFF, self.WEEKLY, last)
        assert saw == {"ignored": 1, "factor": 2, "free_at": last.at + 14 * DAY}
        assert saw_after(Reason.BACKOFF, self.WEEKLY, asked(13 * DAY)) == {"ignored": 0, "factor": 1}


class TestReminders:
    """A reminder is one more exposure."""

    WEEKLY = replace(FREE, caps=(Cap(9, 90 * DAY), Cap(2, 7 * DAY)))

    def test_fit_while_every_cap_has_room_for_one_more(self) -> None:
        assert may_remind((asked(DAY, None),), BUILD, self.WEEKLY, NOW)
        assert not may_remind((asked_other(6 * DAY), asked(DAY, None)), BUILD, self.WEEKLY, NOW)
        assert may_remind((asked_other(7 * DAY), asked(DAY, None)), BUILD, self.WEEKLY, NOW)
        reminded = asked_other(9 * DAY, None, reminded_at=NOW - 6 * DAY)
        assert not may_remind((reminded, asked(DAY, None)), BUILD, self.WEEKLY, NOW)

    def test_fit_into_the_caps_of_the_tags_of_the_survey(self) -> None:
        policy = replace(FREE, group_caps={"build": Cap(1, 7 * DAY), "deploy": Cap(9, 7 * DAY)})
        tagged, other = asked(DAY, None, tags=BUILD), asked(DAY, None, tags=frozenset({"deploy"}))
        assert not may_remind((tagged,), BUILD, policy, NOW)
        assert may_remind((tagged,), frozenset(), policy, NOW)
        assert may_remind((other,), BUILD | {"deploy"}, policy, NOW)

    def test_fit_where_there_are_no_caps(self) -> None:
        assert may_remind((asked(DAY, None),), BUILD, FREE, NOW)
