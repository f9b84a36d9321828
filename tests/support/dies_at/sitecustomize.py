"""
What if a worker dies on this line? Put this folder on its import path, and name the step in TESTS_DIE_AT.

Python imports ``sitecustomize`` at its start. A step is a name and a number, ``claimed 2`` when
jobs are claimed for the second time; the process then ends at once, as by kill -9. At ``idle`` it
ends when there is no work left, as it does with another code when its step was never reached.
"""

import inspect
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from afterword.channels.email import EmailChannel
from afterword.flows import outbox
from afterword.flows.invitations import send_invitation
from afterword.storage import invitations, jobs
from afterword.worker import jobs as worker_jobs
from afterword.worker.loop import Worker

DIED_CODE = 77
NEVER_REACHED_CODE = 78
_reached: Counter[str] = Counter()


def reach(step: str) -> None:
    """End the process if this is where it shall die."""
    _reached[step] += 1
    if os.environ.get("TESTS_DIE_AT") in (step, f"{step} {_reached[step]}"):
        os._exit(DIED_CODE)


def die_after(place: Any, name: str, step: str) -> None:
    """Make a step of the moment after a function; an empty list says that it had nothing to do."""
    work: Callable[..., Any] = getattr(place, name)

    async def run_async(*arguments: Any, **options: Any) -> Any:
        done = await work(*arguments, **options)
        reach(step)
        return done

    def run(*arguments: Any, **options: Any) -> Any:
        done = work(*arguments, **options)
        if done != []:
            reach(step)
        return done

    setattr(place, name, run_async if inspect.iscoroutinefunction(work) else run)


die_after(outbox, "claim", "claimed")
die_after(invitations, "add_invitations", "invited, not committed")
die_after(jobs, "finish_all", "settled, not committed")
die_after(worker_jobs, "evaluate_events", "decided")
die_after(invitations, "set_state", "state set, not committed")
die_after(send_invitation, "_begin", "marked as sending")
die_after(EmailChannel, "send", "sent")
die_after(send_invitation, "_set_sent", "marked as sent")
die_after(jobs, "finish", "finished, not committed")
die_after(outbox, "finish", "finished")

_rest = Worker._rest


async def _rest_or_end(self: Worker) -> None:
    if not self._running:
        reach("idle")
        os._exit(NEVER_REACHED_CODE)
    await _rest(self)


Worker._rest = _rest_or_end  # type: ignore[method-assign]
