"""The queue's engine: pgqueuer, on our connections, under our names, and without a NOTIFY of its own."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Self

import structlog
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.models import Job, TableChangedEvent, TracebackRecord
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.ports.driver import Driver, NotifyCallback

from guerdon.platform.db import TROUBLE, Database

# Every name is given here, since the library would take each one from the environment as well.
NAMES = DBSettings(
    prefix="",
    db_schema="queue",
    channel="ch_pgqueuer",  # pyright: ignore[reportArgumentType]  # a NewType of str
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=True,
)

_log = structlog.stdlib.get_logger("guerdon.jobs")


class QueueDriver(Driver):
    """pgqueuer's door to the database; what it would NOTIFY stays in the process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._callbacks: list[NotifyCallback] = []
        self._shutdown = asyncio.Event()
        self._tasks = TaskManager()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Run a statement of the library's and give its rows."""
        async with self._database.shared() as connection:
            return [dict(record) for record in await connection.fetch(query, *args)]

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement of the library's."""
        async with self._database.shared() as connection:
            return await connection.execute(query, *args)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:  # noqa: ARG002  # one channel
        """Keep whom to tell of wake-ups."""
        self._callbacks.append(callback)

    async def notify(self, channel: str, payload: str) -> None:  # noqa: ARG002  # one channel
        """Hand the library's message to itself: it only asks whether its own listener is alive."""
        for callback in self._callbacks:
            callback(payload)

    def wake(self) -> None:
        """Let the manager look for due jobs now."""
        event = TableChangedEvent(
            channel=NAMES.channel,
            sent_at=datetime.now(UTC),
            type="table_changed_event",
            operation="insert",
            table=NAMES.queue_table,
        )
        for callback in self._callbacks:
            callback(event.model_dump_json())

    @property
    def shutdown(self) -> asyncio.Event:
        """Tell the library when to stop; nobody sets it, since the manager has an event of its own."""
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        """Hold the library's tasks."""
        return self._tasks

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._callbacks.clear()


class PatientQueries(Queries):
    """The library's statements, but for the one that puts a job back, which asks more of itself here."""

    async def retry_job(self, job: Job, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        """Put a job back, if it is still this worker's.

        Without a delay it was cut off, which is not counted as an attempt. When the database cannot be
        reached, the job stays as it is, to be found by its old heartbeat, and is not given up for that.
        """
        try:
            await self.driver.execute(
                """
                WITH put_back AS (
                    UPDATE queue.pgqueuer
                       SET status = 'queued', queue_manager_id = NULL, updated = now(),
                           execute_after = now() + $3::interval,
                           attempts = attempts + CASE WHEN $3::interval > interval '0' THEN 1 ELSE 0 END
                     WHERE id = $1 AND queue_manager_id = $2
                    RETURNING id, entrypoint, priority
                )
                INSERT INTO queue.pgqueuer_log (job_id, status, entrypoint, priority, traceback)
                SELECT id, 'queued', entrypoint, priority, $4::jsonb FROM put_back
                """,
                job.id,
                job.queue_manager_id,
                delay,
                traceback_record.model_dump_json() if traceback_record else None,
            )
        except TROUBLE as trouble:
            _log.warning("a job could not be put back; it will be found", job_id=job.id, reason=repr(trouble))


def make_queries(driver: Driver) -> PatientQueries:
    """Make the library's statements over our names."""
    return PatientQueries(
        driver,
        qbe=QueryBuilderEnvironment(NAMES),
        qbq=QueryQueueBuilder(NAMES),
        qbs=QuerySchedulerBuilder(NAMES),
    )


def make_manager(driver: Driver) -> QueueManager:
    """Make the loop that takes jobs and runs them."""
    return QueueManager(make_queries(driver), channel=NAMES.channel)
