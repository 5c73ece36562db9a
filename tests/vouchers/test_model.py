from dataclasses import replace
from datetime import MAXYEAR, UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from guerdon.platform.problems import Problem
from guerdon.tenants.clock_model import LATEST
from guerdon.vouchers.errors import VoucherCancelled, VoucherExpired, VoucherOfAnother, VoucherUsed
from guerdon.vouchers.model import LAST_DAY, POINTS_DAYS_MAX, Voucher

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER, EARLIER = NOON + timedelta(hours=1), NOON - timedelta(hours=1)
MINE, OTHER = uuid4(), uuid4()
FRESH = Voucher(uuid4(), 10, None, LATER, None, None, "{}", None, EARLIER, "test")
USED = replace(FRESH, used_at=EARLIER, used_by="till", wallet_id=OTHER, batch_id=uuid4())
CANCELLED = replace(FRESH, cancelled_at=EARLIER, cancelled_by="till")


@pytest.mark.parametrize(
    ("voucher", "refusal"),
    [
        (FRESH, None),
        (replace(FRESH, for_wallet_id=MINE, expires_at=None), None),
        # Refusals, in order of precedence.
        (replace(USED, for_wallet_id=OTHER), VoucherOfAnother),
        (replace(USED, expires_at=NOON), VoucherUsed),
        (replace(CANCELLED, expires_at=NOON), VoucherCancelled),
        (replace(FRESH, expires_at=NOON), VoucherExpired),  # The instant of expiry is already expired.
    ],
)
def test_using_a_voucher_is_refused_in_order(voucher: Voucher, refusal: type[Problem] | None) -> None:
    if refusal is None:
        voucher.check_usable(MINE, NOON)
        return
    with pytest.raises(refusal):
        voucher.check_usable(MINE, NOON)


@pytest.mark.parametrize(
    ("voucher", "state"),
    [
        (FRESH, "ACTIVE"),
        (replace(FRESH, expires_at=NOON), "EXPIRED"),
        (replace(USED, expires_at=NOON), "USED"),
        (replace(CANCELLED, expires_at=NOON), "CANCELLED"),
    ],
)
def test_the_state_of_a_voucher_follows_from_its_times(voucher: Voucher, state: str) -> None:
    assert voucher.state(NOON) == state


@pytest.mark.parametrize(
    ("days", "expires_at"),
    [
        (None, None),
        (1, NOON + timedelta(hours=24)),
        (365, NOON + timedelta(days=365)),
        (POINTS_DAYS_MAX, NOON + timedelta(days=POINTS_DAYS_MAX)),
        # A voucher of before there was a bound: never would be longer than anybody has promised.
        (2**31 - 1, LAST_DAY),
    ],
)
def test_points_of_a_voucher_end_whole_days_after_its_use(days: int | None, expires_at: datetime | None) -> None:
    assert replace(FRESH, points_expire_in_days=days).points_expire_at(NOON) == expires_at


def test_however_late_a_clock_of_ours_is_the_points_of_a_voucher_have_an_end() -> None:
    voucher = replace(FRESH, points_expire_in_days=POINTS_DAYS_MAX)

    assert voucher.points_expire_at(LATEST) == LATEST + timedelta(days=POINTS_DAYS_MAX)
    assert LAST_DAY.astimezone(ZoneInfo("Pacific/Kiritimati")).year == LAST_DAY.year == MAXYEAR


def test_a_day_has_twenty_four_hours_when_the_clocks_change() -> None:
    voucher = replace(FRESH, points_expire_in_days=1)

    assert voucher.points_expire_at(datetime(2026, 3, 28, 12, tzinfo=UTC)) == datetime(2026, 3, 29, 12, tzinfo=UTC)
