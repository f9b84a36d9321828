"""How does a test cut the power of the real server, at any point and in any way, thousands of times?"""

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afterword.flows.upkeep.prepare_schema import prepare_schema
from afterword.kit.clock import SystemClock
from afterword.settings import DATABASE_FILE
from afterword.storage.sqlite import open_sqlite
from tests.faults.disk import Disk, Loss
from tests.faults.load import ACCEPTED, UNLIMITED, Load, Sent, assert_nothing_lost
from tests.faults.recording import OPTIONS, Step, read_recording
from tests.faults.recording import Sent as SentBytes
from tests.faults.strace import strace, wait_for_end_of
from tests.support.project import Project
from tests.support.server import RunningServer

PROJECT = "load"
_ACKNOWLEDGED = b"HTTP/1.1 200 "
_REPLY_ID = b"x-request-id: "
_LIMITS = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in UNLIMITED.items())
_FIRST_START = (
    f'"$0" -m afterword project create {PROJECT} --json > "$RECORDED_PROJECT" && '
    f'"$0" -m afterword project set {PROJECT} {_LIMITS} && exec "$0" "$@"'
)
"""A project is made and the server started, from an empty disk, as an operator does it."""


@dataclass(frozen=True)
class Recording:
    """All that happened between an empty disk and the end of a load."""

    root: Path
    steps: list[Step]
    sent: Sent


def record(directory: Path, *, events: int, planted_bug: str | None = None) -> Recording:
    """Start on an empty disk, take so many events, end as by kill -9; keep what was done to the disk."""
    root, log, made = directory / "disk", directory / "recording", directory / "project.json"
    root.mkdir()
    server = RunningServer(
        root / "data",
        environment={"RECORDED_PROJECT": str(made)},
        planted_bug=planted_bug,
        under=strace(log, *OPTIONS, "sh", "-c", _FIRST_START),
        makes_data=False,
    )
    with server:
        project = json.loads(made.read_text())
        with Load([Project(server, str(project["id"]), PROJECT, project["token"])]) as load:
            load.wait_for(events)
        server.kill()
    wait_for_end_of(log)
    return Recording(root, list(read_recording(log)), load.sent)


def cut_power(
    recording: Recording, points: int, directory: Path, rng: random.Random
) -> Iterator[AssertionError | None]:
    """At random points, start on what each kind of loss leaves; yields what is wrong with each image."""
    disk, acknowledged = Disk(recording.root), set[str]()
    chosen = _points(recording.steps, points, rng)
    for index, step in enumerate(recording.steps):
        disk.apply(step)
        if isinstance(step, SentBytes):
            acknowledged |= _acknowledged(step, recording.sent)
        if index in chosen:
            for loss in Loss:
                image = directory / "image"
                image.mkdir()
                disk.make_image(image, loss, rng)
                yield _check(image, recording.sent, acknowledged, f"after step {index}, lost {loss.name}")
                shutil.rmtree(image)


def _check(image: Path, sent: Sent, acknowledged: set[str], where: str) -> AssertionError | None:
    """Start on an image as the server does, and look for what was acknowledged before the power cut."""
    data = image / "data"
    data.mkdir(exist_ok=True)
    try:
        database = open_sqlite(data / DATABASE_FILE)
        try:
            prepare_schema(database, SystemClock(), data / DATABASE_FILE, is_server=True)
            with database.read() as connection:
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            statuses = {key: ACCEPTED if key in acknowledged else None for key in sent.statuses}
            assert_nothing_lost(database, Sent(statuses))
        finally:
            database.close()
    except AssertionError as error:
        error.add_note(where)
        return error
    return None


def _points(steps: list[Step], count: int, rng: random.Random) -> set[int]:
    """Half of them right after an answer, where most can be lost; the others anywhere."""
    answers = [index for index, step in enumerate(steps) if isinstance(step, SentBytes)]
    after_answers = rng.sample(answers, min(count // 2, len(answers)))
    others = rng.sample(sorted(set(range(len(steps))) - set(after_answers)), count - len(after_answers))
    return {*after_answers, *others}


def _acknowledged(step: SentBytes, sent: Sent) -> set[str]:
    """The events that an answer says are stored."""
    if not step.data.startswith(_ACKNOWLEDGED) or _REPLY_ID not in step.data:
        return set()
    reply_id = step.data.partition(_REPLY_ID)[2].partition(b"\r\n")[0].decode()
    return {key} if (key := sent.keys_by_reply.get(reply_id)) is not None else set()
