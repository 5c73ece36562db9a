"""Rewards: what can be claimed for points, when, how often, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from guerdon.rewards.errors import RewardLimitReached, RewardNotAvailable, RewardOutOfStock

COUPON_DAYS_MEMBER: Final = "couponExpiresInDays"  # of extra: how long the coupon of a claim lasts
COUPON_DAYS_MAX: Final = 36_500

EVENT_CREATED: Final = "Reward:Created"
EVENT_UPDATED: Final = "Reward:Updated"
EVENT_DELETED: Final = "Reward:Deleted"
EVENT_CLAIMED: Final = "Reward:Claimed"
EVENT_CLAIM_ROLLED_BACK: Final = "Reward:ClaimRolledBack"


@dataclass(frozen=True, slots=True)
class RewardTerms:
    """All that an administrator says of a reward; `points` are millionths, the `_text`s are JSON."""

    name: str
    is_visible: bool
    details_text: str | None
    available_from: datetime | None
    available_to: datetime | None
    points: int
    max_count: int | None
    max_per_wallet: int | None
    priority: int | None
    data_text: str
    tags: Sequence[str]
    extra_text: str


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward as it stands; `claimed` leaves out claims that were rolled back."""

    reward_id: UUID
    name: str
    is_visible: bool
    details_text: str | None
    available_from: datetime | None
    available_to: datetime | None
    points: int
    max_count: int | None
    max_per_wallet: int | None
    priority: int | None
    data_text: str
    tags: Sequence[str]
    extra_text: str
    claimed: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    @property
    def remaining(self) -> int | None:
        """How many can still be claimed; None when there is no limit."""
        return None if self.max_count is None else self.max_count - self.claimed

    def is_available(self, now: datetime) -> bool:
        """Tell whether now lies in the window: from the first instant on, and before the last."""
        return (self.available_from is None or self.available_from <= now) and (
            self.available_to is None or now < self.available_to
        )

    def coupon_expires_at(self, now: datetime) -> datetime | None:
        """Tell when a coupon ends that is claimed now: so many times 24 hours later as `extra` says, or never."""
        days = msgspec.json.decode(self.extra_text, type=dict[str, str]).get(COUPON_DAYS_MEMBER)
        return None if days is None else now + timedelta(days=int(days))

    def check_claimable(self, claimed_by_wallet: int, now: datetime) -> None:
        """Accept one more claim. Raises RewardNotAvailable, RewardOutOfStock, RewardLimitReached."""
        if not self.is_available(now):
            raise RewardNotAvailable(self.reward_id, self.available_from, self.available_to)
        if self.max_count is not None and self.claimed >= self.max_count:
            raise RewardOutOfStock(self.reward_id, self.max_count)
        if self.max_per_wallet is not None and claimed_by_wallet >= self.max_per_wallet:
            raise RewardLimitReached(self.reward_id, self.max_per_wallet)


@dataclass(frozen=True, slots=True)
class Claim:
    """A reward that a wallet took: the spending that paid for it, named by its operation, and the coupon it gave."""

    operation_id: UUID
    reward_id: UUID
    wallet_id: UUID
    coupon_id: str
    points: int
    claimed_at: datetime
    claimed_by: str
    rolled_back_at: datetime | None = None
    rolled_back_by: str | None = None
