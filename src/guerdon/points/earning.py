"""Earning from orders of another system: once for each order, and back when it is returned."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from guerdon.ledger.accounts import lock_account
from guerdon.ledger.amounts import amount_text, to_millionths
from guerdon.ledger.model import Command, Spend
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.ids import new_id
from guerdon.platform.writes import Overtaken
from guerdon.points import balance_queries, order_queries
from guerdon.points.adding import add_batch
from guerdon.points.earning_rule import EarningRule, WelcomeSpec
from guerdon.points.model import BatchWish, OperationDetails, wallet_key
from guerdon.points.order_model import EarnedOrder, Ignored, Order
from guerdon.points.recording import post_one
from guerdon.points.wallets import open_wallet

EVENT_RETURNED: Final = "Wallet:OrderReturned"
WELCOME: Final = "Welcome"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Under which rule, by whom and when an order was told of."""

    rule: EarningRule
    rule_version: int
    actor: str
    now: datetime


async def take_order(tx: Tx, order: Order, receipt: Receipt) -> EarnedOrder | Ignored:
    """Let an order earn once, or take back what it earned; whatever was done before is told again.

    A returned order never earns, also when its return is told of first. Raises ValueOutOfBounds; Overtaken and
    asyncpg.UniqueViolationError when the same order is taken at the same moment: try again.
    """
    is_earning, is_returned = order.status in receipt.rule.earn_on, order.status in receipt.rule.return_on
    if not is_earning and not is_returned:
        return Ignored(f"Orders that are {order.status} earn nothing and take nothing back.")
    known = await order_queries.find_order(tx, digest_of(order))
    wallet_id = order.customer_id if known is None else known.wallet_id
    if wallet_id is None:
        return Ignored("The order names no customer.")
    # The wallet's account is the lock: an order that is told of twice at once is known to the second.
    account = await lock_account(tx, wallet_key(wallet_id))
    known = await order_queries.find_order(tx, digest_of(order))
    if is_returned:
        return await _take_back(tx, order, wallet_id, known, receipt)
    if known is not None:
        return known
    points = receipt.rule.points(order.total)
    if points == 0:
        return Ignored("The order comes to no points.")
    if account is None:
        if not receipt.rule.opens_wallets:
            return Ignored(f"There is no wallet {wallet_id}.")
        await open_wallet(tx, wallet_id, {}, receipt.actor, receipt.now)
    return await _earn(tx, order, wallet_id, points, receipt)


def digest_of(order: Order) -> bytes:
    """Name an order without saying its id."""
    return hashlib.sha256(order.order_id.encode()).digest()


async def _earn(tx: Tx, order: Order, wallet_id: UUID, points: int, receipt: Receipt) -> EarnedOrder:
    rule = receipt.rule
    extra = {"rule": str(receipt.rule_version)}
    ends_at = _in_days(receipt.now, rule.expires_in_days)
    wish = BatchWish(points, None, ends_at, order.order_id, rule.description or None, order.venue, extra)
    batch = await add_batch(tx, wallet_id, wish, batch_id=new_id(), actor=receipt.actor, now=receipt.now)
    welcome = rule.welcome
    welcome_id = None
    if welcome is not None and not await order_queries.was_welcomed(tx, wallet_id):
        welcome_id = await _welcome(tx, order, wallet_id, welcome, receipt)
    earned = EarnedOrder(
        digest_of(order),
        wallet_id,
        points,
        to_millionths(welcome.points) if welcome is not None and welcome_id is not None else 0,
        batch.batch_id,
        welcome_id,
        receipt.rule_version,
        receipt.now,
    )
    await order_queries.insert_order(tx, earned)
    return earned


async def _welcome(tx: Tx, order: Order, wallet_id: UUID, welcome: WelcomeSpec, receipt: Receipt) -> UUID:
    ends_at = _in_days(receipt.now, welcome.expires_in_days)
    extra = {"rule": str(receipt.rule_version)}
    wish = BatchWish(to_millionths(welcome.points), None, ends_at, order.order_id, WELCOME, order.venue, extra)
    batch = await add_batch(tx, wallet_id, wish, batch_id=new_id(), actor=receipt.actor, now=receipt.now)
    return batch.batch_id


async def _take_back(tx: Tx, order: Order, wallet_id: UUID, known: EarnedOrder | None, receipt: Receipt) -> EarnedOrder:
    if known is None:
        # Its earning may still be on its way, told of later than its return.
        kept = EarnedOrder(
            digest_of(order),
            wallet_id,
            0,
            0,
            None,
            None,
            receipt.rule_version,
            receipt.now,
            returned_at=receipt.now,
            taken=0,
        )
        await order_queries.insert_order(tx, kept)
        await _tell(tx, kept, receipt)
        return kept
    if known.returned_at is not None:
        return known
    operation_id, taken = await _spend_back(tx, order, known, receipt)
    returned = replace(known, returned_at=receipt.now, operation_id=operation_id, taken=taken)
    if not await order_queries.update_returned(tx, returned):
        # Told of for another customer, whose wallet was held: it was not yet known whose the order is.
        raise Overtaken
    await _tell(tx, returned, receipt)
    return returned


async def _spend_back(tx: Tx, order: Order, known: EarnedOrder, receipt: Receipt) -> tuple[UUID | None, int]:
    """Take what has not ended of the order's batches: from these, and for what was used of them from others."""
    account = await lock_account(tx, wallet_key(known.wallet_id))
    if account is None:
        return None, 0
    owed = await order_queries.sum_unended(tx, account.account_id, known.batch_ids, receipt.now)
    balance = (await balance_queries.find_balances(tx, [account.account_id], receipt.now))[account.account_id]
    amount = min(owed, balance.available)
    if amount == 0:
        return None, 0
    operation_id = new_id()
    details = OperationDetails("SPEND", order.order_id, order.venue, {"returned": order.status})
    action = Spend(amount, known.batch_ids)
    command = Command(wallet_key(known.wallet_id), action, str(operation_id), receipt.actor, details=details)
    await post_one(tx, command, receipt.now)
    return operation_id, amount


async def _tell(tx: Tx, returned: EarnedOrder, receipt: Receipt) -> None:
    wallet_id = str(returned.wallet_id)
    payload: dict[str, object] = {
        "walletId": wallet_id,
        "batchId": None if returned.batch_id is None else str(returned.batch_id),
        "points": msgspec.Raw(amount_text(returned.points + returned.welcome).encode()),
        "taken": msgspec.Raw(amount_text(returned.taken or 0).encode()),
    }
    text = msgspec.json.encode(payload).decode()
    await emit(tx, [Event(EVENT_RETURNED, wallet_id, text, receipt.actor)], receipt.now)


def _in_days(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now + timedelta(days=days)
