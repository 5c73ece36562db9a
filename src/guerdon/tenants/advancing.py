"""The job that advances a clock: from one due instant to the next, so that nothing is posted at another's time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from guerdon.platform.db import Tx
from guerdon.platform.jobs import Job, RetryLater
from guerdon.platform.jobs_worker import JobContext
from guerdon.tenants import clock_queries as queries
from guerdon.tenants.clock_model import next_stop
from guerdon.tenants.freezing import defer_advance, end_advance

TURN_S = 10.0  # then others get the worker's hand
WAIT_S = 0.2
IN_THE_WAY = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # the job of every minute posts the same
)


@dataclass(frozen=True, slots=True)
class DueWork:
    """What a room does when its time has come.

    `post` does some of what is due by an instant, and tells how much: 0 when nothing is. `first_after` tells when
    something falls due next, after an instant.
    """

    post: Callable[[Tx, datetime], Awaitable[int]]
    first_after: Callable[[Tx, datetime], Awaitable[datetime | None]]


async def work_advance(works: Sequence[DueWork], job: Job, context: JobContext) -> None:
    """Advance a clock for a turn, then make room for others; each step is one transaction, so that a crash loses none.

    Raises RetryLater when somebody is in the way.
    """
    advance_id, ends_at = UUID(job.payload["advanceId"]), _seconds() + TURN_S
    try:
        while _seconds() < ends_at:
            async with context.database.tenant(job.tenant_id) as tx:
                if not await _step(tx, works, advance_id):
                    return
        async with context.database.tenant(job.tenant_id) as tx:
            await defer_advance(tx, advance_id)
    except IN_THE_WAY as held:
        raise RetryLater(WAIT_S, "somebody else is at the same accounts") from held


async def _step(tx: Tx, works: Sequence[DueWork], advance_id: UUID) -> bool:
    """Post some of what is due where the clock stands, or else move it on; False when it has arrived or was stopped."""
    clock = await queries.lock_running(tx, advance_id)
    if clock is None or clock.advance is None:
        return False
    for work in works:
        posted = await work.post(tx, clock.now_at)
        if posted:
            await queries.count_posted(tx, posted)
            return True
    if clock.now_at == clock.advance.to_at:
        await end_advance(tx, clock)
        return False
    dues = [await work.first_after(tx, clock.now_at) for work in works]
    first = min((due for due in dues if due is not None), default=None)
    await queries.move_clock(tx, next_stop(first, clock.advance.to_at))
    return True


def _seconds() -> float:
    return asyncio.get_running_loop().time()
