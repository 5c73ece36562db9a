"""Every statement on orders that have earned or were returned."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.points.order_model import EarnedOrder


async def find_order(tx: Tx, order_digest: bytes) -> EarnedOrder | None:
    """Read an order by the digest of its id."""
    return await tx.maybe(
        EarnedOrder,
        """
        SELECT order_digest, wallet_id, points, welcome, batch_id, welcome_batch_id, rule_version, received_at,
               returned_at, operation_id, taken
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
               returned_at, operation_id, taken
          FROM earned_order WHERE tenant_id = $1 AND wallet_id = $2 AND order_digest > $3
         ORDER BY order_digest LIMIT $4
        """,
        tx.tenant_id,
        wallet_id,
        after,
        limit,
    )


async def insert_order(tx: Tx, order: EarnedOrder) -> None:
    """Keep a new order. Raises asyncpg.UniqueViolationError when it is known by now."""
    await tx.execute(
        """
        INSERT INTO earned_order (tenant_id, order_digest, wallet_id, points, welcome, batch_id, welcome_batch_id,
                                  rule_version, received_at, returned_at, operation_id, taken)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
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
        order.returned_at,
        order.operation_id,
        order.taken,
    )


async def update_returned(tx: Tx, order: EarnedOrder) -> bool:
    """Keep that an order was returned, and what was taken back; False when it was returned before."""
    updated = await tx.execute(
        """
        UPDATE earned_order SET returned_at = $3, operation_id = $4, taken = $5
         WHERE tenant_id = $1 AND order_digest = $2 AND returned_at IS NULL
        """,
        tx.tenant_id,
        order.order_digest,
        order.returned_at,
        order.operation_id,
        order.taken,
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
    points: int = await tx.value(
        """
        SELECT coalesce(sum(CASE WHEN l.expires_at <= $4 THEN l.amount - l.remaining + coalesce(e.amount, 0)
                                 ELSE l.amount END), 0)::bigint
          FROM ledger_lot_state l
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
    )
    return points
