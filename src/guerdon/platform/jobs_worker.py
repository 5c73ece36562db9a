"""Doing jobs: which handler, how many attempts, and what becomes of a job that fails, is cancelled or cut off.

A job is done at least once. Its row goes only after its handler has ended, up to 0.1 s after; a worker that dies
leaves the row, and another takes the job once its heartbeat is `heartbeat_s` old.
"""

import asyncio
import contextlib
import functools
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from time import perf_counter
from uuid import UUID

import msgspec
import structlog
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job as Row

from guerdon.platform import metrics
from guerdon.platform.clock import utc_now
from guerdon.platform.db import TROUBLE, Database
from guerdon.platform.jobs import Job, RetryLater
from guerdon.platform.jobs_queue import QueueDriver, make_manager
from guerdon.platform.log import log_context
from guerdon.platform.log_redaction import redact_text

BATCH_JOBS = 50
RUNNING_JOBS_MAX = 2 * BATCH_JOBS
RESTART_S = 1.0
RETRY_S_MIN = 0.001  # a job put back without a delay counts as cut off, not as tried
UNWIND_S = 5.0  # given to interrupted handlers to roll back

_log = structlog.stdlib.get_logger("guerdon.jobs")


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a handler gets beside its job; `attempt` begins at 1.

    `now` is the time of the job's tenant. What has to do with the world, such as when a job is due or for how long
    records of work are kept, goes by `real_now` (decision 0010). After a commit in which it deferred jobs, a handler
    calls `announce("jobs")`.
    """

    database: Database
    job_id: int
    attempt: int
    now: Callable[[], datetime]
    announce: Callable[[str], None]
    real_now: Callable[[], datetime] = utc_now


# How a tenant's clock is got when a job of it begins.
ClockOf = Callable[[str], Awaitable[Callable[[], datetime]]]
JobHandler = Callable[[Job, JobContext], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """How jobs of one kind are done.

    The wait before another attempt doubles from `backoff_s_first` to `backoff_s_max`. `at_once_max` counts all
    workers together (0: no limit). A handler that takes longer than `time_s_max` is interrupted, which is a failure.
    """

    handler: JobHandler
    attempts_max: int = 12
    backoff_s_first: float = 1.0
    backoff_s_max: float = 3600.0
    at_once_max: int = 0
    time_s_max: float = 3600.0

    def backoff_s(self, attempts: int) -> float:
        """Tell how long to wait after so many attempts, before chance spreads it."""
        return min(self.backoff_s_first * 2.0 ** min(attempts - 1, 60), self.backoff_s_max)


class JobHeld(Exception):
    """The last attempt failed; the message is the handler's error without its secrets."""


class _Ending(Enum):
    """Why a handler was interrupted: its job was taken out, cut off by a stop, or taken from us as dead."""

    CANCELLED = "cancelled"
    RETURNED = "returned"
    LOST = "lost"


PUT_BACK = frozenset({_Ending.RETURNED.value, _Ending.LOST.value})


@dataclass(slots=True)
class _Running:
    task: asyncio.Task[None]
    ending: _Ending | None = None

    def interrupt(self, ending: _Ending) -> None:
        # Once only: a second interruption would hit the handler while it rolls back.
        if self.ending is None:
            self.ending = ending
            self.task.cancel()


async def _real_clock(_tenant_id: str) -> Callable[[], datetime]:
    return utc_now


class Worker:
    """Takes due jobs of the kinds it knows and runs them, many at once, until it is told to stop."""

    def __init__(
        self,
        database: Database,
        queue: Database,
        kinds: Mapping[str, JobKind],
        announce: Callable[[str], None],
        *,
        clock_of: ClockOf = _real_clock,
        poll_s: float,
        heartbeat_s: float = 30.0,
    ) -> None:
        """Give handlers `database`, and keep the queue over `queue`, whose connections no handler can use up."""
        self._database = database
        self._queue = queue
        self._kinds = kinds
        self._announce = announce
        self._clock_of = clock_of
        self._poll_s = poll_s
        self._heartbeat_s = heartbeat_s
        self._running: dict[int, _Running] = {}
        self._driver: QueueDriver | None = None

    def wake(self) -> None:
        """Look for due jobs now."""
        if self._driver is not None:
            self._driver.wake()

    async def run(self, stop: asyncio.Event, grace_s: float) -> None:
        """Work until `stop`; then let jobs finish for `grace_s`, and give back to the queue what has not.

        A database that cannot be reached is tried again, for ever.
        """
        while not stop.is_set():
            try:
                await self._work_until(stop, grace_s)
            except TROUBLE as trouble:
                _log.warning("the queue cannot be reached; trying again", reason=repr(trouble))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RESTART_S):
                        await stop.wait()

    async def _work_until(self, stop: asyncio.Event, grace_s: float) -> None:
        self._driver = QueueDriver(self._queue)
        manager = make_manager(self._driver)
        for name, kind in self._kinds.items():
            register = manager.entrypoint(
                name, concurrency_limit=kind.at_once_max, accepts_context=False, on_failure="hold"
            )
            register(functools.partial(self._attempt, kind))
        working = asyncio.create_task(
            manager.run(
                batch_size=BATCH_JOBS,
                max_concurrent_tasks=RUNNING_JOBS_MAX,
                dequeue_timeout=timedelta(seconds=self._poll_s),
                heartbeat_timeout=timedelta(seconds=self._heartbeat_s),
                log_aggregation_interval=timedelta(0),
            )
        )
        watching = asyncio.create_task(self._watch(manager))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            manager.shutdown.set()
            await self._finish(working, grace_s)
        finally:
            self._driver = None
            await _cancel(working, watching, stopping)

    async def _finish(self, working: asyncio.Task[None], grace_s: float) -> None:
        await asyncio.wait({working}, timeout=grace_s)
        for running in list(self._running.values()):
            running.interrupt(_Ending.RETURNED)
        await asyncio.wait({working}, timeout=UNWIND_S)
        if working.done():
            working.result()
        else:
            _log.error("jobs did not end when they were interrupted", jobs=sorted(self._running))

    async def _watch(self, manager: QueueManager) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            seen = dict(self._running)
            if not seen:
                continue
            try:
                owners = await self._list_owners(list(seen))
            except TROUBLE:
                continue  # the manager meets the same trouble and tells of it
            for job_id, running in seen.items():
                if job_id not in owners:
                    running.interrupt(_Ending.CANCELLED)
                elif owners[job_id] != manager.queue_manager_id:
                    running.interrupt(_Ending.LOST)

    async def _list_owners(self, job_ids: list[int]) -> dict[int, UUID | None]:
        async with self._queue.shared() as connection:
            records = await connection.fetch(
                "SELECT id, queue_manager_id FROM queue.pgqueuer WHERE id = ANY($1)", job_ids
            )
        return {record["id"]: record["queue_manager_id"] for record in records}

    async def _attempt(self, kind: JobKind, row: Row) -> None:
        headers = row.headers or {}
        payload = msgspec.json.decode(row.payload or b"{}", type=dict[str, str])
        job = Job(row.entrypoint, str(headers["tenant"]), payload)
        started_at = perf_counter()
        outcome = "done"
        with log_context(job_id=str(row.id), job_kind=job.kind, tenant_id=job.tenant_id):
            try:
                await self._interruptible(kind, job, row, is_deduped=headers.get("deduped") == "yes")
            except RetryRequested as again:
                outcome = again.reason if again.reason in PUT_BACK else "retried"
                raise
            except JobHeld:
                outcome = "held"
                raise
            except asyncio.CancelledError:
                outcome = _Ending.CANCELLED.value
                raise
            finally:
                metrics.observe_job(job.kind, outcome, perf_counter() - started_at)

    async def _interruptible(self, kind: JobKind, job: Job, row: Row, *, is_deduped: bool) -> None:
        running = _Running(asyncio.create_task(self._handle(kind, job, row, is_deduped=is_deduped)))
        self._running[row.id] = running
        try:
            await running.task
        except asyncio.CancelledError:
            if running.ending is None or running.ending is _Ending.CANCELLED:
                raise
            # Asked for of the library, which leaves alone what is no longer ours (see PatientQueries).
            raise RetryRequested(timedelta(0), running.ending.value) from None
        except Exception as failure:  # noqa: BLE001  # whatever a handler raises is a failed attempt
            self._judge(kind, row.attempts + 1, failure)
        finally:
            del self._running[row.id]

    async def _handle(self, kind: JobKind, job: Job, row: Row, *, is_deduped: bool) -> None:
        if is_deduped:
            await self._begin(row.id)
        clock = await self._clock_of(job.tenant_id)
        context = JobContext(self._database, row.id, row.attempts + 1, clock, self._announce)
        async with asyncio.timeout(kind.time_s_max):
            await kind.handler(job, context)

    async def _begin(self, job_id: int) -> None:
        # From here on the key is free: whatever changes now gets a job of its own. The update waits for every
        # transaction that has made do with this job, so that the handler sees what they wrote.
        async with self._queue.shared() as connection:
            await connection.execute("UPDATE queue.pgqueuer SET dedupe_key = NULL WHERE id = $1", job_id)

    def _judge(self, kind: JobKind, attempt: int, failure: Exception) -> None:
        reason = redact_text(f"{type(failure).__name__}: {failure}")
        if attempt >= kind.attempts_max:
            _log.error("a job failed for the last time and is held", attempt=attempt, exc_info=failure)
            # Without its cause, which the library would store with every secret in it.
            raise JobHeld(reason) from None
        if isinstance(failure, RetryLater):
            after_s = failure.after_s
            _log.info("a job asks for another attempt", attempt=attempt, after_s=after_s, reason=reason)
        else:
            after_s = kind.backoff_s(attempt) * random.uniform(0.8, 1.2)  # noqa: S311  # spreads, hides nothing
            _log.warning("a job failed and will be tried again", attempt=attempt, exc_info=failure)
        raise RetryRequested(timedelta(seconds=max(after_s, RETRY_S_MIN)), reason) from None


async def _cancel(*tasks: asyncio.Task[None] | asyncio.Task[bool]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=UNWIND_S)
