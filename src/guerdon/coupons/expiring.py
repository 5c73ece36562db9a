"""Telling that the time of coupons is over: of their webhooks, and of the passes that show them."""

from datetime import datetime
from typing import Final

import msgspec

from guerdon.coupons import expiry_queries
from guerdon.coupons.model import EVENT_EXPIRED
from guerdon.ledger.accounts import lock_accounts
from guerdon.ledger.model import AccountKey
from guerdon.passes.updating import touch_bound
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit

ACTOR: Final = "system:expiry"
COUPONS_MAX: Final = 500


async def tell_expired(tx: Tx, now: datetime) -> int:
    """Tell of at most 500 coupons that ended unused since this last ran, once of each, and how many they are.

    Reads leave out what has ended before this tells it, so that it changes no state and is never urgent.
    """
    due = await expiry_queries.list_due(tx, now, COUPONS_MAX)
    # As in keeping.py, wallets are held before coupons and passes.
    await lock_accounts(tx, [AccountKey("wallet", wallet_id) for wallet_id in {str(one.wallet_id) for one in due}])
    told = await expiry_queries.keep_told(tx, [one.coupon_id for one in due], now)
    events = [Event(EVENT_EXPIRED, wallet_id, _payload(wallet_id, coupon_id), ACTOR) for wallet_id, coupon_id in told]
    await emit(tx, events, now)
    if told:
        await touch_bound(tx, {wallet_id: ACTOR for wallet_id, _ in told}, now)
    return len(due)


async def first_expiry_after(tx: Tx, instant: datetime) -> datetime | None:
    """Tell when the next unused coupon ends, after an instant."""
    return await expiry_queries.first_end_after(tx, instant)


def _payload(wallet_id: str, coupon_id: str) -> str:
    return msgspec.json.encode({"walletId": wallet_id, "couponId": coupon_id}).decode()
