"""Reading the coupons of a wallet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from guerdon.coupons import queries
from guerdon.coupons.model import Coupon, CouponState
from guerdon.platform.db import Tx
from guerdon.platform.listing import CURSOR_HINT, Listing
from guerdon.platform.problems import InvalidRequest

ORDERS: Final = frozenset({"id", "createdAt", "expires", "usedAt"})


async def list_coupons(
    tx: Tx, wallet_id: UUID, state: CouponState | None, now: datetime, wanted: Listing
) -> Sequence[Coupon]:
    """List a part of a wallet's coupons, newest first or in one of ORDERS; with `state`, those that are in it.

    Raises InvalidRequest.
    """
    wanted.check_sort(ORDERS)
    if wanted.cursor is not None and not await queries.has_coupon(tx, wallet_id, wanted.cursor):
        raise InvalidRequest({"cursor": [CURSOR_HINT]})
    if wanted.is_by_cursor:
        return await queries.list_after(tx, wallet_id, state, now, wanted.cursor, wanted.limit)
    return await queries.list_ordered(
        tx,
        wallet_id,
        state,
        now,
        wanted.sort or "createdAt",
        is_descending=wanted.falls(unasked=True),
        offset=wanted.start,
        limit=wanted.limit,
    )


async def list_usable(tx: Tx, wallet_id: UUID, now: datetime, limit: int) -> Sequence[Coupon]:
    """List the coupons of a wallet that can be used now, the first to end first."""
    return await queries.list_usable(tx, wallet_id, now, limit)


async def count_coupons(tx: Tx, wallet_id: UUID, state: CouponState | None, now: datetime) -> int:
    """Count a wallet's coupons; with `state`, those that are in it."""
    return await queries.count_coupons(tx, wallet_id, state, now)
