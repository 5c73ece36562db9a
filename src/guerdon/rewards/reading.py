"""Reading the catalogue, as administrators and as users."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from guerdon.platform.db import Tx
from guerdon.platform.listing import CURSOR_HINT, Listing
from guerdon.platform.problems import InvalidRequest
from guerdon.rewards import queries
from guerdon.rewards.model import Reward

ORDERS: Final = frozenset(
    {
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
    }
)
FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class RewardFilter:
    """Which rewards are listed: visible ones or not, and those with a tag; None for all."""

    is_visible: bool | None = None
    tag: str | None = None


async def list_rewards(tx: Tx, among: RewardFilter, wanted: Listing) -> tuple[Sequence[Reward], int]:
    """List a part of the catalogue, by id or in one of ORDERS, and count all that the filter leaves.

    Raises InvalidRequest.
    """
    wanted.check_sort(ORDERS)
    total = await queries.count_rewards(tx, among.is_visible, among.tag)
    if wanted.is_by_cursor:
        after = read_cursor(wanted) or FIRST
        return await queries.list_after(tx, among.is_visible, among.tag, after, wanted.limit), total
    found = await queries.list_ordered(
        tx,
        among.is_visible,
        among.tag,
        wanted.sort or "id",
        is_descending=wanted.falls(unasked=False),
        offset=wanted.start,
        limit=wanted.limit,
    )
    return found, total


async def list_offered(tx: Tx, tag: str | None, now: datetime, wanted: Listing) -> tuple[Sequence[Reward], int]:
    """List what users may claim now, and count it: high priority first, none last, then by creation.

    Raises InvalidRequest.
    """
    wanted.check_sort(())
    total = await queries.count_catalogue(tx, tag, now)
    after = read_cursor(wanted)
    if after is not None and await queries.find_reward(tx, after) is None:
        raise InvalidRequest({"cursor": [CURSOR_HINT]})
    return await queries.list_catalogue(tx, tag, now, after, offset=wanted.start, limit=wanted.limit), total


def read_cursor(wanted: Listing) -> UUID | None:
    """Read the reward after which a list goes on. Raises InvalidRequest."""
    try:
        return None if wanted.cursor is None else UUID(wanted.cursor)
    except ValueError as wrong:
        raise InvalidRequest({"cursor": [CURSOR_HINT]}) from wrong


def find_next(rewards: Sequence[Reward], limit: int) -> str | None:
    """Tell where a list goes on, if it may."""
    return str(rewards[-1].reward_id) if rewards and len(rewards) == limit else None
