"""Writes that meet others: done again, and refused in the end."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from guerdon.platform.db import Database, Tx
from guerdon.platform.writes import ATTEMPTS_MAX, Answer, Overtaken, WriteOptions, write_once

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
OPTIONS = WriteOptions(None, b"", is_dry_run=False)


async def test_a_write_that_meets_a_deadlock_is_done_again(database: Database, tenant_id: str) -> None:
    attempts: list[int] = []

    async def work(_tx: Tx) -> Answer:
        attempts.append(len(attempts))
        if len(attempts) < ATTEMPTS_MAX:
            raise asyncpg.DeadlockDetectedError
        return Answer(200)

    assert await write_once(database, tenant_id, OPTIONS, NOW, work) == Answer(200)


async def test_a_write_that_meets_deadlocks_only_is_refused_and_may_be_sent_again(
    database: Database, tenant_id: str
) -> None:
    async def work(_tx: Tx) -> Answer:
        raise asyncpg.DeadlockDetectedError

    with pytest.raises(Overtaken):
        await write_once(database, tenant_id, OPTIONS, NOW, work)


async def test_a_write_that_waits_too_long_for_others_is_refused_and_waits_no_second_time(
    database: Database, tenant_id: str
) -> None:
    attempts: list[int] = []
    locked, done = asyncio.Event(), asyncio.Event()

    async def holder() -> None:
        async with database.tenant(tenant_id) as tx:
            await tx.execute("SELECT pg_advisory_xact_lock(hashtext($1))", tenant_id)
            locked.set()
            await done.wait()

    async def work(tx: Tx) -> Answer:
        attempts.append(len(attempts))
        await tx.execute("SET LOCAL lock_timeout = '50ms'")
        await tx.execute("SELECT pg_advisory_xact_lock(hashtext($1))", tenant_id)
        return Answer(200)

    holding = asyncio.create_task(holder())
    await locked.wait()
    with pytest.raises(Overtaken):
        await write_once(database, tenant_id, OPTIONS, NOW, work)
    done.set()
    await holding

    assert attempts == [0]
    assert await write_once(database, tenant_id, OPTIONS, NOW, work) == Answer(200)
