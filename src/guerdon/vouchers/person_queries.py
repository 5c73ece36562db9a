"""Every statement on vouchers that a wallet has used, or that are for it alone."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.vouchers.model import Voucher


async def list_of_wallet(tx: Tx, wallet_id: UUID, after: UUID, limit: int) -> list[Voucher]:
    """Read the vouchers of a wallet, in the order of their codes, on from one of them."""
    return await tx.all(
        Voucher,
        """
        SELECT voucher_id, amount, price, expires_at, points_expire_in_days, for_wallet_id, extra, bulk_id, created_at,
               created_by, used_at, used_by, wallet_id, batch_id, cancelled_at, cancelled_by
          FROM voucher
         WHERE tenant_id = $1 AND (wallet_id = $2 OR for_wallet_id = $2) AND voucher_id > $3
         ORDER BY voucher_id LIMIT $4
        """,
        tx.tenant_id,
        wallet_id,
        after,
        limit,
    )


async def erase_texts(tx: Tx, wallet_ids: Sequence[UUID], actor: str, now: datetime) -> int:
    """Take what the vouchers of wallets say, cancel those that were not used, and tell how many they are.

    They are held in the order of their codes.
    """
    return await tx.execute(
        """
        WITH held AS MATERIALIZED (
            SELECT voucher_id FROM voucher
             WHERE tenant_id = $1 AND (wallet_id = ANY($2::uuid[]) OR for_wallet_id = ANY($2::uuid[]))
             ORDER BY voucher_id FOR UPDATE
        )
        UPDATE voucher v
           SET extra = '{}',
               cancelled_at = CASE WHEN v.used_at IS NULL THEN coalesce(v.cancelled_at, $3) END,
               cancelled_by = CASE WHEN v.used_at IS NULL THEN coalesce(v.cancelled_by, $4) END
          FROM held
         WHERE v.tenant_id = $1 AND v.voucher_id = held.voucher_id
        """,
        tx.tenant_id,
        wallet_ids,
        now,
        actor,
    )
