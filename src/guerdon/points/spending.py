"""Using points: soonest expiry first, all or nothing."""

from datetime import datetime
from uuid import UUID

from guerdon.ledger.model import Allocation, Command, Entry, Posted, Repeat, Spend
from guerdon.platform.db import Tx
from guerdon.points.model import Operation, OperationDetails, OperationKind, OperationWish, wallet_key
from guerdon.points.recording import post_one


async def spend(
    tx: Tx,
    wallet_id: UUID,
    wish: OperationWish,
    *,
    operation_id: UUID,
    actor: str,
    now: datetime,
    kind: OperationKind = "SPEND",
) -> Operation:
    """Use points of a wallet. Raises WalletNotFound, NotEnough."""
    posted = await post_one(tx, spend_command(wallet_id, wish, operation_id, actor, kind=kind), now)
    return spent_operation(posted)


def spend_command(
    wallet_id: UUID,
    wish: OperationWish,
    operation_id: UUID,
    actor: str,
    repeat: Repeat | None = None,
    *,
    kind: OperationKind = "SPEND",
) -> Command:
    """Say to the ledger that points are used; the operation's id names its entry."""
    details = OperationDetails(kind, wish.order, wish.venue, wish.extra)
    return Command(wallet_key(wallet_id), Spend(wish.amount), str(operation_id), actor, repeat=repeat, details=details)


def spent_operation(posted: Posted) -> Operation:
    """Give the operation that a command of `spend_command` came to."""
    assert isinstance(posted.details, OperationDetails)
    return operation_of(posted.entry, UUID(posted.account.owner_id), posted.details)


def operation_of(entry: Entry, wallet_id: UUID, details: OperationDetails) -> Operation:
    """Give the operation as it was when it was made."""
    return Operation(
        UUID(entry.movement_id),
        wallet_id,
        details.kind,
        -entry.amount,
        0,
        details.order,
        details.venue,
        details.extra,
        entry.recorded_at,
        entry.seq,
        tuple(Allocation(taken.lot_id, -taken.amount) for taken in entry.allocations),
    )
