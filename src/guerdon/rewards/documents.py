"""Rewards as administrators and as users see them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from guerdon.ledger.amounts import to_decimal
from guerdon.platform.clock import rfc3339
from guerdon.rewards.model import Reward


def reward_document(reward: Reward) -> Mapping[str, object]:
    """Give all members of a reward but those that are missing."""
    return {
        **offered_document(reward),
        **_present(
            {
                "visible": reward.is_visible,
                "maxCount": reward.max_count,
                "data": msgspec.Raw(reward.data_text.encode()),
                "extra": msgspec.Raw(reward.extra_text.encode()),
                "claimed": reward.claimed,
                "createdAt": rfc3339(reward.created_at),
                "updatedAt": rfc3339(reward.updated_at),
            }
        ),
    }


def offered_document(reward: Reward) -> Mapping[str, object]:
    """Give the members of a reward that users see: not what its coupon does, nor how many others claimed it."""
    return _present(
        {
            "id": str(reward.reward_id),
            "name": reward.name,
            "points": to_decimal(reward.points),
            "details": None if reward.details_text is None else msgspec.Raw(reward.details_text.encode()),
            "availableFrom": _said(reward.available_from),
            "availableTo": _said(reward.available_to),
            "maxPerWallet": reward.max_per_wallet,
            "remaining": reward.remaining,
            "priority": reward.priority,
            "tags": reward.tags,
        }
    )


def _present(members: Mapping[str, object]) -> Mapping[str, object]:
    return {name: member for name, member in members.items() if member is not None}


def _said(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
