"""Opening, bounding and closing accounts; reading a value as of an instant."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.ledger import account_queries, queries
from guerdon.ledger.model import EMPTY_HEAD, Account, AccountKey
from guerdon.platform.db import Tx


async def open_account(
    tx: Tx,
    account_id: UUID,
    key: AccountKey,
    subject_id: str,
    now: datetime,
    *,
    has_lots: bool,
    bounds: tuple[int | None, int | None] = (None, None),
    closes_at: datetime | None = None,
) -> None:
    """Open an account with nothing on it; `subject_id` names what its changes are news about.

    Raises asyncpg.UniqueViolationError when the owner has an open account already.
    """
    account = Account(
        account_id, key.kind, key.owner_id, subject_id, 0, 0, 0, EMPTY_HEAD, has_lots, *bounds, now, closes_at
    )
    await account_queries.insert_account(tx, account, now)


async def open_accounts(tx: Tx, opened: Sequence[tuple[UUID, AccountKey]], now: datetime, *, has_lots: bool) -> None:
    """Open several accounts with nothing on them, each of which is news about its owner.

    Raises asyncpg.UniqueViolationError when one of the owners has an open account already.
    """
    await account_queries.insert_accounts(tx, opened, now, has_lots=has_lots)


async def lock_account(tx: Tx, key: AccountKey) -> Account | None:
    """Read the open account of an owner and hold it until the transaction ends."""
    while True:
        accounts = await lock_accounts(tx, [key])
        if accounts:
            return accounts[0]
        # Whoever held it may have closed it and opened another one in its place, which the wait did not see.
        if not await queries.is_open(tx, key):
            return None


async def lock_accounts(tx: Tx, keys: Sequence[AccountKey]) -> Sequence[Account]:
    """Read the open accounts of several owners and hold them until the transaction ends, in id order."""
    return [locked.account for locked in await queries.lock_accounts(tx, keys)]


async def close_account_at(tx: Tx, account_id: UUID, closes_at: datetime | None) -> None:
    """Let an account take nothing more from an instant on; None takes that back."""
    await account_queries.update_closing(tx, account_id, closes_at)


async def bound_account(tx: Tx, account_id: UUID, value_min: int | None, value_max: int | None) -> None:
    """Set the bounds that the value must keep; one that lies outside may still move towards them."""
    await account_queries.update_bounds(tx, account_id, value_min, value_max)


async def close_accounts(tx: Tx, account_ids: Sequence[UUID], now: datetime) -> None:
    """Close accounts for good: their entries stay, their owner's name becomes free."""
    await account_queries.close_accounts(tx, account_ids, now)


async def seq_as_of(tx: Tx, account_id: UUID, as_of: datetime) -> int:
    """Tell how many entries an account had at an instant."""
    return await queries.find_seq_as_of(tx, account_id, as_of)


async def value_as_of(tx: Tx, account_id: UUID, as_of: datetime) -> int:
    """Tell the value that an account had at an instant, in millionths."""
    return await queries.find_value_as_of(tx, account_id, as_of)
