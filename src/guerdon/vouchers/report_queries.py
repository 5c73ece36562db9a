"""Every statement of the report on vouchers: where those of a period stood at one instant."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class StateTotal:
    """How many vouchers of a period are in one state, and what they come to, in whole millionths."""

    state: str
    count: int
    amount: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class ReportedVoucher:
    """One voucher of a period, and what it was at the instant of the report."""

    voucher_id: UUID
    state: str
    amount: int
    price: int | None
    created_at: datetime
    expires_at: datetime | None
    for_wallet_id: UUID | None
    used_at: datetime | None
    wallet_id: UUID | None
    batch_id: UUID | None
    cancelled_at: datetime | None


async def sum_by_state(tx: Tx, first: datetime, last: datetime, as_of: datetime) -> list[StateTotal]:
    """Sum the vouchers made from `first` on and before `last` by the states that they had at an instant."""
    return await tx.all(
        StateTotal,
        """
        SELECT v.state, count(*) AS count, sum(v.amount) AS amount, coalesce(sum(v.price), 0) AS price
          FROM (SELECT CASE WHEN used_at <= $4 THEN 'USED' WHEN cancelled_at <= $4 THEN 'CANCELLED'
                            WHEN expires_at <= $4 THEN 'EXPIRED' ELSE 'ACTIVE' END AS state, amount, price
                  FROM voucher
                 WHERE tenant_id = $1 AND created_at >= $2 AND created_at < $3 AND created_at <= $4) AS v
         GROUP BY v.state ORDER BY v.state
        """,
        tx.tenant_id,
        first,
        last,
        as_of,
    )


async def list_reported(
    tx: Tx, after: tuple[datetime, UUID], last: datetime, as_of: datetime, limit: int
) -> list[ReportedVoucher]:
    """Read vouchers in the order in which they were made, behind one of them and before `last`."""
    return await tx.all(
        ReportedVoucher,
        """
        SELECT voucher_id,
               CASE WHEN used_at <= $5 THEN 'USED' WHEN cancelled_at <= $5 THEN 'CANCELLED'
                    WHEN expires_at <= $5 THEN 'EXPIRED' ELSE 'ACTIVE' END AS state,
               amount, price, created_at, expires_at, for_wallet_id,
               CASE WHEN used_at <= $5 THEN used_at END AS used_at,
               CASE WHEN used_at <= $5 THEN wallet_id END AS wallet_id,
               CASE WHEN used_at <= $5 THEN batch_id END AS batch_id,
               CASE WHEN cancelled_at <= $5 THEN cancelled_at END AS cancelled_at
          FROM voucher
         WHERE tenant_id = $1 AND (created_at, voucher_id) > ($2, $3::uuid) AND created_at < $4 AND created_at <= $5
         ORDER BY created_at, voucher_id LIMIT $6
        """,
        tx.tenant_id,
        after[0],
        after[1],
        last,
        as_of,
        limit,
    )
