"""Why this room refuses, in the order in which it looks.

RewardNotFound        404  there is no such reward, or the caller may not see it
RewardNotAvailable    409  the reward's time has not come, or is over
RewardOutOfStock      409  as many as there were have been claimed
RewardLimitReached    409  the wallet has claimed as many as one wallet may
MaxCountBelowClaimed  409  more than the new maxCount have been claimed already
"""

from datetime import datetime
from uuid import UUID

from guerdon.platform.clock import rfc3339
from guerdon.platform.problems import Conflict, NotFound


class RewardNotFound(NotFound):
    """There is no such reward, or the caller may not see it."""

    code = "reward_not_found"

    def __init__(self, reward_id: UUID) -> None:
        super().__init__(f"There is no reward {reward_id}.")


class RewardNotAvailable(Conflict):
    """The reward's time has not come, or is over."""

    code = "reward_not_available"

    def __init__(self, reward_id: UUID, available_from: datetime | None, available_to: datetime | None) -> None:
        first = "the beginning" if available_from is None else rfc3339(available_from)
        last = "no end" if available_to is None else rfc3339(available_to)
        super().__init__(f"The reward {reward_id} can be claimed from {first} to {last}.")


class RewardOutOfStock(Conflict):
    """As many as there were have been claimed."""

    code = "reward_out_of_stock"

    def __init__(self, reward_id: UUID, max_count: int) -> None:
        super().__init__(f"All {max_count} of the reward {reward_id} have been claimed.", extra={"maxCount": max_count})


class RewardLimitReached(Conflict):
    """The wallet has claimed as many as one wallet may."""

    code = "reward_limit_reached"

    def __init__(self, reward_id: UUID, max_per_wallet: int) -> None:
        super().__init__(
            f"A wallet may claim the reward {reward_id} {max_per_wallet} times, and this one has.",
            extra={"maxPerWallet": max_per_wallet},
        )


class MaxCountBelowClaimed(Conflict):
    """More than the new maxCount have been claimed already."""

    code = "max_count_below_claimed"

    def __init__(self, max_count: int, claimed: int) -> None:
        super().__init__(
            f"{claimed} have been claimed already; maxCount cannot be {max_count}. To stop claims, end availableTo.",
            extra={"claimed": claimed},
        )
