"""Rolling operations back: points return to the batches that they came from, also to those whose time is over."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from guerdon.ledger.accounts import lock_account
from guerdon.ledger.model import Command, Return
from guerdon.platform.db import Tx
from guerdon.points import operation_queries
from guerdon.points.errors import ClaimIsWhole, OperationNotFound, WalletNotFound
from guerdon.points.model import Operation, Rollback, wallet_key
from guerdon.points.recording import post_one

# What a room above does in the transaction of the rollback; it may refuse, and then nothing is rolled back.
RollbackHook = Callable[[Tx, Operation, str, datetime], Awaitable[None]]


async def roll_back(
    tx: Tx,
    wallet_id: UUID,
    operation_id: UUID,
    amount: int | None,
    *,
    hooks: Sequence[RollbackHook],
    actor: str,
    now: datetime,
) -> Rollback:
    """Give back what an operation took, or `amount` of it, the last taken first; never more than was taken.

    Raises WalletNotFound, OperationNotFound, ClaimIsWhole, NothingToReturn, and what the hooks refuse.
    """
    # The account is locked first, as by everybody who posts on it, so that what was returned before is known.
    if await lock_account(tx, wallet_key(wallet_id)) is None:
        raise WalletNotFound(wallet_id)
    operation = await operation_queries.find_operation(tx, wallet_id, operation_id)
    if operation is None:
        raise OperationNotFound(operation_id)
    if operation.kind == "CLAIM" and amount not in {None, operation.amount}:
        raise ClaimIsWhole
    command = Command(wallet_key(wallet_id), Return(str(operation_id), amount), _movement_id(operation), actor)
    entry = (await post_one(tx, command, now)).entry
    for hook in hooks:
        await hook(tx, operation, actor, now)
    expired = await operation_queries.list_expired(tx, [one.lot_id for one in entry.allocations], entry.recorded_at)
    return Rollback(
        replace(operation, returned=operation.returned + entry.amount),
        entry.amount,
        sum(one.amount for one in entry.allocations if one.lot_id in expired),
        entry.allocations,
    )


def _movement_id(operation: Operation) -> str:
    # What was returned rises with every rollback, so that each has a name of its own.
    return f"{operation.operation_id.hex}-{operation.returned}"
