"""A batch of commands costs the same statements however many wallets it is about."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from guerdon.ledger.errors import NotEnough
from guerdon.ledger.model import Command, Expire, Hold, Posted, Release, Return
from guerdon.ledger.posting import post
from guerdon.platform.db import Tx
from guerdon.platform.ids import new_id
from guerdon.points.adding import batch_command
from guerdon.points.model import BatchWish, HoldWish, OperationWish, wallet_key
from guerdon.points.recording import on_posted
from guerdon.points.spending import spend_command
from guerdon.points.wallets import open_wallet
from tests.points.conftest import ACTOR, UNIT, Purse, day

MANY = 12


class Counted:
    """A connection that counts the statements sent on it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.statements = 0

    async def fetch(self, *sent: Any) -> Any:
        self.statements += 1
        return await self.connection.fetch(*sent)

    async def execute(self, *sent: Any) -> str:
        self.statements += 1
        return await self.connection.execute(*sent)


async def open_wallets(purse: Purse, count: int) -> list[UUID]:
    wallet_ids = [new_id() for _ in range(count)]
    async with purse.tx() as tx:
        for wallet_id in wallet_ids:
            await open_wallet(tx, wallet_id, {}, ACTOR, day(1, 1))
    return wallet_ids


async def run(purse: Purse, commands: Sequence[Command], now: datetime) -> int:
    """Post commands with what follows, and count the statements that it took."""
    async with purse.tx() as tx:
        counted = Counted(tx.connection)
        recorded = Tx(cast("Any", counted), tx.tenant_id)
        outcomes = await post(recorded, commands, now)
        await on_posted(recorded, [one for one in outcomes if isinstance(one, Posted)], now)
    assert all(isinstance(one, Posted) for one in outcomes), outcomes
    return counted.statements


def adding(wallet_id: UUID) -> Command:
    wish = BatchWish(10 * UNIT, expires_at=day(3, 1), correlation_id=new_id())
    return batch_command(wallet_id, wish, new_id(), ACTOR)


def spending(wallet_id: UUID) -> Command:
    return spend_command(wallet_id, OperationWish(25 * UNIT), wallet_id, ACTOR)


def returning(wallet_id: UUID) -> Command:
    return Command(wallet_key(wallet_id), Return(str(wallet_id)), f"back-{wallet_id}", ACTOR)


def holding(wallet_id: UUID) -> Command:
    action, said = Hold(15 * UNIT, day(2, 1)), HoldWish(15 * UNIT, day(2, 1))
    return Command(wallet_key(wallet_id), action, hold_id(wallet_id), ACTOR, details=said)


def releasing(wallet_id: UUID) -> Command:
    return Command(wallet_key(wallet_id), Release(hold_id(wallet_id)), f"free-{wallet_id}", ACTOR)


def expiring(wallet_id: UUID) -> Command:
    return Command(wallet_key(wallet_id), Expire(), f"over-{wallet_id}", ACTOR)


def hold_id(wallet_id: UUID) -> str:
    return str(UUID(int=wallet_id.int ^ 1))


async def test_a_batch_about_many_wallets_costs_the_statements_of_one(purse: Purse) -> None:
    one, many = await open_wallets(purse, 1), await open_wallets(purse, MANY)
    steps: list[tuple[Callable[[UUID], Command], datetime]] = [
        *((adding, day(1, number)) for number in (2, 3, 4)),
        (spending, day(1, 5)),
        (returning, day(1, 6)),
        (holding, day(1, 7)),
        (releasing, day(1, 8)),
        (expiring, day(4, 1)),
    ]

    for command, now in steps:
        alone = await run(purse, [command(wallet_id) for wallet_id in one], now)
        together = await run(purse, [command(wallet_id) for wallet_id in many], now)

        assert together == alone <= 10, command.__name__


async def test_one_wallet_that_has_too_little_fails_none_of_its_batch(purse: Purse) -> None:
    wallet_ids = await open_wallets(purse, MANY)
    for _ in range(3):
        await run(purse, [adding(wallet_id) for wallet_id in wallet_ids[1:]], day(1, 2))

    async with purse.tx() as tx:
        outcomes = await post(tx, [spending(wallet_id) for wallet_id in wallet_ids], day(1, 3))

    assert isinstance(outcomes[0], NotEnough)
    assert [len(one.entry.allocations) for one in outcomes if isinstance(one, Posted)] == [3] * (MANY - 1)
