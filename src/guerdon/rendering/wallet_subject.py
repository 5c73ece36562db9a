"""The wallet of points that a pass names: what is in it, and how templates see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from guerdon.platform.clock import rfc3339
from guerdon.rendering.numbers import Number


@dataclass(frozen=True, slots=True)
class ExpiringSubject:
    """Points that end at one instant."""

    amount: Decimal
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CouponSubject:
    """A coupon that can be used now; what it says and does is its giver's own JSON."""

    id: str
    details: Mapping[str, object]
    data: Mapping[str, object]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WalletSubject:
    """What a wallet holds now; `expiring` and `coupons` begin with what ends first.

    `changes_at` is when it shows something else though nothing is written. `inactive_on` is the day at whose beginning
    the points end if nothing happens until then.
    """

    id: str
    balance: Decimal
    available: Decimal
    held: Decimal
    expiring: tuple[ExpiringSubject, ...] = ()
    coupons: tuple[CouponSubject, ...] = ()
    changes_at: datetime | None = None
    inactive_on: date | None = None


def points_item(wallet: WalletSubject) -> Mapping[str, object]:
    """Give the points of a wallet as templates see them."""
    expiring = [_expiring_item(one) for one in wallet.expiring]
    return {
        "wallet": wallet.id,
        "balance": Number(wallet.balance),
        "available": Number(wallet.available),
        "held": Number(wallet.held),
        "nextExpiry": expiring[0] if expiring else None,
        "expiring": expiring,
        "inactiveOn": None if wallet.inactive_on is None else wallet.inactive_on.isoformat(),
    }


def coupon_items(wallet: WalletSubject) -> Sequence[Mapping[str, object]]:
    """Give the coupons of a wallet as templates see them."""
    return [
        {
            "id": one.id,
            "literals": one.details.get("literals") or {},
            "media": one.details.get("media") or [],
            "data": one.data,
            "expires": None if one.expires_at is None else rfc3339(one.expires_at),
        }
        for one in wallet.coupons
    ]


def _expiring_item(one: ExpiringSubject) -> Mapping[str, object]:
    return {"amount": Number(one.amount), "date": rfc3339(one.expires_at)}
