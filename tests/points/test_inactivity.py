"""Points end when a wallet has been left alone for as long as the rule says: posted, once, and for all to see."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from guerdon.ledger.errors import NotEnough
from guerdon.ledger.model import EMPTY_HEAD
from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.ids import new_id
from guerdon.platform.listing import Listing
from guerdon.points import report_queries
from guerdon.points.expiring import expire_due
from guerdon.points.expiry_rule import PATH, InactivityRule
from guerdon.points.holding import capture_hold, hold_points, release_hold
from guerdon.points.inactivity import end_inactive, find_inactivity, first_inactive_after
from guerdon.points.model import Balance, HoldWish, Line
from guerdon.points.reading import Period, list_batches, read_balance, read_statement
from guerdon.points.wallets import get_wallet, open_wallet
from guerdon.tenants.core import CoreChange, change_core
from guerdon.tenants.files import remove_file, save_file
from tests.architecture.plans import looked_at, run_explained, used_indexes
from tests.conftest import Alone
from tests.ledger.invariants import broken
from tests.points.conftest import ACTOR, UNIT, Purse, day

OPENED = day(1, 1)
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
ENDS = day(1, 31)  # the wallet was opened on 1 January: thirty days nobody comes, 2 to 31 January
AFTER = day(2, 1)
WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.fixture
async def idle(purse: Purse) -> Purse:
    """A wallet whose points end after thirty days of nothing."""
    await give_rule(purse)
    return purse


async def give_rule(purse: Purse, text: str = "days: 30, notBefore: 2026-01-01", now: datetime = OPENED) -> None:
    async with purse.tx() as tx:
        content = f"inactivity: {{{text}}}".encode()
        await save_file(tx, path=PATH, content=content, now=now, actor=ACTOR)


async def end(purse: Purse, now: datetime) -> None:
    """Do what the job of every minute does."""
    for step in (expire_due, end_inactive):
        for _ in range(10):
            async with purse.tx() as tx:
                if not await step(tx, now):
                    break
        else:
            raise AssertionError("the job comes to no end")


async def balance(purse: Purse, now: datetime, as_of: datetime | None = None) -> Balance:
    async with purse.tx() as tx:
        return await read_balance(tx, await get_wallet(tx, purse.wallet_id), now, as_of)


async def lines(purse: Purse) -> list[Line]:
    async with purse.tx() as tx:
        page = await read_statement(
            tx, purse.wallet_id, Period(None, None, None), Listing(100), datetime(2030, 1, 1, tzinfo=UTC)
        )
    return list(page.items)


async def sound(purse: Purse) -> bool:
    assert (await verify_tenant(purse.database, purse.tenant_id)).findings == []
    assert await broken(purse.database, purse.tenant_id) == []
    return True


async def test_points_of_a_wallet_that_nobody_touches_end_once_at_the_beginning_of_the_day(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    await idle.add(5, day(6, 1), day(1, 1))

    await end(idle, AFTER - timedelta(microseconds=1))
    before = await balance(idle, AFTER - timedelta(microseconds=1))
    await end(idle, AFTER)
    await end(idle, day(3, 1))

    assert (before.total, before.inactive_on) == (15 * UNIT, date(2026, 2, 1))
    after = await balance(idle, AFTER)
    assert (after.total, after.expiring, after.inactive_on) == (0, (), None)
    *_, last = await lines(idle)
    assert (last.kind, last.amount, last.reference_id, last.recorded_at) == ("expire", -15 * UNIT, "inactivity", AFTER)
    assert len(await lines(idle)) == 3
    assert await sound(idle)


async def test_the_example_of_the_documents(purse: Purse) -> None:
    def at(year: int, month: int, number: int, hour: int = 12) -> datetime:
        return datetime(year, month, number, hour, tzinfo=WARSAW)

    async with purse.tx() as tx:
        await change_core(tx, CoreChange(time_zone="Europe/Warsaw"), day(1, 1), ACTOR)
    await give_rule(purse, "months: 24, notBefore: 2027-07-01")
    told: list[tuple[int, date | None]] = []

    async def tell(instant: datetime) -> None:
        await end(purse, instant)
        now = await balance(purse, instant)
        told.append((now.total // UNIT, now.inactive_on))

    await purse.add(100, at(2027, 3, 1, 0), at(2026, 3, 15, 18))
    await purse.add(50, None, at(2026, 3, 15, 18))
    await tell(at(2026, 3, 15, 18))
    await purse.spend(90, at(2026, 8, 31))
    for instant in (at(2026, 8, 31), at(2027, 3, 1, 0)):
        await tell(instant)
    used = await purse.spend(20, at(2027, 9, 1))
    for instant in (at(2027, 9, 1), at(2029, 9, 2, 0) - timedelta(minutes=1), at(2029, 9, 2, 0)):
        await tell(instant)
    back = await purse.roll_back(used, at(2029, 9, 3))
    await tell(at(2029, 9, 3))

    first, second, third = date(2028, 3, 16), date(2028, 9, 1), date(2029, 9, 2)
    assert told == [(150, first), (60, second), (50, second), (30, third), (30, third), (0, None), (0, None)]
    assert back.restored_expired == 20 * UNIT
    assert [line.reference_id for line in await lines(purse) if line.kind == "expire"] == [None, "inactivity", None]


async def test_what_is_due_and_not_posted_is_there_for_everybody(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))

    assert (await balance(idle, day(5, 1))).available == 10 * UNIT
    await idle.spend(1, day(5, 1))
    await end(idle, day(5, 1))

    assert (await balance(idle, day(5, 1))).available == 9 * UNIT
    assert (await balance(idle, day(5, 1))).inactive_on == date(2026, 6, 1)


async def added(purse: Purse, now: datetime) -> None:
    await purse.add(1, None, now)


async def spent(purse: Purse, now: datetime) -> None:
    await purse.spend(1, now)


async def held(purse: Purse, now: datetime) -> None:
    async with purse.tx() as tx:
        await hold_points(tx, purse.wallet_id, HoldWish(UNIT), hold_id=new_id(), actor=ACTOR, now=now)


async def rolled_back(purse: Purse, now: datetime) -> None:
    await purse.roll_back(await purse.spend(1, day(1, 1)), now)


async def released(purse: Purse, now: datetime) -> None:
    hold_id = new_id()
    async with purse.tx() as tx:
        await hold_points(tx, purse.wallet_id, HoldWish(UNIT), hold_id=hold_id, actor=ACTOR, now=day(1, 1))
    async with purse.tx() as tx:
        await release_hold(tx, purse.wallet_id, hold_id, actor=ACTOR, now=now)


async def captured(purse: Purse, now: datetime) -> None:
    hold_id = new_id()
    async with purse.tx() as tx:
        await hold_points(tx, purse.wallet_id, HoldWish(UNIT), hold_id=hold_id, actor=ACTOR, now=day(1, 1))
    async with purse.tx() as tx:
        await capture_hold(tx, purse.wallet_id, hold_id, None, operation_id=new_id(), actor=ACTOR, now=now)


@pytest.mark.parametrize("activity", [added, spent, held, rolled_back, released, captured])
async def test_whatever_somebody_does_counts(
    idle: Purse, activity: Callable[[Purse, datetime], Awaitable[None]]
) -> None:
    await idle.add(10, None, day(1, 1))

    await activity(idle, day(1, 20))
    await end(idle, AFTER)

    assert (await balance(idle, AFTER)).total > 0
    assert (await balance(idle, AFTER)).inactive_on == date(2026, 2, 20)
    await end(idle, day(2, 19))
    assert (await balance(idle, day(2, 19))).total > 0
    await end(idle, day(2, 20))
    assert (await balance(idle, day(2, 20))).available == 0
    assert await sound(idle)


async def test_what_time_does_does_not_count(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    await idle.add(5, day(1, 20), day(1, 1))
    async with idle.tx() as tx:
        await hold_points(tx, idle.wallet_id, HoldWish(UNIT, day(1, 25)), hold_id=new_id(), actor=ACTOR, now=day(1, 1))

    await end(idle, day(1, 26))
    await end(idle, AFTER)

    assert (await balance(idle, AFTER)).total == 0
    assert [line.kind for line in await lines(idle)] == [
        "earn",
        "earn",
        "hold",
        "release",
        "expire",
        "expire",
    ]
    assert await sound(idle)


async def test_without_a_rule_and_before_its_first_day_nothing_ends(purse: Purse) -> None:
    await purse.add(10, None, day(1, 1))

    await end(purse, day(12, 1))
    assert (await balance(purse, day(12, 1))).inactive_on is None
    await give_rule(purse, "days: 30, notBefore: 2026-12-24", day(12, 1))
    await end(purse, day(12, 23))
    kept = await balance(purse, day(12, 23))
    await end(purse, day(12, 24))

    assert (kept.total, kept.inactive_on) == (10 * UNIT, date(2026, 12, 24))
    assert (await balance(purse, day(12, 24))).total == 0


async def test_a_rule_that_is_taken_away_ends_nothing_more_and_brings_nothing_back(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    await end(idle, AFTER)
    await idle.add(7, None, AFTER)
    async with idle.tx() as tx:
        await remove_file(tx, path=PATH, now=AFTER, actor=ACTOR)

    await end(idle, day(12, 1))

    now = await balance(idle, day(12, 1))
    assert (now.total, now.inactive_on) == (7 * UNIT, None)


async def test_a_longer_and_a_shorter_rule_count_from_the_same_last_activity(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    await give_rule(idle, "days: 90, notBefore: 2026-01-01", day(1, 2))
    await end(idle, day(3, 1))
    long = (await balance(idle, day(3, 1))).inactive_on
    await give_rule(idle, "days: 60, notBefore: 2026-01-01", day(3, 1))

    await end(idle, day(3, 2))
    almost = await balance(idle, day(3, 2))
    await end(idle, day(3, 3))

    assert (long, almost.total, almost.inactive_on) == (date(2026, 4, 2), 10 * UNIT, date(2026, 3, 3))
    assert (await balance(idle, day(3, 3))).total == 0


async def test_what_is_set_aside_can_be_captured_and_ends_when_it_comes_back(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    hold_id = new_id()
    async with idle.tx() as tx:
        await hold_points(tx, idle.wallet_id, HoldWish(4 * UNIT), hold_id=hold_id, actor=ACTOR, now=day(1, 1))
    await end(idle, AFTER)
    between = await balance(idle, AFTER)

    async with idle.tx() as tx:
        await capture_hold(tx, idle.wallet_id, hold_id, 3 * UNIT, operation_id=new_id(), actor=ACTOR, now=day(2, 2))
    after = await balance(idle, day(2, 2))
    await end(idle, day(2, 2))

    assert ((between.available, between.held), after.total) == ((0, 4 * UNIT), 0)
    assert [line.amount // UNIT for line in await lines(idle)] == [10, 0, -6, -3, -1]
    assert await sound(idle)


async def test_where_all_is_set_aside_an_entry_of_nothing_ends_what_will_come_back(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    hold_id = new_id()
    async with idle.tx() as tx:
        await hold_points(tx, idle.wallet_id, HoldWish(10 * UNIT), hold_id=hold_id, actor=ACTOR, now=day(1, 1))
    await end(idle, AFTER)
    await end(idle, day(4, 1))  # a second time there is nothing to say

    async with idle.tx() as tx:
        await release_hold(tx, idle.wallet_id, hold_id, actor=ACTOR, now=day(4, 2))
    with pytest.raises(NotEnough):
        await idle.spend(1, day(4, 2))
    await end(idle, day(4, 2))

    assert [(line.kind, line.amount // UNIT) for line in await lines(idle)] == [
        ("earn", 10), ("hold", 0), ("expire", 0), ("release", 0), ("expire", -10),
    ]  # fmt: skip
    assert await sound(idle)


async def test_what_is_rolled_back_into_a_batch_that_ended_so_stays_ended(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    gone = await idle.spend(10, day(1, 1))
    await idle.add(5, None, day(1, 1))
    await end(idle, AFTER)

    back = await idle.roll_back(gone, day(2, 10), 4)
    between = await balance(idle, day(2, 10))
    await end(idle, day(2, 10))

    assert (back.restored, back.restored_expired, between.total) == (4 * UNIT, 4 * UNIT, 0)
    assert (await lines(idle))[-1].amount == -4 * UNIT
    assert await sound(idle)


async def test_a_wallet_that_was_empty_then_keeps_what_comes_back_from_then_on(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    gone = await idle.spend(10, day(1, 1))
    await end(idle, AFTER)

    back = await idle.roll_back(gone, day(2, 10))
    await end(idle, day(3, 12))

    assert (back.restored_expired, (await balance(idle, day(3, 12))).inactive_on) == (0, date(2026, 3, 13))
    await end(idle, day(3, 13))
    assert (await balance(idle, day(3, 13))).total == 0


async def test_batches_added_after_the_end_are_new(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    await end(idle, AFTER)

    await idle.add(3, None, AFTER)
    await idle.spend(2, AFTER)

    assert (await balance(idle, AFTER)).total == UNIT
    assert await sound(idle)


async def test_the_past_is_read_as_it_was(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    await idle.add(5, day(6, 1), day(1, 1))
    was = await balance(idle, ENDS)
    await end(idle, AFTER)
    await give_rule(idle, "days: 5, notBefore: 2026-01-01", day(2, 2))

    assert await balance(idle, day(3, 1), ENDS) == was
    assert was.expiring[0].expires_at == day(6, 1)
    assert (await balance(idle, day(3, 1), AFTER)).total == 0


async def test_batches_say_when_they_ended(idle: Purse) -> None:
    batch = await idle.add(5, day(6, 1), day(1, 1))
    await end(idle, AFTER)

    async with idle.tx() as tx:
        (listed,) = (await list_batches(tx, idle.wallet_id, Listing(10), AFTER, is_active=None)).items

    assert (listed.batch_id, listed.expires_at, listed.is_expired(AFTER)) == (batch.batch_id, AFTER, True)


async def test_webhooks_hear_why(idle: Purse) -> None:
    await idle.add(10, day(1, 10), day(1, 1))
    await idle.add(10, None, day(1, 1))
    await end(idle, day(1, 10))
    await end(idle, AFTER)

    async with idle.tx() as tx:
        records = await tx.records(
            "SELECT payload FROM event WHERE tenant_id = $1 AND kind = 'Wallet:PointsExpired' ORDER BY event_id",
            tx.tenant_id,
        )
    payloads = [json.loads(record["payload"]) for record in records]
    assert [(one["amount"], one.get("reason")) for one in payloads] == [(10, None), (10, "inactivity")]


async def test_reports_owe_until_it_is_posted_and_tell_it_beforehand(idle: Purse) -> None:
    await idle.add(10, None, day(1, 1))
    await idle.add(5, day(1, 20), day(1, 1))
    await idle.add(6, day(6, 1), day(1, 1))
    await end(idle, day(1, 20))
    due = await expiring(idle, day(2, 3))
    await end(idle, day(2, 3))

    early = [(date(2026, 1, 20), 5 * UNIT), (date(2026, 2, 1), 16 * UNIT)]
    assert await expiring(idle, day(1, 10)) == early
    assert due == [(date(2026, 2, 3), 16 * UNIT)]
    assert await expiring(idle, day(2, 3)) == []
    async with idle.tx() as tx:
        owed = [[row.owed async for row in report_queries.iter_liability(tx, at)] for at in (day(2, 2), day(2, 3))]
        months = [
            (row.month, row.issued, row.expired)
            async for row in report_queries.iter_breakage(tx, day(12, 1), 2026, "UTC")
        ]
        (then,) = await report_queries.list_wallets(tx, day(2, 2), UUID(int=0), 0, 10)
    assert owed == [[16 * UNIT], []]
    assert months == [(date(2026, 1, 1), 5 * UNIT, 5 * UNIT), (date(2026, 2, 1), 16 * UNIT, 16 * UNIT)]
    assert (then.balance, then.next_expiry_at) == (16 * UNIT, day(6, 1))


async def expiring(purse: Purse, as_of: datetime) -> list[tuple[date, object]]:
    async with purse.tx() as tx:
        found = await find_inactivity(tx, as_of)
        assert found is not None
        rows = report_queries.iter_expiring(tx, as_of, 300, "UTC", found.rule)
        return [(row.day, row.expiring) async for row in rows]


@pytest.mark.parametrize("length", [{"months": 1}, {"months": 24}, {"days": 30}])
async def test_reports_count_the_days_of_wallets(purse: Purse, length: dict[str, int]) -> None:
    # By the hour of Warsaw's midnight, over the ends of months and the changes of its clocks.
    instants = [datetime(2027, 10, 20, 22, 30, tzinfo=UTC) + timedelta(days=3 * number) for number in range(60)]
    rule = InactivityRule.model_validate({**length, "notBefore": "1970-01-01"})
    for instant in instants:
        other = replace(purse, wallet_id=new_id())
        async with purse.tx() as tx:
            await open_wallet(tx, other.wallet_id, {}, ACTOR, instant)
        await other.add(1, None, instant)

    async with purse.tx() as tx:
        rows = report_queries.iter_expiring(tx, instants[-1], 1_000, "Europe/Warsaw", rule)
        told = {row.day: row.lots async for row in rows}

    today = instants[-1].astimezone(WARSAW).date()
    assert told == Counter(max(rule.inactive_on(instant, WARSAW), today) for instant in instants)


async def test_a_clock_stops_where_wallets_are_to_be_looked_at(idle: Purse) -> None:
    await idle.add(10, None, day(1, 5))
    async with idle.tx() as tx:
        first = await first_inactive_after(tx, day(1, 5))
    await end(idle, AFTER)
    async with idle.tx() as tx:
        second = await first_inactive_after(tx, AFTER)

    # It was opened on the first, and looked at then it turned out to have been active on the fifth.
    assert (first, second) == (AFTER, day(2, 5))


async def test_each_wallet_is_looked_at_once_in_so_many_days(idle: Purse) -> None:
    others = [new_id() for _ in range(5)]
    async with idle.tx() as tx:
        for wallet_id in others:
            await open_wallet(tx, wallet_id, {}, ACTOR, day(1, 1))
    looked_at: list[int] = []
    for number in range(60):
        async with idle.tx() as tx:
            looked_at.append(await end_inactive(tx, AFTER + timedelta(days=number)))

    assert [number for number in enumerate(looked_at) if number[1]] == [(0, 6), (31, 6)]


async def test_the_job_finds_idle_wallets_by_their_index(alone: Alone) -> None:
    await alone.owner.execute(
        """
        INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, held, seq, head, has_lots,
                                    opened_at, moved_at)
        SELECT $1, gen_random_uuid(), 'wallet', n::text, 's', 0, 0, 0, $2, true, $3, $3 FROM generate_series(1, 5000) n
        """,
        alone.tenant_id,
        EMPTY_HEAD,
        OPENED,
    )
    await alone.owner.execute(
        """
        INSERT INTO wallet (tenant_id, wallet_id, account_id, attributes, created_at, updated_at)
        SELECT $1, gen_random_uuid(), account_id, '{}', $2::timestamptz + owner_id::integer * interval '1 hour', $2
          FROM ledger_account WHERE tenant_id = $1 AND subject_id = 's'
        """,
        alone.tenant_id,
        OPENED,
    )
    await alone.owner.execute("ANALYZE wallet")
    queries = "points.inactivity_queries."

    async with alone.database.tenant(alone.tenant_id) as tx:
        plans = [
            await run_explained(tx, f"{queries}list_watched", AFTER, 100),
            await run_explained(tx, f"{queries}find_first_watched"),
        ]

    assert [(used_indexes(plan), looked_at(plan)) for plan in plans] == [({"wallet_idle"}, 100), ({"wallet_idle"}, 1)]


async def test_an_altered_end_is_found(idle: Purse) -> None:
    batch = await idle.add(10, None, day(1, 1))
    await idle.add(10, None, day(1, 1))
    await end(idle, AFTER)
    async with idle.tx() as tx:
        await tx.execute(
            "UPDATE ledger_lot SET ended_at = NULL WHERE tenant_id = $1 AND lot_id = $2", tx.tenant_id, batch.batch_id
        )

    (finding,) = (await verify_tenant(idle.database, idle.tenant_id)).findings
    assert f"lot {batch.batch_id} does not say when an entry ended it" in finding.problem
