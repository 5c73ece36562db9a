"""Telling the holder of one pass something, and what the holder was told before."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.passes import notification_queries
from guerdon.passes.bulk_changes import BulkChange, change_passes
from guerdon.passes.finding import get_pass
from guerdon.passes.kept_notification import KeptNotification
from guerdon.passes.model import Changes
from guerdon.passes.updating import Notification, request_notification
from guerdon.platform.db import Tx

HISTORY_MAX = 1_000


async def notify_pass(
    tx: Tx, notification_id: UUID, pass_id: str, notification: Notification, actor: str, now: datetime
) -> None:
    """Keep the intent to tell the holder of a pass something, and refresh the pass when that is asked.

    Raises PassNotFound.
    """
    found = await get_pass(tx, pass_id)
    if notification.update_data:
        change = BulkChange([found.pass_id], Changes())
        await change_passes(tx, change, notification.correlation_id, actor, now)
    await request_notification(tx, notification_id, found.pass_id, notification, actor, now)


async def list_history(tx: Tx, pass_id: str, before: UUID | None, limit: int) -> Sequence[KeptNotification]:
    """List what the holder of a pass was told, newest first; `limit` is at most 1 000. Raises PassNotFound."""
    found = await get_pass(tx, pass_id)
    return await notification_queries.list_notifications(tx, found.pass_id, before, limit)
