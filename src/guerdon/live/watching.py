"""Watching: one reader for each process follows the events of the tenants that have sockets in it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog

from guerdon.live.frames import find_frame
from guerdon.live.mailbox import POLICY, Ending
from guerdon.live.sockets import Sockets
from guerdon.platform.db import TROUBLE, Database
from guerdon.platform.event_horizon import find_horizon, list_about
from guerdon.platform.events import READ_MAX, Position, StoredEvent

POLL_S: Final = 1.0
GAP_S: Final = 0.02
EVENTS_AT_ONCE: Final = 16  # less than a mailbox holds
FIRST: Final = Position(0, UUID(int=0))

_log = structlog.stdlib.get_logger("guerdon.live")


class Watcher:
    """Reads events from the table alone, so that it does not matter which process wrote them.

    A tenant costs one look for each wake-up and each `POLL_S`, however many sockets it has, and a process never more
    than one connection.
    """

    def __init__(self, database: Database, sockets: Sockets, serves: Callable[[str], Awaitable[bool]]) -> None:
        """Begin with no tenant; `keep_watching` does the work.

        The sockets of a tenant of which `serves` no longer holds are ended at the next look.
        """
        self._serves = serves
        self.sockets = sockets
        self._database = database
        self._positions: dict[str, Position] = {}
        self._woken: set[str] = set()
        self._is_woken = asyncio.Event()

    def wake(self, tenant_id: str | None) -> None:
        """Have a tenant looked at now; None means all of them."""
        if tenant_id is None:
            self._woken.update(self._positions)
        elif tenant_id in self._positions:
            self._woken.add(tenant_id)
        if self._woken:
            self._is_woken.set()

    async def join(self, tenant_id: str) -> None:
        """Make sure that the tenant is followed from now on, once a socket of it is counted and before it is accepted.

        Whatever commits after this returns reaches the socket.
        """
        if tenant_id not in self._positions:
            async with self._database.tenant(tenant_id) as tx:
                horizon = await find_horizon(tx)
            self._positions.setdefault(tenant_id, FIRST if horizon is None else horizon.position)

    async def keep_watching(self) -> None:
        """Follow events until cancelled; trouble with the database is waited out."""
        loop = asyncio.get_running_loop()
        while True:
            poll_at = loop.time() + POLL_S
            while loop.time() < poll_at:
                await self._wait_until(poll_at)
                await self._look_at_woken()
                await asyncio.sleep(GAP_S)
            self.wake(None)

    async def _wait_until(self, ends_at: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(ends_at):
                await self._is_woken.wait()

    async def _look_at_woken(self) -> None:
        tenants, self._woken = self._woken, set()
        self._is_woken.clear()
        for tenant_id in tenants:
            await self._try_look(tenant_id)

    async def _try_look(self, tenant_id: str) -> None:
        try:
            await self._look(tenant_id)
        except TROUBLE as trouble:
            _log.warning("events could not be read; sockets wait", tenant_id=tenant_id, reason=repr(trouble))

    async def _look(self, tenant_id: str) -> None:
        position = self._positions.get(tenant_id)
        if position is None:
            return
        if not self.sockets.list_passes(tenant_id):
            del self._positions[tenant_id]
            return
        if not await self._serves(tenant_id):
            self.sockets.end(tenant_id, Ending(POLICY, "the tenant is not served any longer"))
            return
        async with self._database.tenant(tenant_id) as tx:
            horizon = await find_horizon(tx)
            events: list[StoredEvent] = []
            if horizon is not None and horizon.position != position:
                # The passes are listed once the horizon is known: a socket that comes later wants nothing below it.
                passes = self.sockets.list_passes(tenant_id)
                events = await list_about(tx, passes, position, horizon.position, READ_MAX)
        await self._tell(tenant_id, events)
        if horizon is not None:
            is_cut = len(events) == READ_MAX
            self._positions[tenant_id] = events[-1].position if is_cut else horizon.position
            if is_cut or horizon.is_behind:
                self.wake(tenant_id)

    async def _tell(self, tenant_id: str, events: Sequence[StoredEvent]) -> None:
        for count, event in enumerate(events, 1):
            frame = find_frame(event)
            if frame is not None:
                self.sockets.deliver(tenant_id, event.subject_id, frame)
            if count % EVENTS_AT_ONCE == 0:
                # Sockets whose clients keep up send what waits for them now; else a burst would look like slowness.
                await asyncio.sleep(0)
