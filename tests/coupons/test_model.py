from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from guerdon.coupons.errors import CouponCancelled, CouponExpired, CouponNotUsed, CouponUsed
from guerdon.coupons.model import Coupon
from guerdon.platform.problems import Problem

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER, EARLIER = NOON + timedelta(hours=1), NOON - timedelta(hours=1)
FRESH = Coupon("ABCDEFGHJK", uuid4(), "{}", None, LATER, None, None, EARLIER, "test")
USED = replace(FRESH, used_at=EARLIER, used_by="till")
CANCELLED = replace(FRESH, cancelled_at=EARLIER, cancelled_by="till")


@pytest.mark.parametrize(
    ("coupon", "state"),
    [
        (FRESH, "ACTIVE"),
        (replace(FRESH, expires_at=None), "ACTIVE"),
        (replace(FRESH, expires_at=NOON), "EXPIRED"),  # The instant of expiry is already expired.
        (USED, "USED"),
        (replace(USED, expires_at=EARLIER), "USED"),
        (replace(CANCELLED, expires_at=EARLIER), "CANCELLED"),
    ],
)
def test_the_state_of_a_coupon_follows_from_its_times(coupon: Coupon, state: str) -> None:
    assert coupon.state(NOON) == state


@pytest.mark.parametrize(
    ("coupon", "refusal"),
    [
        (FRESH, None),
        (USED, CouponUsed),
        (replace(USED, expires_at=NOON), CouponUsed),
        (CANCELLED, CouponCancelled),
        (replace(CANCELLED, expires_at=NOON), CouponCancelled),
        (replace(FRESH, expires_at=NOON), CouponExpired),
    ],
)
def test_using_a_coupon_is_refused_in_order(coupon: Coupon, refusal: type[Problem] | None) -> None:
    if refusal is None:
        coupon.check_usable(NOON)
        return
    with pytest.raises(refusal):
        coupon.check_usable(NOON)


@pytest.mark.parametrize(
    ("coupon", "refusal"),
    [
        (USED, None),
        (replace(USED, expires_at=EARLIER), None),
        (FRESH, CouponNotUsed),
        (replace(FRESH, expires_at=EARLIER), CouponNotUsed),
        (CANCELLED, CouponCancelled),
    ],
)
def test_taking_a_use_back_is_refused_in_order(coupon: Coupon, refusal: type[Problem] | None) -> None:
    if refusal is None:
        coupon.check_revertible()
        return
    with pytest.raises(refusal):
        coupon.check_revertible()


def test_only_a_coupon_that_was_used_cannot_be_cancelled() -> None:
    for coupon in (FRESH, CANCELLED, replace(FRESH, expires_at=EARLIER)):
        coupon.check_cancellable()

    with pytest.raises(CouponUsed):
        USED.check_cancellable()
