"""Taking back what an order earned: of all of it when it was returned whole, or of what it no longer stands for."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from guerdon.ledger.amounts import amount_text
from guerdon.ledger.model import Account, Command, Spend
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.ids import new_id
from guerdon.points import balance_queries, order_queries
from guerdon.points.model import OperationDetails, wallet_key
from guerdon.points.order_model import EarnedOrder, Order
from guerdon.points.recording import post_one

EVENT_RETURNED: Final = "Wallet:OrderReturned"
EVENT_RETURNED_IN_PART: Final = "Wallet:OrderReturnedInPart"


async def take_back(
    tx: Tx, order: Order, known: EarnedOrder, remaining: int, account: Account | None, *, actor: str, now: datetime
) -> EarnedOrder:
    """Let an order stand for `remaining` of its points, and take back the others as far as they are there.

    One that stands for none was returned whole, and its welcome goes too. What an earlier return asked for in vain is
    asked for again. The caller holds `account`, the wallet's, and keeps what this gives.
    """
    is_whole = remaining == 0
    due = replace(
        known,
        returned_in_part=known.points - remaining,
        returned_at=now if is_whole else None,
        taken=known.taken or 0,
    )
    operation_id, amount = (None, 0) if account is None else await _spend_back(tx, order, due, account, actor, now)
    returned = replace(due, taken=(known.taken or 0) + amount, operation_id=operation_id or known.operation_id)
    event = EVENT_RETURNED if is_whole else EVENT_RETURNED_IN_PART
    await _tell(tx, event, returned, returned.returned - known.returned, amount, actor, now)
    return returned


async def _spend_back(
    tx: Tx, order: Order, due: EarnedOrder, account: Account, actor: str, now: datetime
) -> tuple[UUID | None, int]:
    """Take what is due and was not taken: from the order's batches, and for what was used of them from others.

    What has ended is not taken from elsewhere: it counts as part of what was returned first.
    """
    is_whole = due.returned_at is not None
    batch_ids = due.batch_ids if is_whole else due.batch_ids[:1]
    unended = await order_queries.sum_unended(tx, account.account_id, batch_ids, now)
    balance = (await balance_queries.find_balances(tx, [account.account_id], now))[account.account_id]
    amount = min(unended - due.remaining - (due.taken or 0), balance.available)
    if amount <= 0:
        return None, 0
    operation_id = new_id()
    extra = {"returned" if is_whole else "returnedInPart": order.status}
    details = OperationDetails("SPEND", order.order_id, order.venue, extra)
    command = Command(wallet_key(due.wallet_id), Spend(amount, batch_ids), str(operation_id), actor, details=details)
    await post_one(tx, command, now)
    return operation_id, amount


async def _tell(tx: Tx, event: str, returned: EarnedOrder, points: int, taken: int, actor: str, now: datetime) -> None:
    """Announce what was returned by this message, and what was taken: the sums of all are those of the order."""
    wallet_id = str(returned.wallet_id)
    payload: dict[str, object] = {
        "walletId": wallet_id,
        "batchId": None if returned.batch_id is None else str(returned.batch_id),
        "points": msgspec.Raw(amount_text(points).encode()),
        "taken": msgspec.Raw(amount_text(taken).encode()),
    }
    await emit(tx, [Event(event, wallet_id, msgspec.json.encode(payload).decode(), actor)], now)
