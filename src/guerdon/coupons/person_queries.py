"""Every statement that takes what coupons say of a person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx


async def erase_texts(tx: Tx, wallet_ids: Sequence[UUID], actor: str, now: datetime) -> int:
    """Take what the coupons of wallets say and do, cancel those that were not used, and tell how many they are."""
    return await tx.execute(
        """
        UPDATE coupon
           SET details = '{"literals": {}, "media": []}', data = NULL,
               cancelled_at = CASE WHEN used_at IS NULL THEN coalesce(cancelled_at, $3) END,
               cancelled_by = CASE WHEN used_at IS NULL THEN coalesce(cancelled_by, $4) END
         WHERE tenant_id = $1 AND wallet_id = ANY($2::uuid[])
        """,
        tx.tenant_id,
        wallet_ids,
        now,
        actor,
    )
