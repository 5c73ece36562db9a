"""HTTP for the clock of a tenant under test: read it, freeze it, advance it, stop an advance (docs/testing.md)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import CORE_READ
from guerdon.configuration.clock_schemas import ClockAdvance, ClockFreeze, ClockOut
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, WriteOptions, write_once
from guerdon.tenants.administration import get_tenant
from guerdon.tenants.clock_model import Clock
from guerdon.tenants.clocks import TenantClocks
from guerdon.tenants.freezing import advance_clock, find_clock, freeze_clock, stop_clock

TenantId = Annotated[str, Path(alias="tenantId")]


@dataclass(frozen=True, slots=True)
class ClockRoutes:
    """The time of a tenant; all but reading it needs a sandbox."""

    database: Database
    clocks: TenantClocks
    real_clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/config/clock", "Configuration")
        made.add_api_route("", self.read, openapi_extra=asks(CORE_READ), response_model=ClockOut)
        for path, change, status in (
            ("/freeze", self.freeze, 201),
            ("/advance", self.advance, 202),
            ("/stop", self.stop, 200),
        ):
            made.add_api_route(
                path,
                change,
                methods=["POST"],
                openapi_extra=asks("Config.Write"),
                response_model=ClockOut,
                status_code=status,
            )
        return made

    async def read(self, tenant_id: TenantId) -> Response:
        """Tell the tenant's time, whether it stands, and how far an advance has come."""
        async with self.database.tenant(tenant_id) as tx:
            tenant, clock = await get_tenant(tx), await find_clock(tx)
        return Response(self._shown(clock, is_sandbox=tenant.is_sandbox), media_type="application/json")

    async def freeze(self, tenant_id: TenantId, body: ClockFreeze, caller: CallerDep, write: Write) -> Response:
        """Let the tenant's time stand from now on, for good; with `at`, advance it to there."""

        async def work(tx: Tx) -> Clock:
            return await freeze_clock(tx, body.at, caller.actor, self.real_clock())

        return await self._change(tenant_id, write, 201, work)

    async def advance(self, tenant_id: TenantId, body: ClockAdvance, caller: CallerDep, write: Write) -> Response:
        """Begin to advance the clock; `advance.state` is done once all that fell due on the way is posted."""

        async def work(tx: Tx) -> Clock:
            return await advance_clock(tx, body.to, caller.actor)

        return await self._change(tenant_id, write, 202, work)

    async def stop(self, tenant_id: TenantId, caller: CallerDep, write: Write) -> Response:
        """Stop an advance where it is; what it has posted stays, and the clock stands there."""

        async def work(tx: Tx) -> Clock:
            return await stop_clock(tx, caller.actor)

        return await self._change(tenant_id, write, 200, work)

    async def _change(
        self, tenant_id: str, write: WriteOptions, status: int, change: Callable[[Tx], Awaitable[Clock]]
    ) -> Response:
        async def work(tx: Tx) -> Answer:
            return Answer(status, self._shown(await change(tx), is_sandbox=True))

        # The key is kept by the world's time: an advance must not make its own repeat a stranger.
        answer = await write_once(self.database, tenant_id, write, self.real_clock(), work)
        await self.clocks.look(tenant_id)
        return respond(answer)

    def _shown(self, clock: Clock | None, *, is_sandbox: bool) -> bytes:
        return ClockOut.of(clock, self.real_clock(), is_sandbox=is_sandbox).text()
