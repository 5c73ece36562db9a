"""The jobs of this room: working campaigns off at their pace, and forgetting old ones."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from guerdon.campaigns import queries
from guerdon.campaigns.model import KEPT_FOR, Campaign
from guerdon.campaigns.wishes import Work
from guerdon.campaigns.working import Done, get_work, work_chunk
from guerdon.platform.db import Tx
from guerdon.platform.jobs import JOBS_TOPIC, Job, RetryLater, defer
from guerdon.platform.jobs_worker import JobContext

RUN_CAMPAIGN, FORGET_CAMPAIGNS = "campaigns.run", "campaigns.forget"
TURN_S = 10  # then others get the worker's hand
WAIT_S = 0.2
IN_THE_WAY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


async def defer_campaign(tx: Tx, campaign_id: UUID) -> None:
    """Have a campaign worked off, or on."""
    job = Job(RUN_CAMPAIGN, tx.tenant_id, {"campaignId": campaign_id.hex})
    await defer(tx, job, dedupe_key=campaign_id.hex)
    tx.announce(JOBS_TOPIC)


async def run_campaign(job: Job, context: JobContext) -> None:
    """Do the chunks of a campaign for a turn, not faster than its pace, then make room for others.

    Raises RetryLater when somebody holds its passes.
    """
    running = await _find(job, context)
    ends_at = _seconds() + TURN_S
    while running is not None:
        began_at = _seconds()
        done = await _next_chunk(job.tenant_id, context, running)
        if done is None or done.is_last:
            return
        await asyncio.sleep(max(0, began_at + done.passes / running.campaign.passes_per_s - _seconds()))
        if _seconds() >= ends_at:
            async with context.database.tenant(job.tenant_id) as tx:
                await defer_campaign(tx, running.campaign.campaign_id)
            return


async def forget_campaigns(job: Job, context: JobContext) -> None:
    """Drop the campaigns that were last active 90 days ago, with the outcomes of their passes."""
    dropped = 1
    while dropped:
        async with context.database.tenant(job.tenant_id) as tx:
            dropped = await queries.delete_old(tx, context.now() - KEPT_FOR)


@dataclass(frozen=True, slots=True)
class _Running:
    campaign: Campaign
    work: Work


async def _find(job: Job, context: JobContext) -> _Running | None:
    campaign_id = UUID(job.payload["campaignId"])
    async with context.database.tenant(job.tenant_id) as tx:
        campaign = await queries.find_campaign(tx, campaign_id)
        if campaign is None:
            return None
        return _Running(campaign, await get_work(tx, campaign_id, campaign.correlation_id))


async def _next_chunk(tenant_id: str, context: JobContext, running: _Running) -> Done | None:
    try:
        async with context.database.tenant(tenant_id) as tx:
            return await work_chunk(tx, running.campaign, running.work, context.now())
    except IN_THE_WAY as held:
        raise RetryLater(WAIT_S, "the passes are held by somebody else") from held


def _seconds() -> float:
    return asyncio.get_running_loop().time()
