"""Setting points aside: until they are captured (spent), released, or their time is over."""

from datetime import datetime
from uuid import UUID

from guerdon.ledger.accounts import lock_account
from guerdon.ledger.model import Capture, Command, Hold, Release
from guerdon.platform.db import Tx
from guerdon.points import operation_queries
from guerdon.points.errors import PointsHoldNotFound, WalletNotFound
from guerdon.points.model import HoldView, HoldWish, Operation, OperationDetails, wallet_key
from guerdon.points.recording import post_one


async def hold_points(tx: Tx, wallet_id: UUID, wish: HoldWish, *, hold_id: UUID, actor: str, now: datetime) -> HoldView:
    """Set points aside, soonest expiry first. Raises WalletNotFound, NotEnough."""
    action = Hold(wish.amount, wish.expires_at)
    await post_one(tx, Command(wallet_key(wallet_id), action, str(hold_id), actor, details=wish), now)
    return await get_hold(tx, wallet_id, hold_id, now)


async def capture_hold(
    tx: Tx, wallet_id: UUID, hold_id: UUID, amount: int | None, *, operation_id: UUID, actor: str, now: datetime
) -> Operation:
    """Spend what a hold set aside, or `amount` of it; the rest is given back. The outcome is an operation like others.

    Raises WalletNotFound, PointsHoldNotFound, HoldClosed, NotEnough.
    """
    hold = await _lock_hold(tx, wallet_id, hold_id, now)
    action = Capture(str(hold_id), amount)
    details = OperationDetails("CAPTURE", hold.order, hold.venue, hold.extra)
    await post_one(tx, Command(wallet_key(wallet_id), action, str(operation_id), actor, details=details), now)
    operation = await operation_queries.find_operation(tx, wallet_id, operation_id)
    assert operation is not None, "it was made a moment ago"
    return operation


async def release_hold(tx: Tx, wallet_id: UUID, hold_id: UUID, *, actor: str, now: datetime) -> HoldView:
    """Give all that a hold set aside back to its batches. Raises WalletNotFound, PointsHoldNotFound, HoldClosed."""
    await _lock_hold(tx, wallet_id, hold_id, now)
    # A hold is closed once, so that its own name serves for its end too.
    await post_one(tx, Command(wallet_key(wallet_id), Release(str(hold_id)), f"free-{hold_id}", actor), now)
    return await get_hold(tx, wallet_id, hold_id, now)


async def get_hold(tx: Tx, wallet_id: UUID, hold_id: UUID, now: datetime) -> HoldView:
    """Read a hold. Raises PointsHoldNotFound."""
    hold = await operation_queries.find_hold(tx, wallet_id, hold_id, now)
    if hold is None:
        raise PointsHoldNotFound(hold_id)
    return hold


async def _lock_hold(tx: Tx, wallet_id: UUID, hold_id: UUID, now: datetime) -> HoldView:
    if await lock_account(tx, wallet_key(wallet_id)) is None:
        raise WalletNotFound(wallet_id)
    return await get_hold(tx, wallet_id, hold_id, now)
