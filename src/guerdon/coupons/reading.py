"""Reading the coupons of a wallet."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.coupons import queries
from guerdon.coupons.model import Coupon, CouponState
from guerdon.platform.db import Tx
from guerdon.platform.lists import Part

ORDERS = ("id", "createdAt", "expires", "usedAt")


async def list_coupons_ordered(
    tx: Tx, wallet_id: UUID, state: CouponState | None, now: datetime, part: Part
) -> tuple[Sequence[Coupon], int]:
    """List a part of a wallet's coupons in one of ORDERS, and count them all; with `state`, those that are in it."""
    found = await queries.list_ordered(
        tx,
        wallet_id,
        state,
        now,
        part.sort,
        is_descending=part.is_descending,
        offset=part.offset,
        limit=part.limit,
    )
    return found, await queries.count_coupons(tx, wallet_id, state, now)


async def list_coupons_after(
    tx: Tx, wallet_id: UUID, state: CouponState | None, now: datetime, after: str | None, limit: int
) -> Sequence[Coupon]:
    """List a wallet's coupons newest first, on from one of them; with `state`, those that are in it."""
    return await queries.list_after(tx, wallet_id, state, now, after, limit)
