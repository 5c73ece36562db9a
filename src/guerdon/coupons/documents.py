"""Coupons as other rooms and callers see them: what they hold, and the whole document."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from guerdon.coupons.model import Coupon, CouponState
from guerdon.platform.clock import rfc3339
from guerdon.platform.wire import AtMost, Instant, OpenBody, Text, Texts

MEDIA_MAX = 100


class Media(OpenBody):
    """A picture or a film, by its address."""

    url: Text | None = None
    name: Text | None = None


class Details(OpenBody):
    """What is said: texts by their names, as the caller names them for each language, and media."""

    literals: Texts = {}  # noqa: RUF012 (frozen)
    media: Annotated[list[Media], AtMost(MEDIA_MAX)] = []  # noqa: RUF012 (frozen)


class CouponData(OpenBody):
    """What a coupon does, for whoever reads it: nobody here looks inside."""

    coupon_key: Text | None = None
    enable_key: Text | None = None
    product_id: Text | None = None
    category_id: Text | None = None
    extra: Texts | None = None


class CouponDocument(OpenBody):
    """A coupon as it stands; `reward` and `operation` are there when it was claimed."""

    id: str
    wallet: UUID
    status: CouponState
    details: Details
    data: CouponData | None = None
    expires: Instant | None = None
    reward: UUID | None = None
    operation: UUID | None = None
    created_at: Instant
    created_by: str | None = None
    used_at: Instant | None = None
    used_by: str | None = None
    reverted_at: Instant | None = None
    reverted_by: str | None = None
    cancelled_at: Instant | None = None
    cancelled_by: str | None = None


def coupon_document(coupon: Coupon, now: datetime, *, is_for_user: bool = False) -> Mapping[str, object]:
    """Give the members of a coupon's document, without those that are missing; users are not told who did what."""
    members: dict[str, object] = {
        "id": coupon.coupon_id,
        "wallet": str(coupon.wallet_id),
        "status": coupon.state(now),
        "details": msgspec.Raw(coupon.details_text.encode()),
        "data": None if coupon.data_text is None else msgspec.Raw(coupon.data_text.encode()),
        "expires": _said(coupon.expires_at),
        "reward": None if coupon.reward_id is None else str(coupon.reward_id),
        "operation": None if coupon.operation_id is None else str(coupon.operation_id),
        "createdAt": rfc3339(coupon.created_at),
        "usedAt": _said(coupon.used_at),
        "revertedAt": _said(coupon.reverted_at),
        "cancelledAt": _said(coupon.cancelled_at),
    }
    if not is_for_user:
        members |= {
            "createdBy": coupon.created_by,
            "usedBy": coupon.used_by,
            "revertedBy": coupon.reverted_by,
            "cancelledBy": coupon.cancelled_by,
        }
    return {name: member for name, member in members.items() if member is not None}


def _said(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
