"""HTTP for roles (research/wallet-crew.md 2.4): list, read, make, change, delete."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import ACCESS_READ, KEY_NAME_CHARACTERS_MAX, ROLE_WRITE
from guerdon.access.roles import LIST_MAX, change_role, create_role, delete_role, get_role, list_roles
from guerdon.access.schemas import RoleChange, RoleDefinition, RoleOut
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import DIGITS
from guerdon.platform.writes import Answer, Work, WriteOptions, write_once

LIST_DEFAULT = 100

TenantId = Annotated[str, Path(alias="tenantId")]
RoleName = Annotated[str, Path(alias="name", min_length=1, max_length=KEY_NAME_CHARACTERS_MAX)]
Cursor = Annotated[str, Query(max_length=KEY_NAME_CHARACTERS_MAX, description="Take it from the Link header.")]
Limit = Annotated[int, Query(ge=1, le=LIST_MAX), DIGITS]


@dataclass(frozen=True, slots=True)
class RoleRoutes:
    """The operations on roles; `announce` is called when processes must look at keys again."""

    database: Database
    clock: Callable[[], datetime]
    announce: Callable[[], None]

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/admin/roles", "Access")
        add, reads, writes = made.add_api_route, asks(ACCESS_READ), asks(ROLE_WRITE)
        add("", self.list, openapi_extra=reads, response_model=list[RoleOut])
        add("", self.create, methods=["POST"], openapi_extra=writes, status_code=201, response_model=RoleOut)
        add("/{name}", self.read, openapi_extra=reads, response_model=RoleOut)
        add("/{name}", self.change, methods=["PATCH"], openapi_extra=writes, response_model=RoleOut)
        add("/{name}", self.delete, methods=["DELETE"], openapi_extra=writes, status_code=204)
        return made

    async def list(self, tenant_id: TenantId, cursor: Cursor = "", limit: Limit = LIST_DEFAULT) -> Response:
        """List the roles in the order of their names."""
        async with self.database.tenant(tenant_id) as tx:
            roles = await list_roles(tx, after=cursor, limit=limit)
        headers: dict[str, str] = {}
        if len(roles) == limit:
            query = f"cursor={quote(roles[-1].name, safe='')}&limit={limit}"
            headers["Link"] = f'</api/{tenant_id}/admin/roles?{query}>; rel="next"'
        documents = [RoleOut.of(role).model_dump_json(by_alias=True) for role in roles]
        return Response(f"[{','.join(documents)}]", 200, headers, "application/json")

    async def read(self, tenant_id: TenantId, name: RoleName) -> RoleOut:
        """Read one role."""
        async with self.database.tenant(tenant_id) as tx:
            return RoleOut.of(await get_role(tx, name))

    async def create(self, tenant_id: TenantId, body: RoleDefinition, caller: CallerDep, write: Write) -> Response:
        """Make a role of permissions that the caller has too."""

        async def work(tx: Tx) -> Answer:
            permissions = frozenset(body.permissions)
            role = await create_role(tx, name=body.name, permissions=permissions, caller=caller, now=self.clock())
            location = f"/api/{tenant_id}/admin/roles/{quote(role.name, safe='')}"
            return Answer(201, RoleOut.of(role).model_dump_json(by_alias=True).encode(), location=location)

        return await self._write(tenant_id, write, work)

    async def change(
        self, tenant_id: TenantId, name: RoleName, body: RoleChange, caller: CallerDep, write: Write
    ) -> Response:
        """Give a role other permissions; every key that names it has them at once."""

        async def work(tx: Tx) -> Answer:
            permissions = frozenset(body.permissions)
            role = await change_role(tx, name=name, permissions=permissions, caller=caller, now=self.clock())
            return Answer(200, RoleOut.of(role).model_dump_json(by_alias=True).encode())

        return await self._write(tenant_id, write, work)

    async def delete(self, tenant_id: TenantId, name: RoleName, caller: CallerDep, write: Write) -> Response:
        """Delete a role that no good key names."""

        async def work(tx: Tx) -> Answer:
            await delete_role(tx, name=name, caller=caller, now=self.clock())
            return Answer(204)

        return await self._write(tenant_id, write, work)

    async def _write(self, tenant_id: str, write: WriteOptions, work: Work) -> Response:
        answer = await write_once(self.database, tenant_id, write, self.clock(), work)
        if not write.is_dry_run:
            self.announce()
        return respond(answer)
