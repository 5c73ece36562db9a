"""What a line and its transaction leave behind when statements fail halfway, or are given up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

import asyncpg
import pytest
from tests.platform.test_line import KEEP, keep, kept

from guerdon.platform.db import Database, open_database
from guerdon.platform.line import Line

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
LOCK_TIMEOUT_MS = 100
# The driver has to ask for the type jsonb[] before it can send one.
KEEP_OF_UNKNOWN_TYPE = KEEP.replace("$2", "($2::jsonb[])[1] ->> 0")
PREPARED_ONLY = "SELECT $2::integer FROM idempotency WHERE tenant_id = $1"

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def narrow(owner_url: str) -> AsyncIterator[Database]:
    """A pool of one connection, so that each transaction finds what the one before left."""
    opened = await open_database(owner_url, 1, lock_timeout_ms=LOCK_TIMEOUT_MS)
    yield opened
    await opened.close()


async def lock_at_once(owner: Owner) -> None:
    """Lock a table against everybody, or raise because somebody still uses it."""
    async with owner.transaction():
        await owner.execute("LOCK TABLE idempotency IN ACCESS EXCLUSIVE MODE NOWAIT")


async def test_a_first_statement_that_is_prepared_and_not_run_holds_no_table(
    narrow: Database, owner: Owner, tenant_id: str
) -> None:
    with pytest.raises(asyncpg.DataError):
        async with narrow.tenant(tenant_id) as tx:
            await tx.value(PREPARED_ONLY, tenant_id, "no number")

    await lock_at_once(owner)


async def test_a_statement_that_is_prepared_and_given_up_holds_no_table(
    narrow: Database, owner: Owner, tenant_id: str
) -> None:
    async with narrow.tenant(tenant_id) as tx:
        with contextlib.suppress(asyncpg.DataError):
            await tx.value(PREPARED_ONLY, tenant_id, "no number")
    await lock_at_once(owner)

    async with narrow.shared() as connection:
        with contextlib.suppress(asyncpg.DataError):
            await connection.fetch(PREPARED_ONLY.replace("$2", "3 + $2"), tenant_id, "no number")
    await lock_at_once(owner)


async def test_a_last_write_whose_types_could_not_be_asked_for_is_not_committed_without(
    narrow: Database, owner: Owner, tenant_id: str
) -> None:
    """The driver ran statements of its own before it failed; none of them may be taken for the last one."""
    async with narrow.tenant(tenant_id) as tx:
        await keep(tx, "taken")

    async def fail(beside: str) -> None:
        async with narrow.tenant(tenant_id) as tx:
            await tx.execute(KEEP, tenant_id, beside, NOON)
            await tx.write(KEEP_OF_UNKNOWN_TYPE, tenant_id, ['"taken"'], NOON)

    async with owner.transaction():
        await owner.execute("LOCK TABLE pg_catalog.pg_range IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await fail("one")
    with pytest.raises(asyncpg.UniqueViolationError):
        await fail("two")

    assert not await kept(narrow, tenant_id, "one")
    assert not await kept(narrow, tenant_id, "two")


async def mangle_begin(database: Database) -> None:
    """Have the next BEGIN on the one connection of a pool fail."""
    async with database.shared() as connection:
        line = cast("Line", cast("Any", connection).line)
    transport = line.transport

    class Mangling:
        def write(self, packet: memoryview) -> None:
            if b"BEGIN" in bytes(packet):
                line.transport = transport
            transport.write(bytes(packet).replace(b"BEGIN", b"BEGAN"))

        def __getattr__(self, name: str) -> Any:
            return getattr(transport, name)

    line.transport = cast("Any", Mangling())


@pytest.mark.parametrize("text", [True, False])
async def test_where_begin_failed_and_the_failure_is_caught_the_next_statement_begins(
    narrow: Database, tenant_id: str, *, text: bool
) -> None:
    await mangle_begin(narrow)

    with contextlib.suppress(ZeroDivisionError):
        async with narrow.tenant(tenant_id) as tx:
            with pytest.raises(asyncpg.PostgresSyntaxError):
                await (tx.execute("SAVEPOINT one") if text else tx.value("SELECT $1::integer", 1))
            assert await tx.value("SELECT current_setting('app.tenant_id', true)") == tenant_id
            await tx.execute(KEEP, tenant_id, "rolled back", NOON)
            raise ZeroDivisionError

    assert not await kept(narrow, tenant_id, "rolled back")


async def test_a_transaction_whose_failure_was_caught_is_not_told_to_be_committed(
    narrow: Database, tenant_id: str
) -> None:
    announced: list[str] = []
    narrow.announce_by(announced.append)

    async def go_on() -> None:
        async with narrow.tenant(tenant_id) as tx:
            tx.announce("told")
            await tx.execute(KEEP, tenant_id, "lost", NOON)
            with contextlib.suppress(asyncpg.DivisionByZeroError):
                await tx.value("SELECT 1 / $1::integer", 0)

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await go_on()

    assert not await kept(narrow, tenant_id, "lost")
    assert announced == []


async def test_writes_that_were_held_back_are_not_left_out_where_their_failure_is_caught(
    narrow: Database, tenant_id: str
) -> None:
    """Nothing of it has reached PostgreSQL, which would commit the rest."""

    async def go_on() -> None:
        async with narrow.tenant(tenant_id) as tx:
            await tx.execute(KEEP, tenant_id, "beside", NOON)
            await tx.write(KEEP, tenant_id, 0, NOON)
            with contextlib.suppress(asyncpg.DataError):
                await tx.value("SELECT $1::integer", 1)

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await go_on()

    assert not await kept(narrow, tenant_id, "beside")


async def test_writes_that_were_held_back_are_taken_back_with_their_savepoint(narrow: Database, tenant_id: str) -> None:
    async with narrow.tenant(tenant_id) as tx:
        await keep(tx, "before")
        await tx.execute("SAVEPOINT attempt")
        await keep(tx, "before")
        with contextlib.suppress(asyncpg.UniqueViolationError):
            await tx.value("SELECT $1::integer", 1)
        await keep(tx, "held")
        await tx.undo_to("attempt")
        await keep(tx, "after")

    assert await kept(narrow, tenant_id, "before")
    assert not await kept(narrow, tenant_id, "held")
    assert await kept(narrow, tenant_id, "after")


async def test_a_transaction_of_the_drivers_own_is_refused_inside_a_tenants(narrow: Database, tenant_id: str) -> None:
    """Its end would commit the tenant's."""
    async with narrow.tenant(tenant_id) as tx:
        with pytest.raises(asyncpg.InterfaceError):
            tx.connection.transaction()

    async with narrow.shared() as connection, connection.transaction():
        assert connection.is_in_transaction()


async def test_a_statement_that_was_cancelled_leaves_nothing_of_its_cancelling(narrow: Database) -> None:
    async with narrow.shared() as connection:
        for _ in range(3):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await connection.fetch("SELECT pg_sleep(5)")
        assert await connection.fetchval("SELECT 1") == 1
        assert cast("Any", connection)._con._cancellations == set()  # noqa: SLF001
