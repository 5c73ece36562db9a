"""Which room's code answers which event, job and movement: the only place that knows every room."""

from collections.abc import Mapping, Sequence

from guerdon.ledger.group_commit import Effect
from guerdon.ledger.model import AccountKind
from guerdon.platform.clock import utc_now
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_schedule import Every, Schedule
from guerdon.platform.jobs_worker import JobContext, JobKind
from guerdon.platform.writes import forget_old_keys
from guerdon.privileges.movements import on_posted
from guerdon.privileges.purging import PRIVILEGES_MAX, purge_overdue

PURGE_PRIVILEGES, FORGET_KEYS = "privileges.purge", "idempotency.forget"
KEYS_MAX = 5_000

EFFECTS: Mapping[AccountKind, Effect] = {"privilege": on_posted}


async def _purge_privileges(job: Job, context: JobContext) -> None:
    removed = PRIVILEGES_MAX
    while removed == PRIVILEGES_MAX:
        async with context.database.tenant(job.tenant_id) as tx:
            removed = await purge_overdue(tx, utc_now())


async def _forget_keys(job: Job, context: JobContext) -> None:
    forgotten = KEYS_MAX
    while forgotten == KEYS_MAX:
        async with context.database.tenant(job.tenant_id) as tx:
            forgotten = await forget_old_keys(tx, utc_now(), KEYS_MAX)


JOBS: Mapping[str, JobKind] = {
    PURGE_PRIVILEGES: JobKind(_purge_privileges),
    FORGET_KEYS: JobKind(_forget_keys),
}
SCHEDULES: Sequence[Schedule] = (
    Schedule("purge-privileges", PURGE_PRIVILEGES, Every(60)),
    Schedule("forget-keys", FORGET_KEYS, Every(3600)),
)
