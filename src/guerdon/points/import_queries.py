"""Every statement on wallets and lots that are brought in from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.points.model import Wallet, write_texts


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
        SELECT l.lot_id AS batch_id, a.owner_id AS wallet, l.amount, b.price, l.expires_at
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


async def list_wallet_ids(tx: Tx, wallet_ids: Sequence[UUID]) -> set[UUID]:
    """Read which of some wallets are there."""
    records = await tx.records(
        "SELECT wallet_id FROM wallet WHERE tenant_id = $1 AND wallet_id = ANY($2::uuid[])", tx.tenant_id, wallet_ids
    )
    return {record["wallet_id"] for record in records}


async def insert_wallets(tx: Tx, wallets: Sequence[Wallet]) -> None:
    """Keep new wallets. Raises asyncpg.UniqueViolationError when there is one of these ids."""
    await tx.execute(
        """
        INSERT INTO wallet (tenant_id, wallet_id, account_id, attributes, created_at, updated_at)
        SELECT $1, n.wallet_id, n.account_id, n.attributes::jsonb, n.created_at, n.updated_at
          FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[])
               AS n (wallet_id, account_id, attributes, created_at, updated_at)
        """,
        tx.tenant_id,
        [wallet.wallet_id for wallet in wallets],
        [wallet.account_id for wallet in wallets],
        [write_texts(wallet.attributes) for wallet in wallets],
        [wallet.created_at for wallet in wallets],
        [wallet.updated_at for wallet in wallets],
    )
