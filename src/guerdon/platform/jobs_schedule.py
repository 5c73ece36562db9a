"""What recurs: when it is next due, and a job of it for every tenant, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from croniter import croniter  # pyright: ignore[reportUnknownVariableType]  # it carries no types

from guerdon.platform.db import Database
from guerdon.platform.jobs import Deferral, Job, enqueue

TENANTS_PAGE = 1_000
SCHEDULED_PRIORITY = -10


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again after so many seconds, and at once the first time."""

    seconds: int

    def next_after(self, now: datetime) -> datetime:
        """Tell when it is due again, when it was due now."""
        return now + timedelta(seconds=self.seconds)

    def first_after(self, now: datetime) -> datetime:
        """Tell when it is due for the first time."""
        return now


@dataclass(frozen=True, slots=True)
class Cron:
    """At the minutes that a cron expression names, in UTC: minute, hour, day, month, weekday."""

    expression: str

    def __post_init__(self) -> None:
        if not croniter.is_valid(self.expression):
            raise ValueError(f"{self.expression!r} is not a cron expression.")

    def next_after(self, now: datetime) -> datetime:
        """Tell when it is due again, when it was due now."""
        return croniter(self.expression, now.astimezone(UTC)).get_next(datetime)

    def first_after(self, now: datetime) -> datetime:
        """Tell when it is due for the first time."""
        return self.next_after(now)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job of `kind` for every tenant that is not disabled, in a rhythm; `name` is the same for ever.

    A turn that comes while a tenant's last one still waits adds nothing, and turns missed while no worker
    ran are made up for by one.
    """

    name: str
    kind: str
    rhythm: Every | Cron
    payload: Mapping[str, str] = field(default_factory=dict[str, str])


async def arrange(queue: Database, schedules: Sequence[Schedule], now: datetime) -> None:
    """Note when each schedule is first due; those noted before keep their time unless the rhythm changed."""
    async with queue.shared() as connection:
        await connection.execute(
            """
            INSERT INTO queue.schedule AS schedule (name, rhythm, next_at)
            SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
                ON CONFLICT (name)
                DO UPDATE SET rhythm = excluded.rhythm, next_at = excluded.next_at
             WHERE schedule.rhythm <> excluded.rhythm
            """,
            [schedule.name for schedule in schedules],
            [repr(schedule.rhythm) for schedule in schedules],
            [schedule.rhythm.first_after(now) for schedule in schedules],
        )


async def defer_due(queue: Database, schedules: Sequence[Schedule], now: datetime) -> int:
    """Defer the jobs of every schedule that is due, once however many workers ask; tell how many jobs."""
    if not await _is_any_due(queue, schedules, now):
        return 0
    tenant_ids = await list_tenants(queue)
    deferred = 0
    async with queue.shared() as connection, connection.transaction():
        records = await connection.fetch(
            """
            UPDATE queue.schedule AS schedule
               SET next_at = given.next_at
              FROM unnest($1::text[], $2::timestamptz[]) AS given (name, next_at)
             WHERE schedule.name = given.name AND schedule.next_at <= $3
            RETURNING schedule.name
            """,
            [schedule.name for schedule in schedules],
            [schedule.rhythm.next_after(now) for schedule in schedules],
            now,
        )
        won = {record["name"] for record in records}
        for schedule in schedules:
            if schedule.name not in won:
                continue
            for start in range(0, len(tenant_ids), TENANTS_PAGE):
                page = tenant_ids[start : start + TENANTS_PAGE]
                deferred += len(await enqueue(connection, [_turn(schedule, tenant_id) for tenant_id in page]))
    return deferred


async def list_tenants(queue: Database) -> list[str]:
    """List the tenants that are not disabled, all of them, in order.

    The only question of the platform that crosses tenants; it is asked in the role `guerdon_worker`, which
    may read these two columns and nothing else.
    """
    listed: list[str] = []
    async with queue.shared() as connection, connection.transaction(readonly=True):
        await connection.execute("SET LOCAL ROLE guerdon_worker")
        while True:
            records = await connection.fetch(
                """
                SELECT tenant_id
                  FROM tenant
                 WHERE status <> 'disabled' AND tenant_id > $1
                 ORDER BY tenant_id
                 LIMIT $2
                """,
                listed[-1] if listed else "",
                TENANTS_PAGE,
            )
            listed += [record["tenant_id"] for record in records]
            if len(records) < TENANTS_PAGE:
                return listed


async def _is_any_due(queue: Database, schedules: Sequence[Schedule], now: datetime) -> bool:
    async with queue.shared() as connection:
        found = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM queue.schedule WHERE name = ANY($1) AND next_at <= $2)",
            [schedule.name for schedule in schedules],
            now,
        )
    return found is True


def _turn(schedule: Schedule, tenant_id: str) -> Deferral:
    job = Job(schedule.kind, tenant_id, schedule.payload)
    return Deferral(job, priority=SCHEDULED_PRIORITY, dedupe_key=f"schedule {schedule.name}")
