"""What an attempt changes: the log, what is still to be told and when, and how its webhook stands."""

from datetime import datetime, timedelta
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.webhooks import delivery_queries, queries
from guerdon.webhooks.model import GIVEN_UP_AFTER, Answered, Attempt, Outcome, hold_after, is_dead, retry_after
from guerdon.webhooks.queueing import Errand
from guerdon.webhooks.registering import pause

GONE = "The endpoint answered 410: it wants nothing more."
DEAD = "Every attempt has failed for three days."


async def record(
    tx: Tx, errand: Errand, answered: Answered, *, attempt_id: UUID, began_at: datetime, now: datetime, chance: float
) -> None:
    """Keep how an attempt went, and decide what comes of it; `chance`, 0 to 1, spreads the next one.

    What arrived is done. What failed is tried again for three days, and given up if others arrived meanwhile; if
    none did, or after a 410, the webhook is paused and keeps it. Raises asyncpg.ForeignKeyViolationError when the
    webhook was deleted.
    """
    if answered.is_success:
        await queries.note_success(tx, errand.webhook.webhook_id)
        await _log(tx, errand, answered, "delivered", attempt_id, began_at)
        await delivery_queries.finish(tx, errand.webhook.webhook_id, errand.claimed.position, errand.claim)
        return
    await _record_failure(tx, errand, answered, attempt_id, began_at, now, chance)


async def _record_failure(
    tx: Tx, errand: Errand, answered: Answered, attempt_id: UUID, began_at: datetime, now: datetime, chance: float
) -> None:
    webhook_id, claimed = errand.webhook.webhook_id, errand.claimed
    counted = await queries.note_failure(tx, webhook_id, began_at)
    failures, since = counted or (0, None)
    reason = GONE if answered.is_gone else DEAD if is_dead(since, now) else None
    expires_at = claimed.expires_at or began_at + GIVEN_UP_AFTER
    is_given_up = reason is None and now >= expires_at
    await _log(tx, errand, answered, "givenUp" if is_given_up else "failed", attempt_id, began_at)
    if is_given_up:
        await delivery_queries.finish(tx, webhook_id, claimed.position, errand.claim)
    else:
        due_at = now + retry_after(claimed.tries + 1, chance)
        await delivery_queries.put_back(
            tx, webhook_id, claimed.position, errand.claim, due_at=due_at, expires_at=expires_at
        )
    if reason is not None:
        await pause(tx, webhook_id, reason, now)
        return
    await _hold(tx, webhook_id, hold_after(failures), now)


async def _hold(tx: Tx, webhook_id: str, pause_for: timedelta | None, now: datetime) -> None:
    if pause_for is not None:
        await queries.hold(tx, webhook_id, now + pause_for)


async def _log(
    tx: Tx, errand: Errand, answered: Answered, outcome: Outcome, attempt_id: UUID, began_at: datetime
) -> None:
    event = errand.event
    attempt = Attempt(
        attempt_id,
        event.transaction_id,
        event.event_id,
        event.kind,
        errand.claimed.number,
        outcome,
        answered.status,
        answered.error,
        answered.duration_ms,
        began_at,
    )
    await delivery_queries.insert_attempt(tx, errand.webhook.webhook_id, attempt)
