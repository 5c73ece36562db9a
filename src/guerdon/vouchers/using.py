"""Using vouchers: a code becomes a batch of points on one wallet, once."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.points.adding import add_batch
from guerdon.points.model import Batch, BatchWish
from guerdon.points.wallets import get_wallet
from guerdon.vouchers import queries
from guerdon.vouchers.errors import VoucherNotFound
from guerdon.vouchers.model import EVENT_USED


async def use_voucher(tx: Tx, wallet_id: UUID, voucher_id: UUID, *, batch_id: UUID, actor: str, now: datetime) -> Batch:
    """Turn a voucher into a batch of a wallet, with the voucher's amount, price and extra.

    Raises WalletNotFound, VoucherNotFound, VoucherOfAnother, VoucherUsed, VoucherCancelled, VoucherExpired.
    """
    await get_wallet(tx, wallet_id)
    # Whoever else brings the same code waits here, and then finds it used.
    voucher = await queries.lock_voucher(tx, voucher_id)
    if voucher is None:
        raise VoucherNotFound(voucher_id)
    voucher.check_usable(wallet_id, now)
    extra = msgspec.json.decode(voucher.extra_text, type=dict[str, str])
    wish = BatchWish(amount=voucher.amount, price=voucher.price, expires_at=voucher.points_expire_at(now), extra=extra)
    batch = await add_batch(tx, wallet_id, wish, batch_id=batch_id, actor=actor, now=now)
    await queries.update_life(tx, replace(voucher, used_at=now, used_by=actor, wallet_id=wallet_id, batch_id=batch_id))
    payload = {"voucherId": str(voucher_id), "walletId": str(wallet_id), "batchId": str(batch_id)}
    await emit(tx, [Event(EVENT_USED, str(wallet_id), msgspec.json.encode(payload).decode(), actor)], now)
    return batch
