import asyncio
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver

from guerdon.platform.db import Database
from guerdon.platform.jobs import (
    Deferral,
    Job,
    Progress,
    cancel,
    defer,
    defer_all,
    find_progress,
    keep_progress,
    list_held,
    retry,
    stats,
)
from guerdon.platform.jobs_queue import make_queries

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SOON = datetime(2030, 1, 1, tzinfo=UTC)
LATER = datetime(2030, 1, 2, tzinfo=UTC)


def a_job(tenant_id: str, kind: str = "push") -> Job:
    return Job(kind, tenant_id, {"pass_id": "p1"})


async def row(owner: Owner, job_id: int) -> asyncpg.Record:
    found = await owner.fetchrow("SELECT * FROM queue.pgqueuer WHERE id = $1", job_id)
    assert found is not None
    return found


async def waiting(database: Database, tenant_id: str) -> int:
    async with database.tenant(tenant_id) as tx:
        return sum(kind.waiting for kind in await stats(tx))


async def test_a_job_exists_once_its_transaction_has_committed(
    database: Database, owner: Owner, tenant_id: str
) -> None:
    async with database.tenant(tenant_id) as tx:
        job_id = await defer(tx, a_job(tenant_id))
        seen_before = await owner.fetchval("SELECT count(*) FROM queue.pgqueuer WHERE id = $1", job_id)

    assert seen_before == 0
    assert (await row(owner, job_id))["payload"] == b'{"pass_id":"p1"}'


async def test_a_job_vanishes_with_its_transaction(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id, dry_run=True) as tx:
        await defer(tx, a_job(tenant_id))

    assert await waiting(database, tenant_id) == 0


async def test_a_job_of_another_tenant_is_not_deferred(database: Database, tenant_id: str) -> None:
    with pytest.raises(AssertionError):
        async with database.tenant(tenant_id) as tx:
            await defer(tx, a_job("someone-else"))


async def test_jobs_with_one_key_wait_as_one(database: Database, owner: Owner, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        first = await defer(tx, a_job(tenant_id), due_at=LATER, priority=5, dedupe_key="p1")
    async with database.tenant(tenant_id) as tx:
        second = await defer(tx, a_job(tenant_id), due_at=SOON, priority=1, dedupe_key="p1")

    kept = await row(owner, first)
    assert first == second
    assert (kept["execute_after"], kept["priority"]) == (SOON, 5)


async def test_a_key_counts_within_one_tenant_and_kind(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await defer(tx, a_job(tenant_id, "push"), dedupe_key="p1")
        await defer(tx, a_job(tenant_id, "sign"), dedupe_key="p1")
    async with database.tenant("other-tenant") as tx:
        await defer(tx, a_job("other-tenant", "push"), dedupe_key="p1")

    assert await waiting(database, tenant_id) == 2


async def test_many_jobs_with_repeated_keys_are_deferred_at_once(database: Database, tenant_id: str) -> None:
    deferrals = [Deferral(a_job(tenant_id), dedupe_key=f"p{n % 10}") for n in range(100)]

    async with database.tenant(tenant_id) as tx:
        await defer_all(tx, [*deferrals, Deferral(a_job(tenant_id)), Deferral(a_job(tenant_id))])

    assert await waiting(database, tenant_id) == 12


async def test_the_earlier_time_of_equal_keys_counts_and_none_means_now(
    database: Database, owner: Owner, tenant_id: str
) -> None:
    async with database.tenant(tenant_id) as tx:
        await defer_all(
            tx,
            [
                Deferral(a_job(tenant_id), due_at=LATER, dedupe_key="timed"),
                Deferral(a_job(tenant_id), due_at=SOON, dedupe_key="timed"),
                Deferral(a_job(tenant_id), due_at=SOON, dedupe_key="now"),
                Deferral(a_job(tenant_id), dedupe_key="now"),
            ],
        )

    records = await owner.fetch(
        "SELECT execute_after FROM queue.pgqueuer WHERE headers ->> 'tenant' = $1 ORDER BY dedupe_key", tenant_id
    )
    assert records[0]["execute_after"] < datetime.now(UTC) + timedelta(minutes=1)
    assert records[1]["execute_after"] == SOON


async def test_crossing_keys_do_not_deadlock(database: Database, tenant_id: str) -> None:
    forth = [Deferral(a_job(tenant_id), dedupe_key=f"p{n}") for n in range(50)]

    async def defer_in(order: list[Deferral]) -> None:
        for _ in range(5):
            async with database.tenant(tenant_id) as tx:
                await defer_all(tx, order)

    await asyncio.gather(*(defer_in(order) for order in (forth, forth[::-1], forth, forth[::-1])))

    assert await waiting(database, tenant_id) == 50


async def test_a_waiting_job_is_cancelled_by_its_tenant_only(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        job_id = await defer(tx, a_job(tenant_id))

    async with database.tenant("other-tenant") as tx:
        by_other = await cancel(tx, job_id)
    async with database.tenant(tenant_id) as tx:
        by_owner = await cancel(tx, job_id)
        again = await cancel(tx, job_id)

    assert (by_other, by_owner, again) == (False, True, False)
    assert await waiting(database, tenant_id) == 0


async def test_a_held_job_is_listed_and_gets_all_its_attempts_again(
    database: Database, owner: Owner, tenant_id: str
) -> None:
    async with database.tenant(tenant_id) as tx:
        job_id = await defer(tx, a_job(tenant_id))
        untouched = await retry(tx, job_id)
    await owner.execute("UPDATE queue.pgqueuer SET status = 'failed', attempts = 11 WHERE id = $1", job_id)

    async with database.tenant(tenant_id) as tx:
        held = await list_held(tx, 10)
        retried = await retry(tx, job_id)

    assert [(job.job_id, job.kind, job.attempts, job.payload) for job in held] == [
        (job_id, "push", 12, '{"pass_id":"p1"}')
    ]
    assert (untouched, retried) == (False, True)
    assert (await row(owner, job_id))["attempts"] == 0


async def test_stats_count_the_tenants_own_jobs_by_kind(database: Database, owner: Owner, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await defer_all(tx, [Deferral(a_job(tenant_id, "push"), due_at=SOON)] * 2)
        running = await defer(tx, a_job(tenant_id, "sign"))
        held = await defer(tx, a_job(tenant_id, "sign"))
    await owner.execute("UPDATE queue.pgqueuer SET status = 'picked' WHERE id = $1", running)
    await owner.execute("UPDATE queue.pgqueuer SET status = 'failed' WHERE id = $1", held)

    async with database.tenant(tenant_id) as tx:
        push, sign = await stats(tx)

    assert (push.kind, push.waiting, push.running, push.held, push.oldest_due_at) == ("push", 2, 0, 0, None)
    assert (sign.kind, sign.waiting, sign.running, sign.held) == ("sign", 0, 1, 1)


async def test_progress_is_kept_with_the_work_it_counts(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await keep_progress(tx, 7, Progress(1, 3, "a"), SOON)
    async with database.tenant(tenant_id, dry_run=True) as tx:
        await keep_progress(tx, 7, Progress(2, 3, "b"), SOON)

    async with database.tenant(tenant_id) as tx:
        assert await find_progress(tx, 7) == Progress(1, 3, "a")
        assert await find_progress(tx, 8) is None
    async with database.tenant("other-tenant") as tx:
        assert await find_progress(tx, 7) is None


async def test_the_queue_is_the_librarys_but_for_its_trigger(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url)

    plan = await make_queries(AsyncpgDriver(connection)).plan_upgrade()
    triggers = await connection.fetchval("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal")
    await connection.close()

    assert [statement.split("(")[0].split(" ON ")[0].split("\n")[0] for statement in plan.statements] == [
        "CREATE FUNCTION queue.fn_pgqueuer_changed",
        "CREATE TRIGGER tg_pgqueuer_changed",
    ]
    assert triggers == 0
