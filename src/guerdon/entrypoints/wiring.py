"""Which room's code answers which event, job and movement: the only place that knows every room."""

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from guerdon.campaigns.jobs import FORGET_CAMPAIGNS, RUN_CAMPAIGN, forget_campaigns, run_campaign
from guerdon.coupons.expiring import COUPONS_MAX, first_expiry_after, tell_expired
from guerdon.entrypoints.worker import Companion, Surroundings
from guerdon.imports.jobs import FORGET_IMPORTS, RUN_IMPORT, forget_imports, run_import
from guerdon.ledger.checkpoints import take_checkpoint
from guerdon.ledger.due import first_due_after
from guerdon.ledger.model import Posted
from guerdon.passes.binding_queries import list_bound
from guerdon.passes.deleting import ERASED_MAX, ERASER, first_erasable_after, list_erasable, void_pass
from guerdon.passes.erasing import erase_at_once, lock_for_erasing
from guerdon.passes.sources import forget_old_sources
from guerdon.passes.updating import announce_bound, touch_passes
from guerdon.platform.clock import utc_now
from guerdon.platform.db import Tx
from guerdon.platform.jobs import Job
from guerdon.platform.jobs_schedule import Cron, Every, Schedule
from guerdon.platform.jobs_worker import JobContext, JobHandler, JobKind
from guerdon.platform.keys import MasterKey
from guerdon.platform.writes import Overtaken, forget_old_keys
from guerdon.points.expiring import expire_due
from guerdon.points.inactivity import end_inactive, first_inactive_after
from guerdon.points.recording import actors_of
from guerdon.points.recording import on_posted as on_points_posted
from guerdon.points.returning import RollbackHook
from guerdon.privileges.movements import on_posted as on_movements_posted
from guerdon.privileges.purging import (
    PRIVILEGES_MAX,
    first_overdue_after,
    have_privileges,
    purge_overdue,
    remove_of_passes,
)
from guerdon.rewards.claiming import roll_back_claim
from guerdon.tenants.advancing import DueWork, work_advance
from guerdon.tenants.freezing import ADVANCE_CLOCK
from guerdon.webhooks.addresses import AddressRules, read_networks
from guerdon.webhooks.attempts import FORGOTTEN_MAX, forget_old_attempts
from guerdon.webhooks.dispatching import Dispatcher
from guerdon.webhooks.sending import Sender

PURGE_PRIVILEGES, FORGET_KEYS, SEAL_LEDGER = "privileges.purge", "idempotency.forget", "ledger.seal"
FORGET_SOURCES, ERASE_PASSES = "sources.forget", "passes.erase"
ROWS_MAX = 5_000
# Few at once, so that other jobs find a connection; many attempts, since passes that others hold come free.
CAMPAIGNS = JobKind(run_campaign, attempts_max=1_000, backoff_s_max=60.0, at_once_max=4)
IMPORTS_AT_ONCE_MAX = 2
FORGET_ATTEMPTS = "webhooks.forget-attempts"
EXPIRE_POINTS, EXPIRE_COUPONS = "points.expire", "coupons.expire"

# What rooms above points do in the transaction that rolls an operation back.
ROLLBACK_HOOKS: Sequence[RollbackHook] = (roll_back_claim,)


async def on_posted(tx: Tx, posted: Sequence[Posted], now: datetime) -> None:
    """Do what follows when the ledger has posted: rooms keep and tell it, passes that show it get a new revision.

    It runs inside the transaction that posts: value, revision and intent to push commit together or not at all. All
    passes are touched by one statement, in id order, so that no two batches wait for each other's in a ring.
    """
    moved = [one for one in posted if one.account.kind == "privilege"]
    on_wallets = [one for one in posted if one.account.kind == "wallet"]
    actors = actors_of(on_wallets)
    bound = await list_bound(tx, actors) if actors else []
    await touch_passes(tx, [*(one.subject_id for one in moved), *(one.pass_id for one in bound)], now)
    if moved:
        await on_movements_posted(tx, moved, now)
    if on_wallets:
        await on_points_posted(tx, on_wallets, now)
        await announce_bound(tx, bound, actors, now)


def _sweep(step: Callable[[Tx, datetime], Awaitable[int]], step_max: int, *, by_real_time: bool = False) -> JobHandler:
    """Do a job in steps of one transaction each, until one finds less than it could have done.

    For how long records of work are kept, a tenant's clock does not say: these go by real time.
    """

    async def sweep(job: Job, context: JobContext) -> None:
        clock, done = context.real_now if by_real_time else context.now, step_max
        while done == step_max:
            async with context.database.tenant(job.tenant_id) as tx:
                done = await step(tx, clock())

    return sweep


async def _expire_points(job: Job, context: JobContext) -> None:
    """Post what is due until nothing is; each step leaves less to do, so that it comes to an end.

    Ends that batches have of themselves come first: nobody is inactive while they are behind.
    """
    for step in (expire_due, end_inactive):
        done = 1
        while done:
            async with context.database.tenant(job.tenant_id) as tx:
                done = await step(tx, context.now())


async def delete_pass(tx: Tx, pass_id: str, actor: str, now: datetime) -> None:
    """Delete a pass: its privileges go at once, and it stays voided for a day. Raises PassNotFound, Overtaken."""
    await remove_of_passes(tx, [pass_id], actor, now)
    await void_pass(tx, pass_id, actor, now)
    # One that came before the pass was held. Its account would have to be locked before the pass, so all is done again.
    if await have_privileges(tx, [pass_id]):
        raise Overtaken


async def _erase_passes(tx: Tx, now: datetime) -> int:
    pass_ids = await list_erasable(tx, now)
    # In releases before this one, a privilege could come while its pass was being voided.
    await remove_of_passes(tx, pass_ids, ERASER, now)
    await lock_for_erasing(tx, pass_ids)
    await erase_at_once(tx, pass_ids, ERASER, now)
    return len(pass_ids)


async def _forget_keys(tx: Tx, now: datetime) -> int:
    return await forget_old_keys(tx, now, ROWS_MAX)


async def _forget_sources(tx: Tx, now: datetime) -> int:
    return await forget_old_sources(tx, now, ROWS_MAX)


# All that happens because a time has come; what is only read by the time (windows, states, reports) needs no work.
DUE_WORKS: Sequence[DueWork] = (
    DueWork(expire_due, first_due_after),
    DueWork(end_inactive, first_inactive_after),
    DueWork(tell_expired, first_expiry_after),
    DueWork(purge_overdue, first_overdue_after),
    DueWork(_erase_passes, first_erasable_after),
)


def companions(master_key: MasterKey) -> Sequence[Companion]:
    """Give what a worker does beside its jobs: tell webhooks of events."""

    async def dispatch_webhooks(around: Surroundings) -> None:
        rules = AddressRules(read_networks(around.settings.webhook_allowed_networks))
        async with Sender(rules) as sender:
            dispatcher = Dispatcher(around.database, sender, master_key, utc_now)
            dispatcher.listen(around.wakeups)
            await dispatcher.run(around.stop, around.settings.stop_grace_s)

    return [dispatch_webhooks]


def job_kinds(master_key: MasterKey) -> Mapping[str, JobKind]:
    """Give every kind of job with how it is done; `master_key` signs checkpoints and seals what imports bring."""

    async def seal_ledger(job: Job, context: JobContext) -> None:
        async with context.database.tenant(job.tenant_id) as tx:
            await take_checkpoint(tx, master_key, context.now())

    return {
        PURGE_PRIVILEGES: JobKind(_sweep(purge_overdue, PRIVILEGES_MAX)),
        ADVANCE_CLOCK: JobKind(
            functools.partial(work_advance, DUE_WORKS), attempts_max=1_000, backoff_s_max=60.0, at_once_max=4
        ),
        EXPIRE_POINTS: JobKind(_expire_points, attempts_max=100, backoff_s_max=60.0),
        EXPIRE_COUPONS: JobKind(_sweep(tell_expired, COUPONS_MAX)),
        FORGET_KEYS: JobKind(_sweep(_forget_keys, ROWS_MAX, by_real_time=True)),
        FORGET_SOURCES: JobKind(_sweep(_forget_sources, ROWS_MAX, by_real_time=True)),
        ERASE_PASSES: JobKind(_sweep(_erase_passes, ERASED_MAX)),
        SEAL_LEDGER: JobKind(seal_ledger),
        RUN_CAMPAIGN: CAMPAIGNS,
        FORGET_CAMPAIGNS: JobKind(forget_campaigns),
        RUN_IMPORT: JobKind(
            functools.partial(run_import, master_key),
            attempts_max=1_000,
            backoff_s_max=60.0,
            at_once_max=IMPORTS_AT_ONCE_MAX,
        ),
        FORGET_IMPORTS: JobKind(forget_imports),
        FORGET_ATTEMPTS: JobKind(_sweep(forget_old_attempts, FORGOTTEN_MAX, by_real_time=True)),
    }


SCHEDULES: Sequence[Schedule] = (
    Schedule("purge-privileges", PURGE_PRIVILEGES, Every(60)),
    Schedule("expire-points", EXPIRE_POINTS, Every(60)),
    Schedule("expire-coupons", EXPIRE_COUPONS, Every(60)),
    Schedule("forget-keys", FORGET_KEYS, Every(3600)),
    Schedule("forget-sources", FORGET_SOURCES, Every(3600)),
    Schedule("forget-webhook-attempts", FORGET_ATTEMPTS, Every(3600)),
    Schedule("erase-passes", ERASE_PASSES, Every(600)),
    Schedule("seal-ledger", SEAL_LEDGER, Cron("5 0 * * *")),
    Schedule("forget-campaigns", FORGET_CAMPAIGNS, Cron("35 2 * * *")),
    Schedule("forget-imports", FORGET_IMPORTS, Cron("45 2 * * *")),
)
