"""Is a person erased beside a running server that goes on taking their events?"""

import threading
import time
from pathlib import Path

from tests.flows.canary import WORD, find_canary
from tests.support.project import create_project, import_people
from tests.support.server import RunningServer

EMAIL = f"{WORD}@example.com"
KEY = f"{WORD}-1"
PEOPLE = f"email,name,github_username\n{EMAIL},{WORD.capitalize()},{WORD}-gh\nbob@example.com,Bob,bob-gh\n"


def test_events_that_come_meanwhile_and_later_say_nothing_of_them(
    tmp_path: Path, database_url: str | None
) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "other"
    kept.mkdir()
    folder.mkdir()
    with RunningServer(kept / "data", database_url) as server:
        import_people(server, folder, PEOPLE)
        project = create_project(server, events_per_minute=100_000)
        project.wait_until_usable()
        is_over = threading.Event()
        statuses = []

        def track(key: str) -> int:
            sent = {
                "name": WORD,
                "email": EMAIL,
                "timestamp": str(int(time.time())),
                "metadata": {"by": WORD},
            }
            reply = project.track(sent, [("Idempotency-Key", key)])
            statuses.append(reply.status)
            return reply.status

        def go_on() -> None:
            number = 0
            while not is_over.wait(0.05):
                number += 1
                track(f"{WORD}{number}")

        track(KEY)
        project.track({"name": "build", "github_username": "bob-gh", "timestamp": str(int(time.time()))})
        sender = threading.Thread(target=go_on)
        sender.start()
        try:
            server.cli("people", "erase", EMAIL, "--yes")
        finally:
            is_over.set()
            sender.join()
        sent = {"name": WORD, "email": EMAIL, "timestamp": str(int(time.time())), "test_data": True}
        twice = [project.track(sent, [("Idempotency-Key", KEY)]) for _ in range(2)]
        assert [reply.header("idempotent-replayed") for reply in twice] == [None, "true"]
        events = project.events()
        assert set(statuses) <= {200, 503}
        assert {event["name"] for event in events} == {"(erased)", "build"}
        # Bob's, and the one that was sent twice.
        assert len(events) >= statuses.count(200) + 2
        # The log, too: it is beside the data.
        server.stop()
    assert find_canary(kept) == []
