"""Every statement on what wallets hold of a person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.points.model import HoldView, hold_of


async def list_all_holds(tx: Tx, wallet_id: UUID, after: UUID, limit: int, now: datetime) -> list[HoldView]:
    """Read the holds of a wallet, open or not, in id order after one of them."""
    records = await tx.records(
        """
        SELECT d.hold_id, d.wallet_id, h.amount, coalesce(-c.amount, 0) AS captured,
               CASE WHEN c.kind = 'capture' THEN 'CAPTURED'
                    WHEN c.actor = 'system:expiry' OR (c.seq IS NULL AND h.expires_at <= $5) THEN 'EXPIRED'
                    WHEN c.kind = 'release' THEN 'RELEASED' ELSE 'OPEN' END AS status,
               h.expires_at, d.order_id, d.venue, d.extra, h.opened_at, h.opened_seq
          FROM (SELECT * FROM wallet_hold
                 WHERE tenant_id = $1 AND wallet_id = $2 AND hold_id > $3 ORDER BY hold_id LIMIT $4) AS d
          JOIN ledger_hold_state h ON h.tenant_id = $1 AND h.hold_id = d.hold_id::text
          LEFT JOIN ledger_movement c ON c.tenant_id = $1 AND c.account_id = h.account_id AND c.seq = h.closed_seq
         ORDER BY d.hold_id
        """,
        tx.tenant_id,
        wallet_id,
        after,
        limit,
        now,
    )
    return [hold_of(list(record.values())) for record in records]


async def erase_attributes(tx: Tx, wallet_ids: Sequence[UUID], now: datetime) -> None:
    """Take the attributes from wallets."""
    await tx.execute(
        "UPDATE wallet SET attributes = '{}', updated_at = $3 WHERE tenant_id = $1 AND wallet_id = ANY($2::uuid[])",
        tx.tenant_id,
        wallet_ids,
        now,
    )


async def erase_batches(tx: Tx, wallet_ids: Sequence[UUID]) -> int:
    """Take what is said of batches, but for their prices, and tell how many batches said something."""
    return await tx.execute(
        """
        UPDATE wallet_batch b SET order_id = NULL, description = NULL, venue = NULL, extra = '{}', external_id = NULL
          FROM wallet w
          JOIN ledger_lot_state l ON l.tenant_id = $1 AND l.account_id = w.account_id
         WHERE w.tenant_id = $1 AND w.wallet_id = ANY($2::uuid[])
           AND b.tenant_id = $1 AND b.batch_id = l.lot_id
           AND (coalesce(b.order_id, b.description, b.venue, b.external_id) IS NOT NULL OR b.extra <> '{}')
        """,
        tx.tenant_id,
        wallet_ids,
    )


async def erase_operations(tx: Tx, wallet_ids: Sequence[UUID], now: datetime) -> int:
    """Take what is said of operations, and tell how many said something."""
    return await tx.execute(
        """
        UPDATE wallet_operation o SET order_id = NULL, venue = NULL, extra = '{}', updated_at = $3
          FROM wallet w
         WHERE w.tenant_id = $1 AND w.wallet_id = ANY($2::uuid[])
           AND o.tenant_id = $1 AND o.account_id = w.account_id
           AND (coalesce(o.order_id, o.venue) IS NOT NULL OR o.extra <> '{}')
        """,
        tx.tenant_id,
        wallet_ids,
        now,
    )


async def erase_holds(tx: Tx, wallet_ids: Sequence[UUID]) -> int:
    """Take what is said of holds, and tell how many said something."""
    return await tx.execute(
        """
        UPDATE wallet_hold SET order_id = NULL, venue = NULL, extra = '{}'
         WHERE tenant_id = $1 AND wallet_id = ANY($2::uuid[])
           AND (coalesce(order_id, venue) IS NOT NULL OR extra <> '{}')
        """,
        tx.tenant_id,
        wallet_ids,
    )
