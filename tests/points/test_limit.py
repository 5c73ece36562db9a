"""The limit that spendings are measured against (benchmarks/points.py) does what a spending does, row by row."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from benchmarks.load import SCRIPTS
from benchmarks.seeding import TENANT

from guerdon.entrypoints.wiring import on_posted
from guerdon.ledger.posting import post
from guerdon.ledger.verifying import verify_tenant
from guerdon.platform.db import Database
from guerdon.platform.ids import new_id
from guerdon.points.model import OperationWish
from guerdon.points.spending import spend_command
from guerdon.points.wallets import open_wallet
from tests.ledger.builders import as_posted
from tests.points.conftest import UNIT, Purse
from tests.points.tills import soon

TABLES = {
    "ledger_entry": "account_id",
    "ledger_allocation": "account_id",
    "ledger_lot": "account_id",
    "ledger_account": "account_id",
    "wallet_operation": "wallet_id",
    "event": "subject_id",
}
OWN = {"hash", "head", "payload", "transaction_id"}
WISH = OperationWish(25 * UNIT, "order-4711", "counter 4")


@pytest.fixture
async def bench(owner: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[None]:
    """The tenant and the functions of the benchmarks."""
    await owner.execute("INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $1, now())", TENANT)
    for name in ("limit_text.sql", "limit_spending.sql"):
        await owner.execute((SCRIPTS / name).read_text())
    yield
    await owner.execute("DROP FUNCTION bench_spend, bench_text")


async def filled(database: Database) -> Purse:
    """A wallet with three lots of ten points."""
    purse, now = Purse(database, TENANT, new_id()), datetime.now(UTC)
    async with purse.tx() as tx:
        await open_wallet(tx, purse.wallet_id, {}, "key:bench", now)
    for days in (1, 2, 3):
        await purse.add(10, soon(days=days), now)
    return purse


async def kept(owner: "asyncpg.Connection[asyncpg.Record]", wallet_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """What stands of a wallet, without names, instants and digests of its own."""
    account_id = await owner.fetchval("SELECT account_id FROM wallet WHERE wallet_id = $1", wallet_id)
    found: dict[str, list[dict[str, Any]]] = {}
    for table, column in TABLES.items():
        named = account_id if column == "account_id" else wallet_id
        rows = await owner.fetch(f"SELECT to_jsonb(t) FROM {table} t WHERE {column}::text = $1", str(named))  # noqa: S608
        documents = [json.loads(text) for (text,) in rows]
        found[table] = sorted(
            [
                {name: one[name] for name in one if not name.endswith(("_id", "_at")) and name not in OWN}
                for one in documents
            ],
            key=json.dumps,
        )
    return found


@pytest.mark.usefixtures("bench")
async def test_the_limit_leaves_the_rows_of_a_spending_and_the_chain_holds(
    database: Database, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    ours, limit = await filled(database), await filled(database)

    async with ours.tx() as tx:
        outcomes = await post(tx, [spend_command(ours.wallet_id, WISH, new_id(), "key:bench")], datetime.now(UTC))
        await on_posted(tx, [as_posted(one) for one in outcomes], datetime.now(UTC))
    async with limit.tx() as tx:
        left = await tx.value("SELECT bench_spend($1, $2, $3)", limit.wallet_id, WISH.amount, new_id())

    assert left == 5 * UNIT
    assert await kept(owner, limit.wallet_id) == await kept(owner, ours.wallet_id)
    assert (await verify_tenant(database, TENANT)).is_sound
