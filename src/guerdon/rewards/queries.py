"""Every statement on rewards; those on claims are in claim_queries.py."""

from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.rewards.model import Reward, RewardTerms


async def find_reward(tx: Tx, reward_id: UUID) -> Reward | None:
    """Read one reward, archived or not."""
    return await tx.maybe(
        Reward,
        """
        SELECT reward_id, name, is_visible, details, available_from, available_to, points, max_count, max_per_wallet,
               priority, data, tags, extra, claimed, created_at, updated_at, archived_at
          FROM reward WHERE tenant_id = $1 AND reward_id = $2
        """,
        tx.tenant_id,
        reward_id,
    )


async def lock_reward(tx: Tx, reward_id: UUID) -> Reward | None:
    """Read one reward, archived or not, and hold it until the transaction ends."""
    return await tx.maybe(
        Reward,
        """
        SELECT reward_id, name, is_visible, details, available_from, available_to, points, max_count, max_per_wallet,
               priority, data, tags, extra, claimed, created_at, updated_at, archived_at
          FROM reward WHERE tenant_id = $1 AND reward_id = $2
           FOR UPDATE
        """,
        tx.tenant_id,
        reward_id,
    )


async def insert_reward(tx: Tx, reward_id: UUID, terms: RewardTerms, now: datetime) -> None:
    """Keep a new reward. Raises asyncpg.UniqueViolationError when there is one of that id."""
    await tx.execute(
        """
        INSERT INTO reward (tenant_id, reward_id, name, is_visible, details, available_from, available_to, points,
                            max_count, max_per_wallet, priority, data, tags, extra, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
        """,
        tx.tenant_id,
        reward_id,
        terms.name,
        terms.is_visible,
        terms.details_text,
        terms.available_from,
        terms.available_to,
        terms.points,
        terms.max_count,
        terms.max_per_wallet,
        terms.priority,
        terms.data_text,
        terms.tags,
        terms.extra_text,
        now,
    )


async def replace_reward(tx: Tx, reward_id: UUID, terms: RewardTerms, now: datetime) -> None:
    """Put new terms in place of the old ones; an archived reward comes back with them."""
    await tx.execute(
        """
        UPDATE reward
           SET name = $3, is_visible = $4, details = $5, available_from = $6, available_to = $7, points = $8,
               max_count = $9, max_per_wallet = $10, priority = $11, data = $12, tags = $13, extra = $14,
               updated_at = $15, archived_at = NULL
         WHERE tenant_id = $1 AND reward_id = $2
        """,
        tx.tenant_id,
        reward_id,
        terms.name,
        terms.is_visible,
        terms.details_text,
        terms.available_from,
        terms.available_to,
        terms.points,
        terms.max_count,
        terms.max_per_wallet,
        terms.priority,
        terms.data_text,
        terms.tags,
        terms.extra_text,
        now,
    )


async def archive_reward(tx: Tx, reward_id: UUID, now: datetime) -> bool:
    """Take a reward out of the catalogue; False when it is not there."""
    archived = await tx.execute(
        """
        UPDATE reward SET archived_at = $3, updated_at = $3
         WHERE tenant_id = $1 AND reward_id = $2 AND archived_at IS NULL
        """,
        tx.tenant_id,
        reward_id,
        now,
    )
    return archived == 1


async def take_one(tx: Tx, reward: Reward) -> bool:
    """Count one more claim of a reward as it was read; False when none is left of it, or its terms have changed."""
    taken = await tx.execute(
        """
        UPDATE reward SET claimed = claimed + 1
         WHERE tenant_id = $1 AND reward_id = $2 AND updated_at = $3 AND archived_at IS NULL
           AND (max_count IS NULL OR claimed < max_count)
        """,
        tx.tenant_id,
        reward.reward_id,
        reward.updated_at,
    )
    return taken == 1


async def give_one_back(tx: Tx, reward_id: UUID) -> None:
    """Count one claim of a reward less."""
    await tx.execute(
        "UPDATE reward SET claimed = claimed - 1 WHERE tenant_id = $1 AND reward_id = $2", tx.tenant_id, reward_id
    )


async def list_ordered(
    tx: Tx,
    is_visible: bool | None,
    tag: str | None,
    sort: str,
    *,
    is_descending: bool,
    offset: int,
    limit: int,
) -> list[Reward]:
    """Read rewards in the order of a member of theirs, missing ones last; ties by id."""
    return await tx.all(
        Reward,
        """
        SELECT reward_id, name, is_visible, details, available_from, available_to, points, max_count, max_per_wallet,
               priority, data, tags, extra, claimed, created_at, updated_at, archived_at
          FROM reward
         CROSS JOIN LATERAL (
               SELECT CASE $4::text WHEN 'name' THEN name END AS said,
                      CASE $4 WHEN 'points' THEN points WHEN 'priority' THEN priority WHEN 'maxCount' THEN max_count
                              WHEN 'claimed' THEN claimed END AS number,
                      CASE $4 WHEN 'availableFrom' THEN available_from WHEN 'availableTo' THEN available_to
                              WHEN 'createdAt' THEN created_at WHEN 'updatedAt' THEN updated_at END AS at) AS by
         WHERE tenant_id = $1 AND archived_at IS NULL AND ($2::boolean IS NULL OR is_visible = $2)
           AND ($3::text IS NULL OR $3 = ANY(tags))
         ORDER BY CASE WHEN NOT $5::boolean THEN by.said END NULLS LAST, CASE WHEN $5 THEN by.said END DESC NULLS LAST,
                  CASE WHEN NOT $5 THEN by.number END NULLS LAST, CASE WHEN $5 THEN by.number END DESC NULLS LAST,
                  CASE WHEN NOT $5 THEN by.at END NULLS LAST, CASE WHEN $5 THEN by.at END DESC NULLS LAST,
                  CASE WHEN $5 THEN reward_id END DESC, reward_id
        OFFSET $6 LIMIT $7
        """,
        tx.tenant_id,
        is_visible,
        tag,
        sort,
        is_descending,
        offset,
        limit,
    )


async def list_after(tx: Tx, is_visible: bool | None, tag: str | None, after: UUID, limit: int) -> list[Reward]:
    """Read rewards in the order of their ids, on from one of them."""
    return await tx.all(
        Reward,
        """
        SELECT reward_id, name, is_visible, details, available_from, available_to, points, max_count, max_per_wallet,
               priority, data, tags, extra, claimed, created_at, updated_at, archived_at
          FROM reward
         WHERE tenant_id = $1 AND archived_at IS NULL AND ($2::boolean IS NULL OR is_visible = $2)
           AND ($3::text IS NULL OR $3 = ANY(tags)) AND reward_id > $4
         ORDER BY reward_id LIMIT $5
        """,
        tx.tenant_id,
        is_visible,
        tag,
        after,
        limit,
    )


async def count_rewards(tx: Tx, is_visible: bool | None, tag: str | None) -> int:
    """Count the rewards of the catalogue."""
    count: int = await tx.value(
        """
        SELECT count(*) FROM reward
         WHERE tenant_id = $1 AND archived_at IS NULL AND ($2::boolean IS NULL OR is_visible = $2)
           AND ($3::text IS NULL OR $3 = ANY(tags))
        """,
        tx.tenant_id,
        is_visible,
        tag,
    )
    return count


async def list_catalogue(
    tx: Tx, tag: str | None, now: datetime, after: UUID | None, *, offset: int, limit: int
) -> list[Reward]:
    """Read what users may claim now: high priority first, none last, then by creation and id; on from one of them."""
    return await tx.all(
        Reward,
        """
        SELECT reward_id, name, is_visible, details, available_from, available_to, points, max_count, max_per_wallet,
               priority, data, tags, extra, claimed, created_at, updated_at, archived_at
          FROM reward
         WHERE tenant_id = $1 AND is_visible AND archived_at IS NULL
           AND ($2::text IS NULL OR $2 = ANY(tags))
           AND (available_from IS NULL OR available_from <= $3) AND (available_to IS NULL OR available_to > $3)
           AND ($4::uuid IS NULL OR (-coalesce(priority, -1), created_at, reward_id)
                                  > (SELECT -coalesce(r.priority, -1), r.created_at, r.reward_id FROM reward r
                                      WHERE r.tenant_id = $1 AND r.reward_id = $4))
         ORDER BY -coalesce(priority, -1), created_at, reward_id
        OFFSET $5 LIMIT $6
        """,
        tx.tenant_id,
        tag,
        now,
        after,
        offset,
        limit,
    )


async def count_catalogue(tx: Tx, tag: str | None, now: datetime) -> int:
    """Count what users may claim now."""
    count: int = await tx.value(
        """
        SELECT count(*) FROM reward
         WHERE tenant_id = $1 AND is_visible AND archived_at IS NULL
           AND ($2::text IS NULL OR $2 = ANY(tags))
           AND (available_from IS NULL OR available_from <= $3) AND (available_to IS NULL OR available_to > $3)
        """,
        tx.tenant_id,
        tag,
        now,
    )
    return count
