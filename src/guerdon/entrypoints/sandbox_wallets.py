"""The demo's wallet: that of the user whose token `sandbox.json` has, with a few points; repeatable."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from guerdon.entrypoints.sandbox_passes import ACTOR
from guerdon.entrypoints.sandbox_tokens import USER_UUID
from guerdon.platform.db import Tx
from guerdon.platform.ids import new_id
from guerdon.points.adding import add_batch
from guerdon.points.errors import WalletNotFound
from guerdon.points.model import BatchWish
from guerdon.points.wallets import get_wallet, open_wallet

UNIT: Final = 1_000_000
WELCOME: Final = BatchWish(30 * UNIT, description="Welcome")
BOUGHT_FOR: Final = timedelta(days=365)


async def create_demo_wallet(tx: Tx, now: datetime) -> None:
    """Open the demo user's wallet with a gift without an end and a batch that was paid for, unless it is there."""
    wallet_id = UUID(USER_UUID)
    try:
        await get_wallet(tx, wallet_id)
    except WalletNotFound:
        await open_wallet(tx, wallet_id, {"name": "Demo"}, ACTOR, now)
        bought = BatchWish(100 * UNIT, price=10 * UNIT, expires_at=now + BOUGHT_FOR, description="Bought")
        for wish in (WELCOME, bought):
            await add_batch(tx, wallet_id, wish, batch_id=new_id(), actor=ACTOR, now=now)
