"""Which flow does each kind of job run?"""

import asyncio
from datetime import datetime

from afterword.bootstrap import Parts
from afterword.flows.evaluate_event import evaluate_event
from afterword.flows.job_kinds import JobKind
from afterword.flows.outbox import Job
from afterword.flows.send_invitation import send_invitation


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
            await asyncio.to_thread(evaluate_event, parts.database, parts.clock, job.subject_id)
        case JobKind.SEND_INVITATION:
            return await send_invitation(
                parts.database,
                parts.clock,
                parts.links,
                parts.channel,
                job.subject_id,
                is_last_attempt=is_last_attempt,
            )
    return None
