"""HTTP for deleting a pass (WIRE.md section 1)."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Response

from guerdon.access.guard import CallerDep
from guerdon.passes.deleting import DeletePass
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once

TenantId = Annotated[str, Path(alias="tenantId")]
PassId = Annotated[str, Path(alias="passId", min_length=1, max_length=600)]


@dataclass(frozen=True, slots=True)
class DeletionRoutes:
    """Deleting passes; `delete` knows what rooms above keep of a pass."""

    database: Database
    delete: DeletePass
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the route."""
        made = router("/api/{tenantId}/passes", "Pass")
        made.add_api_route(
            "/{passId}", self.delete_pass, methods=["DELETE"], openapi_extra=asks("Pass.Write"), status_code=204
        )
        return made

    async def delete_pass(self, tenant_id: TenantId, pass_id: PassId, caller: CallerDep, write: Write) -> Response:
        """Void a pass on the devices that hold it, and erase it a day later; its privileges go at once.

        Everything else answers 404 from now on. While it is voided, deleting it again changes nothing.
        """
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            await self.delete(tx, pass_id, caller.actor, now)
            return Answer(204)

        return respond(await write_once(self.database, tenant_id, write, now, work))
