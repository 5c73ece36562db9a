"""Why this room refuses, in the order in which it looks.

CouponNotFound    404  the wallet has no such coupon
CouponCancelled   409  the coupon was cancelled, and stays so
CouponUsed        409  the coupon was used before
CouponNotUsed     409  the coupon was not used, so that there is nothing to take back
CouponExpired     410  the coupon's time is over
"""

from datetime import datetime

from guerdon.platform.clock import rfc3339
from guerdon.platform.problems import Conflict, Gone, NotFound


class CouponNotFound(NotFound):
    """The wallet has no such coupon."""

    code = "coupon_not_found"

    def __init__(self, coupon_id: str) -> None:
        super().__init__(f"The wallet has no coupon {coupon_id!r}.")


class CouponCancelled(Conflict):
    """The coupon was cancelled, and stays so."""

    code = "coupon_cancelled"

    def __init__(self, coupon_id: str, cancelled_at: datetime) -> None:
        super().__init__(f"The coupon {coupon_id!r} was cancelled at {rfc3339(cancelled_at)}.")


class CouponUsed(Conflict):
    """The coupon was used before."""

    code = "coupon_used"

    def __init__(self, coupon_id: str, used_at: datetime) -> None:
        said = rfc3339(used_at)
        super().__init__(f"The coupon {coupon_id!r} was used at {said}.", extra={"usedAt": said})


class CouponNotUsed(Conflict):
    """The coupon was not used, so that there is nothing to take back."""

    code = "coupon_not_used"

    def __init__(self, coupon_id: str) -> None:
        super().__init__(f"The coupon {coupon_id!r} was not used; there is nothing to take back.")


class CouponExpired(Gone):
    """The coupon's time is over."""

    code = "coupon_expired"

    def __init__(self, coupon_id: str, expires_at: datetime) -> None:
        said = rfc3339(expires_at)
        super().__init__(f"The coupon {coupon_id!r} ended at {said}.", extra={"expires": said})
