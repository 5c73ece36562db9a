"""Keeping the queue small and its size known."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from guerdon.platform import metrics
from guerdon.platform.db import Database

LOG_KEPT_DAYS = 7
LOG_ROWS_MAX = 10_000
DEATHS_MAX = 5
DEADLY = f"Its worker died {DEATHS_MAX} times while doing it."


async def drop_old_log(queue: Database, before: datetime) -> int:
    """Delete what the queue noted of jobs before this time, some rows at a time; tell how many went."""
    dropped = 0
    while True:
        async with queue.shared() as connection:
            status = await connection.execute(
                """
                DELETE FROM queue.pgqueuer_log
                 WHERE id IN (SELECT log.id
                                FROM queue.pgqueuer_log AS log
                               WHERE log.created < $1
                                 AND NOT EXISTS (SELECT FROM queue.pgqueuer AS job WHERE job.id = log.job_id)
                               ORDER BY log.created
                               LIMIT $2
                                 FOR UPDATE SKIP LOCKED)
                """,
                before,
                LOG_ROWS_MAX,
            )
        count = int(status.rpartition(" ")[2])
        dropped += count
        if count < LOG_ROWS_MAX:
            return dropped


async def hold_deadly(queue: Database) -> int:
    """Hold the jobs under which a worker has died too often; tell how many.

    A job that was taken and neither ended nor was put back took its worker with it.
    """
    async with queue.shared() as connection:
        status = await connection.execute(
            """
            WITH deadly AS (
                UPDATE queue.pgqueuer AS job
                   SET status = 'failed', queue_manager_id = NULL, updated = now()
                 WHERE job.status = 'picked'
                   AND (SELECT count(*) FILTER (WHERE log.status = 'picked')
                             - count(*) FILTER (WHERE log.status = 'queued')
                          FROM queue.pgqueuer_log AS log
                         WHERE log.job_id = job.id) > $1
                RETURNING id, entrypoint, priority
            )
            INSERT INTO queue.pgqueuer_log (job_id, status, entrypoint, priority, traceback)
            SELECT id, 'failed', entrypoint, priority, $2::jsonb FROM deadly
            """,
            DEATHS_MAX,
            msgspec.json.encode({"exception_message": DEADLY}).decode(),
        )
    return int(status.rpartition(" ")[2])


async def count_queue(queue: Database, kinds: Iterable[str]) -> None:
    """Measure how many jobs of these kinds, and of any other in the queue, there are of all tenants."""
    async with queue.shared() as connection:
        records = await connection.fetch(
            """
            SELECT entrypoint AS kind,
                   count(*) FILTER (WHERE status = 'queued') AS waiting,
                   count(*) FILTER (WHERE status = 'picked') AS running,
                   count(*) FILTER (WHERE status = 'failed') AS held
              FROM queue.pgqueuer
             GROUP BY entrypoint
            """
        )
    counts = dict.fromkeys(kinds, (0, 0, 0))
    counts |= {record["kind"]: (record["waiting"], record["running"], record["held"]) for record in records}
    for kind, (waiting, running, held) in counts.items():
        metrics.set_queue(kind, waiting=waiting, running=running, held=held)
