"""All rooms of one API process, opened in order and closed in reverse."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guerdon.access.authentication import Authenticator
from guerdon.access.guard import Guard
from guerdon.access.issuers import read_issuers
from guerdon.access.limits import RateLimits
from guerdon.delivery.apple.issuing import PassIssuer
from guerdon.entrypoints.wiring import on_posted
from guerdon.ledger.group_commit import Poster
from guerdon.live.sockets import SocketLimits, Sockets
from guerdon.live.watching import Watcher
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.clock import TenantClock, utc_now
from guerdon.platform.cores import SharedCore
from guerdon.platform.db import Database, open_database
from guerdon.platform.events import EVENTS_TOPIC
from guerdon.platform.keys import MasterKey, configured_master_key
from guerdon.platform.settings import Settings, SettingsInvalid
from guerdon.platform.wakeups import Wakeups
from guerdon.privileges.reading import PrivilegeLists
from guerdon.tenants.clocks import CLOCKS_TOPIC, TenantClocks
from guerdon.webhooks.streaming import EventStreams

ACCESS_TOPIC = "access"


@dataclass(frozen=True, slots=True)
class House:
    """What the routes of one process are made of."""

    settings: Settings
    database: Database
    master_key: MasterKey
    wakeups: Wakeups
    authenticator: Authenticator
    guard: Guard
    pass_types: PassTypes
    poster: Poster
    lists: PrivilegeLists
    issuer: PassIssuer
    streams: EventStreams
    watcher: Watcher
    clock: TenantClocks
    real_clock: Callable[[], datetime]

    def announce_access(self) -> None:
        """Have every process look at keys and tenants again; this one at once."""
        self.authenticator.forget_all()
        self.wakeups.announce(ACCESS_TOPIC)


@asynccontextmanager
async def open_house(
    settings: Settings, real_clock: Callable[[], datetime] = utc_now, core: SharedCore | None = None
) -> AsyncGenerator[House]:
    """Open everything that a process needs, and at the end let what is under way finish.

    Gathered postings have connections of their own, which share `core` with this thread.
    Raises SettingsInvalid, MasterKeyInvalid, IssuersInvalid, OSError when the database cannot be reached.
    """
    if settings.database_url is None:
        raise SettingsInvalid("DATABASE_URL: this process needs it; `guerdon up` brings its own database.")
    url = settings.database_url.get_secret_value()
    master_key = configured_master_key(settings)
    async with contextlib.AsyncExitStack() as stack:
        database = await open_database(url, settings.pool_size)
        stack.push_async_callback(database.close)
        batches = database
        if settings.group_commit:
            batches = await open_database(url, settings.group_commit_in_flight, core=core)
            stack.push_async_callback(batches.close)
        wakeups = await stack.enter_async_context(Wakeups(url))
        for one in (database, batches):
            one.announce_by(wakeups.announce)
        house = furnish(settings, database, batches, wakeups, master_key, real_clock)
        wakeups.listen(CLOCKS_TOPIC, house.clock.wake)
        # Before the first request, lest the time of a tenant go back to the world's.
        await house.clock.read_all()
        wakeups.listen(ACCESS_TOPIC, house.authenticator.forget_all)
        house.streams.listen(wakeups)
        wakeups.listen_to_family(EVENTS_TOPIC, house.watcher.wake)
        await stack.enter_async_context(_running(house.authenticator.uses.keep_flushing))
        await stack.enter_async_context(_running(house.watcher.keep_watching))
        await stack.enter_async_context(_running(house.clock.keep_reading))
        stack.push_async_callback(house.poster.drain)
        stack.callback(house.issuer.close)
        yield house


def furnish(
    settings: Settings,
    database: Database,
    batches: Database,
    wakeups: Wakeups,
    master_key: MasterKey,
    real_clock: Callable[[], datetime],
) -> House:
    """Make what the routes are made of; nothing is connected or started yet. Raises IssuersInvalid."""
    clock = TenantClocks(database, real_clock)
    authenticator = Authenticator(database, master_key, read_issuers(settings.jwt_issuers_file), settings, real_clock)
    limits = RateLimits(
        requests_per_minute=settings.requests_per_minute,
        anonymous_requests_per_minute=settings.anonymous_requests_per_minute,
    )
    pass_types = PassTypes()
    return House(
        settings,
        database,
        master_key,
        wakeups,
        authenticator,
        Guard(authenticator, limits, clock),
        pass_types,
        _poster(settings, database, batches, clock),
        PrivilegeLists(database, clock, queue_max=settings.queue_max),
        PassIssuer(database, master_key, pass_types, clock, real_clock, settings.public_url),
        EventStreams(database),
        Watcher(database, Sockets(_socket_limits(settings)), authenticator.serves),
        clock,
        real_clock,
    )


def _poster(settings: Settings, database: Database, batches: Database, clock: TenantClock) -> Poster:
    # Group commit off is the same code with one command a transaction and as many of them as there are connections.
    in_flight = settings.group_commit_in_flight if settings.group_commit else settings.pool_size
    commands_max = settings.group_commit_commands_max if settings.group_commit else 1
    return Poster(
        database,
        on_posted,
        clock,
        commands_max=commands_max,
        in_flight=in_flight,
        queue_max=settings.queue_max,
        linger_ms=settings.group_commit_linger_ms,
        batches=batches,
    )


def _socket_limits(settings: Settings) -> SocketLimits:
    return SocketLimits(
        settings.live_sockets_max, settings.live_sockets_per_tenant_max, settings.live_sockets_per_pass_max
    )


@asynccontextmanager
async def _running(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncGenerator[None]:
    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
