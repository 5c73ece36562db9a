"""Keeping the catalogue: rewards are created, replaced, read, listed and taken out of it."""

from datetime import datetime
from uuid import UUID

import msgspec

from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.rewards import queries
from guerdon.rewards.errors import MaxCountBelowClaimed, RewardNotFound
from guerdon.rewards.model import EVENT_CREATED, EVENT_DELETED, EVENT_UPDATED, Reward, RewardTerms


async def create_reward(tx: Tx, reward_id: UUID, terms: RewardTerms, actor: str, now: datetime) -> Reward:
    """Put a reward with a new id into the catalogue."""
    await queries.insert_reward(tx, reward_id, terms, now)
    await _tell(tx, EVENT_CREATED, reward_id, actor, now)
    return await get_reward(tx, reward_id)


async def put_reward(tx: Tx, reward_id: UUID, terms: RewardTerms, actor: str, now: datetime) -> tuple[Reward, bool]:
    """Replace a reward as a whole, or create it, and tell whether it is new; a deleted one comes back with its claims.

    Raises MaxCountBelowClaimed, and asyncpg.UniqueViolationError when another creates it at the same moment.
    """
    old = await queries.lock_reward(tx, reward_id)
    if old is None:
        return await create_reward(tx, reward_id, terms, actor, now), True
    if terms.max_count is not None and terms.max_count < old.claimed:
        raise MaxCountBelowClaimed(terms.max_count, old.claimed)
    await queries.replace_reward(tx, reward_id, terms, now)
    is_new = old.archived_at is not None
    await _tell(tx, EVENT_CREATED if is_new else EVENT_UPDATED, reward_id, actor, now)
    return await get_reward(tx, reward_id), is_new


async def delete_reward(tx: Tx, reward_id: UUID, actor: str, now: datetime) -> None:
    """Take a reward out of the catalogue; coupons that it gave stay as they are. Raises RewardNotFound."""
    if not await queries.archive_reward(tx, reward_id, now):
        raise RewardNotFound(reward_id)
    await _tell(tx, EVENT_DELETED, reward_id, actor, now)


async def get_reward(tx: Tx, reward_id: UUID) -> Reward:
    """Read one reward of the catalogue. Raises RewardNotFound."""
    reward = await queries.find_reward(tx, reward_id)
    if reward is None or reward.archived_at is not None:
        raise RewardNotFound(reward_id)
    return reward


async def _tell(tx: Tx, kind: str, reward_id: UUID, actor: str, now: datetime) -> None:
    payload = msgspec.json.encode({"rewardId": str(reward_id)}).decode()
    await emit(tx, [Event(kind, str(reward_id), payload, actor)], now)
