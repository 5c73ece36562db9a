"""The demo's wallet: that of the user whose token `sandbox.json` has, with a few points and a coupon; repeatable."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from guerdon.coupons.keeping import give_coupon
from guerdon.coupons.model import CouponContent
from guerdon.entrypoints.sandbox_passes import ACTOR
from guerdon.entrypoints.sandbox_tokens import USER_UUID
from guerdon.platform.db import Tx
from guerdon.platform.ids import new_coupon_id, new_id
from guerdon.points.adding import add_batch
from guerdon.points.errors import WalletNotFound
from guerdon.points.model import BatchWish
from guerdon.points.wallets import get_wallet, open_wallet

UNIT: Final = 1_000_000
WELCOME: Final = BatchWish(30 * UNIT, description="Welcome")
BOUGHT_FOR: Final = timedelta(days=365)
TREAT: Final = CouponContent(
    '{"literals": {"title": "A cinnamon bun", "de": "Eine Zimtschnecke"}}', '{"couponKey": "bun"}'
)
TREATED_FOR: Final = timedelta(days=90)


async def create_demo_wallet(tx: Tx, now: datetime) -> None:
    """Open the demo user's wallet with a gift, a batch that was paid for and a coupon, unless it is there."""
    wallet_id = UUID(USER_UUID)
    try:
        await get_wallet(tx, wallet_id)
    except WalletNotFound:
        await open_wallet(tx, wallet_id, {"name": "Demo"}, ACTOR, now)
        bought = BatchWish(100 * UNIT, price=10 * UNIT, expires_at=now + BOUGHT_FOR, description="Bought")
        for wish in (WELCOME, bought):
            await add_batch(tx, wallet_id, wish, batch_id=new_id(), actor=ACTOR, now=now)
        await give_coupon(tx, new_coupon_id(), wallet_id, TREAT, now + TREATED_FOR, ACTOR, now)
