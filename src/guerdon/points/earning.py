"""Earning from orders of another system: once for each order, and back when it is returned."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from guerdon.ledger.accounts import lock_account
from guerdon.ledger.amounts import to_millionths
from guerdon.ledger.model import Account
from guerdon.platform.db import Tx
from guerdon.platform.ids import new_id
from guerdon.platform.writes import Overtaken
from guerdon.points import order_queries
from guerdon.points.adding import add_batch
from guerdon.points.earning_rule import EarningRule, EarningRules, WelcomeSpec
from guerdon.points.model import BatchWish, wallet_key
from guerdon.points.order_model import EarnedOrder, Ignored, Order
from guerdon.points.taking_back import take_back
from guerdon.points.wallets import open_wallet

WELCOME: Final = "Welcome"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Under which rule, by whom and when an order was told of; `rules` gives the rules that were before."""

    rules: EarningRules
    rule: EarningRule
    rule_version: int
    actor: str
    now: datetime


async def take_order(tx: Tx, order: Order, receipt: Receipt) -> EarnedOrder | Ignored:
    """Let an order earn once, or take back what it no longer stands for; whatever was done before is told again.

    The least total counts that it was ever told of with, and a return for ever, in whatever order that is told of.
    Raises ValueOutOfBounds, EarningRuleInvalid; Overtaken and asyncpg.UniqueViolationError when the same order is taken
    at the same moment: try again.
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
    if known is not None and known.wallet_id != wallet_id:
        # Told of for another customer, whose wallet was held: it was not yet known whose the order is.
        raise Overtaken
    if known is not None and known.returned_at is not None:
        return known
    if is_returned:
        if known is None:
            # Its earning may still be on its way, told of later than its return.
            known = _untold(order, wallet_id, receipt)
            await order_queries.insert_order(tx, known)
        return await _take_back(tx, order, known, known, 0, account, receipt)
    if known is not None and known.points > 0:
        return await _lessen(tx, order, known, account, receipt)
    return await _take_new(tx, order, wallet_id, known, account, receipt)


def digest_of(order: Order) -> bytes:
    """Name an order without saying its id."""
    return hashlib.sha256(order.order_id.encode()).digest()


def _untold(order: Order, wallet_id: UUID, receipt: Receipt) -> EarnedOrder:
    total = receipt.rule.total_of(order)
    return EarnedOrder(digest_of(order), wallet_id, 0, 0, None, None, receipt.rule_version, receipt.now, total)


async def _take_new(
    tx: Tx, order: Order, wallet_id: UUID, known: EarnedOrder | None, account: Account | None, receipt: Receipt
) -> EarnedOrder | Ignored:
    """Let an order earn that has not; one that came to no points is held to the total that it had then."""
    rule = receipt.rule
    if account is None and not rule.opens_wallets:
        return Ignored(f"There is no wallet {wallet_id}.")
    told = known or _untold(order, wallet_id, receipt)
    total = _least(told.total, rule.total_of(order))
    points = rule.points(total)
    told = replace(told, total=total)
    if points > 0:
        if account is None:
            await open_wallet(tx, wallet_id, {}, receipt.actor, receipt.now)
        told = await _earn(tx, order, replace(told, points=points), receipt)
    if known is None:
        await order_queries.insert_order(tx, told)
    elif told != known and not await order_queries.update_earned(tx, known, told):
        raise Overtaken
    return told if points > 0 else Ignored("The order comes to no points.")


async def _earn(tx: Tx, order: Order, told: EarnedOrder, receipt: Receipt) -> EarnedOrder:
    rule, wallet_id = receipt.rule, told.wallet_id
    extra = {"rule": str(receipt.rule_version)}
    ends_at = _in_days(receipt.now, rule.expires_in_days)
    wish = BatchWish(told.points, None, ends_at, order.order_id, rule.description or None, order.venue, extra)
    batch = await add_batch(tx, wallet_id, wish, batch_id=new_id(), actor=receipt.actor, now=receipt.now)
    welcome = rule.welcome
    welcome_id = None
    if welcome is not None and not await order_queries.was_welcomed(tx, wallet_id):
        welcome_id = await _welcome(tx, order, wallet_id, welcome, receipt)
    return replace(
        told,
        welcome=to_millionths(welcome.points) if welcome is not None and welcome_id is not None else 0,
        batch_id=batch.batch_id,
        welcome_batch_id=welcome_id,
        rule_version=receipt.rule_version,
        received_at=receipt.now,
    )


async def _welcome(tx: Tx, order: Order, wallet_id: UUID, welcome: WelcomeSpec, receipt: Receipt) -> UUID:
    ends_at = _in_days(receipt.now, welcome.expires_in_days)
    extra = {"rule": str(receipt.rule_version)}
    wish = BatchWish(to_millionths(welcome.points), None, ends_at, order.order_id, WELCOME, order.venue, extra)
    batch = await add_batch(tx, wallet_id, wish, batch_id=new_id(), actor=receipt.actor, now=receipt.now)
    return batch.batch_id


async def _lessen(tx: Tx, order: Order, known: EarnedOrder, account: Account | None, receipt: Receipt) -> EarnedOrder:
    """Hold an order that has earned to its total, by the rule under which it earned; one that rises changes nothing."""
    rule = receipt.rule
    if known.rule_version != receipt.rule_version:
        rule, _ = await receipt.rules.get(tx, known.rule_version)
    total = _least(known.total, rule.total_of(order))
    if total == known.total:
        return known
    told = replace(known, total=total)
    remaining = min(known.remaining, rule.points(total))
    if remaining == known.remaining:
        return await _keep_returned(tx, known, told)
    return await _take_back(tx, order, known, told, remaining, account, receipt)


async def _take_back(
    tx: Tx,
    order: Order,
    known: EarnedOrder,
    told: EarnedOrder,
    remaining: int,
    account: Account | None,
    receipt: Receipt,
) -> EarnedOrder:
    returned = await take_back(tx, order, told, remaining, account, actor=receipt.actor, now=receipt.now)
    return await _keep_returned(tx, known, returned)


async def _keep_returned(tx: Tx, known: EarnedOrder, order: EarnedOrder) -> EarnedOrder:
    if not await order_queries.update_returned(tx, known, order):
        raise Overtaken
    return order


def _least(known: int | None, told: int) -> int:
    return told if known is None else min(known, told)


def _in_days(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now + timedelta(days=days)
