"""Writes that a transaction holds back, and sends as one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg
import pytest

from guerdon.platform.db import Database, Tx
from guerdon.platform.ids import new_id

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


class Listener:
    """Stands before a connection and counts what is sent."""

    def __init__(self, connection: object) -> None:
        self._connection: Any = connection
        self.sent = list[str]()

    async def execute(self, sql: str, *arguments: object) -> str:
        self.sent.append(sql)
        return await self._connection.execute(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        self.sent.append(sql)
        return await self._connection.fetchval(sql, *arguments)


def heard(tx: Tx) -> tuple[Tx, list[str]]:
    listener = Listener(tx.connection)
    return replace(tx, connection=cast("Any", listener)), listener.sent


async def tell(tx: Tx, subjects: Sequence[str], actor: str = "somebody") -> None:
    """Write events."""
    await tx.write(
        """
        INSERT INTO event (tenant_id, event_id, kind, subject_id, payload, actor, occurred_at)
        SELECT $1, e.event_id, 'Told', e.subject_id, '{}', $3, $2
          FROM unnest($4::uuid[], $5::text[]) AS e (event_id, subject_id)
        """,
        tx.tenant_id,
        NOON,
        actor,
        [new_id() for _ in subjects],
        list(subjects),
    )


async def keep(tx: Tx, key: str) -> None:
    """Write what can be written once."""
    await tx.write(
        """
        INSERT INTO idempotency (tenant_id, idempotency_key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
        """,
        tx.tenant_id,
        key,
        b"f",
        NOON,
    )


async def add_word(tx: Tx, word: str) -> None:
    """Write what is seen to have been done twice, with a WITH of its own."""
    await tx.write(
        """
        WITH held AS MATERIALIZED (SELECT idempotency_key FROM idempotency WHERE tenant_id = $1 FOR UPDATE)
        UPDATE idempotency i SET media_type = concat(i.media_type, $2::text) FROM held
         WHERE i.tenant_id = $1 AND i.idempotency_key = held.idempotency_key
        """,
        tx.tenant_id,
        word,
    )


async def told(tx: Tx) -> int:
    count: int = await tx.value("SELECT count(*) FROM event WHERE tenant_id = $1", tx.tenant_id)
    return count


async def words(tx: Tx) -> str:
    written: str = await tx.value("SELECT media_type FROM idempotency WHERE tenant_id = $1", tx.tenant_id)
    return written


async def test_writes_are_sent_as_one_before_the_next_statement(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as opened:
        tx, sent = heard(opened)
        await tell(tx, ["a", "b"])
        await keep(tx, "one")
        assert sent == []

        assert (await told(tx), len(sent)) == (2, 2)
        assert await tx.value("SELECT count(*) FROM idempotency WHERE tenant_id = $1", tenant_id) == 1


async def test_one_write_alone_is_sent_as_it_is(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as opened:
        tx, sent = heard(opened)
        await keep(tx, "one")
        await tx.flush()
        await tx.flush()

        assert [sql.split()[:3] for sql in sent] == [["INSERT", "INTO", "idempotency"]]


async def test_a_write_that_has_a_with_may_come_first(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await keep(tx, "one")
        await tx.flush()
        await add_word(tx, "locked")
        await tell(tx, ["a"])

        assert await told(tx) == 1
        assert await words(tx) == "locked"


async def test_the_same_write_again_comes_after_the_first(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await keep(tx, "one")
        await tx.flush()
        await add_word(tx, "first ")
        await add_word(tx, "second")

        assert await words(tx) == "first second"


async def test_what_is_held_back_commits_with_everything_else(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await tell(tx, ["a"])
        await keep(tx, "one")
    async with database.tenant(tenant_id) as tx:
        assert await told(tx) == 1


async def test_what_is_held_back_goes_with_everything_else(database: Database, tenant_id: str) -> None:
    async def fail() -> None:
        async with database.tenant(tenant_id) as tx:
            await tell(tx, ["a"])
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with database.tenant(tenant_id, dry_run=True) as tx:
        await tell(tx, ["b"])

    async with database.tenant(tenant_id) as tx:
        assert await told(tx) == 0


@pytest.mark.parametrize("dry_run", [False, True])
async def test_what_a_write_violates_is_raised_at_the_latest_at_the_end(
    database: Database, tenant_id: str, dry_run: bool
) -> None:
    async def write(*, dry_run: bool) -> None:
        async with database.tenant(tenant_id, dry_run=dry_run) as tx:
            await tell(tx, ["a"])
            await keep(tx, "one")

    async with database.tenant(tenant_id) as tx:
        await keep(tx, "one")

    with pytest.raises(asyncpg.UniqueViolationError):
        await write(dry_run=dry_run)

    async with database.tenant(tenant_id) as tx:
        assert await told(tx) == 0
