"""Every statement on orders that have earned or were returned."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.points.balance_queries import find_freed
from guerdon.points.order_model import EarnedOrder


async def find_order(tx: Tx, order_digest: bytes) -> EarnedOrder | None:
    """Read an order by the digest of its id."""
    return await tx.maybe(
        EarnedOrder,
        """
        SELECT order_digest, wallet_id, points, welcome, batch_id, welcome_batch_id, rule_version, received_at,
               total, returned_in_part, returned_at, operation_id, taken
          FROM earned_order WHERE tenant_id = $1 AND order_digest = $2
        """,
        tx.tenant_id,
        order_digest,
    )


async def list_of_wallet(tx: Tx, wallet_id: UUID, after: bytes, limit: int) -> list[EarnedOrder]:
    """Read the orders of a wallet, by their digests after one of them."""
    return await tx.all(
        EarnedOrder,
        """
        SELECT order_digest, wallet_id, points, welcome, batch_id, welcome_batch_id, rule_version, received_at,
               total, returned_in_part, returned_at, operation_id, taken
          FROM earned_order WHERE tenant_id = $1 AND wallet_id = $2 AND order_digest > $3
         ORDER BY order_digest LIMIT $4
        """,
        tx.tenant_id,
        wallet_id,
        after,
        limit,
    )


async def insert_order(tx: Tx, order: EarnedOrder) -> None:
    """Keep a new order of which nothing was returned. Raises asyncpg.UniqueViolationError when it is known by now."""
    await tx.execute(
        """
        INSERT INTO earned_order (tenant_id, order_digest, wallet_id, points, welcome, batch_id, welcome_batch_id,
                                  rule_version, received_at, total)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        tx.tenant_id,
        order.order_digest,
        order.wallet_id,
        order.points,
        order.welcome,
        order.batch_id,
        order.welcome_batch_id,
        order.rule_version,
        order.received_at,
        order.total,
    )


async def update_earned(tx: Tx, before: EarnedOrder, order: EarnedOrder) -> bool:
    """Keep what an order earned that had come to nothing; False when it is not as it was `before`."""
    updated = await tx.execute(
        """
        UPDATE earned_order SET points = $3, welcome = $4, batch_id = $5, welcome_batch_id = $6, rule_version = $7,
                                received_at = $8, total = $9
         WHERE tenant_id = $1 AND order_digest = $2 AND points = 0 AND returned_at IS NULL AND total = $10
        """,
        tx.tenant_id,
        order.order_digest,
        order.points,
        order.welcome,
        order.batch_id,
        order.welcome_batch_id,
        order.rule_version,
        order.received_at,
        order.total,
        before.total,
    )
    return updated == 1


async def update_returned(tx: Tx, before: EarnedOrder, order: EarnedOrder) -> bool:
    """Keep what of an order was returned, and what was taken back; False when it is not as it was `before`."""
    updated = await tx.execute(
        """
        UPDATE earned_order SET total = $3, returned_in_part = $4, returned_at = $5, operation_id = $6, taken = $7
         WHERE tenant_id = $1 AND order_digest = $2 AND returned_at IS NULL AND points = $8 AND returned_in_part = $9
           AND total IS NOT DISTINCT FROM $10
        """,
        tx.tenant_id,
        order.order_digest,
        order.total,
        order.returned_in_part,
        order.returned_at,
        order.operation_id,
        order.taken,
        before.points,
        before.returned_in_part,
        before.total,
    )
    return updated == 1


async def was_welcomed(tx: Tx, wallet_id: UUID) -> bool:
    """Tell whether an order that stands has brought a wallet its welcome."""
    found = await tx.value(
        """
        SELECT EXISTS (SELECT FROM earned_order
                        WHERE tenant_id = $1 AND wallet_id = $2 AND welcome > 0 AND returned_at IS NULL)
        """,
        tx.tenant_id,
        wallet_id,
    )
    return found is True


async def sum_unended(tx: Tx, account_id: UUID, batch_ids: Sequence[UUID], now: datetime) -> int:
    """Sum what of batches has not ended: what is left of live ones, and what was used of any, held or spent."""
    freed = await find_freed(tx, account_id, now)
    points: int = await tx.value(
        """
        SELECT coalesce(sum(CASE WHEN l.expires_at <= $4 THEN l.amount - l.remaining + coalesce(e.amount, 0)
                                      - coalesce(f.amount, 0)
                                 ELSE l.amount END), 0)::bigint
          FROM ledger_lot_state l
          LEFT JOIN unnest($5::uuid[], $6::bigint[]) AS f (lot_id, amount) ON f.lot_id = l.lot_id
          LEFT JOIN LATERAL (
               SELECT sum(c.amount) AS amount
                 FROM ledger_movement m
                 JOIN ledger_lot_change c ON c.tenant_id = $1 AND c.account_id = $2 AND c.seq = m.seq
                WHERE m.tenant_id = $1 AND m.account_id = $2 AND m.kind = 'expire' AND c.lot_id = l.lot_id
          ) AS e ON l.expires_at <= $4
         WHERE l.tenant_id = $1 AND l.account_id = $2 AND l.lot_id = ANY($3::uuid[])
        """,
        tx.tenant_id,
        account_id,
        batch_ids,
        now,
        list(freed),
        list(freed.values()),
    )
    return points
