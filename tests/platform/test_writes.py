"""Writes that meet others: done again, and refused in the end."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from guerdon.platform.db import Database, Tx
from guerdon.platform.events import Event, emit, read_after
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


async def test_events_stand_in_the_order_in_which_writes_held_a_thing_with_keys_too(
    database: Database, tenant_id: str
) -> None:
    has_begun, may_lock = asyncio.Event(), asyncio.Event()

    async def hold_and_tell(tx: Tx, kind: str) -> None:
        # As rooms do: the thing is locked before anything is written.
        await tx.value("SELECT tenant_id FROM tenant WHERE tenant_id = $1 FOR UPDATE", tx.tenant_id)
        may_lock.set()
        await emit(tx, [Event(kind, "thing", "{}", "tester")], NOW)

    async def late(tx: Tx) -> Answer:
        has_begun.set()
        await may_lock.wait()
        await hold_and_tell(tx, "second")
        return Answer(200)

    options = WriteOptions("one", b"f", is_dry_run=False)
    second = asyncio.create_task(write_once(database, tenant_id, options, NOW, late))
    await has_begun.wait()
    async with database.tenant(tenant_id) as tx:
        await hold_and_tell(tx, "first")
        while not await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110  # a lock sets none
            await asyncio.sleep(0.01)
    await second

    async with database.tenant(tenant_id) as tx:
        assert [event.kind for event in await read_after(tx, None, 10)] == ["first", "second"]


async def test_of_twins_with_one_key_one_is_done_and_the_other_gets_its_answer(
    database: Database, tenant_id: str
) -> None:
    done: list[int] = []

    async def work(_tx: Tx) -> Answer:
        done.append(1)
        await asyncio.sleep(0.05)
        return Answer(201, b"%d" % len(done))

    options = WriteOptions("one", b"f", is_dry_run=False)
    answers = await asyncio.gather(*(write_once(database, tenant_id, options, NOW, work) for _ in range(6)))

    assert (len(done), {answer.body for answer in answers}) == (1, {b"1"})
    assert sorted(answer.is_replayed for answer in answers) == [False] + [True] * 5
