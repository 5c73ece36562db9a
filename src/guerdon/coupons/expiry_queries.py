"""Every statement on coupons whose time is over and of which nobody was told yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class Due:
    """A coupon that ended unused."""

    coupon_id: str
    wallet_id: UUID


async def list_due(tx: Tx, now: datetime, limit: int) -> list[Due]:
    """Read coupons that ended unused, the first to end first."""
    return await tx.all(
        Due,
        """
        SELECT coupon_id, wallet_id FROM coupon
         WHERE tenant_id = $1 AND expires_at <= $2 AND expires_at IS NOT NULL
           AND expiry_told_at IS NULL AND used_at IS NULL AND cancelled_at IS NULL
         ORDER BY expires_at LIMIT $3
        """,
        tx.tenant_id,
        now,
        limit,
    )


async def keep_told(tx: Tx, coupon_ids: Sequence[str], now: datetime) -> list[tuple[str, str]]:
    """Keep that the end of coupons is told, of those that are still unused; give the wallet and the id of each."""
    records = await tx.records(
        """
        WITH held AS MATERIALIZED (
            SELECT coupon_id FROM coupon
             WHERE tenant_id = $1 AND coupon_id = ANY($2::text[])
               AND expiry_told_at IS NULL AND used_at IS NULL AND cancelled_at IS NULL
             ORDER BY coupon_id FOR UPDATE
        )
        UPDATE coupon c SET expiry_told_at = $3
          FROM held
         WHERE c.tenant_id = $1 AND c.coupon_id = held.coupon_id
        RETURNING c.wallet_id, c.coupon_id
        """,
        tx.tenant_id,
        coupon_ids,
        now,
    )
    return [(str(record["wallet_id"]), record["coupon_id"]) for record in records]


async def first_end_after(tx: Tx, instant: datetime) -> datetime | None:
    """Tell when the next unused coupon ends, after an instant."""
    ends_at: datetime | None = await tx.value(
        """
        SELECT min(expires_at) FROM coupon
         WHERE tenant_id = $1 AND expires_at > $2 AND expires_at IS NOT NULL
           AND expiry_told_at IS NULL AND used_at IS NULL AND cancelled_at IS NULL
        """,
        tx.tenant_id,
        instant,
    )
    return ends_at
