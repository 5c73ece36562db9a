"""Jobs: work that is put off in the transaction that causes it, and what can be asked of it afterwards.

A job is done at least once: its handler must be safe to repeat. It is held, and never dropped, when its
last attempt has failed. Whoever defers should announce the topic `jobs` after the commit
(`platform/wakeups.py`), so that a worker looks at once instead of at its next poll.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from guerdon.platform.db import Tx

if TYPE_CHECKING:
    from guerdon.platform.db import Connection

JOBS_TOPIC = "jobs"
PAYLOAD_BYTES_MAX = 65_536
LISTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Job:
    """Work for one tenant; `kind` names the handler, `payload` is small and holds no secret."""

    kind: str
    tenant_id: str
    payload: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Deferral:
    """A job and when it is due (None: now), how urgent it is, and the key under which it waits once only."""

    job: Job
    due_at: datetime | None = None
    priority: int = 0
    dedupe_key: str | None = None


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job whose attempts are used up; it stays until it is retried or cancelled."""

    job_id: int
    kind: str
    payload: str
    attempts: int
    held_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class KindStats:
    """How many jobs of one kind there are now; `oldest_due_at` is of those that wait and are due."""

    kind: str
    waiting: int
    running: int
    held: int
    oldest_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long job has come; `cursor` tells the job itself where to go on."""

    done: int
    total: int | None
    cursor: str


class RetryLater(Exception):
    """A handler's way to ask for another attempt after `after_s`; it counts as an attempt."""

    def __init__(self, after_s: float, reason: str) -> None:
        super().__init__(reason)
        self.after_s = after_s


async def defer(
    tx: Tx,
    job: Job,
    *,
    due_at: datetime | None = None,
    priority: int = 0,
    dedupe_key: str | None = None,
) -> int:
    """Put a job off until `due_at` (None: now); it exists if and only if `tx` commits. Answers the job's id.

    Higher priorities go first. With a `dedupe_key`, a job of the same tenant, kind and key that has not
    begun is made to do: it gets the earlier time and the higher priority. It does not begin before `tx` ends,
    and one that has begun does not count, so the work always sees what `tx` wrote.
    """
    assert job.tenant_id == tx.tenant_id, job
    ids = await enqueue(tx.connection, [Deferral(job, due_at, priority, dedupe_key)])
    return ids[0]


async def defer_all(tx: Tx, deferrals: Sequence[Deferral]) -> None:
    """Put many jobs off in one statement; the promises are those of `defer`."""
    assert all(deferral.job.tenant_id == tx.tenant_id for deferral in deferrals)
    await enqueue(tx.connection, deferrals)


async def enqueue(connection: "Connection", deferrals: Sequence[Deferral]) -> list[int]:
    """Write jobs of any tenants on a connection of the caller's; for schedules. Rooms use `defer`."""
    rows = _merged(deferrals)
    records = await connection.fetch(
        """
        INSERT INTO queue.pgqueuer AS job
               (entrypoint, payload, headers, priority, execute_after, dedupe_key, status)
        SELECT given.kind, given.payload, given.headers, given.priority,
               coalesce(given.due_at, now()), given.dedupe_key, 'queued'
          FROM unnest($1::text[], $2::bytea[], $3::jsonb[], $4::integer[], $5::timestamptz[], $6::text[])
               AS given (kind, payload, headers, priority, due_at, dedupe_key)
            ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL
            DO UPDATE SET priority = greatest(job.priority, excluded.priority),
                          execute_after = least(job.execute_after, excluded.execute_after)
        RETURNING id
        """,
        [row.job.kind for row in rows],
        [_payload_bytes(row.job) for row in rows],
        [_headers(row) for row in rows],
        [row.priority for row in rows],
        [row.due_at for row in rows],
        [row.dedupe_key for row in rows],
    )
    return [record["id"] for record in records]


async def cancel(tx: Tx, job_id: int) -> bool:
    """Take a job of the tenant out, whether it waits, runs or is held; tell whether there was one.

    One that runs is interrupted at its next wait, within the worker's poll time, and what it has not
    committed is rolled back.
    """
    deleted = await tx.execute(
        "DELETE FROM queue.pgqueuer WHERE headers ->> 'tenant' = $1 AND id = $2", tx.tenant_id, job_id
    )
    return deleted == 1


async def retry(tx: Tx, job_id: int) -> bool:
    """Give a held job of the tenant all its attempts again, from now; tell whether there was one."""
    changed = await tx.execute(
        """
        WITH forgotten AS (DELETE FROM queue.pgqueuer_log
                            WHERE job_id = (SELECT id
                                              FROM queue.pgqueuer
                                             WHERE headers ->> 'tenant' = $1 AND id = $2 AND status = 'failed'))
        UPDATE queue.pgqueuer
           SET status = 'queued', attempts = 0, execute_after = now(), updated = now()
         WHERE headers ->> 'tenant' = $1 AND id = $2 AND status = 'failed'
        """,
        tx.tenant_id,
        job_id,
    )
    return changed == 1


async def stats(tx: Tx) -> list[KindStats]:
    """Count the tenant's jobs by kind."""
    return await tx.all(
        KindStats,
        """
        SELECT entrypoint AS kind,
               count(*) FILTER (WHERE status = 'queued') AS waiting,
               count(*) FILTER (WHERE status = 'picked') AS running,
               count(*) FILTER (WHERE status = 'failed') AS held,
               min(execute_after) FILTER (WHERE status = 'queued' AND execute_after <= now()) AS oldest_due_at
          FROM queue.pgqueuer
         WHERE headers ->> 'tenant' = $1
         GROUP BY entrypoint
         ORDER BY entrypoint
        """,
        tx.tenant_id,
    )


async def list_held(tx: Tx, limit: int) -> list[HeldJob]:
    """List the tenant's held jobs, the latest first, with the last error's text, its secrets cut out."""
    assert 1 <= limit <= LISTED_MAX, limit
    return await tx.all(
        HeldJob,
        """
        SELECT job.id AS job_id, job.entrypoint AS kind, convert_from(job.payload, 'UTF8') AS payload,
               job.attempts + 1 AS attempts, job.updated AS held_at,
               (SELECT log.traceback ->> 'exception_message'
                  FROM queue.pgqueuer_log AS log
                 WHERE log.job_id = job.id AND log.status = 'failed'
                 ORDER BY log.created DESC
                 LIMIT 1) AS reason
          FROM queue.pgqueuer AS job
         WHERE job.headers ->> 'tenant' = $1 AND job.status = 'failed'
         ORDER BY job.updated DESC, job.id DESC
         LIMIT $2
        """,
        tx.tenant_id,
        limit,
    )


async def keep_progress(tx: Tx, job_id: int, progress: Progress, now: datetime) -> None:
    """Write how far a job has come; in the transaction of the work it counts, no crash makes it untrue."""
    await tx.execute(
        """
        INSERT INTO job_progress (tenant_id, job_id, done, total, cursor, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (tenant_id, job_id)
            DO UPDATE SET done = excluded.done, total = excluded.total, cursor = excluded.cursor,
                          updated_at = excluded.updated_at
        """,
        tx.tenant_id,
        job_id,
        progress.done,
        progress.total,
        progress.cursor,
        now,
    )


async def find_progress(tx: Tx, job_id: int) -> Progress | None:
    """Read how far a job has come; None before it has said so."""
    return await tx.maybe(
        Progress,
        "SELECT done, total, cursor FROM job_progress WHERE tenant_id = $1 AND job_id = $2",
        tx.tenant_id,
        job_id,
    )


def _merged(deferrals: Sequence[Deferral]) -> list[Deferral]:
    # One statement cannot touch a row twice, so equal keys are made one here. Rows are locked in the order
    # of their keys, lest two transactions with the same keys wait for each other.
    keyed: dict[str, Deferral] = {}
    free: list[Deferral] = []
    for deferral in deferrals:
        job = deferral.job
        if deferral.dedupe_key is None:
            free.append(deferral)
            continue
        key = f"{job.tenant_id}/{job.kind}/{deferral.dedupe_key}"
        other = keyed.get(key, deferral)
        keyed[key] = Deferral(
            other.job,
            _earlier(deferral.due_at, other.due_at),
            max(deferral.priority, other.priority),
            key,
        )
    return free + [keyed[key] for key in sorted(keyed)]


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else min(one, other)


def _payload_bytes(job: Job) -> bytes:
    payload = msgspec.json.encode(dict(job.payload))
    assert len(payload) <= PAYLOAD_BYTES_MAX, job.kind
    return payload


def _headers(deferral: Deferral) -> str:
    deduped = "no" if deferral.dedupe_key is None else "yes"
    return msgspec.json.encode({"tenant": deferral.job.tenant_id, "deduped": deduped}).decode()
