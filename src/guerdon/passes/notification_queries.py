"""Every statement that reads notifications."""

from uuid import UUID

from guerdon.passes.kept_notification import KeptNotification
from guerdon.platform.db import Tx


async def list_notifications(tx: Tx, pass_id: str, before: UUID | None, limit: int) -> list[KeptNotification]:
    """List the notifications of a pass, newest first, from the one after `before` on."""
    return await tx.all(
        KeptNotification,
        """
        SELECT notification_id, content, localized_content, update_data, correlation_id, state, created_at
          FROM pass_notification
         WHERE tenant_id = $1 AND pass_id = $2 AND ($3::uuid IS NULL OR notification_id < $3)
         ORDER BY notification_id DESC
         LIMIT $4
        """,
        tx.tenant_id,
        pass_id,
        before,
        limit,
    )
