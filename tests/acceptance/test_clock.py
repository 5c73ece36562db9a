"""A tester lets two years pass in a sandbox of their own and looks at each of the days between."""

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from guerdon_client import (
    Conflict,
    CouponData,
    Gone,
    Guerdon,
    NewBatch,
    NewPrivilege,
    NotFound,
    PrivilegeData,
    RewardTerms,
    TenantClock,
    VoucherTerms,
)
from tests.acceptance.houses import House, new_house
from tests.acceptance.running import Running

START = datetime(2130, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DATA = CouponData("c", "a", "p", "k", {})
MONTHS = [datetime(START.year + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(1, 25)]
FRESH_CONNECTIONS = 24  # enough to meet both processes


@pytest.fixture
def lab(running: Running) -> House:
    """A sandbox of this test alone."""
    return new_house(running, is_sandbox=True)


@pytest.fixture
def tester(lab: House) -> Iterator[Guerdon]:
    """Whoever moves its clock, which stands at the first of January 2130."""
    with lab.client() as client:
        client.clock.freeze(START)
        arrived(client)
        yield client


def arrived(tester: Guerdon) -> TenantClock:
    """Wait until the clock stands again."""
    while (clock := tester.clock.get()).is_moving:
        time.sleep(0.02)
    return clock


def go_to(tester: Guerdon, instant: datetime) -> None:
    """Advance the clock, and see that it got there."""
    tester.clock.advance(instant)
    clock = arrived(tester)
    assert clock.advance is not None
    assert (clock.now, clock.advance.state) == (instant, "done")


def a_wallet(tester: Guerdon) -> str:
    return tester.wallets.put(str(uuid.uuid4()), {}).wallet_id


def test_two_years_of_expiry_pass_month_by_month_and_every_day_between_adds_up(tester: Guerdon) -> None:
    wallet_id = a_wallet(tester)
    ends = [start + 14 * DAY for start in [START, *MONTHS[:-1]]]
    for number, end in enumerate(ends):
        tester.wallets.add_batch(wallet_id, NewBatch(Decimal(2**number), price=Decimal(2**number), expires=end))
    tester.wallets.add_batch(wallet_id, NewBatch(Decimal("0.5")))
    rest = Decimal(2**24 - 1) + Decimal("0.5")

    for month, end in enumerate(ends):
        go_to(tester, MONTHS[month])
        left = rest - (2 ** (month + 1) - 1)
        assert tester.wallets.get(wallet_id).balance == left
        assert tester.reports.get_liability().points == left
        expired = tester.reports.get_expired_paid_batches(end.year, end.month)
        assert [one.left for one in expired.batches] == [2**month]

    lines = [line for line in tester.wallets.iter_statement(wallet_id) if line.kind == "EXPIRE"]
    assert [(line.at, line.amount) for line in lines] == [(end, -(2**number)) for number, end in enumerate(ends)]
    for number, end in enumerate(ends):
        before, after = rest - (2**number - 1), rest - (2 ** (number + 1) - 1)
        for as_of, owed in ((end - timedelta(seconds=1), before), (end, after), (end + DAY, after)):
            assert tester.wallets.get(wallet_id, as_of=as_of).balance == owed
            assert tester.reports.get_liability(as_of=as_of).points == owed


def test_two_years_at_once_end_everything_that_lasts_shorter_at_its_own_time(tester: Guerdon) -> None:
    wallet_id = a_wallet(tester)
    tester.wallets.add_batch(wallet_id, NewBatch(Decimal(100)))
    tester.wallets.add_batch(wallet_id, NewBatch(Decimal(7), expires=START + 400 * DAY))
    hold = tester.wallets.hold(wallet_id, 5, expires=START + DAY)
    voucher = tester.vouchers.create(VoucherTerms(Decimal(10), expires_at=START + 30 * DAY))
    window = RewardTerms("Coffee", 5, DATA, visible=True, available_to=START + 60 * DAY)
    reward = tester.rewards.create(window)
    pass_id = tester.create_pass("loyalty", {"customerId": "1"}).pass_id
    lasting = tester.create_privilege(pass_id, NewPrivilege("MultiUse", data=PrivilegeData(value=Decimal(3))))
    going = NewPrivilege("MultiUse", data=PrivilegeData(value=Decimal(3)), deletion_date=START + 90 * DAY)
    gone = tester.create_privilege(pass_id, going)
    claimed = tester.rewards.claim(uuid.UUID(wallet_id), reward.reward_id)

    go_to(tester, START + 730 * DAY)

    assert claimed.points == 5
    assert tester.wallets.get_hold(wallet_id, hold.hold_id).status == "EXPIRED"
    assert tester.vouchers.get(voucher.voucher_id).status == "EXPIRED"
    with pytest.raises(Gone):
        tester.vouchers.use(uuid.UUID(wallet_id), voucher.voucher_id)
    with pytest.raises(Conflict) as closed:
        tester.rewards.claim(uuid.UUID(wallet_id), reward.reward_id)
    assert closed.value.code == "reward_not_available"
    assert tester.wallets.get(wallet_id).balance == 97  # the hold gave 5 back to the batch that has ended
    with pytest.raises(NotFound):
        tester.get_privilege(gone.privilege_id)
    tester.apply_movement(lasting.privilege_id, -1, old_value=3)
    (movement,) = tester.get_privilege(lasting.privilege_id).movements[-1:]
    assert movement.date == START + 730 * DAY


def test_points_that_nobody_touches_for_two_years_end_on_the_day_that_the_wallet_told(tester: Guerdon) -> None:
    tester.change_tenant(time_zone="Europe/Warsaw")
    tester.put_file("server/points/expiry.yaml", b"inactivity: {months: 24, notBefore: 2130-06-01}")
    left, visited, later = (a_wallet(tester) for _ in range(3))
    for wallet_id in (left, visited):
        tester.wallets.add_batch(wallet_id, NewBatch(Decimal(10), price=Decimal(5)))
    go_to(tester, START + timedelta(days=1, hours=23, minutes=30))  # in Warsaw, it is the third of January
    used = tester.wallets.spend(visited, 4)
    tester.wallets.add_batch(later, NewBatch(Decimal(3), expires=datetime(2131, 1, 1, tzinfo=UTC)))
    told = [tester.wallets.get(wallet_id).inactive_on for wallet_id in (left, visited, later)]
    expected = tester.reports.get_expiring_points(3_000)

    midnight = datetime(2132, 1, 1, 23, tzinfo=UTC)
    go_to(tester, midnight - timedelta(minutes=1))
    before = [tester.wallets.get(wallet_id).balance for wallet_id in (left, visited, later)]
    go_to(tester, midnight)
    first = [tester.wallets.get(wallet_id).balance for wallet_id in (left, visited, later)]
    go_to(tester, midnight + 30 * DAY)

    assert told == [date(2132, 1, 2), date(2132, 1, 4), date(2132, 1, 4)]
    assert [(one.day, one.points) for one in expected.days] == [
        (date(2131, 1, 1), 3), (date(2132, 1, 2), 10), (date(2132, 1, 4), 6),
    ]  # fmt: skip
    assert (before, first) == ([10, 6, 0], [0, 6, 0])
    ended = list(tester.wallets.iter_statement(visited))[-1]
    assert (ended.kind, ended.amount, ended.reference) == ("EXPIRE", -6, "inactivity")
    assert ended.at == midnight + 2 * DAY  # two years before, Warsaw's third of January was the last day of activity
    assert tester.wallets.get(visited, as_of=midnight).inactive_on == date(2132, 1, 4)
    assert [one.money for one in tester.reports.get_expired_paid_batches(2132, 1).batches] == [5, 3]
    assert tester.reports.get_liability().points == 0
    back = tester.wallets.roll_back(visited, used.operation_id)
    assert (back.restored, back.restored_expired, tester.wallets.get(visited).balance) == (4, 4, 0)


def test_both_processes_see_the_time_that_one_of_them_was_told(lab: House, tester: Guerdon) -> None:
    voucher = tester.vouchers.create(VoucherTerms(Decimal(10), expires_at=START + 30 * DAY))

    seen: list[str] = []
    for days in (29, 30):
        go_to(tester, START + days * DAY)
        for _ in range(FRESH_CONNECTIONS):
            with lab.client() as other:
                seen.append(other.vouchers.get(voucher.voucher_id).status)

    assert seen == ["ACTIVE"] * FRESH_CONNECTIONS + ["EXPIRED"] * FRESH_CONNECTIONS


def test_only_a_sandbox_has_a_clock_and_it_never_goes_back(running: Running, tester: Guerdon) -> None:
    with pytest.raises(Conflict) as backwards:
        tester.clock.advance(START - DAY)
    with pytest.raises(Conflict) as again:
        tester.clock.freeze()
    with new_house(running).client() as live, pytest.raises(Conflict) as refused:
        live.clock.freeze()

    assert (backwards.value.code, again.value.code) == ("clock_backwards", "clock_frozen")
    assert refused.value.code == "not_a_sandbox"
    assert tester.clock.get().now == START
