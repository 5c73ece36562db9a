"""Vouchers: codes that become a batch of points, once, and the rules of their use."""

from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from guerdon.vouchers.errors import VoucherCancelled, VoucherExpired, VoucherOfAnother, VoucherUsed

EVENT_CREATED: Final = "Voucher:Created"
EVENT_BULK_CREATED: Final = "Voucher:BulkCreated"
EVENT_USED: Final = "Voucher:Used"
EVENT_CANCELLED: Final = "Voucher:Cancelled"

# Counted from whatever a clock of ours can show, before the year 2200, there is such a day.
POINTS_DAYS_MAX: Final = 2_800_000
LAST_DAY: Final = datetime(MAXYEAR, 12, 31, tzinfo=UTC)  # in every time zone

VoucherState = Literal["ACTIVE", "USED", "EXPIRED", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class VoucherWish:
    """What a voucher is to be; `amount` and `price` (of the whole) are millionths, `extra_text` is JSON."""

    amount: int
    price: int | None
    expires_at: datetime | None
    points_expire_in_days: int | None
    for_wallet_id: UUID | None
    extra_text: str


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher as it stands; `wallet_id` and `batch_id` say what it became."""

    voucher_id: UUID
    amount: int
    price: int | None
    expires_at: datetime | None
    points_expire_in_days: int | None
    for_wallet_id: UUID | None
    extra_text: str
    bulk_id: UUID | None
    created_at: datetime
    created_by: str
    used_at: datetime | None = None
    used_by: str | None = None
    wallet_id: UUID | None = None
    batch_id: UUID | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None

    def state(self, now: datetime) -> VoucherState:
        """Tell where the voucher stands; the instant of expiry is already expired."""
        if self.used_at is not None:
            return "USED"
        if self.cancelled_at is not None:
            return "CANCELLED"
        if self.expires_at is not None and self.expires_at <= now:
            return "EXPIRED"
        return "ACTIVE"

    def check_usable(self, wallet_id: UUID, now: datetime) -> None:
        """Accept a voucher that a wallet can use.

        Raises VoucherOfAnother, VoucherUsed, VoucherCancelled, VoucherExpired.
        """
        if self.for_wallet_id is not None and self.for_wallet_id != wallet_id:
            raise VoucherOfAnother(self.voucher_id)
        self.check_unused()
        if self.cancelled_at is not None:
            raise VoucherCancelled(self.voucher_id, self.cancelled_at)
        if self.expires_at is not None and self.expires_at <= now:
            raise VoucherExpired(self.voucher_id, self.expires_at)

    def check_unused(self) -> None:
        """Accept a voucher that was not used. Raises VoucherUsed."""
        if self.used_at is not None:
            raise VoucherUsed(self.voucher_id, self.used_at)

    def points_expire_at(self, used_at: datetime) -> datetime | None:
        """Tell when the points end that the voucher becomes: so many times 24 hours after its use; None for never.

        What was made before `POINTS_DAYS_MAX` held, and would end after the last day, ends with its beginning.
        """
        if self.points_expire_in_days is None:
            return None
        is_beyond = self.points_expire_in_days > (LAST_DAY - used_at).days
        return LAST_DAY if is_beyond else used_at + timedelta(days=self.points_expire_in_days)


@dataclass(frozen=True, slots=True)
class VoucherBulk:
    """Vouchers that were made together."""

    bulk_id: UUID
    count: int
    created_at: datetime
    created_by: str
