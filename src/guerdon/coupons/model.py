"""Coupons: what a wallet is entitled to once, and the rules of their life."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from guerdon.coupons.errors import CouponCancelled, CouponExpired, CouponNotUsed, CouponUsed

EVENT_CREATED: Final = "Coupon:Created"
EVENT_USED: Final = "Coupon:Used"
EVENT_REVERTED: Final = "Coupon:Reverted"
EVENT_CANCELLED: Final = "Coupon:Cancelled"
EVENT_EXPIRED: Final = "Coupon:Expired"

CouponState = Literal["ACTIVE", "USED", "EXPIRED", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class CouponContent:
    """What a coupon says and does; both are JSON texts, and nobody here looks inside."""

    details_text: str
    data_text: str | None


@dataclass(frozen=True, slots=True)
class ClaimOrigin:
    """What a coupon was given for: the reward, and the spending that paid for it."""

    reward_id: UUID
    operation_id: UUID


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon with the times of its life and who caused them."""

    coupon_id: str
    wallet_id: UUID
    details_text: str
    data_text: str | None
    expires_at: datetime | None
    reward_id: UUID | None
    operation_id: UUID | None
    created_at: datetime
    created_by: str
    used_at: datetime | None = None
    used_by: str | None = None
    reverted_at: datetime | None = None
    reverted_by: str | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None

    def state(self, now: datetime) -> CouponState:
        """Tell where the coupon stands; the instant of expiry is already expired."""
        if self.cancelled_at is not None:
            return "CANCELLED"
        if self.used_at is not None:
            return "USED"
        if self.expires_at is not None and self.expires_at <= now:
            return "EXPIRED"
        return "ACTIVE"

    def check_usable(self, now: datetime) -> None:
        """Accept a coupon that can be used. Raises CouponCancelled, CouponUsed, CouponExpired."""
        self.check_cancellable()
        if self.cancelled_at is not None:
            raise CouponCancelled(self.coupon_id, self.cancelled_at)
        if self.expires_at is not None and self.expires_at <= now:
            raise CouponExpired(self.coupon_id, self.expires_at)

    def check_revertible(self) -> None:
        """Accept a coupon whose use can be taken back, expired or not. Raises CouponCancelled, CouponNotUsed."""
        if self.cancelled_at is not None:
            raise CouponCancelled(self.coupon_id, self.cancelled_at)
        if self.used_at is None:
            raise CouponNotUsed(self.coupon_id)

    def check_cancellable(self) -> None:
        """Accept a coupon that was not used, expired or not. Raises CouponUsed."""
        if self.used_at is not None:
            raise CouponUsed(self.coupon_id, self.used_at)
