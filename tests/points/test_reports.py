"""Reports reconcile with the ledger at every instant of a life, also long after it."""

import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from guerdon.ledger.accounts import value_as_of
from guerdon.ledger.errors import NotEnough, NothingToExpire
from guerdon.ledger.model import Command, Expire
from guerdon.platform.ids import new_id
from guerdon.points.adding import add_batch
from guerdon.points.expiring import expire_due
from guerdon.points.holding import capture_hold, hold_points, release_hold
from guerdon.points.model import BatchWish, HoldWish, Operation, wallet_key
from guerdon.points.reading import read_balance
from guerdon.points.recording import post_one
from guerdon.points.report_model import BREAKAGE, EXACTLY, EXPIRED, EXPIRING, LIABILITY, LiabilityRow, share_of
from guerdon.points.report_queries import (
    PREFETCH,
    iter_breakage,
    iter_expired_paid,
    iter_expiring,
    iter_liability,
    list_wallets,
)
from guerdon.points.report_writing import SPOOL_BYTES, Row, write_csv, write_json
from guerdon.points.wallets import get_wallet, open_wallet
from tests.points.conftest import ACTOR, UNIT, Purse, day

STEPS = 80
BEFORE_ALL = UUID(int=0)


async def written(rows: AsyncIterator[Row], layout: Any) -> dict[str, Any]:
    pieces = await write_json({}, layout, rows)
    return json.loads(b"".join(pieces), parse_float=Decimal, parse_int=Decimal)


async def liability(purse: Purse, as_of: datetime) -> dict[str, Any]:
    async with purse.tx() as tx:
        return await written(iter_liability(tx, as_of), LIABILITY)


async def add(purse: Purse, points: int, price: int | None, expires_at: datetime | None, now: datetime) -> UUID:
    wish = BatchWish(points * UNIT, None if price is None else price * UNIT, expires_at)
    async with purse.tx() as tx:
        return (await add_batch(tx, purse.wallet_id, wish, batch_id=new_id(), actor=ACTOR, now=now)).batch_id


async def post_expiry(purse: Purse, now: datetime, *, ends_all: bool = False) -> None:
    with suppress(NothingToExpire):
        async with purse.tx() as tx:
            await post_one(tx, Command(wallet_key(purse.wallet_id), Expire(ends_all), new_id().hex, ACTOR), now)


async def another(purse: Purse) -> Purse:
    made = Purse(purse.database, purse.tenant_id, new_id())
    async with made.tx() as tx:
        await open_wallet(tx, made.wallet_id, {}, ACTOR, day(1, 1))
    return made


class Life:
    """What happens to one wallet, by chance."""

    def __init__(self, purse: Purse, chance: random.Random) -> None:
        self.purse = purse
        self.chance = chance
        self.spent: list[Operation] = []
        self.held: list[UUID] = []

    async def step(self, now: datetime) -> None:
        with suppress(NotEnough):
            steps = [self.add, self.add, self.spend, self.roll_back, self.hold, self.end, self.post, self.lapse]
            await self.chance.choice(steps)(now)

    async def add(self, now: datetime) -> None:
        price = self.chance.choice([None, 1, 7, 10])
        ends = self.chance.choice([None, now + timedelta(hours=self.chance.choice([2, 60, 900]))])
        await add(self.purse, self.chance.randint(3, 30), price, ends, now)

    async def spend(self, now: datetime) -> None:
        self.spent.append(await self.purse.spend(self.chance.randint(1, 9), now))

    async def roll_back(self, now: datetime) -> None:
        if self.spent:
            await self.purse.roll_back(self.spent.pop(), now)

    async def hold(self, now: datetime) -> None:
        wish = HoldWish(self.chance.randint(1, 9) * UNIT, self.chance.choice([None, now + timedelta(hours=40)]))
        async with self.purse.tx() as tx:
            held = await hold_points(tx, self.purse.wallet_id, wish, hold_id=new_id(), actor=ACTOR, now=now)
        if wish.expires_at is None:
            self.held.append(held.hold_id)

    async def end(self, now: datetime) -> None:
        if not self.held:
            return
        async with self.purse.tx() as tx:
            if self.chance.random() < 0.5:
                await release_hold(tx, self.purse.wallet_id, self.held.pop(), actor=ACTOR, now=now)
            else:
                await capture_hold(
                    tx, self.purse.wallet_id, self.held.pop(), UNIT, operation_id=new_id(), actor=ACTOR, now=now
                )

    async def post(self, now: datetime) -> None:
        await post_expiry(self.purse, now)

    async def lapse(self, now: datetime) -> None:
        await post_expiry(self.purse, now, ends_all=True)


async def reconciled(lives: list[Life], as_of: datetime, now: datetime) -> dict[str, Any]:
    """Read all reports as of an instant, and check their sums against the ledger's own."""
    purse = lives[0].purse
    owed = await liability(purse, as_of)
    async with purse.tx() as tx:
        wallets = {row.wallet_id: row for row in await list_wallets(tx, as_of, BEFORE_ALL, 0, 100)}
        expiring = await written(iter_expiring(tx, as_of, 3_000, "UTC"), EXPIRING)
        value = 0
        for life in lives:
            wallet = await get_wallet(tx, life.purse.wallet_id)
            value += await value_as_of(tx, wallet.account_id, as_of)
            balance, row = await read_balance(tx, wallet, now, as_of), wallets[life.purse.wallet_id]
            next_expiry = balance.expiring[0].expires_at if balance.expiring else None
            assert (row.balance, row.held, row.next_expiry_at) == (balance.total, balance.held, next_expiry)
    assert owed["points"] == sum(row.balance for row in wallets.values()) / UNIT
    assert owed["points"] + owed["expiredUnposted"] == Decimal(value) / UNIT
    assert owed["money"] == sum(row["points"] * row["unitPrice"] for row in owed["rows"])
    assert expiring["points"] <= owed["points"]
    return owed


async def test_what_is_owed_at_an_instant_is_what_all_wallets_held_then(purse: Purse) -> None:
    chance = random.Random(25)  # noqa: S311  # the same lives every time
    lives = [Life(purse, chance), Life(await another(purse), chance), Life(await another(purse), chance)]
    now, read = day(1, 2), dict[datetime, dict[str, Any]]()
    for _ in range(STEPS):
        now += timedelta(hours=chance.choice([1, 30]))
        await chance.choice(lives).step(now)
        for instant in (now, now + timedelta(minutes=1)):
            read[instant] = await reconciled(lives, instant, instant)

    later = now + timedelta(days=900)
    async with purse.tx() as tx:
        while await expire_due(tx, later):
            pass
    assert any(one["expiredUnposted"] for one in read.values())
    assert any(one["held"] for one in read.values())
    assert {instant: await reconciled(lives, instant, later) for instant in read} == read
    assert (await liability(purse, later))["expiredUnposted"] == 0


async def test_ages_and_prices_make_the_rows_of_what_is_owed(purse: Purse) -> None:
    for opened in (day(1, 1), day(3, 1)):
        await add(purse, 100, 5, None, opened)
        await add(purse, 40, None, None, opened)
    await purse.spend(30, day(3, 2))

    owed = await liability(purse, day(4, 1))
    rows = [(row["unitPrice"], row["age"], row["lots"], row["points"], row["money"]) for row in owed["rows"]]
    assert rows == [
        (Decimal("0.05"), "31-90", 2, 170, Decimal("8.5")),
        (0, "31-90", 2, 80, 0),
    ]
    assert (owed["points"], owed["money"]) == (250, Decimal("8.5"))


async def test_what_expires_falls_on_days_of_the_tenants_zone(purse: Purse) -> None:
    await add(purse, 10, 5, day(3, 1) + timedelta(hours=23, minutes=30), day(1, 1))
    await add(purse, 20, None, day(3, 2), day(1, 1))
    await add(purse, 5, None, None, day(1, 1))

    async def days(zone: str, count: int) -> list[tuple[str, Decimal, Decimal]]:
        async with purse.tx() as tx:
            report = await written(iter_expiring(tx, day(2, 28), count, zone), EXPIRING)
        return [(one["day"], one["points"], one["money"]) for one in report["days"]]

    assert await days("UTC", 30) == [("2026-03-01", 10, 5), ("2026-03-02", 20, 0)]
    assert await days("Europe/Warsaw", 30) == [("2026-03-02", 30, 5)]
    assert await days("UTC", 1) == [("2026-03-01", 10, 5)]


async def expired(purse: Purse, as_of: datetime, zone: str, month: int = 3) -> list[tuple[Any, ...]]:
    async with purse.tx() as tx:
        report = await written(iter_expired_paid(tx, as_of, 2026, month, zone), EXPIRED)
    return [(UUID(one["batch"]), one["left"], one["money"]) for one in report["batches"]]


async def test_a_paid_batch_that_expired_is_told_the_same_before_and_after_its_expiry_is_posted(purse: Purse) -> None:
    paid = await add(purse, 3, 10, day(3, 31) + timedelta(hours=23), day(1, 1))
    await add(purse, 9, None, day(3, 20), day(1, 1))
    await purse.spend(10, day(2, 1))

    before = await expired(purse, day(5, 1), "UTC")
    await post_expiry(purse, day(5, 2))

    assert before == [(paid, 2, Decimal("6.666667"))]
    assert await expired(purse, day(5, 3), "UTC") == before
    assert await expired(purse, day(5, 1), "UTC") == before
    assert await expired(purse, day(3, 31), "UTC") == []
    assert await expired(purse, day(5, 3), "Europe/Warsaw") == []
    assert await expired(purse, day(5, 3), "Europe/Warsaw", month=4) == before


async def test_what_a_rollback_gives_back_to_an_expired_batch_is_part_of_what_ran_out(purse: Purse) -> None:
    paid = await add(purse, 4, 2, day(3, 10), day(1, 1))
    operation = await purse.spend(3, day(2, 1))
    await post_expiry(purse, day(3, 11))
    await purse.roll_back(operation, day(4, 1))

    assert await expired(purse, day(3, 31), "UTC") == [(paid, 1, Decimal("0.5"))]
    assert await expired(purse, day(4, 2), "UTC") == [(paid, 4, 2)]


async def breakage(purse: Purse, as_of: datetime, zone: str = "UTC") -> list[tuple[Any, ...]]:
    async with purse.tx() as tx:
        report = await written(iter_breakage(tx, as_of, 2026, zone), BREAKAGE)
    names = ("month", "lots", "issued", "expired", "held", "rate", "moneyRate")
    return [tuple(one.get(name) for name in names) for one in report["months"]]


async def test_breakage_is_the_part_of_what_ended_that_was_never_used_however_late_it_is_read(purse: Purse) -> None:
    await add(purse, 30, 10, day(3, 31) + timedelta(hours=23), day(1, 1))
    await add(purse, 6, None, day(3, 20), day(1, 1))
    await add(purse, 50, None, day(12, 1), day(1, 1))
    operation = await purse.spend(16, day(2, 1))
    hold = new_id()
    async with purse.tx() as tx:
        await hold_points(tx, purse.wallet_id, HoldWish(5 * UNIT), hold_id=hold, actor=ACTOR, now=day(2, 2))

    before = await breakage(purse, day(4, 2))
    await post_expiry(purse, day(4, 3))
    async with purse.tx() as tx:
        await release_hold(tx, purse.wallet_id, hold, actor=ACTOR, now=day(4, 4))
    await purse.roll_back(operation, day(4, 5))

    assert before == [("2026-03", 2, 36, 15, 5, Decimal("0.416667"), Decimal("0.5"))]
    assert await breakage(purse, day(4, 2)) == before
    assert await breakage(purse, day(4, 4)) == [("2026-03", 2, 36, 20, 0, Decimal("0.555556"), Decimal("0.666667"))]
    assert await breakage(purse, day(4, 6)) == [("2026-03", 2, 36, 36, 0, 1, 1)]
    assert await breakage(purse, day(3, 31)) == [("2026-03", 1, 6, 0, 0, 0, None)]
    assert [month for month, *_ in await breakage(purse, day(4, 2), "Europe/Warsaw")] == ["2026-03", "2026-04"]
    assert (await breakage(purse, day(12, 1)))[-1] == ("2026-12", 1, 50, 50, 0, 1, None)


async def test_december_ends_with_the_year(purse: Purse) -> None:
    paid = await add(purse, 4, 2, datetime.fromisoformat("2026-12-31T23:59:59Z"), day(1, 1))

    assert await expired(purse, datetime.fromisoformat("2027-02-01T00:00:00Z"), "UTC", month=12) == [(paid, 4, 2)]


async def test_a_long_report_is_written_whole_in_pieces() -> None:
    class Plain:
        def row(self) -> dict[str, Any]:
            return {"day": "2026-01-01", "lots": 1, "points": Decimal("0.1"), "held": Decimal(0), "money": Decimal(2)}

    count = SPOOL_BYTES // 40

    async def rows() -> AsyncIterator[Row]:
        for _ in range(count):
            yield Plain()

    assert count > PREFETCH
    report = await written(rows(), EXPIRING)
    lines = b"".join(await write_csv(EXPIRING, rows())).split(b"\r\n")

    assert (len(report["days"]), report["points"]) == (count, count * Decimal("0.1"))
    assert lines[:2] == [b"day,lots,points,held,money", b"2026-01-01,1,0.1,0,2"]
    assert len(lines) == count + 2


def test_money_that_is_owed_is_exact_to_its_twelve_places_however_much_it_is() -> None:
    points, price = 10**18 - 1, 10**18 - 1

    row = LiabilityRow(price, 0, 1, Decimal(points), Decimal(0), Decimal(points)).row()

    assert (row["money"], row["expiredUnpostedMoney"]) == (Decimal(points * price).scaleb(-12, EXACTLY),) * 2


@given(st.integers(1, 10**18), st.integers(1, 10**18), st.data())
def test_the_share_of_a_price_is_within_half_a_millionth_and_whole_for_all(
    price: int, amount: int, data: st.DataObject
) -> None:
    left = data.draw(st.integers(0, amount))

    assert 2 * abs(share_of(price, left, amount) * amount - price * left) <= amount
    assert share_of(price, amount, amount) == price
