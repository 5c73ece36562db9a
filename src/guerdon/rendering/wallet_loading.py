"""Reading the wallet of points that a pass names."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from guerdon.coupons.model import Coupon
from guerdon.coupons.reading import list_usable
from guerdon.ledger.amounts import to_decimal
from guerdon.passes.binding import read_wallet_id
from guerdon.platform.db import Tx
from guerdon.points.reading import read_standing
from guerdon.rendering.wallet_subject import CouponSubject, ExpiringSubject, WalletSubject

EXPIRING_MAX: Final = 10
COUPONS_MAX: Final = 20


async def load_wallet(tx: Tx, named: object, now: datetime) -> WalletSubject | None:
    """Read the wallet that an identifier's value names; None when it names none, or one that is not there."""
    wallet_id = read_wallet_id(named)
    standing = None if wallet_id is None else await read_standing(tx, wallet_id, now)
    if wallet_id is None or standing is None:
        return None
    coupons = await list_usable(tx, wallet_id, now, COUPONS_MAX)
    balance, ends = standing.balance, [standing.changes_at, *(one.expires_at for one in coupons[:1])]
    return WalletSubject(
        id=str(wallet_id),
        balance=to_decimal(balance.total),
        available=to_decimal(balance.available),
        held=to_decimal(balance.held),
        expiring=tuple(
            ExpiringSubject(to_decimal(one.amount), one.expires_at) for one in balance.expiring[:EXPIRING_MAX]
        ),
        coupons=tuple(_coupon(one) for one in coupons),
        changes_at=min((end for end in ends if end is not None), default=None),
        inactive_on=balance.inactive_on,
    )


def _coupon(coupon: Coupon) -> CouponSubject:
    return CouponSubject(coupon.coupon_id, _members(coupon.details_text), _members(coupon.data_text), coupon.expires_at)


def _members(text: str | None) -> Mapping[str, object]:
    return {} if text is None else msgspec.json.decode(text, type=dict[str, object])
