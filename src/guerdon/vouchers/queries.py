"""Every statement on vouchers; those of their report are in report_queries.py."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.vouchers.model import Voucher, VoucherBulk, VoucherWish


async def insert_vouchers(
    tx: Tx, voucher_ids: Sequence[UUID], wish: VoucherWish, bulk_id: UUID | None, actor: str, now: datetime
) -> None:
    """Keep new vouchers that are alike but for their codes."""
    await tx.execute(
        """
        INSERT INTO voucher (tenant_id, voucher_id, amount, price, expires_at, points_expire_in_days, for_wallet_id,
                             extra, bulk_id, created_at, created_by)
        SELECT $1, n.voucher_id, $3, $4, $5, $6, $7, $8, $9, $10, $11
          FROM unnest($2::uuid[]) AS n (voucher_id)
        """,
        tx.tenant_id,
        voucher_ids,
        wish.amount,
        wish.price,
        wish.expires_at,
        wish.points_expire_in_days,
        wish.for_wallet_id,
        wish.extra_text,
        bulk_id,
        now,
        actor,
    )


async def insert_bulk(tx: Tx, bulk: VoucherBulk) -> None:
    """Keep that vouchers are made together."""
    await tx.execute(
        "INSERT INTO voucher_bulk (tenant_id, bulk_id, count, created_at, created_by) VALUES ($1, $2, $3, $4, $5)",
        tx.tenant_id,
        bulk.bulk_id,
        bulk.count,
        bulk.created_at,
        bulk.created_by,
    )


async def find_bulk(tx: Tx, bulk_id: UUID) -> VoucherBulk | None:
    """Read what was made together."""
    return await tx.maybe(
        VoucherBulk,
        "SELECT bulk_id, count, created_at, created_by FROM voucher_bulk WHERE tenant_id = $1 AND bulk_id = $2",
        tx.tenant_id,
        bulk_id,
    )


async def list_of_bulk(tx: Tx, bulk_id: UUID, after: UUID, limit: int) -> list[Voucher]:
    """Read vouchers that were made together, in the order of their codes, on from one of them."""
    return await tx.all(
        Voucher,
        """
        SELECT voucher_id, amount, price, expires_at, points_expire_in_days, for_wallet_id, extra, bulk_id, created_at,
               created_by, used_at, used_by, wallet_id, batch_id, cancelled_at, cancelled_by
          FROM voucher
         WHERE tenant_id = $1 AND bulk_id = $2 AND voucher_id > $3
         ORDER BY voucher_id LIMIT $4
        """,
        tx.tenant_id,
        bulk_id,
        after,
        limit,
    )


async def find_voucher(tx: Tx, voucher_id: UUID) -> Voucher | None:
    """Read one voucher."""
    return await tx.maybe(
        Voucher,
        """
        SELECT voucher_id, amount, price, expires_at, points_expire_in_days, for_wallet_id, extra, bulk_id, created_at,
               created_by, used_at, used_by, wallet_id, batch_id, cancelled_at, cancelled_by
          FROM voucher WHERE tenant_id = $1 AND voucher_id = $2
        """,
        tx.tenant_id,
        voucher_id,
    )


async def lock_voucher(tx: Tx, voucher_id: UUID) -> Voucher | None:
    """Read one voucher and hold it until the transaction ends."""
    return await tx.maybe(
        Voucher,
        """
        SELECT voucher_id, amount, price, expires_at, points_expire_in_days, for_wallet_id, extra, bulk_id, created_at,
               created_by, used_at, used_by, wallet_id, batch_id, cancelled_at, cancelled_by
          FROM voucher WHERE tenant_id = $1 AND voucher_id = $2
           FOR UPDATE
        """,
        tx.tenant_id,
        voucher_id,
    )


async def update_life(tx: Tx, voucher: Voucher) -> None:
    """Keep what became of a voucher."""
    await tx.execute(
        """
        UPDATE voucher
           SET used_at = $3, used_by = $4, wallet_id = $5, batch_id = $6, cancelled_at = $7, cancelled_by = $8
         WHERE tenant_id = $1 AND voucher_id = $2
        """,
        tx.tenant_id,
        voucher.voucher_id,
        voucher.used_at,
        voucher.used_by,
        voucher.wallet_id,
        voucher.batch_id,
        voucher.cancelled_at,
        voucher.cancelled_by,
    )
