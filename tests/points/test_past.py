"""What was read at an instant is read again later, to the point; entries and holds come and go between."""

import random
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from guerdon.ledger.errors import NotEnough
from guerdon.platform.ids import new_id
from guerdon.points.holding import capture_hold, hold_points, release_hold
from guerdon.points.model import Balance, HoldWish, Operation
from guerdon.points.reading import read_balance
from guerdon.points.wallets import get_wallet
from tests.points.conftest import ACTOR, UNIT, Purse, day

STEPS = 60
HELD_FOR = timedelta(hours=40)


async def seen(purse: Purse, now: datetime, as_of: datetime | None = None) -> Balance:
    async with purse.tx() as tx:
        return await read_balance(tx, await get_wallet(tx, purse.wallet_id), now, as_of)


async def test_a_balance_of_the_past_is_what_was_read_then(purse: Purse) -> None:
    chance = random.Random(4)  # noqa: S311  # the same life every time
    now = day(1, 1)
    read: dict[datetime, Balance] = {}
    holds: list[tuple[datetime, UUID]] = []
    spent: list[Operation] = []
    for step in range(STEPS):
        now += timedelta(hours=chance.choice([1, 30]))
        match step % 6:
            case 0 | 3:
                await purse.add(chance.randint(5, 30), now + timedelta(hours=chance.choice([2, 60, 200])), now)
            case 1:
                with suppress(NotEnough):
                    spent.append(await purse.spend(chance.randint(1, 9), now))
            case 2 if spent:
                await purse.roll_back(spent.pop(), now)
            case 4:
                with suppress(NotEnough):
                    holds.append((now, await _hold(purse, chance.randint(1, 9), now)))
            case _ if holds:
                await _end(purse, *holds.pop(), now, is_captured=chance.random() < 0.5)
            case _:
                pass
        read[now] = await seen(purse, now)
        read[now + timedelta(minutes=1)] = await seen(purse, now + timedelta(minutes=1))

    later = now + timedelta(days=400)
    assert len({balance.total for balance in read.values()}) > STEPS / 4
    assert {instant: await seen(purse, later, instant) for instant in read} == read


async def _hold(purse: Purse, points: int, now: datetime) -> UUID:
    wish = HoldWish(points * UNIT, now + HELD_FOR)
    async with purse.tx() as tx:
        return (await hold_points(tx, purse.wallet_id, wish, hold_id=new_id(), actor=ACTOR, now=now)).hold_id


async def _end(purse: Purse, since: datetime, hold_id: UUID, now: datetime, *, is_captured: bool) -> None:
    if now - since >= HELD_FOR:
        return
    async with purse.tx() as tx:
        if is_captured:
            await capture_hold(tx, purse.wallet_id, hold_id, UNIT, operation_id=new_id(), actor=ACTOR, now=now)
        else:
            await release_hold(tx, purse.wallet_id, hold_id, actor=ACTOR, now=now)
