"""
What if the disk is slow and the queue short? Put this folder on a server's import path to find out.

Python imports ``sitecustomize`` at its start. Each commit then takes TESTS_COMMIT_MS longer, and
no more than TESTS_QUEUE_EVENTS events wait for one, so that little load is already too much.
"""

import os
import time

import sqlalchemy as sa

from afterword.flows.ingest import track_event

track_event.QUEUE_EVENTS_MAX = int(os.environ["TESTS_QUEUE_EVENTS"])


@sa.event.listens_for(sa.Engine, "commit")
def _wait(connection: sa.Connection) -> None:
    time.sleep(int(os.environ["TESTS_COMMIT_MS"]) / 1_000)
