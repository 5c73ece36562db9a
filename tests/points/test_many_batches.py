"""A wallet of very many batches costs what its batches cost, and not what each costs beside each other.

Nothing of it is in the statistics of the tables, as with a wallet that was brought in a minute ago: a planner takes it
for one of a few batches, and joins them row by row. So here it can do nothing else.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest

from guerdon.ledger.model import Posted
from guerdon.ledger.posting import post
from guerdon.platform.db import Tx
from guerdon.platform.ids import new_id
from guerdon.platform.listing import Listing
from guerdon.points import holding
from guerdon.points.adding import batch_command
from guerdon.points.changing import change_operation
from guerdon.points.model import BatchWish, HoldWish, Operation
from guerdon.points.reading import Period, get_operation, list_batches, list_operations, read_balance, read_statement
from guerdon.points.recording import on_posted
from guerdon.points.report_queries import list_wallets
from guerdon.points.returning import roll_back
from guerdon.points.wallets import get_wallet
from tests.points.conftest import ACTOR, UNIT, Purse, day

MANY = 400
HALF = MANY // 2
# What entries did to batches: held against itself in one statement, it may be so for each batch beside each other.
CHANGES = ("ledger_lot_change", "ledger_allocation")


class Listened:
    """A connection that remembers what it is sent."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.sent: list[str] = []

    async def fetch(self, sql: str, *arguments: object) -> Any:
        self.sent.append(sql)
        return await self.connection.fetch(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        self.sent.append(sql)
        return await self.connection.fetchval(sql, *arguments)

    async def execute(self, sql: str, *arguments: object) -> str:
        return cast("str", await self.connection.execute(sql, *arguments))


@asynccontextmanager
async def watched(purse: Purse, *, writes: bool = False) -> AsyncGenerator[Tx]:
    """A transaction, opened as the product opens it; no write in it holds changes of batches against each other."""
    async with purse.database.tenant(purse.tenant_id, by_keys=writes) as tx:
        connection = Listened(tx.connection)
        yield Tx(cast("Any", connection), tx.tenant_id) if writes else tx
    assert [sql for sql in connection.sent if sum(sql.count(name) for name in CHANGES) > 1] == []


@pytest.fixture
async def full(purse: Purse) -> Purse:
    """A wallet of many batches, of a point each."""
    wishes = [BatchWish(UNIT, price=UNIT, expires_at=day(6, 1), earned_at=day(1, 1)) for _ in range(MANY)]
    async with purse.tx() as tx:
        posted = await post(tx, [batch_command(purse.wallet_id, wish, new_id(), ACTOR) for wish in wishes], day(2, 1))
        await on_posted(tx, [one for one in posted if isinstance(one, Posted)], day(2, 1))
    return purse


async def held(purse: Purse) -> UUID:
    """Set all points aside, until 20 February."""
    hold_id, wish = new_id(), HoldWish(MANY * UNIT, expires_at=day(2, 20))
    async with watched(purse, writes=True) as tx:
        await holding.hold_points(tx, purse.wallet_id, wish, hold_id=hold_id, actor=ACTOR, now=day(2, 2))
    return hold_id


async def rolled_back(purse: Purse, operation: Operation, points: int | None = None) -> int:
    """Roll an operation back, or a part of it, and give what was restored."""
    amount = None if points is None else points * UNIT
    async with watched(purse, writes=True) as tx:
        done = await roll_back(
            tx, purse.wallet_id, operation.operation_id, amount, hooks=(), actor=ACTOR, now=day(2, 4)
        )
    assert done.restored == len(done.allocations) * UNIT
    return len(done.allocations)


async def test_a_spending_of_many_batches_is_read_changed_and_rolled_back(full: Purse) -> None:
    operation_id = (await full.spend(MANY, day(2, 2))).operation_id
    given = frozenset({"venue"})
    async with watched(full, writes=True) as tx:
        operation = await change_operation(
            tx, full.wallet_id, operation_id, given, venue="v", extra=None, actor=ACTOR, now=day(2, 3)
        )
        by_cursor = await list_operations(tx, full.wallet_id, Listing(10))
        by_amount = await list_operations(tx, full.wallet_id, Listing(10, sort="amount"))

    assert [one.amount for one in operation.allocations] == [UNIT] * MANY
    assert by_cursor.items == by_amount.items == [operation]
    assert await rolled_back(full, operation) == MANY


async def test_a_hold_of_many_batches_is_captured_in_part_and_rolled_back(full: Purse) -> None:
    hold_id = await held(full)
    async with watched(full, writes=True) as tx:
        operation = await holding.capture_hold(
            tx, full.wallet_id, hold_id, HALF * UNIT, operation_id=new_id(), actor=ACTOR, now=day(2, 3)
        )
        assert await get_operation(tx, full.wallet_id, operation.operation_id) == operation

    assert [one.amount for one in operation.allocations] == [UNIT] * HALF
    assert await rolled_back(full, operation, 10) == 10
    assert await rolled_back(full, operation) == HALF - 10


async def test_a_hold_of_many_batches_is_released(full: Purse) -> None:
    hold_id = await held(full)

    async with watched(full, writes=True) as tx:
        released = await holding.release_hold(tx, full.wallet_id, hold_id, actor=ACTOR, now=day(2, 3))

    assert released.status == "RELEASED"


@pytest.mark.parametrize("is_held", [False, True])
async def test_what_many_batches_held_before_they_were_taken_from_is_read(full: Purse, is_held: bool) -> None:
    await (held(full) if is_held else full.spend(MANY, day(2, 2)))
    async with watched(full) as tx:
        wallet = await get_wallet(tx, full.wallet_id)
        balances = [await read_balance(tx, wallet, day(2, 21), at) for at in (day(2, 1), day(2, 3), day(2, 21))]
        rows = [
            row for at in (day(2, 1), day(2, 3), day(2, 21)) for row in await list_wallets(tx, at, UUID(int=0), 0, 1)
        ]
        await read_statement(tx, full.wallet_id, Period(None, None, None), Listing(10), day(2, 21))

    assert [one.available for one in balances] == [MANY * UNIT, 0, is_held * MANY * UNIT]
    assert [row.lots for row in rows] == [MANY, 0, is_held * MANY]
    assert [row.balance for row in rows] == [one.total for one in balances]


async def test_many_batches_are_listed_while_a_hold_of_all_of_them_is_overdue(full: Purse) -> None:
    await held(full)
    async with watched(full) as tx:
        for is_active in (None, True):
            for sort in (None, "remaining"):
                asked = Listing(MANY, sort=sort)
                page = await list_batches(tx, full.wallet_id, asked, day(2, 21), is_active=is_active)
                assert [batch.remaining for batch in page.items] == [UNIT] * MANY
                assert page.total == MANY
