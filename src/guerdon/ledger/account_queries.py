"""Every statement that opens, bounds and closes accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.ledger.model import EMPTY_HEAD, Account, AccountKey
from guerdon.platform.db import Tx


async def insert_account(tx: Tx, account: Account, opened_at: datetime) -> None:
    """Open an account. Raises asyncpg.UniqueViolationError when its owner has one open already."""
    await tx.execute(
        """
        INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, held, seq, head, has_lots,
                                    value_min, value_max, opened_at, moved_at, closes_at)
        VALUES ($1, $2, $3, $4, $5, 0, 0, 0, $6, $7, $8, $9, $10, $10, $11)
        """,
        tx.tenant_id,
        account.account_id,
        account.kind,
        account.owner_id,
        account.subject_id,
        account.head,
        account.has_lots,
        account.value_min,
        account.value_max,
        opened_at,
        account.closes_at,
    )


async def insert_accounts(
    tx: Tx, opened: Sequence[tuple[UUID, AccountKey]], opened_at: datetime, *, has_lots: bool
) -> None:
    """Open accounts without bounds. Raises asyncpg.UniqueViolationError when an owner has one open already."""
    await tx.execute(
        """
        INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, held, seq, head, has_lots,
                                    opened_at, moved_at)
        SELECT $1, n.account_id, n.kind, n.owner_id, n.owner_id, 0, 0, 0, $2, $3, $4, $4
          FROM unnest($5::uuid[], $6::text[], $7::text[]) AS n (account_id, kind, owner_id)
        """,
        tx.tenant_id,
        EMPTY_HEAD,
        has_lots,
        opened_at,
        [account_id for account_id, _ in opened],
        [key.kind for _, key in opened],
        [key.owner_id for _, key in opened],
    )


async def update_closing(tx: Tx, account_id: UUID, closes_at: datetime | None) -> None:
    """Set from when an account takes nothing more."""
    await tx.execute(
        "UPDATE ledger_account SET closes_at = $3 WHERE tenant_id = $1 AND account_id = $2",
        tx.tenant_id,
        account_id,
        closes_at,
    )


async def update_bounds(tx: Tx, account_id: UUID, value_min: int | None, value_max: int | None) -> None:
    """Set the bounds that the value must keep."""
    await tx.execute(
        "UPDATE ledger_account SET value_min = $3, value_max = $4 WHERE tenant_id = $1 AND account_id = $2",
        tx.tenant_id,
        account_id,
        value_min,
        value_max,
    )


async def close_accounts(tx: Tx, account_ids: Sequence[UUID], now: datetime) -> None:
    """Close accounts for good: their entries stay, their owner's name becomes free."""
    await tx.execute(
        """
        UPDATE ledger_account SET closed_at = $3
         WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) AND closed_at IS NULL
        """,
        tx.tenant_id,
        account_ids,
        now,
    )
