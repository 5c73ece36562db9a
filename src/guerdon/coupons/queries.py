"""Every statement on coupons."""

from datetime import datetime
from uuid import UUID

from guerdon.coupons.model import Coupon
from guerdon.platform.db import Tx


async def insert_coupon(tx: Tx, coupon: Coupon) -> None:
    """Keep a new coupon. Raises asyncpg.UniqueViolationError when the id is taken."""
    await tx.execute(
        """
        INSERT INTO coupon (tenant_id, coupon_id, wallet_id, details, data, expires_at, reward_id, operation_id,
                            created_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        tx.tenant_id,
        coupon.coupon_id,
        coupon.wallet_id,
        coupon.details_text,
        coupon.data_text,
        coupon.expires_at,
        coupon.reward_id,
        coupon.operation_id,
        coupon.created_at,
        coupon.created_by,
    )


async def lock_coupon(tx: Tx, coupon_id: str) -> Coupon | None:
    """Read one coupon and hold it until the transaction ends."""
    return await tx.maybe(
        Coupon,
        """
        SELECT coupon_id, wallet_id, details, data, expires_at, reward_id, operation_id, created_at, created_by,
               used_at, used_by, reverted_at, reverted_by, cancelled_at, cancelled_by
          FROM coupon WHERE tenant_id = $1 AND coupon_id = $2
           FOR UPDATE
        """,
        tx.tenant_id,
        coupon_id,
    )


async def update_life(tx: Tx, coupon: Coupon) -> None:
    """Keep the times of a coupon's life, and who caused them."""
    await tx.execute(
        """
        UPDATE coupon
           SET used_at = $3, used_by = $4, reverted_at = $5, reverted_by = $6, cancelled_at = $7, cancelled_by = $8
         WHERE tenant_id = $1 AND coupon_id = $2
        """,
        tx.tenant_id,
        coupon.coupon_id,
        coupon.used_at,
        coupon.used_by,
        coupon.reverted_at,
        coupon.reverted_by,
        coupon.cancelled_at,
        coupon.cancelled_by,
    )


async def list_ordered(
    tx: Tx,
    wallet_id: UUID,
    state: str | None,
    now: datetime,
    sort: str,
    *,
    is_descending: bool,
    offset: int,
    limit: int,
) -> list[Coupon]:
    """Read a wallet's coupons in the order of `createdAt`, `expires`, `usedAt` or `id`; missing times last."""
    return await tx.all(
        Coupon,
        """
        SELECT coupon_id, wallet_id, details, data, expires_at, reward_id, operation_id, created_at, created_by,
               used_at, used_by, reverted_at, reverted_by, cancelled_at, cancelled_by
          FROM coupon
         CROSS JOIN LATERAL (
               SELECT CASE $5::text WHEN 'createdAt' THEN created_at WHEN 'expires' THEN expires_at
                                    WHEN 'usedAt' THEN used_at END AS at,
                      CASE WHEN cancelled_at IS NOT NULL THEN 'CANCELLED' WHEN used_at IS NOT NULL THEN 'USED'
                           WHEN expires_at <= $4 THEN 'EXPIRED' ELSE 'ACTIVE' END AS state) AS told
         WHERE tenant_id = $1 AND wallet_id = $2 AND ($3::text IS NULL OR told.state = $3)
         ORDER BY CASE WHEN NOT $6::boolean THEN told.at END NULLS LAST,
                  CASE WHEN $6 THEN told.at END DESC NULLS LAST,
                  CASE WHEN $6 THEN coupon_id END DESC, coupon_id
        OFFSET $7 LIMIT $8
        """,
        tx.tenant_id,
        wallet_id,
        state,
        now,
        sort,
        is_descending,
        offset,
        limit,
    )


async def has_coupon(tx: Tx, wallet_id: UUID, coupon_id: str) -> bool:
    """Tell whether a wallet has a coupon, in whatever state."""
    found: bool = await tx.value(
        "SELECT EXISTS (SELECT FROM coupon WHERE tenant_id = $1 AND coupon_id = $3 AND wallet_id = $2)",
        tx.tenant_id,
        wallet_id,
        coupon_id,
    )
    return found


async def list_after(
    tx: Tx, wallet_id: UUID, state: str | None, now: datetime, after: str | None, limit: int
) -> list[Coupon]:
    """Read a wallet's coupons newest first, on from one of them."""
    return await tx.all(
        Coupon,
        """
        SELECT coupon_id, wallet_id, details, data, expires_at, reward_id, operation_id, created_at, created_by,
               used_at, used_by, reverted_at, reverted_by, cancelled_at, cancelled_by
          FROM coupon
         WHERE tenant_id = $1 AND wallet_id = $2
           AND ($3::text IS NULL OR $3 = CASE WHEN cancelled_at IS NOT NULL THEN 'CANCELLED'
                                              WHEN used_at IS NOT NULL THEN 'USED'
                                              WHEN expires_at <= $4 THEN 'EXPIRED' ELSE 'ACTIVE' END)
           AND ($5::text IS NULL OR (created_at, coupon_id) < (SELECT c.created_at, c.coupon_id FROM coupon c
                                                                WHERE c.tenant_id = $1 AND c.coupon_id = $5))
         ORDER BY created_at DESC, coupon_id DESC LIMIT $6
        """,
        tx.tenant_id,
        wallet_id,
        state,
        now,
        after,
        limit,
    )


async def list_usable(tx: Tx, wallet_id: UUID, now: datetime, limit: int) -> list[Coupon]:
    """Read a wallet's coupons that can be used: the first to end first, those without an end by their age."""
    return await tx.all(
        Coupon,
        """
        SELECT coupon_id, wallet_id, details, data, expires_at, reward_id, operation_id, created_at, created_by,
               used_at, used_by, reverted_at, reverted_by, cancelled_at, cancelled_by
          FROM coupon
         WHERE tenant_id = $1 AND wallet_id = $2 AND used_at IS NULL AND cancelled_at IS NULL
           AND (expires_at IS NULL OR expires_at > $3)
         ORDER BY expires_at NULLS LAST, created_at, coupon_id LIMIT $4
        """,
        tx.tenant_id,
        wallet_id,
        now,
        limit,
    )


async def count_coupons(tx: Tx, wallet_id: UUID, state: str | None, now: datetime) -> int:
    """Count a wallet's coupons."""
    count: int = await tx.value(
        """
        SELECT count(*) FROM coupon
         WHERE tenant_id = $1 AND wallet_id = $2
           AND ($3::text IS NULL OR $3 = CASE WHEN cancelled_at IS NOT NULL THEN 'CANCELLED'
                                              WHEN used_at IS NOT NULL THEN 'USED'
                                              WHEN expires_at <= $4 THEN 'EXPIRED' ELSE 'ACTIVE' END)
        """,
        tx.tenant_id,
        wallet_id,
        state,
        now,
    )
    return count
