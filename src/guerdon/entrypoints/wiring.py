"""Which room's code answers which event, job and movement: the only place that knows every room."""

from collections.abc import Mapping, Sequence

from guerdon.campaigns.jobs import FORGET_CAMPAIGNS, RUN_CAMPAIGN, forget_campaigns, run_campaign
from guerdon.ledger.checkpoints import take_checkpoint
from guerdon.ledger.group_commit import Effect
from guerdon.ledger.model import AccountKind
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_schedule import Cron, Every, Schedule
from guerdon.platform.jobs_worker import JobContext, JobKind
from guerdon.platform.keys import MasterKey
from guerdon.platform.writes import forget_old_keys
from guerdon.privileges.movements import on_posted
from guerdon.privileges.purging import PRIVILEGES_MAX, purge_overdue

PURGE_PRIVILEGES, FORGET_KEYS, SEAL_LEDGER = "privileges.purge", "idempotency.forget", "ledger.seal"
KEYS_MAX = 5_000
# Few at once, so that other jobs find a connection; many attempts, since passes that others hold come free.
CAMPAIGNS = JobKind(run_campaign, attempts_max=1_000, backoff_s_max=60.0, at_once_max=4)

EFFECTS: Mapping[AccountKind, Effect] = {"privilege": on_posted}


async def _purge_privileges(job: Job, context: JobContext) -> None:
    removed = PRIVILEGES_MAX
    while removed == PRIVILEGES_MAX:
        async with context.database.tenant(job.tenant_id) as tx:
            removed = await purge_overdue(tx, context.now())


async def _forget_keys(job: Job, context: JobContext) -> None:
    forgotten = KEYS_MAX
    while forgotten == KEYS_MAX:
        async with context.database.tenant(job.tenant_id) as tx:
            forgotten = await forget_old_keys(tx, context.now(), KEYS_MAX)


def job_kinds(master_key: MasterKey) -> Mapping[str, JobKind]:
    """Give every kind of job with how it is done; `master_key` signs the ledger's checkpoints."""

    async def seal_ledger(job: Job, context: JobContext) -> None:
        async with context.database.tenant(job.tenant_id) as tx:
            await take_checkpoint(tx, master_key, context.now())

    return {
        PURGE_PRIVILEGES: JobKind(_purge_privileges),
        FORGET_KEYS: JobKind(_forget_keys),
        SEAL_LEDGER: JobKind(seal_ledger),
        RUN_CAMPAIGN: CAMPAIGNS,
        FORGET_CAMPAIGNS: JobKind(forget_campaigns),
    }


SCHEDULES: Sequence[Schedule] = (
    Schedule("purge-privileges", PURGE_PRIVILEGES, Every(60)),
    Schedule("forget-keys", FORGET_KEYS, Every(3600)),
    Schedule("seal-ledger", SEAL_LEDGER, Cron("5 0 * * *")),
    Schedule("forget-campaigns", FORGET_CAMPAIGNS, Cron("35 2 * * *")),
)
