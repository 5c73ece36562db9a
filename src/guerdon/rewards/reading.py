"""Reading the catalogue, as administrators and as users."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.platform.lists import Part
from guerdon.rewards import queries
from guerdon.rewards.model import Reward

ORDERS = (
    "id",
    "name",
    "points",
    "priority",
    "availableFrom",
    "availableTo",
    "maxCount",
    "claimed",
    "createdAt",
    "updatedAt",
)
FIRST = UUID(int=0)


async def list_rewards_ordered(
    tx: Tx, is_visible: bool | None, tag: str | None, part: Part
) -> tuple[Sequence[Reward], int]:
    """List a part of the catalogue in one of ORDERS, and count all of it; visible or not, and with a tag."""
    found = await queries.list_ordered(
        tx,
        is_visible,
        tag,
        part.sort,
        is_descending=part.is_descending,
        offset=part.offset,
        limit=part.limit,
    )
    return found, await queries.count_rewards(tx, is_visible, tag)


async def list_rewards_after(
    tx: Tx, is_visible: bool | None, tag: str | None, after: UUID | None, limit: int
) -> Sequence[Reward]:
    """List the catalogue in the order of ids, on from one of them; visible or not, and with a tag."""
    return await queries.list_after(tx, is_visible, tag, after or FIRST, limit)


async def list_offered(
    tx: Tx, tag: str | None, now: datetime, *, after: UUID | None = None, offset: int = 0, limit: int
) -> Sequence[Reward]:
    """List what users may claim now: high priority first, none last, then by creation; from a place or a reward on."""
    return await queries.list_catalogue(tx, tag, now, after, offset=offset, limit=limit)


async def count_offered(tx: Tx, tag: str | None, now: datetime) -> int:
    """Count what users may claim now."""
    return await queries.count_catalogue(tx, tag, now)
