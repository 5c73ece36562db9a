"""HTTP for several files at once: check them, or save all of them or none, as `guerdon config push` does."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Response

from guerdon.access.guard import CallerDep
from guerdon.configuration.pushing import check_beside_stored, save_checked
from guerdon.configuration.schemas import FilePush, FileSet, FilesSaved, Validated
from guerdon.platform.bodies import up_to
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once

SET_BYTES_MAX = 32 * 1_048_576

TenantId = Annotated[str, Path(alias="tenantId")]


@dataclass(frozen=True, slots=True)
class FileSetRoutes:
    """The operations on several files."""

    database: Database
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/config", "Configuration")
        large = up_to(SET_BYTES_MAX)
        made.add_api_route(
            "/validate",
            self.validate,
            methods=["POST"],
            openapi_extra={**asks("Config.Read", is_repeatable=False), **large},
            response_model=Validated,
        )
        made.add_api_route(
            "/push",
            self.push,
            methods=["POST"],
            openapi_extra={**asks("Config.Write"), **large},
            response_model=FilesSaved,
        )
        return made

    async def validate(self, tenant_id: TenantId, body: FileSet) -> Response:
        """Check one file or several as they would stand among the tenant's, and save nothing."""
        checked = await check_beside_stored(self.database, tenant_id, body.contents(), self.clock(tenant_id))
        return Response(Validated.of(checked.findings).text(), media_type="application/json")

    async def push(self, tenant_id: TenantId, body: FilePush, caller: CallerDep, write: Write) -> Response:
        """Save the files that differ, all or none; with `prune`, remove all others."""
        now = self.clock(tenant_id)
        checked = await check_beside_stored(self.database, tenant_id, body.contents(), now, is_pruning=body.prune)

        async def work(tx: Tx) -> Answer:
            moved = await save_checked(tx, checked, now=now, actor=caller.actor)
            return Answer(200, FilesSaved.of(moved, checked.findings).text())

        return respond(await write_once(self.database, tenant_id, write, now, work))
