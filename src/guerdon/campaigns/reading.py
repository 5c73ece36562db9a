"""Reading campaigns: their statistics, and what became of each pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from guerdon.campaigns import queries
from guerdon.campaigns.errors import CampaignNotFound
from guerdon.campaigns.model import LISTED_FOR, Campaign, Member
from guerdon.platform.db import Tx

LIST_MAX = 1_000
NONE_YET = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader of a campaign's passes has come."""

    campaign_id: UUID
    position: int

    def print(self) -> str:
        """Give it as a cursor."""
        return f"{self.campaign_id.hex}-{self.position}"

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """Read a cursor of the form that `print` gives."""
        campaign_id, _, position = cursor.partition("-")
        return cls(UUID(campaign_id), int(position))


async def list_recent(tx: Tx, before: UUID | None, limit: int, now: datetime) -> list[Campaign]:
    """List the campaigns of the last 30 days, newest first; `before` is the last one of the page before."""
    return await queries.list_campaigns(tx, now - LISTED_FOR, before, limit)


async def list_outcomes(
    tx: Tx, correlation_id: str, after: Place | None, limit: int
) -> Sequence[tuple[Campaign, Member]]:
    """List the passes of the campaigns of a correlation id, oldest campaign first. Raises CampaignNotFound."""
    if not await queries.is_known(tx, correlation_id):
        raise CampaignNotFound(correlation_id)
    place = after or Place(NONE_YET, 0)
    listed: list[tuple[Campaign, Member]] = []
    while len(listed) < limit:
        campaign = await queries.find_next_of(tx, correlation_id, place.campaign_id)
        if campaign is None:
            break
        position = place.position if campaign.campaign_id == place.campaign_id else 0
        members = await queries.list_members(tx, campaign.campaign_id, position, limit - len(listed))
        listed += [(campaign, member) for member in members]
        place = Place(UUID(int=campaign.campaign_id.int + 1), 0)
    return listed
