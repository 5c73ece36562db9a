"""What time it is for each tenant, in one process: the world's time, but for the few tenants whose clock stands.

Which tenants those are, a process remembers: it reads all clocks when it starts, when it is told that one began to
stand, and every five seconds. Where such a clock stands it reads anew for each request and each job, so that two
processes never differ. All other tenants pay one look into a dictionary.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

import structlog

from guerdon.platform.db import TROUBLE, Database, Tx
from guerdon.tenants import clock_queries

CLOCKS_TOPIC = "clocks"
POLL_S = 5.0

_log = structlog.stdlib.get_logger("guerdon.clocks")


class TenantClocks:
    """Tells the time of every tenant; called with a tenant's id."""

    def __init__(self, database: Database, real_clock: Callable[[], datetime]) -> None:
        """Begin with no clock that stands; `read_all` comes before the first question."""
        self._database = database
        self._real_clock = real_clock
        self._standing: dict[str, datetime] = {}
        self._woken = asyncio.Event()

    def __call__(self, tenant_id: str) -> datetime:
        """Tell the time of a tenant."""
        standing = self._standing.get(tenant_id)
        return self._real_clock() if standing is None else standing

    def stands(self, tenant_id: str) -> bool:
        """Tell whether a tenant has a clock that stands, so that it has to be followed."""
        return tenant_id in self._standing

    async def follow(self, tenant_id: str) -> None:
        """Read anew where a clock stands, if it is known to stand."""
        if tenant_id in self._standing:
            await self.look(tenant_id)

    async def look(self, tenant_id: str) -> None:
        """Read whether and where the clock of a tenant stands."""
        async with self._database.tenant(tenant_id) as tx:
            now_at = await clock_queries.find_now(tx)
        if now_at is not None:
            self._keep(tenant_id, now_at)

    async def of(self, tenant_id: str) -> Callable[[], datetime]:
        """Give the clock of one tenant, read anew."""
        await self.follow(tenant_id)
        return partial(self, tenant_id)

    async def read_all(self) -> None:
        """Read which clocks stand, and where."""
        for tenant_id, now_at in (await clock_queries.list_clocks(self._database)).items():
            self._keep(tenant_id, now_at)

    def wake(self) -> None:
        """Read all clocks now."""
        self._woken.set()

    async def keep_reading(self) -> None:
        """Read all clocks when woken, and now and then, without an end."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self.read_all()
            except TROUBLE as trouble:
                _log.warning("the clocks of tenants could not be read", reason=repr(trouble))

    def _keep(self, tenant_id: str, now_at: datetime) -> None:
        # Two readings may end in another order than they began, and no clock goes back or is released.
        self._standing[tenant_id] = max(now_at, self._standing.get(tenant_id, now_at))


async def find_time(tx: Tx, real_now: datetime) -> datetime:
    """Tell the time of the transaction's tenant, for whoever asks once and remembers nothing."""
    return await clock_queries.find_now(tx) or real_now
