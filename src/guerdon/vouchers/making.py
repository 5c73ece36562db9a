"""Making vouchers, one or many at once, reading them, and cancelling them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from guerdon.ledger.amounts import to_decimal
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.points.model import BatchWish
from guerdon.vouchers import queries
from guerdon.vouchers.errors import BulkNotFound, VoucherNotFound
from guerdon.vouchers.model import (
    EVENT_BULK_CREATED,
    EVENT_CANCELLED,
    EVENT_CREATED,
    Voucher,
    VoucherBulk,
    VoucherWish,
)

BULK_MAX = 100_000
CHUNK = 5_000
HINT_CHARACTERS = 8

_encoder = msgspec.json.Encoder(decimal_format="number")


async def make_voucher(tx: Tx, voucher_id: UUID, wish: VoucherWish, actor: str, now: datetime) -> Voucher:
    """Make one voucher under a code that nobody has. Raises PriceTooHigh."""
    _check(wish)
    await queries.insert_vouchers(tx, [voucher_id], wish, None, actor, now)
    # The code is worth money until it is used, so that an event tells its beginning and no more.
    hint = str(voucher_id)[:HINT_CHARACTERS]
    await _tell(tx, EVENT_CREATED, hint, {"beginning": hint, "amount": to_decimal(wish.amount)}, actor, now)
    return await get_voucher(tx, voucher_id)


async def make_vouchers(
    tx: Tx, bulk: VoucherBulk, wish: VoucherWish, new_code: Callable[[], UUID], now: datetime
) -> None:
    """Make as many vouchers as a bulk counts, 100 000 at most, alike but for their codes; 5 000 in memory at once.

    Raises PriceTooHigh.
    """
    _check(wish)
    assert 1 <= bulk.count <= BULK_MAX, bulk.count
    await queries.insert_bulk(tx, bulk)
    for made in range(0, bulk.count, CHUNK):
        codes = [new_code() for _ in range(min(CHUNK, bulk.count - made))]
        await queries.insert_vouchers(tx, codes, wish, bulk.bulk_id, bulk.created_by, now)
    said = {"bulkId": str(bulk.bulk_id), "count": bulk.count, "amount": to_decimal(wish.amount)}
    await _tell(tx, EVENT_BULK_CREATED, str(bulk.bulk_id), said, bulk.created_by, now)


async def get_voucher(tx: Tx, voucher_id: UUID) -> Voucher:
    """Read one voucher. Raises VoucherNotFound."""
    voucher = await queries.find_voucher(tx, voucher_id)
    if voucher is None:
        raise VoucherNotFound(voucher_id)
    return voucher


async def get_bulk(tx: Tx, bulk_id: UUID) -> VoucherBulk:
    """Read what was made together. Raises BulkNotFound."""
    bulk = await queries.find_bulk(tx, bulk_id)
    if bulk is None:
        raise BulkNotFound(bulk_id)
    return bulk


async def list_of_bulk(tx: Tx, bulk_id: UUID, after: UUID, limit: int) -> Sequence[Voucher]:
    """List vouchers that were made together, in the order of their codes, on from one of them."""
    return await queries.list_of_bulk(tx, bulk_id, after, limit)


async def cancel_voucher(tx: Tx, voucher_id: UUID, actor: str, now: datetime) -> None:
    """Cancel a voucher that was not used; one that is cancelled stays so. Raises VoucherNotFound, VoucherUsed."""
    voucher = await queries.lock_voucher(tx, voucher_id)
    if voucher is None:
        raise VoucherNotFound(voucher_id)
    voucher.check_unused()
    if voucher.cancelled_at is not None:
        return
    await queries.update_life(tx, replace(voucher, cancelled_at=now, cancelled_by=actor))
    await _tell(tx, EVENT_CANCELLED, str(voucher_id), {"voucherId": str(voucher_id)}, actor, now)


def _check(wish: VoucherWish) -> None:
    # What the voucher becomes must be a batch that wallets take.
    BatchWish(wish.amount, wish.price).unit_price()


async def _tell(tx: Tx, kind: str, subject_id: str, payload: object, actor: str, now: datetime) -> None:
    await emit(tx, [Event(kind, subject_id, _encoder.encode(payload).decode(), actor)], now)
