"""From events to errands: what each webhook is to be told, in order, and which of it is told now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.platform.events import Position, StoredEvent, read_after, read_at
from guerdon.webhooks import delivery_queries, queries
from guerdon.webhooks.delivery_queries import Claimed
from guerdon.webhooks.model import Webhook

EVENTS_AT_ONCE: Final = 500
WAITING_MAX: Final = 2_000
AT_ONCE_MAX: Final = 8
# Longer than a request may take, so that nobody else sends what is being sent.
CLAIMED_FOR: Final = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Errand:
    """One event to be told to one webhook, by whoever holds the claim."""

    tenant_id: str
    webhook: Webhook
    event: StoredEvent
    claimed: Claimed
    claim: UUID


@dataclass(frozen=True, slots=True)
class Taken:
    """What was claimed; `has_more` says that more events wait to be read."""

    errands: Sequence[Errand]
    has_more: bool


async def take_errands(tx: Tx, claim: UUID, errands_max: int, now: datetime) -> Taken:
    """Note new events for the tenant's webhooks, and claim at most `errands_max` that are due.

    Of one webhook and subject only the earliest event is ever claimed. Per webhook, at most 8 are under way in all
    processes, one if it fails, and none while it is held. Safe to be run by several workers at once.
    """
    webhooks = await queries.list_enabled(tx)
    pages: dict[Position, list[StoredEvent]] = {}
    has_more = False
    for webhook in webhooks:
        has_more |= await _queue_new(tx, webhook, pages, now)
    claims: list[tuple[Webhook, Claimed]] = []
    for webhook in webhooks:
        if webhook.is_held(now) or len(claims) >= errands_max:
            continue
        claimed = await delivery_queries.claim_due(
            tx,
            webhook.webhook_id,
            claim=claim,
            now=now,
            claimed_until=now + CLAIMED_FOR,
            at_once_max=1 if webhook.is_failing else AT_ONCE_MAX,
            claims_max=errands_max - len(claims),
        )
        claims += [(webhook, one) for one in claimed]
    return Taken(await _errands(tx, claims, claim), has_more)


async def _queue_new(tx: Tx, webhook: Webhook, pages: dict[Position, list[StoredEvent]], now: datetime) -> bool:
    """Note the next events for one webhook; tell whether there are more behind them."""
    seen = Position(webhook.seen_transaction_id, webhook.seen_event_id)
    if seen not in pages:
        # Webhooks of a tenant mostly stand at one place, so that one look is enough for them.
        pages[seen] = await read_after(tx, seen, EVENTS_AT_ONCE)
    events = pages[seen]
    if not events or await delivery_queries.count_deliveries(tx, webhook.webhook_id, WAITING_MAX) >= WAITING_MAX:
        return False
    if not await queries.advance(tx, webhook, events[-1].position):
        return False
    wanted = [event for event in events if webhook.wants(event.kind, event.subject_id)]
    if wanted:
        await delivery_queries.insert_deliveries(tx, webhook.webhook_id, wanted, now)
    return len(events) == EVENTS_AT_ONCE


async def _errands(tx: Tx, claims: Sequence[tuple[Webhook, Claimed]], claim: UUID) -> list[Errand]:
    if not claims:
        return []
    events = await read_at(tx, list({claimed.position for _, claimed in claims}))
    found = {event.position: event for event in events}
    return [Errand(tx.tenant_id, webhook, found[one.position], one, claim) for webhook, one in claims]
