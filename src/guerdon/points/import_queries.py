"""Every statement on lots that are brought in from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class KnownLot:
    """A lot that is there, as a row of a file would say it."""

    batch_id: UUID
    wallet: str
    amount: int
    price: int | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class PostedSum:
    """What some lots come to as they were opened: points in millionths, money in millionths of both."""

    rows: int
    amount: Decimal
    money: Decimal


async def list_lots(tx: Tx, batch_ids: Sequence[UUID]) -> list[KnownLot]:
    """Read those of some lots that are there."""
    return await tx.all(
        KnownLot,
        """
        SELECT l.lot_id AS batch_id, a.owner_id AS wallet, l.amount, b.price, l.agreed_expires_at AS expires_at
          FROM ledger_lot_state l
          JOIN ledger_balance a ON a.tenant_id = $1 AND a.account_id = l.account_id
          LEFT JOIN wallet_batch b ON b.tenant_id = $1 AND b.batch_id = l.lot_id
         WHERE l.tenant_id = $1 AND l.lot_id = ANY($2::uuid[])
        """,
        tx.tenant_id,
        batch_ids,
    )


async def sum_lots(tx: Tx, batch_ids: Sequence[UUID]) -> PostedSum:
    """Sum what the entries that opened some lots say, and what their lots are worth."""
    found = await tx.maybe(
        PostedSum,
        """
        SELECT count(*) AS rows, coalesce(sum(e.amount), 0) AS amount,
               coalesce(sum(e.amount::numeric * l.unit_price), 0) AS money
          FROM ledger_lot_state l
          JOIN ledger_movement e ON e.tenant_id = $1 AND e.account_id = l.account_id AND e.seq = l.opened_seq
         WHERE l.tenant_id = $1 AND l.lot_id = ANY($2::uuid[])
        """,
        tx.tenant_id,
        batch_ids,
    )
    assert found is not None
    return found
