"""The second lock: row-level security and grants, seen from the application's role."""

from typing import LiteralString

import asyncpg
import pytest

from guerdon.ledger.checkpoints import take_checkpoint
from guerdon.ledger.model import AccountKey, Capture, Earn, Hold, Move, Release, Return, Spend
from guerdon.platform.db import Database
from guerdon.platform.ids import new_id
from guerdon.platform.keys import MasterKey
from tests.ledger.builders import NOON, code, command, opened, post, posted

TABLES: list[LiteralString] = [
    "ledger_account",
    "ledger_entry",
    "ledger_lot",
    "ledger_allocation",
    "ledger_hold",
    "ledger_checkpoint",
    "ledger_checkpoint_leaf",
    "idempotency",
]
APPEND_ONLY: list[LiteralString] = [
    "ledger_entry",
    "ledger_allocation",
    "ledger_checkpoint",
    "ledger_checkpoint_leaf",
]


async def a_life(database: Database, tenant_id: str, master_key: MasterKey) -> AccountKey:
    wallet = await opened(database, tenant_id, "wallet")
    for one in (
        command(wallet, Earn(10, new_id()), "earn", repeat="key"),
        command(wallet, Spend(3), "spend"),
        command(wallet, Hold(2), "hold"),
    ):
        await posted(database, tenant_id, one)
    async with database.tenant(tenant_id) as tx:
        await take_checkpoint(tx, master_key, NOON)
    return wallet


@pytest.mark.parametrize("table", TABLES)
async def test_no_row_of_another_tenant_can_be_read(
    database: Database, tenant_id: str, other_tenant_id: str, master_key: MasterKey, table: str
) -> None:
    await a_life(database, tenant_id, master_key)

    async with database.tenant(other_tenant_id) as tx:
        seen = await tx.connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608  # names of this module
    async with database.tenant(tenant_id) as tx:
        own = await tx.connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608  # names of this module

    assert (seen, own > 0) == (0, True)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
async def test_what_was_written_can_be_neither_changed_nor_removed(
    database: Database, tenant_id: str, table: str, verb: str
) -> None:
    statement = {
        "UPDATE": f"UPDATE {table} SET tenant_id = tenant_id",  # noqa: S608  # names of this module
        "DELETE": f"DELETE FROM {table}",  # noqa: S608  # the same
        "TRUNCATE": f"TRUNCATE {table}",
    }[verb]

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(tenant_id) as tx:
            await tx.connection.execute(statement)


@pytest.mark.parametrize("table", ["ledger_account", "ledger_lot", "ledger_hold"])
async def test_what_may_change_can_still_not_be_removed(database: Database, tenant_id: str, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(tenant_id) as tx:
            await tx.connection.execute(f"DELETE FROM {table}")  # noqa: S608  # names of this module


async def test_no_row_can_be_written_for_another_tenant(
    database: Database, tenant_id: str, other_tenant_id: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(tenant_id) as tx:
            await tx.execute(
                "INSERT INTO ledger_account (tenant_id, account_id, kind, owner_id, subject_id, value, seq, head,"
                " has_lots, opened_at, moved_at)"
                " VALUES ($1, $2, 'privilege', 'p', 's', 0, 0, $3, false, $4, $4)",
                other_tenant_id,
                new_id(),
                bytes(32),
                NOON,
            )


async def test_accounts_movements_spendings_and_holds_of_another_tenant_are_not_there(
    database: Database, tenant_id: str, other_tenant_id: str, master_key: MasterKey
) -> None:
    wallet = await a_life(database, tenant_id, master_key)
    own = await opened(database, other_tenant_id, "wallet")
    await posted(database, other_tenant_id, command(own, Earn(10, new_id())))

    outcomes = await post(
        database,
        other_tenant_id,
        command(wallet, Spend(1)),
        command(own, Return("spend")),
        command(own, Capture("hold")),
        command(own, Release("hold")),
        command(own, Spend(3), "spend", repeat="key", fingerprint=b"another tenant's"),
    )

    assert [code(outcome) for outcome in outcomes] == [
        "account_not_found",
        "spend_not_found",
        "hold_not_found",
        "hold_not_found",
        "posted",
    ]


async def test_a_connection_keeps_no_tenant_after_its_transaction(database: Database, tenant_id: str) -> None:
    await posted(database, tenant_id, command(await opened(database, tenant_id), Move(1)))

    async with database.shared() as connection:
        seen = [await connection.fetchval("SELECT count(*) FROM ledger_account") for _ in range(3)]

    assert seen == [0, 0, 0]
