"""Claiming rewards: points are spent, a coupon is given and the stock goes down in one transaction, and back in one."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from guerdon.coupons.keeping import cancel_coupon, give_coupon
from guerdon.coupons.model import ClaimOrigin, Coupon, CouponContent
from guerdon.ledger.accounts import lock_account
from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.platform.writes import Overtaken
from guerdon.points.errors import WalletNotFound
from guerdon.points.model import Operation, OperationWish, wallet_key
from guerdon.points.spending import spend
from guerdon.rewards import claim_queries, queries
from guerdon.rewards.errors import RewardNotFound
from guerdon.rewards.model import (
    EVENT_CLAIM_ROLLED_BACK,
    EVENT_CLAIMED,
    Claim,
    Reward,
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim came to: the spending and the coupon."""

    operation: Operation
    coupon: Coupon


@dataclass(frozen=True, slots=True)
class ClaimWish:
    """Who claims what; users see only what is visible. The ids are new ones."""

    wallet_id: UUID
    reward_id: UUID
    operation_id: UUID
    coupon_id: str
    is_by_user: bool


async def claim_reward(tx: Tx, wish: ClaimWish, actor: str, now: datetime) -> Claimed:
    """Spend the points of a reward and give its coupon.

    Raises WalletNotFound, RewardNotFound, RewardNotAvailable, RewardOutOfStock, RewardLimitReached, NotEnough,
    Overtaken, and asyncpg.UniqueViolationError when the coupon id is taken.
    """
    # Under the wallet's lock nobody else changes what it has claimed. The reward's comes last, and is held for one
    # statement and the commit: all who claim one reward wait for one another there. Who rolls back takes them alike.
    if await lock_account(tx, wallet_key(wish.wallet_id)) is None:
        raise WalletNotFound(wish.wallet_id)
    reward = await _get_claimable(tx, wish, now)

    spending = OperationWish(amount=reward.points, extra={"reward": str(reward.reward_id)})
    operation = await spend(
        tx, wish.wallet_id, spending, operation_id=wish.operation_id, actor=actor, now=now, kind="CLAIM"
    )
    coupon = await give_coupon(
        tx,
        wish.coupon_id,
        wish.wallet_id,
        CouponContent(reward.details_text or "{}", reward.data_text),
        reward.coupon_expires_at(now),
        actor,
        now,
        origin=ClaimOrigin(reward.reward_id, wish.operation_id),
    )
    claim = Claim(
        wish.operation_id,
        reward.reward_id,
        wish.wallet_id,
        wish.coupon_id,
        reward.points,
        claimed_at=now,
        claimed_by=actor,
    )
    await claim_queries.insert_claim(tx, claim)
    if not await queries.take_one(tx, reward):
        # The last one is gone, or the terms have changed; the claim just made is no reason against itself.
        await _get_claimable(tx, wish, now, made=1)
        raise Overtaken
    await _tell(tx, EVENT_CLAIMED, claim, actor, now)
    return Claimed(operation, coupon)


async def roll_back_claim(tx: Tx, operation: Operation, actor: str, now: datetime) -> None:
    """Take back what a spending was for, if that was a claim: its coupon is cancelled, and the stock has one more.

    Runs in the transaction that returns the points. Raises CouponUsed.
    """
    if operation.kind != "CLAIM":
        return
    claim = await claim_queries.lock_claim(tx, operation.operation_id)
    # Points that were returned once cannot be returned again, so that a claim comes here once.
    assert claim is not None, operation.operation_id
    assert claim.rolled_back_at is None, operation.operation_id
    await cancel_coupon(tx, claim.wallet_id, claim.coupon_id, actor, now)
    await claim_queries.update_rolled_back(tx, replace(claim, rolled_back_at=now, rolled_back_by=actor))
    await queries.give_one_back(tx, claim.reward_id)
    await _tell(tx, EVENT_CLAIM_ROLLED_BACK, claim, actor, now)


async def _get_claimable(tx: Tx, wish: ClaimWish, now: datetime, *, made: int = 0) -> Reward:
    reward = await queries.find_reward(tx, wish.reward_id)
    if reward is None or reward.archived_at is not None or (wish.is_by_user and not reward.is_visible):
        raise RewardNotFound(wish.reward_id)
    is_counted = reward.max_per_wallet is not None
    claims = await claim_queries.count_claims(tx, wish.wallet_id, reward.reward_id) if is_counted else 0
    reward.check_claimable(claims - made, now)
    return reward


async def _tell(tx: Tx, kind: str, claim: Claim, actor: str, now: datetime) -> None:
    payload = {
        "walletId": str(claim.wallet_id),
        "rewardId": str(claim.reward_id),
        "operationId": str(claim.operation_id),
        "couponId": claim.coupon_id,
    }
    await emit(tx, [Event(kind, str(claim.wallet_id), msgspec.json.encode(payload).decode(), actor)], now)
