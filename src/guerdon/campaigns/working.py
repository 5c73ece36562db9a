"""Working a campaign off: chunk by chunk, each in one transaction with its counters."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.campaigns import queries
from guerdon.campaigns.model import EVENT_FINISHED, Campaign, Chunk
from guerdon.campaigns.wishes import Work, read_each
from guerdon.passes.bulk_changes import BulkChange, change_passes, list_existing, request_notifications
from guerdon.passes.errors import PassNotFound
from guerdon.passes.model import write_json
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit


@dataclass(frozen=True, slots=True)
class Done:
    """A chunk that was worked off: how many passes it had, and whether they were the campaign's last."""

    passes: int
    is_last: bool


async def work_chunk(tx: Tx, campaign: Campaign, work: Work, now: datetime) -> Done | None:
    """Do the next chunk of a campaign; None when there is none, because all are done or it was cancelled.

    Rows, revisions, events, notifications, outcomes and counters commit together, so that a crash at any moment leaves
    nothing done twice and nothing out. Two workers of one campaign take different chunks.
    """
    await queries.hurry(tx)
    chunk = await queries.claim_chunk(tx, campaign.campaign_id)
    if chunk is None:
        return None
    errors = await _change(tx, campaign, work, chunk, now)
    if errors:
        await queries.insert_errors(tx, campaign.campaign_id, errors)
    is_last = await queries.finish_chunk(tx, campaign.campaign_id, chunk, len(errors), now)
    if is_last:
        payload = write_json({"operationId": campaign.campaign_id.hex, "correlationId": campaign.correlation_id})
        await emit(tx, [Event(EVENT_FINISHED, campaign.campaign_id.hex, payload, campaign.actor)], now)
    return Done(len(chunk.pass_ids), is_last)


async def get_work(tx: Tx, campaign_id: UUID, correlation_id: str) -> Work:
    """Read what a campaign does to each of its passes."""
    update, notification = await queries.find_work(tx, campaign_id)
    return Work.read(update, notification, correlation_id)


async def _change(tx: Tx, campaign: Campaign, work: Work, chunk: Chunk, now: datetime) -> list[tuple[int, str]]:
    changed, codes = await _change_rows(tx, campaign, work, chunk, now)
    if work.notification is not None and changed:
        await request_notifications(tx, changed, work.notification, campaign.actor, now)
    if not codes:
        return []
    return [
        (chunk.first_position + place, codes[pass_id])
        for place, pass_id in enumerate(chunk.pass_ids)
        if pass_id in codes
    ]


async def _change_rows(
    tx: Tx, campaign: Campaign, work: Work, chunk: Chunk, now: datetime
) -> tuple[list[str], dict[str, str]]:
    if work.changes_rows or chunk.changes_text is not None:
        each = None if chunk.changes_text is None else read_each(chunk.changes_text)
        change = BulkChange(chunk.pass_ids, work.changes, each)
        outcomes = await change_passes(tx, change, campaign.correlation_id, campaign.actor, now)
        return outcomes.changed.pass_ids, outcomes.errors
    existing = await list_existing(tx, chunk.pass_ids)
    return existing, dict.fromkeys(set(chunk.pass_ids) - set(existing), PassNotFound.code)
