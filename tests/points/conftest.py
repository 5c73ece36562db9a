"""A wallet in a tenant of its own, spoken to through the use cases and a clock of the test's."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from guerdon.platform.db import Database, Tx
from guerdon.platform.ids import new_id
from guerdon.points.adding import add_batch
from guerdon.points.model import Batch, BatchWish, Operation, OperationWish, Rollback
from guerdon.points.returning import roll_back
from guerdon.points.spending import spend
from guerdon.points.wallets import open_wallet
from tests.points.tills import Till
from tests.shops import Shop

UNIT = 1_000_000
ACTOR = "tester"


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


@dataclass(frozen=True)
class Purse:
    """One wallet; amounts are whole points."""

    database: Database
    tenant_id: str
    wallet_id: UUID

    @asynccontextmanager
    async def tx(self) -> AsyncGenerator[Tx]:
        async with self.database.tenant(self.tenant_id) as tx:
            yield tx

    async def add(self, points: int, expires_at: datetime | None, now: datetime) -> Batch:
        wish = BatchWish(points * UNIT, expires_at=expires_at)
        async with self.tx() as tx:
            return await add_batch(tx, self.wallet_id, wish, batch_id=new_id(), actor=ACTOR, now=now)

    async def spend(self, points: int, now: datetime) -> Operation:
        async with self.tx() as tx:
            return await spend(
                tx, self.wallet_id, OperationWish(points * UNIT), operation_id=new_id(), actor=ACTOR, now=now
            )

    async def roll_back(self, operation: Operation, now: datetime, points: int | None = None) -> Rollback:
        amount = None if points is None else points * UNIT
        async with self.tx() as tx:
            return await roll_back(tx, self.wallet_id, operation.operation_id, amount, hooks=(), actor=ACTOR, now=now)


@pytest.fixture
async def purse(database: Database, tenant_id: str) -> Purse:
    """An empty wallet, opened on 1 January 2026."""
    made = Purse(database, tenant_id, new_id())
    async with made.tx() as tx:
        await open_wallet(tx, made.wallet_id, {}, ACTOR, day(1, 1))
    return made


@pytest.fixture
async def till(shop: Shop) -> Till:
    """A till with an empty wallet."""
    made = Till(shop)
    assert (await made.ask("PUT", "", {})).status_code == 201
    return made
