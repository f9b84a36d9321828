"""Is read what a trigger needs to know of people, and no more of those who did a thing very often?"""

import random
from datetime import datetime, timedelta

import pytest

from afterword.storage import trigger_matches
from afterword.storage.engine import Database
from afterword.storage.trigger_matches import Match, MatchRole, Wanted
from tests.storage.support import START, add_person

SURVEY = 7
WINDOW = timedelta(seconds=60)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def read(database: Database, wanted: Wanted, *people: int) -> list[Match]:
    with database.read() as connection:
        return trigger_matches.list_matches(connection, wanted, people)


def test_of_a_million_no_more_is_read_than_wanted(database: Database) -> None:
    with database.write() as connection:
        bob, alice = add_person(connection, "Bob"), add_person(connection, "Alice")
        trigger_matches.add_matches(
            connection,
            [
                Match(survey_id, person_id, second + 1, role, at(second))
                for survey_id in (SURVEY, SURVEY + 1)
                for person_id in (bob, alice)
                for role in MatchRole
                for second in range(100)
            ],
        )
    newest = {MatchRole.COUNTED: 3, MatchRole.EARLIER: 1}
    found = read(database, Wanted(SURVEY, at(0), at(90), newest), bob)
    assert {(one.survey_id, one.person_id) for one in found} == {(SURVEY, bob)}
    seconds = {role: sorted(one.event_id - 1 for one in found if one.role is role) for role in MatchRole}
    assert seconds == {
        MatchRole.COUNTED: list(range(88, 100)),
        MatchRole.EARLIER: list(range(90, 100)),
        MatchRole.WITHDRAWING: [],
        MatchRole.FOLLOWING: [],
    }
    nothing_older = Wanted(SURVEY, at(98), at(98), {MatchRole.COUNTED: 50})
    assert [one.event_id for one in read(database, nothing_older, bob, alice)] in (
        [99, 100, 99, 100],
        [99, 99, 100, 100],
    )
    assert read(database, Wanted(SURVEY, at(0), at(0), {}), bob) == []


@pytest.mark.parametrize("seed", range(5))
def test_it_is_enough_for_each_event_in_whichever_order_they_come(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    with database.write() as connection:
        bob = add_person(connection)
        every = [
            Match(SURVEY, bob, event_id, MatchRole.COUNTED, at(chance.randrange(300)))
            for event_id in range(1, 60)
        ]
        trigger_matches.add_matches(connection, every)
    for count in (2, 3, 10):
        events = [at(chance.randrange(100, 300)) for _ in range(chance.randrange(1, 6))]
        wanted = Wanted(SURVEY, min(events) - WINDOW, min(events), {MatchRole.COUNTED: count})
        found = read(database, wanted, bob)
        for event in events:
            all_of_them, those_read = (
                sum(event - WINDOW < one.occurred_at <= event for one in some) for some in (every, found)
            )
            assert min(all_of_them, count) == min(those_read, count)
