"""Giving coupons to wallets, marking them used, taking that back, and cancelling them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from guerdon.access.model import Caller
from guerdon.coupons import queries
from guerdon.coupons.errors import CouponNotFound
from guerdon.coupons.model import (
    EVENT_CANCELLED,
    EVENT_CREATED,
    EVENT_REVERTED,
    EVENT_USED,
    ClaimOrigin,
    Coupon,
    CouponContent,
)
from guerdon.ledger.accounts import lock_accounts
from guerdon.ledger.model import AccountKey
from guerdon.passes.updating import touch_bound
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit


@dataclass(frozen=True, slots=True)
class Wallets:
    """What this room needs of the one beside it that keeps wallets; both raise that room's refusals.

    `check` accepts a wallet that is there, `of_user` tells which is the caller's own.
    """

    check: Callable[[Tx, UUID], Awaitable[object]]
    of_user: Callable[[Caller], UUID]


async def give_coupon(
    tx: Tx,
    coupon_id: str,
    wallet_id: UUID,
    content: CouponContent,
    expires_at: datetime | None,
    actor: str,
    now: datetime,
    *,
    origin: ClaimOrigin | None = None,
) -> Coupon:
    """Give a wallet that exists a new coupon.

    Raises asyncpg.UniqueViolationError when the id is taken: make another and try again.
    """
    await _hold_wallet(tx, wallet_id)
    reward_id, operation_id = (None, None) if origin is None else (origin.reward_id, origin.operation_id)
    coupon = Coupon(
        coupon_id,
        wallet_id,
        content.details_text,
        content.data_text,
        expires_at,
        reward_id,
        operation_id,
        created_at=now,
        created_by=actor,
    )
    await queries.insert_coupon(tx, coupon)
    await _tell(tx, EVENT_CREATED, coupon, actor, now)
    return coupon


async def use_coupon(tx: Tx, wallet_id: UUID, coupon_id: str, actor: str, now: datetime) -> Coupon:
    """Mark a coupon of a wallet used. Raises CouponNotFound, CouponUsed, CouponCancelled, CouponExpired."""
    coupon = await _lock(tx, wallet_id, coupon_id)
    coupon.check_usable(now)
    return await _change(tx, EVENT_USED, replace(coupon, used_at=now, used_by=actor), actor, now)


async def revert_coupon(tx: Tx, wallet_id: UUID, coupon_id: str, actor: str, now: datetime) -> Coupon:
    """Take the use of a coupon back; its end stays where it is.

    Raises CouponNotFound, CouponCancelled, CouponNotUsed.
    """
    coupon = await _lock(tx, wallet_id, coupon_id)
    coupon.check_revertible()
    reverted = replace(coupon, used_at=None, used_by=None, reverted_at=now, reverted_by=actor)
    return await _change(tx, EVENT_REVERTED, reverted, actor, now)


async def cancel_coupon(tx: Tx, wallet_id: UUID, coupon_id: str, actor: str, now: datetime) -> Coupon:
    """Cancel a coupon that was not used; one that is cancelled stays as it is. Raises CouponNotFound, CouponUsed."""
    coupon = await _lock(tx, wallet_id, coupon_id)
    coupon.check_cancellable()
    if coupon.cancelled_at is not None:
        return coupon
    return await _change(tx, EVENT_CANCELLED, replace(coupon, cancelled_at=now, cancelled_by=actor), actor, now)


async def _hold_wallet(tx: Tx, wallet_id: UUID) -> None:
    # The wallet's account is held before its coupons and its passes, as by everybody who moves its points: a rollback
    # touches passes before it comes to the coupon.
    await lock_accounts(tx, [AccountKey("wallet", str(wallet_id))])


async def _lock(tx: Tx, wallet_id: UUID, coupon_id: str) -> Coupon:
    await _hold_wallet(tx, wallet_id)
    coupon = await queries.lock_coupon(tx, coupon_id)
    if coupon is None or coupon.wallet_id != wallet_id:
        raise CouponNotFound(coupon_id)
    return coupon


async def _change(tx: Tx, kind: str, coupon: Coupon, actor: str, now: datetime) -> Coupon:
    await queries.update_life(tx, coupon)
    await _tell(tx, kind, coupon, actor, now)
    return coupon


async def _tell(tx: Tx, kind: str, coupon: Coupon, actor: str, now: datetime) -> None:
    payload: dict[str, object] = {"walletId": str(coupon.wallet_id), "couponId": coupon.coupon_id}
    if coupon.reward_id is not None:
        payload |= {"rewardId": str(coupon.reward_id), "operationId": str(coupon.operation_id)}
    wallet_id = str(coupon.wallet_id)
    await emit(tx, [Event(kind, wallet_id, msgspec.json.encode(payload).decode(), actor)], now)
    await touch_bound(tx, {wallet_id: actor}, now)
