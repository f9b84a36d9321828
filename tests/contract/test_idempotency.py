"""Idempotency-Key: the same call sent twice is one event."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.contract.cases import as_form, as_json
from tests.contract.conftest import SteppingServer
from tests.contract.shape import assert_accepted, assert_limited, assert_refused
from tests.support.http import Reply
from tests.support.project import FORM, JSON, Project, ProjectPool, create_project
from tests.support.server import RunningServer

CHARS_MAX = 255
PER_MINUTE = 30
AT_ONCE = 16
DAY_S = 86_400


def send(project: Project, key: str | bytes, body: bytes = b"", content_type: str = JSON) -> Reply:
    """POST with this key."""
    return project.post(body or as_json(), content_type, [("Idempotency-Key", key)])


def fresh_key() -> str:
    """Make a key that was never used."""
    return f"key-{uuid4()}"


def is_replay(reply: Reply) -> bool:
    """Tell whether the answer says it is a replay."""
    value = reply.header("Idempotent-Replayed")
    assert value in (None, "true"), reply
    return value == "true"


def test_the_same_key_and_arguments_replay_the_answer_and_store_nothing(project: Project) -> None:
    key = fresh_key()
    first, again, later = (send(project, key) for _ in range(3))
    for reply in (first, again, later):
        assert_accepted(reply)
    assert [is_replay(reply) for reply in (first, again, later)] == [False, True, True]
    assert again.body == first.body
    assert len(project.events()) == 1


def test_a_request_without_a_key_is_never_a_replay(project: Project) -> None:
    for _ in range(2):
        reply = project.post(as_json())
        assert_accepted(reply)
        assert not is_replay(reply)
    assert len(project.events()) == 2


def test_different_keys_with_the_same_arguments_are_different_events(project: Project) -> None:
    for _ in range(2):
        reply = send(project, fresh_key())
        assert_accepted(reply)
        assert not is_replay(reply)
    assert len(project.events()) == 2


@pytest.mark.parametrize(
    "other",
    [
        as_json(name="another"),
        as_json(timestamp="1680723288"),
        as_json(email="bob@example.com"),
        as_json(metadata={"a": 1}),
        as_json(test_data=True),
        as_json(github_username="octocat"),
    ],
    ids=["name", "timestamp", "email", "metadata", "test_data", "github_username"],
)
def test_the_same_key_with_other_arguments_is_422(roomy: Project, other: bytes) -> None:
    key = fresh_key()
    assert_accepted(send(roomy, key))
    assert_refused(send(roomy, key, other), 422, "invalid_arguments", "Idempotency-Key", sent=other)
    replay = send(roomy, key)
    assert_accepted(replay)
    assert is_replay(replay)


def test_the_same_arguments_in_another_spelling_are_the_same(project: Project) -> None:
    key = fresh_key()
    metadata = '{"a": 1, "b": [true]}'
    spellings = [
        (as_json(metadata={"a": 1, "b": [True]}), JSON),
        (as_json(metadata={"a": 1, "b": [True]}).replace(b", ", b" ,\n  "), JSON),
        (b'{"metadata":{"a":1,"b":[true]},' + as_json()[1:], JSON),
        (as_json(metadata=metadata), JSON),
        (as_json(metadata={"a": 1, "b": [True]}, gitlab_username=None, test_data=False), JSON),
        (as_form(metadata=metadata), FORM),
    ]
    replies = [send(project, key, body, content_type) for body, content_type in spellings]
    for reply in replies:
        assert_accepted(reply)
    assert [is_replay(reply) for reply in replies] == [False, True, True, True, True, True]
    assert len(project.events()) == 1


def test_a_key_belongs_to_one_project(project: Project, roomy: Project) -> None:
    key = fresh_key()
    assert_accepted(send(roomy, key))
    reply = send(project, key, as_json(name="another-project"))
    assert_accepted(reply)
    assert not is_replay(reply)
    assert len(project.events()) == 1


def test_a_replay_counts_nothing_and_is_answered_at_the_limit_too(project: Project) -> None:
    key = fresh_key()
    assert_accepted(send(project, key))
    for _ in range(PER_MINUTE + 5):
        assert_accepted(send(project, key))
    for _ in range(PER_MINUTE - 1):
        assert_accepted(project.post(as_json()))
    assert_limited(project.post(as_json()))
    replay = send(project, key)
    assert_accepted(replay)
    assert is_replay(replay)
    assert len(project.events()) == PER_MINUTE


def test_a_key_of_a_limited_request_can_be_used_again(pool: ProjectPool) -> None:
    """A client retries a 429 with its key; it must not be told that the event was stored."""
    project = pool.take(events_per_minute=1)
    assert_accepted(project.post(as_json()))
    key = fresh_key()
    assert_limited(send(project, key))
    limited = send(project, key)
    assert_limited(limited)
    assert not is_replay(limited)


@pytest.mark.parametrize("size", [1, 36, CHARS_MAX])
def test_a_key_of_1_to_255_printable_ascii_characters_is_taken(roomy: Project, size: int) -> None:
    key = (fresh_key() * 10)[-size:] if size > 1 else "~"
    assert_accepted(send(roomy, key))
    replay = send(roomy, key)
    assert_accepted(replay)
    assert is_replay(replay)


def test_every_printable_ascii_character_may_be_in_a_key(roomy: Project) -> None:
    key = fresh_key() + "".join(map(chr, range(0x21, 0x7F)))
    assert_accepted(send(roomy, key))
    assert is_replay(send(roomy, key))


@pytest.mark.parametrize(
    "key",
    ["k" * (CHARS_MAX + 1), "k" * 5_000, b"k\xc3\xa9y", b"k\xffy"],
    ids=["256-characters", "5000-characters", "utf-8", "latin-1"],
)
def test_another_key_is_422(unstored: Project, key: str | bytes) -> None:
    assert_refused(send(unstored, key), 422, "invalid_arguments", "Idempotency-Key")


def test_the_same_key_many_times_at_once_is_one_event(project: Project) -> None:
    key = fresh_key()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        replies = list(pool.map(lambda _: send(project, key), range(AT_ONCE)))
    for reply in replies:
        assert_accepted(reply)
    assert sorted(map(is_replay, replies)) == [False] + [True] * (AT_ONCE - 1)
    assert len(project.events()) == 1


def test_a_key_is_remembered_over_a_restart(own_server: RunningServer) -> None:
    project = create_project(own_server)
    key = fresh_key()
    assert_accepted(send(project, key))
    own_server.restart()
    replay = send(project, key)
    assert_accepted(replay)
    assert is_replay(replay)
    assert_refused(send(project, key, as_json(name="another")), 422, "invalid_arguments")
    assert len(project.events()) == 1


def test_a_key_is_remembered_for_24_h(stepping: SteppingServer) -> None:
    project = create_project(stepping.server)
    began = stepping.step_s
    key = fresh_key()
    assert_accepted(send(project, key))
    stepping.step(began + DAY_S - 60)
    assert is_replay(send(project, key))
    stepping.step(began + DAY_S + 60)
    assert not is_replay(send(project, key))
    assert len(project.events()) == 2
