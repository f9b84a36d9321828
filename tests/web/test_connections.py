"""Which connections end, and when? Without sockets: the server's own tests are with the contract's."""

from typing import Any, cast

import pytest

from afterword.web.connections import (
    BODY_TIMEOUT_S,
    CHECK_S,
    CROWDED_SHARE,
    TIMEOUT_S,
    Connections,
    GuardedProtocol,
    Stage,
)


class Stub:
    """A connection that is at what a test says."""

    def __init__(self, stage: Stage = Stage.IDLE) -> None:
        self.stage = stage
        self.progress = 1
        self.given_up: list[Stage] = []
        self.is_cut = False

    def at(self) -> tuple[Stage, int]:
        return self.stage, self.progress

    def give_up(self, stage: Stage) -> None:
        self.given_up.append(stage)
        self.stage = Stage.WORK

    def cut(self) -> None:
        self.is_cut = True


def add(connections: Connections, stub: Stub) -> bool:
    return connections.add(cast(GuardedProtocol, cast(Any, stub)))


def check(connections: Connections, seconds: float) -> None:
    for _ in range(int(seconds / CHECK_S)):
        connections.check()


@pytest.mark.parametrize("stage", list(TIMEOUT_S))
def test_each_stage_has_its_time_and_is_given_up_once(stage: Stage) -> None:
    connections, stub = Connections(10), Stub(stage)
    add(connections, stub)
    check(connections, TIMEOUT_S[stage])
    assert stub.given_up == []
    check(connections, 2 * CHECK_S)
    assert stub.given_up == [stage]


def test_the_time_that_we_need_ourselves_is_not_the_clients() -> None:
    connections, stub = Connections(10), Stub(Stage.WORK)
    add(connections, stub)
    check(connections, 3_600)
    assert stub.given_up == []


def test_another_request_is_another_wait() -> None:
    connections, stub = Connections(10), Stub(Stage.BODY)
    add(connections, stub)
    for _ in range(5):
        check(connections, BODY_TIMEOUT_S - 1)
        stub.progress += 1
    assert stub.given_up == []


def test_where_there_is_no_room_the_ones_that_waited_longest_go_and_none_that_is_being_served() -> None:
    connections = Connections(64)
    served = [Stub(Stage.WORK) for _ in range(10)]
    old = [Stub(Stage.HEADERS) for _ in range(10)]
    for stub in served + old:
        add(connections, stub)
    check(connections, 5)
    young = [Stub(Stage.IDLE) for _ in range(44)]
    for stub in young:
        add(connections, stub)
    assert add(connections, Stub())
    gone = [stub for stub in [*served, *old, *young] if stub.is_cut]
    assert gone == old[: 64 // CROWDED_SHARE + 1]
    assert connections.ended == {"crowded": len(gone)}
    assert len(connections) == 64 - len(gone) + 1


def test_where_all_are_being_served_a_new_one_is_turned_away() -> None:
    connections = Connections(5)
    assert [add(connections, Stub(Stage.WORK)) for _ in range(6)] == [True] * 5 + [False]
    assert len(connections) == 5


def test_a_connection_that_moved_on_since_the_last_check_has_not_waited() -> None:
    connections = Connections(2)
    busy, silent = Stub(Stage.IDLE), Stub(Stage.IDLE)
    for stub in (busy, silent):
        add(connections, stub)
    check(connections, 5)
    busy.progress += 1
    assert add(connections, Stub())
    assert (busy.is_cut, silent.is_cut) == (False, True)


def test_those_of_a_storm_go_first_and_have_no_deadline_of_their_own() -> None:
    connections = Connections(2)
    idle, held = Stub(Stage.IDLE), Stub(Stage.HELD)
    add(connections, idle)
    check(connections, 5)
    add(connections, held)
    assert add(connections, Stub())
    assert (idle.is_cut, held.is_cut) == (False, True)
    lasting = Connections(1)
    add(lasting, patient := Stub(Stage.HELD))
    check(lasting, 3_600)
    assert patient.given_up == []
