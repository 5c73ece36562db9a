"""The bodies of the operations on coupons (seed 003)."""

from typing import Annotated

from pydantic import StringConstraints

from guerdon.coupons.documents import CouponData, Details
from guerdon.platform.wire import Instant, OpenBody

CouponId = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]+$", max_length=16)]


class NewCoupon(OpenBody):
    """A coupon to be given to a wallet; without `expires` it lasts for ever."""

    details: Details
    data: CouponData | None = None
    expires: Instant | None = None


class NamedCoupon(OpenBody):
    """Which coupon is used, or has its use taken back."""

    coupon: CouponId
