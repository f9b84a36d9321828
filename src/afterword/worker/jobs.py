"""Which flow does each kind of job run?"""

import asyncio
from datetime import datetime

from afterword.bootstrap import Parts
from afterword.flows import outbox
from afterword.flows.invitations.send_invitation import send_invitation
from afterword.flows.invitations.send_reminder import send_reminder
from afterword.flows.job_kinds import JobKind
from afterword.flows.outbox import Job
from afterword.flows.throttle.evaluate_events import evaluate_events


def decide_jobs(parts: Parts, claimed: list[Job]) -> None:
    """
    Decide the events of several jobs of one claim, and take the jobs out, in one transaction.

    Raises:
        Exception: Nothing was decided; one event alone may be to blame.
    """
    events = {job.subject_id for job in claimed}
    then = outbox.finishing(claimed)
    evaluate_events(parts.database, parts.clock, events, then, channels=parts.channels)


async def run_job(parts: Parts, job: Job, *, is_last_attempt: bool) -> datetime | None:
    """
    Do one job. Each can be run twice without harm.

    Returns:
        When it is to be done instead, when now is not the time; None when it is done.

    Raises:
        Exception: It failed; SendError says whether trying again is of use.
    """
    match JobKind(job.kind):
        case JobKind.EVALUATE_EVENT:
            await asyncio.to_thread(
                evaluate_events, parts.database, parts.clock, [job.subject_id], channels=parts.channels
            )
        case JobKind.SEND_INVITATION:
            return await send_invitation(
                parts.database,
                parts.clock,
                parts.links,
                parts.channels,
                job.subject_id,
                is_last_attempt=is_last_attempt,
            )
        case JobKind.SEND_REMINDER:
            return await send_reminder(
                parts.database, parts.clock, parts.links, parts.channels, job.subject_id
            )
    return None
