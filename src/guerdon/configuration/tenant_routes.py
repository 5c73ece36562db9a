"""HTTP for the core of a tenant (research/wallet-crew.md 2.4): what it is called and which languages it speaks."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import CORE_READ
from guerdon.configuration.schemas import TenantChange, TenantOut
from guerdon.passes.pass_type import PassTypeInvalid
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once
from guerdon.tenants.administration import get_tenant
from guerdon.tenants.core import CoreChange, change_core
from guerdon.tenants.model import Tenant

TenantId = Annotated[str, Path(alias="tenantId")]


@dataclass(frozen=True, slots=True)
class TenantRoutes:
    """Reading and changing a tenant's own core."""

    database: Database
    pass_types: PassTypes
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/config", "Configuration")
        made.add_api_route("/tenant", self.read, openapi_extra=asks(CORE_READ), response_model=TenantOut)
        made.add_api_route(
            "/tenant", self.change, methods=["PATCH"], openapi_extra=asks("Config.Write"), response_model=TenantOut
        )
        return made

    async def read(self, tenant_id: TenantId) -> Response:
        """Tell what the tenant is called, whether it is active, and the languages of its pass types."""
        async with self.database.tenant(tenant_id) as tx:
            shown = await self._shown(tx, await get_tenant(tx))
        return Response(shown.text(), media_type="application/json")

    async def change(self, tenant_id: TenantId, body: TenantChange, caller: CallerDep, write: Write) -> Response:
        """Change the name, the default language, the time zone of reports; members that are not given stay."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            change = CoreChange(body.name, body.default_language, body.time_zone)
            changed = await change_core(tx, change, now, caller.actor)
            return Answer(200, (await self._shown(tx, changed)).text())

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def _shown(self, tx: Tx, tenant: Tenant) -> TenantOut:
        languages = {tenant.default_language}
        for name in await self.pass_types.list_names(tx):
            try:
                languages.update((await self.pass_types.get(tx, name)).languages())
            except PassTypeInvalid:
                continue  # it says so in the list of pass types
        others = sorted(languages - {tenant.default_language})
        return TenantOut.of(tenant, [tenant.default_language, *others])
