from datetime import timedelta

from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.ids import new_id
from guerdon.platform.listing import Listing
from guerdon.points.expiring import expire_due
from guerdon.points.holding import hold_points
from guerdon.points.model import HoldWish, Line
from guerdon.points.reading import Period, read_balance, read_statement
from guerdon.points.wallets import get_wallet
from tests.points.conftest import ACTOR, UNIT, Purse, day


async def expire(purse: Purse, *, month: int, number: int) -> int:
    async with purse.tx() as tx:
        return await expire_due(tx, day(month, number))


async def available(purse: Purse, month: int, number: int) -> int:
    async with purse.tx() as tx:
        balance = await read_balance(tx, await get_wallet(tx, purse.wallet_id), day(month, number))
    return balance.available // UNIT


async def lines(purse: Purse) -> list[Line]:
    async with purse.tx() as tx:
        page = await read_statement(tx, purse.wallet_id, Period(None, None, None), Listing(100), day(12, 31))
    return list(page.items)


async def test_what_has_ended_is_left_out_before_it_is_posted_and_posted_once(purse: Purse) -> None:
    await purse.add(10, day(3, 1), day(1, 1))
    await purse.add(20, day(4, 1), day(1, 1))

    before = await available(purse, 3, 1)
    posted = [await expire(purse, month=3, number=1), await expire(purse, month=3, number=1)]

    assert (before, await available(purse, 3, 1), posted) == (20, 20, [1, 0])
    last = (await lines(purse))[-1]
    assert (last.kind, last.amount, last.balance_after) == ("expire", -10 * UNIT, 20 * UNIT)


async def test_the_instant_before_its_end_a_batch_lives(purse: Purse) -> None:
    await purse.add(10, day(3, 1), day(1, 1))

    spent = await purse.spend(10, day(3, 1) - timedelta(microseconds=1))

    assert spent.amount == 10 * UNIT
    assert await expire(purse, month=3, number=1) == 0


async def test_what_is_rolled_back_into_an_ended_batch_ends_by_an_entry_of_its_own(purse: Purse) -> None:
    await purse.add(10, day(3, 1), day(1, 1))
    spent = await purse.spend(4, day(2, 1))
    await expire(purse, month=3, number=1)

    await purse.roll_back(spent, day(3, 10))
    posted = await expire(purse, month=3, number=11)

    assert (posted, await available(purse, 3, 11)) == (1, 0)
    assert [line.amount // UNIT for line in await lines(purse)] == [10, -4, -6, 4, -4]


async def test_an_overdue_hold_is_given_back_and_what_ended_meanwhile_ends_with_it(purse: Purse) -> None:
    await purse.add(10, day(3, 1), day(1, 1))
    async with purse.tx() as tx:
        wish = HoldWish(4 * UNIT, day(3, 5))
        await hold_points(tx, purse.wallet_id, wish, hold_id=new_id(), actor=ACTOR, now=day(2, 1))

    posted = await expire(purse, month=3, number=10)

    assert posted == 2
    assert [line.kind for line in await lines(purse)] == ["earn", "hold", "release", "expire"]
    assert (await lines(purse))[-1].balance_after == 0
    assert (await verify_tenant(purse.database, purse.tenant_id)).findings == []
