"""Vouchers as callers see them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from guerdon.ledger.amounts import to_decimal
from guerdon.platform.clock import rfc3339
from guerdon.vouchers.model import Voucher, VoucherBulk


def voucher_document(voucher: Voucher, now: datetime) -> Mapping[str, object]:
    """Give the members of a voucher but those that are missing."""
    members: dict[str, object] = {
        "id": str(voucher.voucher_id),
        "status": voucher.state(now),
        "amount": to_decimal(voucher.amount),
        "price": None if voucher.price is None else to_decimal(voucher.price),
        "expires": _said(voucher.expires_at),
        "pointsExpireInDays": voucher.points_expire_in_days,
        "forWallet": None if voucher.for_wallet_id is None else str(voucher.for_wallet_id),
        "extra": msgspec.Raw(voucher.extra_text.encode()),
        "bulk": None if voucher.bulk_id is None else str(voucher.bulk_id),
        "createdAt": rfc3339(voucher.created_at),
        "createdBy": voucher.created_by,
        "usedAt": _said(voucher.used_at),
        "usedBy": voucher.used_by,
        "wallet": None if voucher.wallet_id is None else str(voucher.wallet_id),
        "batch": None if voucher.batch_id is None else str(voucher.batch_id),
        "cancelledAt": _said(voucher.cancelled_at),
        "cancelledBy": voucher.cancelled_by,
    }
    return {name: member for name, member in members.items() if member is not None}


def bulk_document(bulk: VoucherBulk) -> Mapping[str, object]:
    """Give the members of what was made together."""
    return {"bulkId": str(bulk.bulk_id), "count": bulk.count, "createdAt": rfc3339(bulk.created_at)}


def _said(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
