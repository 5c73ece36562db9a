import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest

from guerdon.platform import metrics
from guerdon.platform.clock import utc_now
from guerdon.platform.db import Database, open_database
from guerdon.platform.jobs import (
    HeldJob,
    Job,
    Progress,
    RetryLater,
    cancel,
    defer,
    keep_progress,
    list_held,
    retry,
)
from guerdon.platform.jobs import find_progress as read_progress
from guerdon.platform.jobs_upkeep import DEATHS_MAX, hold_deadly
from guerdon.platform.jobs_worker import JobContext, JobHandler, JobKind, Worker

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
POLL_S = 0.05
FAR = datetime(2099, 1, 1, tzinfo=UTC)
OTHER_WORKER = UUID(int=7)
BLOCKED = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'relation'"


@pytest.fixture(scope="session")
async def queue(owner_url: str) -> AsyncGenerator[Database]:
    opened = await open_database(owner_url, 3)
    yield opened
    await opened.close()


def no_announcement(_topic: str) -> None:
    return None


@asynccontextmanager
async def working(
    database: Database,
    queue: Database,
    kinds: Mapping[str, JobKind],
    *,
    grace_s: float = 5.0,
    poll_s: float = POLL_S,
    heartbeat_s: float = 30.0,
    **more: Any,
) -> AsyncGenerator[Worker]:
    """A worker that runs for the length of the block."""
    stop = asyncio.Event()
    worker = Worker(database, queue, kinds, no_announcement, poll_s=poll_s, heartbeat_s=heartbeat_s, **more)
    running = asyncio.create_task(worker.run(stop, grace_s))
    try:
        yield worker
    finally:
        stop.set()
        await asyncio.wait_for(running, grace_s + 10)


async def put_off(database: Database, tenant_id: str, kind: str, *, key: str | None = None) -> int:
    async with database.tenant(tenant_id) as tx:
        return await defer(tx, Job(kind, tenant_id, {"n": "1"}), dedupe_key=key)


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await is_so():  # noqa: ASYNC110  # the database tells nobody
            await asyncio.sleep(0.02)


async def is_gone(owner: Owner, job_id: int) -> bool:
    return await owner.fetchval("SELECT NOT EXISTS (SELECT FROM queue.pgqueuer WHERE id = $1)", job_id)


async def find_held(database: Database, tenant_id: str) -> HeldJob | None:
    async with database.tenant(tenant_id) as tx:
        held = await list_held(tx, 10)
    return held[0] if held else None


def recording(calls: list[tuple[Job, JobContext]]) -> JobHandler:
    async def handle(job: Job, context: JobContext) -> None:
        calls.append((job, context))

    return handle


def failing(failures: list[Exception]) -> JobHandler:
    async def handle(_job: Job, _context: JobContext) -> None:
        if failures:
            raise failures.pop(0)

    return handle


async def test_a_due_job_is_handed_over_whole_and_then_gone(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    calls: list[tuple[Job, JobContext]] = []
    job_id = await put_off(database, tenant_id, "whole")

    async with working(database, queue, {"whole": JobKind(recording(calls))}):
        await until(lambda: is_gone(owner, job_id))

    assert [job for job, _ in calls] == [Job("whole", tenant_id, {"n": "1"})]
    assert [(context.job_id, context.attempt) for _, context in calls] == [(job_id, 1)]


async def test_a_failed_attempt_is_followed_by_another_until_one_is_good(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    failures: list[Exception] = [ValueError("first"), RetryLater(0.01, "second")]
    job_id = await put_off(database, tenant_id, "twice")

    kinds = {"twice": JobKind(failing(failures), backoff_s_first=0.01)}
    async with working(database, queue, kinds):
        await until(lambda: is_gone(owner, job_id))

    assert failures == []


async def test_a_job_whose_attempts_are_used_up_is_held_without_the_secret_in_its_error(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    failures: list[Exception] = [ValueError("password=hunter2 was refused")] * 3
    job_id = await put_off(database, tenant_id, "hopeless")

    async def is_held() -> bool:
        return await find_held(database, tenant_id) is not None

    kinds = {"hopeless": JobKind(failing(failures), attempts_max=3, backoff_s_first=0.01)}
    async with working(database, queue, kinds):
        await until(is_held)

    held = await find_held(database, tenant_id)
    log = await owner.fetch("SELECT traceback::text FROM queue.pgqueuer_log WHERE job_id = $1", job_id)
    assert held is not None
    assert (held.attempts, held.reason) == (3, "ValueError: password=*** was refused")
    assert "hunter2" not in str(log)
    assert str(log).count("password=***") >= 3


@pytest.mark.parametrize(("attempts", "waits_s"), [(1, 1.0), (2, 2.0), (5, 16.0), (12, 60.0), (5_000, 60.0)])
def test_the_wait_between_attempts_doubles_up_to_its_bound(attempts: int, waits_s: float) -> None:
    kind = JobKind(recording([]), backoff_s_max=60.0)

    assert kind.backoff_s(attempts) == waits_s


async def test_a_handler_that_takes_too_long_has_failed(database: Database, queue: Database, tenant_id: str) -> None:
    async def sleep(_job: Job, _context: JobContext) -> None:
        await asyncio.sleep(60)

    async def is_held() -> bool:
        return await find_held(database, tenant_id) is not None

    await put_off(database, tenant_id, "slow")
    async with working(database, queue, {"slow": JobKind(sleep, attempts_max=1, time_s_max=0.05)}):
        await until(is_held)

    held = await find_held(database, tenant_id)
    assert held is not None
    assert held.reason == "TimeoutError: "


async def test_a_running_job_that_is_cancelled_stops_and_does_not_come_back(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    started, interrupted = asyncio.Event(), asyncio.Event()

    async def wait(_job: Job, context: JobContext) -> None:
        async with context.database.tenant(tenant_id) as tx:
            await keep_progress(tx, context.job_id, Progress(1, None, ""), context.now())
            started.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                interrupted.set()
                raise

    job_id = await put_off(database, tenant_id, "long")
    async with working(database, queue, {"long": JobKind(wait)}):
        await asyncio.wait_for(started.wait(), 10)
        async with database.tenant(tenant_id) as tx:
            assert await cancel(tx, job_id)
        await asyncio.wait_for(interrupted.wait(), 1)

    async with database.tenant(tenant_id) as tx:
        assert await read_progress(tx, job_id) is None
    assert await is_gone(owner, job_id)


async def test_a_job_that_was_taken_over_is_let_go_and_left_to_its_new_worker(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    started, interrupted = asyncio.Event(), asyncio.Event()

    async def wait(_job: Job, _context: JobContext) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            interrupted.set()

    job_id = await put_off(database, tenant_id, "taken")
    async with working(database, queue, {"taken": JobKind(wait)}):
        await asyncio.wait_for(started.wait(), 10)
        await owner.execute("UPDATE queue.pgqueuer SET queue_manager_id = $2 WHERE id = $1", job_id, OTHER_WORKER)
        await asyncio.wait_for(interrupted.wait(), 2)

    row = await owner.fetchrow("SELECT status, queue_manager_id, attempts FROM queue.pgqueuer WHERE id = $1", job_id)
    assert row is not None
    assert tuple(row) == ("picked", OTHER_WORKER, 0)


async def test_a_job_under_which_workers_die_is_held_and_may_be_retried(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    job_id = await put_off(database, tenant_id, "deadly")

    async def die_with_it() -> None:
        await owner.execute("UPDATE queue.pgqueuer SET status = 'picked' WHERE id = $1", job_id)
        await owner.execute(
            "INSERT INTO queue.pgqueuer_log (job_id, status, priority, entrypoint) VALUES ($1, 'picked', 0, 'd')",
            job_id,
        )

    for _ in range(DEATHS_MAX):
        await die_with_it()
    spared = await hold_deadly(queue)
    await die_with_it()
    held = await hold_deadly(queue)

    listed = await find_held(database, tenant_id)
    async with database.tenant(tenant_id) as tx:
        retried = await retry(tx, job_id)
    await die_with_it()
    held_again = await hold_deadly(queue)
    assert (spared, held, retried, held_again) == (0, 1, True, 0)
    assert listed is not None
    assert listed.reason == "Its worker died 5 times while doing it."


async def test_putting_a_job_back_survives_a_database_that_is_away(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    tried, may_fail = asyncio.Event(), asyncio.Event()
    calls: list[int] = []

    async def fail_once(_job: Job, context: JobContext) -> None:
        calls.append(context.attempt)
        if len(calls) == 1:
            tried.set()
            await may_fail.wait()
            raise ConnectionError

    async def is_blocked() -> bool:
        return await owner.fetchval(BLOCKED) is not None

    job_id = await put_off(database, tenant_id, "away")
    async with working(database, queue, {"away": JobKind(fail_once)}, heartbeat_s=0.5):
        await asyncio.wait_for(tried.wait(), 10)
        async with owner.transaction():
            await owner.execute("LOCK TABLE queue.pgqueuer")
            may_fail.set()
            await until(is_blocked)
            await asyncio.sleep(0.3)
            for blocked in await owner.fetch(BLOCKED):
                await owner.execute("SELECT pg_terminate_backend($1)", blocked["pid"])
        await until(lambda: is_gone(owner, job_id))

    assert len(calls) == 2
    assert await find_held(database, tenant_id) is None


async def test_jobs_under_way_at_a_stop_are_finished(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    started = asyncio.Event()

    async def work(_job: Job, _context: JobContext) -> None:
        started.set()
        await asyncio.sleep(0.3)

    job_id = await put_off(database, tenant_id, "finishing")
    async with working(database, queue, {"finishing": JobKind(work)}):
        await asyncio.wait_for(started.wait(), 10)

    assert await is_gone(owner, job_id)


async def test_a_job_that_outlasts_the_grace_is_given_back_with_its_attempts(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    started = asyncio.Event()

    async def work(_job: Job, _context: JobContext) -> None:
        started.set()
        await asyncio.sleep(60)

    job_id = await put_off(database, tenant_id, "endless")
    async with working(database, queue, {"endless": JobKind(work)}, grace_s=0.1):
        await asyncio.wait_for(started.wait(), 10)

    row = await owner.fetchrow("SELECT status, attempts FROM queue.pgqueuer WHERE id = $1", job_id)
    assert row is not None
    assert tuple(row) == ("queued", 0)


async def test_a_change_made_while_its_job_runs_gets_a_job_of_its_own(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def work(_job: Job, _context: JobContext) -> None:
        started.set()
        await may_end.wait()

    first = await put_off(database, tenant_id, "keyed", key="p1")
    async with working(database, queue, {"keyed": JobKind(work)}):
        await asyncio.wait_for(started.wait(), 10)
        second = await put_off(database, tenant_id, "keyed", key="p1")
        may_end.set()
        await until(lambda: is_gone(owner, second))

    assert first != second


async def test_a_job_that_a_change_made_do_with_begins_after_that_change(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    seen: list[Progress | None] = []

    async def work(job: Job, context: JobContext) -> None:
        async with context.database.tenant(job.tenant_id) as tx:
            seen.append(await read_progress(tx, 1))

    job_id = await put_off(database, tenant_id, "after", key="p1")
    async with database.tenant(tenant_id) as tx:
        await keep_progress(tx, 1, Progress(5, None, "written"), utc_now())
        assert await defer(tx, Job("after", tenant_id, {}), dedupe_key="p1") == job_id
        async with working(database, queue, {"after": JobKind(work)}):
            await asyncio.sleep(0.3)
            seen_before = list(seen)
    async with working(database, queue, {"after": JobKind(work)}):
        await until(lambda: is_gone(owner, job_id))

    assert seen_before == []
    assert seen == [Progress(5, None, "written")]


async def test_no_more_jobs_of_a_kind_run_at_once_than_it_allows(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    running: set[int] = set()
    peaks: list[int] = []

    async def work(_job: Job, context: JobContext) -> None:
        running.add(context.job_id)
        peaks.append(len(running))
        await asyncio.sleep(0.02)
        running.remove(context.job_id)

    ids = [await put_off(database, tenant_id, "narrow") for _ in range(12)]
    kinds = {"narrow": JobKind(work, at_once_max=2)}
    async with working(database, queue, kinds) as one, working(database, queue, kinds):
        one.wake()
        for job_id in ids:
            await until(lambda job_id=job_id: is_gone(owner, job_id))

    assert max(peaks) <= 2


async def test_a_wake_up_is_quicker_than_the_poll(database: Database, queue: Database, tenant_id: str) -> None:
    done = asyncio.Event()

    async def work(_job: Job, _context: JobContext) -> None:
        done.set()

    async with working(database, queue, {"woken": JobKind(work)}, poll_s=30) as worker:
        await asyncio.sleep(0.3)
        await put_off(database, tenant_id, "woken")
        worker.wake()
        await asyncio.wait_for(done.wait(), 2)


async def test_a_job_of_a_kind_that_this_worker_does_not_know_is_left_alone(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    job_id = await put_off(database, tenant_id, "unknown")

    async with working(database, queue, {"known": JobKind(recording([]))}):
        await asyncio.sleep(0.3)

    assert not await is_gone(owner, job_id)


async def test_urgent_jobs_go_first_and_jobs_of_the_future_wait(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    calls: list[tuple[Job, JobContext]] = []
    async with database.tenant(tenant_id) as tx:
        last = await defer(tx, Job("ordered", tenant_id, {"n": "low"}), priority=-1)
        await defer(tx, Job("ordered", tenant_id, {"n": "plain"}))
        await defer(tx, Job("ordered", tenant_id, {"n": "high"}), priority=9)
        future = await defer(tx, Job("ordered", tenant_id, {"n": "future"}), due_at=utc_now() + timedelta(days=1))

    kinds = {"ordered": JobKind(recording(calls), at_once_max=1)}
    async with working(database, queue, kinds):
        await until(lambda: is_gone(owner, last))

    assert [job.payload["n"] for job, _ in calls] == ["high", "plain", "low"]
    assert not await is_gone(owner, future)


async def test_attempts_are_counted_by_how_they_ended(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    job_id = await put_off(database, tenant_id, "counted")

    kinds = {"counted": JobKind(failing([ValueError("once")]), backoff_s_first=0.01)}
    async with working(database, queue, kinds):
        await until(lambda: is_gone(owner, job_id))

    page = metrics.render().decode()
    assert 'guerdon_jobs_total{kind="counted",outcome="retried"} 1.0' in page
    assert 'guerdon_jobs_total{kind="counted",outcome="done"} 1.0' in page


async def test_a_worker_outlives_a_database_that_drops_its_connections(
    database: Database, queue: Database, owner: Owner, tenant_id: str
) -> None:
    calls: list[tuple[Job, JobContext]] = []
    job_id = await put_off(database, tenant_id, "after a cut")

    async def is_blocked() -> bool:
        return await owner.fetchval(BLOCKED) is not None

    async with owner.transaction():
        await owner.execute("LOCK TABLE queue.pgqueuer")
        async with working(database, queue, {"after a cut": JobKind(recording(calls))}):
            await until(is_blocked)
            for blocked in await owner.fetch(BLOCKED):
                await owner.execute("SELECT pg_terminate_backend($1)", blocked["pid"])
            await owner.execute("COMMIT; BEGIN")
            await until(lambda: is_gone(owner, job_id))

    assert len(calls) == 1


async def test_a_handler_is_told_the_time_of_its_tenant_and_that_of_the_world(
    database: Database, queue: Database, tenant_id: str
) -> None:
    told: list[tuple[datetime, datetime]] = []

    async def tell(_job: Job, context: JobContext) -> None:
        told.append((context.now(), context.real_now()))

    async def clock_of(asked: str) -> Callable[[], datetime]:
        return lambda: FAR if asked == tenant_id else utc_now()

    async def is_told() -> bool:
        return bool(told)

    await put_off(database, tenant_id, "telling")
    async with working(database, queue, {"telling": JobKind(tell)}, clock_of=clock_of):
        await until(is_told)

    ((now, real_now),) = told
    assert now == FAR
    assert real_now < FAR
