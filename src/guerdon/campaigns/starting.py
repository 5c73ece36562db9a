"""Starting and cancelling campaigns."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from guerdon.campaigns import queries
from guerdon.campaigns.errors import CampaignNotFound
from guerdon.campaigns.jobs import defer_campaign
from guerdon.campaigns.model import EVENT_CANCELLED, EVENT_STARTED, Campaign, Chunk, chunk_size
from guerdon.campaigns.parts import Part
from guerdon.passes.model import write_json
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit

FIRST_SHOWN = 10


@dataclass(slots=True)
class Started:
    """A campaign that was started, and its first few passes."""

    campaign: Campaign
    first_pass_ids: list[str] = field(default_factory=list[str])


def new_campaign(
    campaign_id: UUID, name: str, correlation_id: str, actor: str, passes_per_s: int, now: datetime
) -> Campaign:
    """Make a campaign that has not begun."""
    return Campaign(campaign_id, name, correlation_id, actor, passes_per_s, 0, 0, 0, 0, 0, now, now, None)


async def start_campaign(tx: Tx, new: Campaign, request: str, parts: AsyncIterator[Part]) -> Started:
    """Keep a campaign with all of its passes, count them, and have it worked off.

    What is selected here is fixed: later changes of a pass, or of the campaign's own making, take none out and put none
    in. `new.total` is not read.
    """
    await queries.insert_campaign(tx, replace(new, total=0), request)
    size = chunk_size(new.passes_per_s)
    started = Started(new)
    total = 0
    async for part in parts:
        started.first_pass_ids += part.pass_ids[: FIRST_SHOWN - len(started.first_pass_ids)]
        for start in range(0, len(part.pass_ids), size):
            chunk = Chunk(total + 1, part.pass_ids[start : start + size], part.changes)
            await queries.insert_chunk(tx, new.campaign_id, chunk)
            total += len(chunk.pass_ids)
    await queries.set_total(tx, new.campaign_id, total)
    started.campaign = replace(new, total=total)
    await _emit(tx, EVENT_STARTED, started.campaign, new.actor, new.started_at)
    if total:
        await defer_campaign(tx, new.campaign_id)
    return started


async def cancel_campaigns(tx: Tx, correlation_id: str, actor: str, now: datetime) -> None:
    """Stop the campaigns of a correlation id after the chunk that they are at; passes already changed stay so.

    Those that are over, or were cancelled before, stay as they are. Raises CampaignNotFound.
    """
    if not await queries.is_known(tx, correlation_id):
        raise CampaignNotFound(correlation_id)
    for campaign_id in await queries.cancel_unfinished(tx, correlation_id, now):
        payload = write_json({"operationId": campaign_id.hex, "correlationId": correlation_id})
        await emit(tx, [Event(EVENT_CANCELLED, campaign_id.hex, payload, actor)], now)


async def _emit(tx: Tx, kind: str, campaign: Campaign, actor: str, now: datetime) -> None:
    operation_id = campaign.campaign_id.hex
    members = {"operationId": operation_id, "correlationId": campaign.correlation_id, "total": campaign.total}
    await emit(tx, [Event(kind, operation_id, write_json(members), actor)], now)
