"""When each key was last used: noted in memory, written at most once a minute per key and process."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta

import structlog

from guerdon.access import queries
from guerdon.access.model import KeyName
from guerdon.platform.db import TROUBLE, Database

WRITTEN_EVERY = timedelta(minutes=1)
FLUSHED_EVERY_S = 10.0
KEYS_NOTED_MAX = 10_000

_log = structlog.stdlib.get_logger("guerdon.access")


class KeyUses:
    """Collects uses on the requests' path and writes them away from it."""

    def __init__(self, database: Database) -> None:
        """Begin with nothing noted."""
        self._database = database
        self._written: dict[KeyName, datetime] = {}
        self._waiting: dict[KeyName, datetime] = {}

    def note(self, name: KeyName, now: datetime) -> None:
        """Remember a use; costs less than a microsecond and writes nothing."""
        written = self._written.get(name)
        if (written is None or now - written >= WRITTEN_EVERY) and (
            name in self._waiting or len(self._waiting) < KEYS_NOTED_MAX
        ):
            self._waiting[name] = now

    async def flush(self) -> int:
        """Write what was noted, one transaction a tenant, and tell how many keys that were."""
        waiting, self._waiting = self._waiting, {}
        by_tenant: defaultdict[str, list[KeyName]] = defaultdict(list)
        for name in sorted(waiting):
            by_tenant[name.tenant_id].append(name)
        for tenant_id, names in by_tenant.items():
            async with self._database.tenant(tenant_id) as tx:
                # Keys are sorted, so that two processes that write the same ones never wait crosswise.
                for name in names:
                    await queries.note_use(tx, name.key_id, waiting[name])
        self._remember(waiting)
        return len(waiting)

    async def keep_flushing(self) -> None:
        """Flush every ten seconds until cancelled, and a last time then."""
        try:
            while True:
                await asyncio.sleep(FLUSHED_EVERY_S)
                await self._flush_or_log()
        finally:
            await self._flush_or_log()

    async def _flush_or_log(self) -> None:
        try:
            await self.flush()
        except TROUBLE as trouble:
            # A use that is not written is told late or never; no request may suffer for it.
            _log.warning("uses of keys were not written", trouble=type(trouble).__name__)

    def _remember(self, written: dict[KeyName, datetime]) -> None:
        if len(self._written) + len(written) > KEYS_NOTED_MAX:
            self._written.clear()
        self._written.update(written)
