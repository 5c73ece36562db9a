"""A hold whose time is over holds nothing for whoever reads, whether the job has posted its release or not."""

from datetime import datetime, timedelta
from typing import Any

from guerdon.platform.ids import new_id
from guerdon.platform.listing import Listing
from guerdon.points.documents import encoder
from guerdon.points.expiring import expire_due
from guerdon.points.holding import hold_points
from guerdon.points.model import HoldWish
from guerdon.points.order_queries import sum_unended
from guerdon.points.persons import page_batches
from guerdon.points.reading import BATCH_SORTS, list_batches, read_balance
from guerdon.points.wallets import get_wallet
from tests.points.conftest import ACTOR, UNIT, Purse, day

OVER = day(2, 20)  # when the hold ends by itself


async def hold(purse: Purse, points: int) -> None:
    async with purse.tx() as tx:
        wish = HoldWish(points * UNIT, expires_at=OVER)
        await hold_points(tx, purse.wallet_id, wish, hold_id=new_id(), actor=ACTOR, now=day(2, 1))


async def listed(
    purse: Purse, now: datetime, sort: str | None = None, *, is_active: bool | None = None
) -> tuple[Any, ...]:
    """What a list of batches says remains in each, in whole points, and how many it counts."""
    async with purse.tx() as tx:
        page = await list_batches(tx, purse.wallet_id, Listing(10, sort=sort), now, is_active=is_active)
    return [batch.remaining // UNIT for batch in page.items], page.total


async def everything(purse: Purse, now: datetime) -> list[Any]:
    """Every list of batches in every order, and what an export of the person says of them."""
    lists = [
        await listed(purse, now, sort, is_active=is_active)
        for sort in (None, *BATCH_SORTS)
        for is_active in (None, False, True)
    ]
    async with purse.tx() as tx:
        exported, _ = await page_batches(tx, purse.wallet_id, None, now)
    return [*lists, [encoder.encode(document) for document in exported]]


async def test_a_batch_has_what_an_overdue_hold_took_from_it_before_its_release_is_posted(purse: Purse) -> None:
    await purse.add(10, day(3, 1), day(1, 1))
    await purse.add(20, None, day(1, 2))
    await hold(purse, 12)

    assert await listed(purse, OVER - timedelta(microseconds=1)) == ([18, 0], 2)
    assert await listed(purse, OVER) == ([20, 10], 2)
    assert await listed(purse, OVER, is_active=True) == ([20, 10], 2)
    assert await listed(purse, OVER, "remaining", is_active=True) == ([10, 20], 2)
    async with purse.tx() as tx:
        balance = await read_balance(tx, await get_wallet(tx, purse.wallet_id), OVER)
    assert (balance.total, balance.available) == (30 * UNIT, 30 * UNIT)


async def test_the_posting_of_a_release_changes_no_list_of_batches(purse: Purse) -> None:
    await purse.add(20, day(3, 1), day(1, 2))
    await purse.add(5, None, day(1, 3))
    await hold(purse, 4)
    await hold(purse, 18)

    before = await everything(purse, OVER - timedelta(microseconds=1))
    unposted = await everything(purse, OVER)
    async with purse.tx() as tx:
        assert await expire_due(tx, OVER) == 2

    assert before != unposted
    assert unposted == await everything(purse, OVER)


async def test_what_an_overdue_hold_took_from_an_ended_batch_was_not_used(purse: Purse) -> None:
    batch = await purse.add(10, day(2, 10), day(1, 1))
    await hold(purse, 4)

    told: list[int] = []
    for _ in range(2):
        async with purse.tx() as tx:
            account_id = (await get_wallet(tx, purse.wallet_id)).account_id
            told.append(await sum_unended(tx, account_id, [batch.batch_id], OVER))
            await expire_due(tx, OVER)

    assert told == [0, 0]
