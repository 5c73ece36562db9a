"""The jobs of this room: working campaigns off at their pace, and forgetting old ones."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from guerdon.campaigns import queries
from guerdon.campaigns.model import KEPT_FOR, Campaign, chunk_size
from guerdon.campaigns.wishes import Work
from guerdon.campaigns.working import Done, get_work, work_chunk
from guerdon.platform.db import Tx
from guerdon.platform.jobs import JOBS_TOPIC, Job, RetryLater, defer
from guerdon.platform.jobs_worker import JobContext

RUN_CAMPAIGN, FORGET_CAMPAIGNS = "campaigns.run", "campaigns.forget"
TURN_S = 10.0  # then others get the worker's hand
LANES = 2  # chunks at once: one is made ready while the database is at the other
WAIT_S = 0.2
IN_THE_WAY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


async def defer_campaign(tx: Tx, campaign_id: UUID, due_at: datetime | None = None) -> None:
    """Have a campaign worked off, or on, at an instant or now."""
    job = Job(RUN_CAMPAIGN, tx.tenant_id, {"campaignId": campaign_id.hex})
    await defer(tx, job, due_at=due_at, dedupe_key=campaign_id.hex)
    tx.announce(JOBS_TOPIC)


async def run_campaign(job: Job, context: JobContext) -> None:
    """Do the chunks of a campaign for a turn, not faster than its pace, then make room for others.

    Raises RetryLater when somebody holds its passes.
    """
    running = await _find(job, context)
    if running is None:
        return
    lanes = [_work_lane(job.tenant_id, context, running) for _ in range(LANES)]
    ends = await asyncio.gather(*lanes, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    if not all(ends):
        due_at = context.real_now() + timedelta(seconds=max(0.0, running.next_at - _seconds()))
        async with context.database.tenant(job.tenant_id) as tx:
            await defer_campaign(tx, running.campaign.campaign_id, due_at)


async def forget_campaigns(job: Job, context: JobContext) -> None:
    """Drop the campaigns that were last active 90 days ago, with the outcomes of their passes."""
    dropped = 1
    while dropped:
        async with context.database.tenant(job.tenant_id) as tx:
            dropped = await queries.delete_old(tx, context.real_now() - KEPT_FOR)


@dataclass(slots=True)
class _Running:
    """A campaign under way: when its turn ends, and when its pace allows the next chunk."""

    campaign: Campaign
    work: Work
    ends_at: float
    next_at: float

    async def wait(self) -> bool:
        """Wait until the pace allows a chunk; False when the turn is over by then."""
        begins_at = max(self.next_at, _seconds())
        if begins_at >= self.ends_at:
            return False
        self.next_at = begins_at + chunk_size(self.campaign.passes_per_s) / self.campaign.passes_per_s
        await asyncio.sleep(max(0, begins_at - _seconds()))
        return True


async def _find(job: Job, context: JobContext) -> _Running | None:
    campaign_id = UUID(job.payload["campaignId"])
    async with context.database.tenant(job.tenant_id) as tx:
        campaign = await queries.find_campaign(tx, campaign_id)
        if campaign is None:
            return None
        work = await get_work(tx, campaign_id, campaign.correlation_id)
    return _Running(campaign, work, _seconds() + TURN_S, _seconds())


async def _work_lane(tenant_id: str, context: JobContext, running: _Running) -> bool:
    """Do chunk after chunk; tell whether that is because there are no more."""
    while await running.wait():
        if await _next_chunk(tenant_id, context, running) is None:
            return True
    return False


async def _next_chunk(tenant_id: str, context: JobContext, running: _Running) -> Done | None:
    try:
        async with context.database.tenant(tenant_id) as tx:
            return await work_chunk(tx, running.campaign, running.work, context.now())
    except IN_THE_WAY as held:
        raise RetryLater(WAIT_S, "the passes are held by somebody else") from held


def _seconds() -> float:
    return asyncio.get_running_loop().time()
