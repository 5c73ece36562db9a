import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from guerdon.entrypoints.worker import run_worker
from guerdon.platform.db import Database
from guerdon.platform.jobs import Deferral, Job, defer, defer_all
from guerdon.platform.jobs_schedule import Cron, Every, Schedule, arrange, defer_due, list_tenants
from guerdon.platform.jobs_upkeep import count_queue, drop_old_log
from guerdon.platform.jobs_worker import JobContext, JobKind
from guerdon.platform.metrics import render
from guerdon.platform.settings import Settings, SettingsInvalid, read_settings

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SCRIPT = Path(__file__).with_name("worker_process.py")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHUNKS = 60


@asynccontextmanager
async def a_process(url: str) -> AsyncGenerator[Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, str(SCRIPT), url)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await is_so():  # noqa: ASYNC110  # the database tells nobody
            await asyncio.sleep(0.02)


async def events(owner: Owner, tenant_id: str) -> list[str]:
    records = await owner.fetch("SELECT subject_id FROM event WHERE tenant_id = $1", tenant_id)
    return [record["subject_id"] for record in records]


def has_events(owner: Owner, tenant_id: str, count: int) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return len(await events(owner, tenant_id)) >= count

    return ask


def is_empty(owner: Owner, tenant_id: str) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        left = "SELECT count(*) FROM queue.pgqueuer WHERE headers ->> 'tenant' = $1"
        return await owner.fetchval(left, tenant_id) == 0

    return ask


def settings_for(url: str) -> Settings:
    return read_settings({"DATABASE_URL": url, "GUERDON_JOBS_POLL_S": "0.05", "GUERDON_STOP_GRACE_S": "5"})


async def test_a_long_job_goes_on_exactly_where_a_killed_worker_left_it(
    database: Database, owner: Owner, owner_url: str, tenant_id: str
) -> None:
    async with database.tenant(tenant_id) as tx:
        await defer(tx, Job("count", tenant_id, {}))

    async with a_process(owner_url) as first:
        await until(has_events(owner, tenant_id, 10))
        first.send_signal(signal.SIGKILL)
        await first.wait()
        done_at_death = len(await events(owner, tenant_id))
    async with a_process(owner_url):
        await until(is_empty(owner, tenant_id))

    assert 10 <= done_at_death < CHUNKS
    assert sorted(await events(owner, tenant_id), key=int) == [str(n) for n in range(CHUNKS)]


async def test_no_job_is_lost_when_one_of_two_workers_is_killed(
    database: Database, owner: Owner, owner_url: str, tenant_id: str
) -> None:
    async with database.tenant(tenant_id) as tx:
        await defer_all(tx, [Deferral(Job("note", tenant_id, {"n": str(n)})) for n in range(300)])

    async with a_process(owner_url) as one, a_process(owner_url):
        await until(has_events(owner, tenant_id, 20))
        one.send_signal(signal.SIGKILL)
        await until(is_empty(owner, tenant_id))

    assert set(await events(owner, tenant_id)) == {str(n) for n in range(300)}


async def test_a_terminated_worker_finishes_its_job_and_ends_well(
    database: Database, owner: Owner, owner_url: str, tenant_id: str
) -> None:
    async with database.tenant(tenant_id) as tx:
        await defer(tx, Job("count", tenant_id, {}))

    async with a_process(owner_url) as process:
        await until(has_events(owner, tenant_id, 1))
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            code = await process.wait()

    assert code == 0
    assert len(await events(owner, tenant_id)) == CHUNKS
    assert await is_empty(owner, tenant_id)()


async def test_what_recurs_is_done_for_every_tenant_that_is_not_disabled(
    owner: Owner, owner_url: str, tenant_id: str
) -> None:
    disabled = f"{tenant_id}-d"
    await owner.execute(
        "INSERT INTO tenant (tenant_id, name, status, created_at) VALUES ($1, 'd', 'disabled', now())", disabled
    )
    seen: list[str] = []
    stop = asyncio.Event()

    async def sweep(job: Job, _context: JobContext) -> None:
        seen.append(job.tenant_id)
        if tenant_id in seen:
            stop.set()

    schedule = Schedule(f"sweep {tenant_id}", f"sweep {tenant_id}", Every(3600))
    async with asyncio.timeout(20):
        await run_worker(settings_for(owner_url), stop, handlers={schedule.kind: JobKind(sweep)}, schedules=[schedule])

    assert tenant_id in seen
    assert disabled not in seen
    assert len(seen) == len(set(seen))


async def test_a_turn_is_taken_once_however_many_workers_ask(database: Database, tenant_id: str) -> None:
    schedule = Schedule(f"once {tenant_id}", "once", Every(60))
    await arrange(database, [schedule], NOON)

    deferred = await asyncio.gather(*(defer_due(database, [schedule], NOON) for _ in range(6)))

    assert sorted(count > 0 for count in deferred) == [False] * 5 + [True]


async def test_a_turn_comes_again_after_its_time_and_missed_ones_are_made_up_by_one(
    database: Database, owner: Owner, tenant_id: str
) -> None:
    schedule = Schedule(f"again {tenant_id}", f"again {tenant_id}", Every(60))
    await arrange(database, [schedule], NOON)

    turns = [
        bool(await defer_due(database, [schedule], NOON + timedelta(seconds=seconds)))
        for seconds in (0, 59, 60, 3600, 3601)
    ]

    waiting = await owner.fetchval(
        "SELECT count(*) FROM queue.pgqueuer WHERE entrypoint = $1 AND headers ->> 'tenant' = $2",
        schedule.kind,
        tenant_id,
    )
    assert turns == [True, False, True, True, False]
    assert waiting == 1


async def test_a_restart_keeps_the_time_of_a_turn_and_a_new_rhythm_changes_it(
    database: Database, owner: Owner, tenant_id: str
) -> None:
    name = f"kept {tenant_id}"

    async def next_at() -> datetime:
        return await owner.fetchval("SELECT next_at FROM queue.schedule WHERE name = $1", name)

    await arrange(database, [Schedule(name, "kept", Cron("0 3 * * *"))], NOON)
    first = await next_at()
    await arrange(database, [Schedule(name, "kept", Cron("0 3 * * *"))], NOON + timedelta(days=1))
    kept = await next_at()
    await arrange(database, [Schedule(name, "kept", Cron("30 4 * * *"))], NOON)

    assert first == kept == datetime(2026, 11, 24, 3, tzinfo=UTC)
    assert await next_at() == datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


def test_what_is_no_cron_expression_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a cron expression"):
        Cron("every day")


async def test_the_worker_learns_names_of_tenants_and_nothing_else_of_them(database: Database, tenant_id: str) -> None:
    assert tenant_id in await list_tenants(database)
    for statement in ("SELECT name FROM tenant", "SELECT * FROM pass", "SELECT * FROM queue.pgqueuer"):
        async with database.shared() as connection, connection.transaction():
            await connection.execute("SET LOCAL ROLE guerdon_worker")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(statement)


async def test_the_application_itself_sees_no_other_tenants_name(database: Database, tenant_id: str) -> None:
    async with database.tenant("other-tenant") as tx:
        seen = await tx.records("SELECT tenant_id FROM tenant")
    async with database.shared() as connection:
        seen_outside = await connection.fetch("SELECT tenant_id FROM tenant")

    assert [*seen, *seen_outside] == []
    assert tenant_id in await list_tenants(database)


async def test_old_notes_of_the_queue_are_dropped_and_those_of_jobs_still_there_kept(
    database: Database, owner: Owner, tenant_id: str
) -> None:
    async with database.tenant(tenant_id) as tx:
        job_id = await defer(tx, Job("noted", tenant_id, {}))
    for noted_id in (job_id, -1):
        await owner.execute(
            "INSERT INTO queue.pgqueuer_log (job_id, status, priority, entrypoint, created)"
            " VALUES ($1, 'failed', 0, 'noted', $2)",
            noted_id,
            NOON - timedelta(days=400),
        )

    dropped = await drop_old_log(database, NOON - timedelta(days=300))

    assert dropped == 1
    assert await owner.fetchval("SELECT count(*) FROM queue.pgqueuer_log WHERE job_id = $1", job_id) == 1


async def test_the_queues_size_is_measured_also_when_it_is_nothing(database: Database, tenant_id: str) -> None:
    async with database.tenant(tenant_id) as tx:
        await defer(tx, Job(f"sized {tenant_id}", tenant_id, {}))

    await count_queue(database, [f"none {tenant_id}"])

    page = render().decode()
    assert f'guerdon_queue_jobs{{kind="sized {tenant_id}",state="waiting"}} 1.0' in page
    assert f'guerdon_queue_jobs{{kind="none {tenant_id}",state="waiting"}} 0.0' in page


async def test_a_worker_without_a_database_says_what_it_needs() -> None:
    with pytest.raises(SettingsInvalid, match="DATABASE_URL"):
        await run_worker(read_settings({}), asyncio.Event(), handlers={})
