"""BEGIN and COMMIT that travel with statements: what is sent, and what is so when one of them fails."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg
import pytest

from guerdon.platform.db import Database, Tx, open_database
from guerdon.platform.line import Line

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
KEEP = "INSERT INTO idempotency (tenant_id, idempotency_key, fingerprint, created_at) VALUES ($1, $2, '\\x66', $3)"
COUNT = "SELECT count(*) FROM idempotency WHERE tenant_id = $1 AND idempotency_key = $2"


class Packets:
    """Stands behind a line and shows what leaves it."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.sent: list[bytes] = []

    def write(self, packet: memoryview) -> None:
        self.sent.append(bytes(packet))
        self.transport.write(packet)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


@pytest.fixture
async def narrow(owner_url: str) -> AsyncIterator[Database]:
    """A pool of one connection, so that each transaction finds what the one before left."""
    opened = await open_database(owner_url, 1)
    yield opened
    await opened.close()


@asynccontextmanager
async def heard(database: Database) -> AsyncGenerator[list[bytes]]:
    """Hear what the one connection of a pool sends, all in all."""
    async with database.shared() as connection:
        line = cast("Line", cast("Any", connection).line)
        packets = Packets(line.transport)
        line.transport = cast("Any", packets)
    yield packets.sent
    line.transport = packets.transport


async def keep(tx: Tx, key: str) -> None:
    await tx.write(KEEP, tx.tenant_id, key, NOON)


async def kept(database: Database, tenant_id: str, key: str) -> bool:
    async with database.tenant(tenant_id) as tx:
        return bool(await tx.value(COUNT, tenant_id, key))


async def sent_by_the_second(database: Database, tenant_id: str) -> list[bytes]:
    """Read and write in two transactions, and give what left for the second."""
    async with heard(database) as sent:
        for key in ("first", "second"):
            sent.clear()
            async with database.tenant(tenant_id) as tx:
                assert await tx.value(COUNT, tenant_id, key) == 0
                await keep(tx, key)
    return sent


async def test_a_transaction_of_one_write_is_one_packet_from_its_second_time_on(
    narrow: Database, tenant_id: str
) -> None:
    async with heard(narrow) as sent:
        for key in ("first", "second", "third"):
            sent.clear()
            async with narrow.tenant(tenant_id) as tx:
                await keep(tx, key)
        assert len(sent) == 1

    for key in ("first", "second", "third"):
        assert await kept(narrow, tenant_id, key)


async def test_a_transaction_that_reads_and_writes_is_two_packets(narrow: Database, tenant_id: str) -> None:
    assert len(await sent_by_the_second(narrow, tenant_id)) == 2


async def test_a_transaction_that_asks_nothing_sends_nothing(narrow: Database, tenant_id: str) -> None:
    async with heard(narrow) as sent:
        async with narrow.tenant(tenant_id):
            pass
        async with narrow.tenant(tenant_id, dry_run=True):
            pass
        with contextlib.suppress(ZeroDivisionError):
            async with narrow.tenant(tenant_id):
                raise ZeroDivisionError

    assert sent == []


async def test_the_next_tenant_on_a_connection_begins_for_itself_after_one_that_asked_nothing(
    narrow: Database, tenant_id: str
) -> None:
    async with narrow.tenant("nobody"):
        pass

    async with narrow.tenant(tenant_id) as tx:
        assert await tx.value("SELECT current_setting('app.tenant_id')") == tenant_id


async def test_a_first_statement_that_fails_leaves_no_transaction_open(narrow: Database, tenant_id: str) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with narrow.tenant(tenant_id) as tx:
            await tx.value("SELECT 1 / $1::integer", 0)

    async with narrow.shared() as connection:
        assert not connection.is_in_transaction()
        assert await connection.fetchval("SELECT current_setting('app.tenant_id', true)") in {None, ""}


async def test_a_statement_that_cannot_be_prepared_leaves_no_transaction_open(narrow: Database, tenant_id: str) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with narrow.tenant(tenant_id) as tx:
            await tx.value("SELECT 1 FROM no_such_table WHERE tenant_id = $1", tenant_id)

    assert not await kept(narrow, tenant_id, "first")
    async with narrow.shared() as connection:
        assert not connection.is_in_transaction()


@pytest.mark.parametrize("times_before", [0, 1, 2])
async def test_a_last_write_that_fails_commits_nothing_of_its_transaction(
    narrow: Database, tenant_id: str, times_before: int
) -> None:
    async with narrow.tenant(tenant_id) as tx:
        await keep(tx, "taken")
    for number in range(times_before):
        async with narrow.tenant(tenant_id) as tx:
            await keep(tx, f"other-{number}")

    async def fail() -> None:
        async with narrow.tenant(tenant_id) as tx:
            await tx.execute(KEEP + " RETURNING 1", tenant_id, "beside", NOON)
            await keep(tx, "taken")

    with pytest.raises(asyncpg.UniqueViolationError):
        await fail()

    assert not await kept(narrow, tenant_id, "beside")
    async with narrow.shared() as connection:
        assert not connection.is_in_transaction()


async def test_a_mistake_that_shows_at_the_commit_is_raised_and_nothing_stays(
    narrow: Database, owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str
) -> None:
    await owner.execute(
        """
        CREATE TABLE told_late (tenant_id text, word text, UNIQUE (tenant_id, word) DEFERRABLE INITIALLY DEFERRED);
        GRANT SELECT, INSERT ON told_late TO guerdon_app
        """
    )
    announced: list[str] = []
    narrow.announce_by(announced.append)

    async def tell(word: str) -> None:
        async with narrow.tenant(tenant_id) as tx:
            tx.announce(word)
            await tx.execute(KEEP, tenant_id, "beside" if word in announced else word, NOON)
            await tx.write("INSERT INTO told_late (tenant_id, word) VALUES ($1, $2)", tenant_id, word)

    try:
        await tell("one")
        await tell("two")
        with pytest.raises(asyncpg.UniqueViolationError):
            await tell("two")
    finally:
        await owner.execute("DROP TABLE told_late")

    assert announced == ["one", "two"]
    assert not await kept(narrow, tenant_id, "beside")
    async with narrow.shared() as connection:
        assert not connection.is_in_transaction()


async def test_what_the_driver_asks_for_itself_is_not_taken_for_the_last_statement(
    narrow: Database, tenant_id: str
) -> None:
    """It asks for a type that it does not know, and again when it has forgotten its statements."""
    sql = KEEP.replace("$2", "($2::jsonb[])[1] ->> 0")
    async with heard(narrow) as sent:
        for number in range(4):
            if number == 2:
                async with narrow.shared() as connection:
                    await connection.reload_schema_state()
            sent.clear()
            async with narrow.tenant(tenant_id) as tx:
                await tx.execute(KEEP, tenant_id, f"beside-{number}", NOON)
                await tx.write(sql, tenant_id, [f'["last-{number}"]'], NOON)
            commits = [packet for packet in sent if b"COMMIT" in packet]
            assert len(commits) == 1, commits
            assert commits == sent[-1:]

    for number in range(4):
        assert await kept(narrow, tenant_id, f"beside-{number}")
        assert await kept(narrow, tenant_id, f"last-{number}")


async def test_a_statement_that_the_driver_prepared_again_is_committed(narrow: Database, tenant_id: str) -> None:
    for number in range(3):
        async with narrow.tenant(tenant_id) as tx:
            await keep(tx, f"before-{number}")
    for number in range(200):  # more than the driver remembers
        async with narrow.tenant(tenant_id) as tx:
            await tx.value(cast("Any", f"SELECT $1::integer + {number}"), number)
    for number in range(3):
        async with narrow.tenant(tenant_id) as tx:
            await keep(tx, f"after-{number}")

    for number in range(3):
        assert await kept(narrow, tenant_id, f"before-{number}")
        assert await kept(narrow, tenant_id, f"after-{number}")


async def test_texts_of_several_statements_run_inside_the_transaction(narrow: Database, tenant_id: str) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with narrow.tenant(tenant_id) as tx:
            await tx.execute("SAVEPOINT one; SAVEPOINT two")
            await keep(tx, "rolled back")
            raise ZeroDivisionError
    async with narrow.tenant(tenant_id) as tx:
        await tx.execute("SAVEPOINT one; SAVEPOINT two")
        await keep(tx, "kept")

    assert not await kept(narrow, tenant_id, "rolled back")
    assert await kept(narrow, tenant_id, "kept")


async def test_a_statement_run_for_many_arguments_runs_inside_the_transaction(narrow: Database, tenant_id: str) -> None:
    rows = [(tenant_id, f"many-{number}", NOON) for number in range(5_000)]
    with contextlib.suppress(ZeroDivisionError):
        async with narrow.tenant(tenant_id) as tx:
            await tx.connection.executemany(KEEP, rows)
            raise ZeroDivisionError
    assert not await kept(narrow, tenant_id, "many-0")

    async with narrow.tenant(tenant_id) as tx:
        await tx.connection.executemany(KEEP, rows)
    assert await kept(narrow, tenant_id, "many-4999")


async def test_a_cursor_before_any_statement_is_refused_rather_than_read_outside(
    narrow: Database, tenant_id: str
) -> None:
    async with narrow.tenant(tenant_id) as tx:
        rows = aiter(tx.connection.cursor("SELECT 1"))
        with pytest.raises(asyncpg.NoActiveSQLTransactionError):
            await anext(rows)


@pytest.mark.parametrize("statement", ["first", "last"])
async def test_a_transaction_that_is_cancelled_leaves_all_or_nothing_and_a_clean_connection(
    narrow: Database, tenant_id: str, statement: str
) -> None:
    slow = KEEP.replace("$3)", "$3::timestamptz + (SELECT interval '0 s' FROM pg_sleep(0.3)))")

    async def write(key: str) -> None:
        async with narrow.tenant(tenant_id) as tx:
            if statement == "first":
                await tx.execute(slow, tenant_id, key, NOON)
            else:
                await tx.execute(KEEP, tenant_id, key, NOON)
                await tx.write(slow, tenant_id, f"{key}-last", NOON)

    await write("ready")
    await write("steady")
    writing = asyncio.create_task(write("cut"))
    await asyncio.sleep(0.1)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await kept(narrow, tenant_id, "steady")
    assert await kept(narrow, tenant_id, "cut") == (statement == "last" and await kept(narrow, tenant_id, "cut-last"))
    async with narrow.shared() as connection:
        assert not connection.is_in_transaction()
        assert await connection.fetchval("SELECT current_setting('app.tenant_id', true)") in {None, ""}
