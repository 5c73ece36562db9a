"""What became of deliveries: the log of attempts, sending one again, and forgetting old ones."""

from datetime import datetime, timedelta
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.platform.events import Position, read_at
from guerdon.webhooks import delivery_queries
from guerdon.webhooks.errors import AttemptNotFound, WebhookNotEnabled
from guerdon.webhooks.model import RESENT_KIND, Attempt
from guerdon.webhooks.registering import get_webhook, tell

KEPT_FOR = timedelta(days=30)
FORGOTTEN_MAX = 5_000
LAST = UUID(int=2**128 - 1)


async def list_attempts(tx: Tx, webhook_id: str, before: UUID | None, limit: int) -> list[Attempt]:
    """Tell the attempts, the latest first, from the one before `before`. Raises WebhookNotFound."""
    await get_webhook(tx, webhook_id)
    return await delivery_queries.list_attempts(tx, webhook_id, before or LAST, limit)


async def resend(tx: Tx, webhook_id: str, attempt_id: UUID, actor: str, now: datetime) -> None:
    """Have the event of an attempt told again, ahead of later events of its subject, whether it had arrived or not.

    Raises WebhookNotFound, AttemptNotFound, WebhookNotEnabled.
    """
    webhook = await get_webhook(tx, webhook_id)
    attempt = await delivery_queries.find_attempt(tx, webhook_id, attempt_id)
    if attempt is None:
        raise AttemptNotFound(str(attempt_id))
    if webhook.state != "enabled":
        raise WebhookNotEnabled(webhook.state)
    events = await read_at(tx, [Position(attempt.transaction_id, attempt.event_id)])
    if not events:
        raise AttemptNotFound(str(attempt_id))
    await delivery_queries.insert_again(tx, webhook_id, events[0], now)
    more = {"attemptId": str(attempt_id), "eventId": str(attempt.event_id), "eventType": attempt.kind}
    await tell(tx, RESENT_KIND, webhook_id, actor, now, **more)


async def forget_old_attempts(tx: Tx, now: datetime) -> int:
    """Drop attempts older than 30 days, at most 5000, and tell how many."""
    return await delivery_queries.forget_attempts(tx, now - KEPT_FOR, FORGOTTEN_MAX)
