"""Adding batches of points to wallets."""

from datetime import datetime
from uuid import UUID

from guerdon.ledger.model import Command, Earn, Entry, Repeat
from guerdon.platform.db import Tx
from guerdon.points.model import Batch, BatchWish, wallet_key
from guerdon.points.recording import post_one


async def add_batch(tx: Tx, wallet_id: UUID, wish: BatchWish, *, batch_id: UUID, actor: str, now: datetime) -> Batch:
    """Add a batch to a wallet. Raises WalletNotFound, PriceTooHigh, ValueOutOfBounds."""
    posted = await post_one(tx, batch_command(wallet_id, wish, batch_id, actor), now)
    return batch_of(posted.entry, wish)


def batch_command(
    wallet_id: UUID, wish: BatchWish, batch_id: UUID, actor: str, repeat: Repeat | None = None
) -> Command:
    """Say to the ledger that a batch is added: its id is its lot's, and names its entry. Raises PriceTooHigh."""
    earn = Earn(wish.amount, batch_id, wish.expires_at, wish.unit_price())
    return Command(
        wallet_key(wallet_id),
        earn,
        str(batch_id),
        actor,
        wish.description or None,
        repeat=repeat,
        occurred_at=wish.earned_at,
        details=wish,
    )


def batch_of(entry: Entry, wish: BatchWish) -> Batch:
    """Give the batch as it was when it was added."""
    return Batch(
        UUID(entry.movement_id),
        wish.amount,
        wish.amount,
        wish.price,
        wish.expires_at,
        wish.order,
        wish.description,
        wish.venue,
        wish.extra,
        entry.recorded_at,
        entry.seq,
        wish.external_id,
        wish.earned_at,
    )
