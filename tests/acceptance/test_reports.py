"""Finance asks what points come to, through the client."""

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guerdon_client import Guerdon, InvalidRequest, NewBatch


def test_what_is_owed_moves_by_what_was_sold_used_and_expired(shop: Guerdon) -> None:
    before = shop.reports.get_liability()
    wallet_id = shop.wallets.put(str(uuid.uuid4()), {}).wallet_id
    ended = datetime(2024, 5, 31, 12, tzinfo=UTC)
    soon = datetime.now(UTC) + timedelta(days=2)
    shop.wallets.add_batch(wallet_id, NewBatch(Decimal(300), price=Decimal(10)))
    shop.wallets.add_batch(wallet_id, NewBatch(Decimal(40), price=Decimal("9.99"), expires=soon))
    lost = shop.wallets.add_batch(wallet_id, NewBatch(Decimal(8), price=Decimal(1), expires=ended))
    shop.wallets.spend(wallet_id, 41)

    owed = shop.reports.get_liability()
    expired = shop.reports.get_expired_paid_batches(2024, 5)
    breakage = shop.reports.get_breakage(2024)
    (line,) = [one for one in shop.reports.iter_wallets(limit=2) if one.wallet_id == wallet_id]

    assert owed.points - before.points == 299
    assert owed.money - before.money == 299 * Decimal("0.033333")
    assert sum(row.money for row in owed.rows) == owed.money
    assert shop.reports.get_liability(as_of=before.as_of).money == before.money
    assert [(one.left, one.money) for one in expired.batches if one.batch_id == lost.batch_id] == [(8, 1)]
    (may,) = [one for one in breakage.months if one.month == "2024-05"]
    assert abs(may.expired / may.issued - may.rate) < Decimal("0.000001")
    assert may.expired_money <= breakage.expired_money
    assert (line.balance, line.held, line.lots, line.next_expiry) == (299, 0, 1, None)


def test_what_expires_is_told_by_day_and_a_report_comes_as_csv(shop: Guerdon) -> None:
    wallet_id = shop.wallets.put(str(uuid.uuid4()), {}).wallet_id
    ends = datetime.now(UTC) + timedelta(days=3_210)
    shop.wallets.add_batch(wallet_id, NewBatch(Decimal("2.5"), price=Decimal(5), expires=ends))

    days = {one.day: one for one in shop.reports.get_expiring_points(3_660).days}
    lines = list(csv.DictReader(io.StringIO(shop.reports.get_liability_csv().decode())))

    assert (days[ends.date()].points, days[ends.date()].money) == (Decimal("2.5"), 5)
    assert Decimal(2) in {Decimal(line["unitPrice"]) for line in lines}
    with pytest.raises(InvalidRequest) as refused:
        shop.reports.get_expired_paid_batches(20, 13)
    assert set(refused.value.errors) == {"year", "month"}
