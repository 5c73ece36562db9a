"""The worker: does the jobs that the rooms defer, and defers those that recur."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from guerdon.platform import jobs_upkeep
from guerdon.platform.clock import utc_now
from guerdon.platform.db import TROUBLE, Database, open_database
from guerdon.platform.jobs import JOBS_TOPIC
from guerdon.platform.jobs_schedule import Schedule, arrange, defer_due
from guerdon.platform.jobs_worker import JobKind, Worker
from guerdon.platform.settings import Settings, SettingsInvalid
from guerdon.platform.wakeups import Wakeups
from guerdon.tenants.clocks import CLOCKS_TOPIC, TenantClocks

QUEUE_CONNECTIONS = 3
COMPANION_CONNECTIONS = 4
UPKEEP_S = 60

_log = structlog.stdlib.get_logger("guerdon.worker")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a companion gets; its connections are its own, so that jobs and it never wait for each other."""

    settings: Settings
    database: Database
    wakeups: Wakeups
    stop: asyncio.Event


# Work without an end that goes on beside the jobs, until `stop`; when it fails, the worker stops with its failure.
Companion = Callable[[Surroundings], Awaitable[None]]


async def run_worker(
    settings: Settings,
    stop: asyncio.Event,
    *,
    handlers: Mapping[str, JobKind],
    schedules: Sequence[Schedule] = (),
    companions: Sequence[Companion] = (),
    heartbeat_s: float = 30.0,
) -> None:
    """Do jobs until `stop` is set, then finish or give back what is running within `settings.stop_grace_s`.

    Several workers may run; a job of one that died is taken over after `heartbeat_s`. Raises SettingsInvalid.
    """
    if settings.database_url is None:
        raise SettingsInvalid("DATABASE_URL: the worker needs it; `guerdon up` brings its own database.")
    assert {schedule.kind for schedule in schedules} <= handlers.keys()
    url = settings.database_url.get_secret_value()
    async with contextlib.AsyncExitStack() as stack:
        database = await _opened(stack, url, settings.pool_size)
        queue = await _opened(stack, url, QUEUE_CONNECTIONS)
        wakeups = await stack.enter_async_context(Wakeups(url))
        database.announce_by(wakeups.announce)
        clocks = await _open_clocks(database, wakeups)
        rhythm = {"poll_s": settings.jobs_poll_s, "heartbeat_s": heartbeat_s}
        worker = Worker(database, queue, handlers, wakeups.announce, clock_of=clocks.of, **rhythm)
        wakeups.listen(JOBS_TOPIC, worker.wake)
        beside = await _opened(stack, url, COMPANION_CONNECTIONS)
        beside.announce_by(wakeups.announce)
        surroundings = Surroundings(settings, beside, wakeups, stop)
        accompanying = [asyncio.create_task(_accompany(companion, surroundings)) for companion in companions]
        ticking = _tick(queue, schedules, wakeups, settings.jobs_poll_s)
        endless = [asyncio.create_task(work) for work in (ticking, _keep_up(queue, handlers), clocks.keep_reading())]
        try:
            await worker.run(stop, settings.stop_grace_s)
            await asyncio.gather(*accompanying)
        finally:
            for task in (*accompanying, *endless):
                task.cancel()
            await asyncio.wait(endless)


async def _accompany(companion: Companion, surroundings: Surroundings) -> None:
    try:
        await companion(surroundings)
    except Exception:
        _log.exception("a companion of the worker failed")
        raise
    finally:
        surroundings.stop.set()


async def _opened(stack: contextlib.AsyncExitStack, url: str, connections: int) -> Database:
    database = await open_database(url, connections)
    stack.push_async_callback(database.close)
    return database


async def _open_clocks(database: Database, wakeups: Wakeups) -> TenantClocks:
    clocks = TenantClocks(database, utc_now)
    wakeups.listen(CLOCKS_TOPIC, clocks.wake)
    await clocks.read_all()
    return clocks


async def _tick(queue: Database, schedules: Sequence[Schedule], wakeups: Wakeups, poll_s: float) -> None:
    is_arranged = False
    while schedules:
        try:
            if not is_arranged:
                await arrange(queue, schedules, utc_now())
                is_arranged = True
            if await defer_due(queue, schedules, utc_now()):
                wakeups.announce(JOBS_TOPIC)
        except TROUBLE as trouble:
            _log.warning("what recurs could not be looked at", reason=repr(trouble))
        await asyncio.sleep(poll_s)


async def _keep_up(queue: Database, kinds: Iterable[str]) -> None:
    while True:
        try:
            await jobs_upkeep.drop_old_log(queue, utc_now() - timedelta(days=jobs_upkeep.LOG_KEPT_DAYS))
            await jobs_upkeep.hold_deadly(queue)
            await jobs_upkeep.count_queue(queue, kinds)
        except TROUBLE as trouble:
            _log.warning("the queue's upkeep failed", reason=repr(trouble))
        await asyncio.sleep(UPKEEP_S)
