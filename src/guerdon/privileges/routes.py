"""HTTP for privileges: seed 001's operations but the hot ones, which are in hot_routes.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.ledger.amounts import to_millionths
from guerdon.passes.finding import get_pass, resolve_pass
from guerdon.passes.identifiers import IDENTIFIERS_PARAMETER, parse_identifiers
from guerdon.passes.pass_types import PassTypes
from guerdon.passes.updating import Notification, request_notification
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.listing import CURSOR_HINT, LIMIT_DEFAULT, LIMIT_MAX
from guerdon.platform.parameters import AsOf, Write, respond
from guerdon.platform.wire import DIGITS
from guerdon.platform.writes import Answer, WriteOptions, write_once
from guerdon.privileges.granting import Bounds, add_privilege, delete_privilege, described, put_privilege
from guerdon.privileges.history import history_link, list_movements
from guerdon.privileges.model import Privilege
from guerdon.privileges.openapi import CREATED, PAGE_PARAMETERS, PAGED, VERSIONED
from guerdon.privileges.paging import list_page, page_headers, read_asked
from guerdon.privileges.reading import Read, read_privilege
from guerdon.privileges.schemas import (
    PRIVILEGE_ID_PATTERN,
    InsertPrivilegeRequest,
    PatchPrivilegeRequest,
    PrivilegeCreated,
    PrivilegeMovement,
)
from guerdon.privileges.schemas import Privilege as PrivilegeDocument
from guerdon.privileges.wishes import read_description, read_history, read_notification

PASS_READ, PASS_WRITE = "Pass.Read", "Pass.Write"
MANY, ONE = "/privileges", "/privileges/{privilegeId}"
MOVEMENTS = "/privileges/{privilegeId}/movements"
MANY_OF_PASS, ONE_OF_PASS = "/{passId}/privileges", "/{passId}/privileges/{privilegeId}"
PASS_ID_PATTERN = r"^[^\x00-\x1f\x7f/]{1,200}$"  # noqa: S105 - a pass is no password
PrivilegeId = Annotated[str, Path(alias="privilegeId", pattern=PRIVILEGE_ID_PATTERN)]
PassId = Annotated[str, Path(alias="passId", pattern=PASS_ID_PATTERN)]
TenantId = Annotated[str, Path(alias="tenantId")]
MovementCursor = Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$", description=CURSOR_HINT)]
MovementLimit = Annotated[int, Query(ge=1, le=LIMIT_MAX), DIGITS]


@dataclass(frozen=True, slots=True)
class PrivilegeRoutes:
    """The privilege operations over one database."""

    database: Database
    pass_types: PassTypes
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes; literal paths stand before those with a pass id."""
        made = router("/api/{tenantId}/passes", "Privilege")
        add, reads, writes = made.add_api_route, asks(PASS_READ), asks(PASS_WRITE)
        named = {"parameters": [IDENTIFIERS_PARAMETER]}
        many, one, created = list[PrivilegeDocument], PrivilegeDocument, PrivilegeCreated
        paged = {"parameters": [IDENTIFIERS_PARAMETER, *PAGE_PARAMETERS]}
        add(MANY, self.list_by_identifiers, openapi_extra=paged | reads, response_model=many, responses=PAGED)
        add(
            MANY,
            self.create_by_identifiers,
            methods=["POST"],
            openapi_extra=named | writes,
            response_model=created,
            responses=CREATED,
        )
        add(ONE, self.get, openapi_extra=reads, response_model=one, responses=VERSIONED)
        add(ONE, self.put_by_identifiers, methods=["PUT"], openapi_extra=named | writes, response_class=Response)
        add(ONE, self.delete, methods=["DELETE"], openapi_extra=writes, status_code=204)
        add(
            MOVEMENTS, self.list_movements, openapi_extra=reads, response_model=list[PrivilegeMovement], responses=PAGED
        )
        add(
            MANY_OF_PASS,
            self.create,
            methods=["POST"],
            openapi_extra=writes,
            response_model=created,
            responses=CREATED,
        )
        add(ONE_OF_PASS, self.get_of_pass, openapi_extra=reads, response_model=one, responses=VERSIONED)
        add(ONE_OF_PASS, self.put, methods=["PUT"], openapi_extra=writes, response_class=Response)
        add(ONE_OF_PASS, self.delete_of_pass, methods=["DELETE"], openapi_extra=writes, status_code=204)
        return made

    async def list_by_identifiers(self, tenant_id: TenantId, request: Request) -> Response:
        """List the privileges of the pass that all identifiers match."""
        query = request.scope["query_string"]
        identifiers, asked = parse_identifiers(query), read_asked(query)
        async with self.database.tenant(tenant_id) as tx:
            page = await list_page(tx, await resolve_pass(tx, identifiers), self.clock(tenant_id), asked)
        headers = page_headers(page, request.scope["path"], query)
        return Response(page.text, headers=headers, media_type="application/json")

    async def get(self, tenant_id: TenantId, privilege_id: PrivilegeId, as_of: AsOf) -> Response:
        """Read one privilege, whatever pass holds it; `Link: rel="movements"` leads to a history that is cut."""
        async with self.database.tenant(tenant_id) as tx:
            read = await read_privilege(tx, privilege_id, None, self.clock(tenant_id), as_of)
        return _respond(read, history_link(tenant_id, privilege_id, as_of))

    async def get_of_pass(
        self, tenant_id: TenantId, pass_id: PassId, privilege_id: PrivilegeId, as_of: AsOf
    ) -> Response:
        """Read one privilege of one pass; `Link: rel="movements"` leads to a history that is cut."""
        async with self.database.tenant(tenant_id) as tx:
            read = await read_privilege(tx, privilege_id, pass_id, self.clock(tenant_id), as_of)
        return _respond(read, history_link(tenant_id, privilege_id, as_of))

    async def list_movements(
        self,
        tenant_id: TenantId,
        request: Request,
        privilege_id: PrivilegeId,
        as_of: AsOf,
        cursor: MovementCursor = None,
        limit: MovementLimit = LIMIT_DEFAULT,
    ) -> Response:
        """List all movements of a privilege, oldest first; `Link: rel="next"` leads to the next page."""
        async with self.database.tenant(tenant_id) as tx:
            now = self.clock(tenant_id)
            page = await list_movements(tx, privilege_id, now, as_of, int(cursor or 0), limit)
        headers = page_headers(page, request.scope["path"], request.scope["query_string"])
        return Response(page.text, headers=headers, media_type="application/json")

    async def create(
        self, tenant_id: TenantId, pass_id: PassId, body: InsertPrivilegeRequest, caller: CallerDep, write: Write
    ) -> Response:
        """Add a privilege to a pass, with the history that it brings."""

        async def work(tx: Tx) -> Answer:
            return await self._create(tx, pass_id, body, caller)

        return respond(await write_once(self.database, tenant_id, write, self.clock(tenant_id), work))

    async def create_by_identifiers(
        self, tenant_id: TenantId, request: Request, body: InsertPrivilegeRequest, caller: CallerDep, write: Write
    ) -> Response:
        """Add a privilege to the pass that all identifiers match."""
        identifiers = parse_identifiers(request.scope["query_string"])

        async def work(tx: Tx) -> Answer:
            return await self._create(tx, await resolve_pass(tx, identifiers), body, caller)

        return respond(await write_once(self.database, tenant_id, write, self.clock(tenant_id), work))

    async def put(
        self,
        tenant_id: TenantId,
        pass_id: PassId,
        privilege_id: PrivilegeId,
        body: PatchPrivilegeRequest,
        caller: CallerDep,
        write: Write,
    ) -> Response:
        """Create or change the privilege of this id; what is not given stays, null clears."""

        async def work(tx: Tx) -> Answer:
            return await self._put(tx, pass_id, privilege_id, body, caller)

        return respond(await write_once(self.database, tenant_id, write, self.clock(tenant_id), work))

    async def put_by_identifiers(
        self,
        tenant_id: TenantId,
        request: Request,
        privilege_id: PrivilegeId,
        body: PatchPrivilegeRequest,
        caller: CallerDep,
        write: Write,
    ) -> Response:
        """Create or change a privilege of the pass that all identifiers match."""
        identifiers = parse_identifiers(request.scope["query_string"])

        async def work(tx: Tx) -> Answer:
            return await self._put(tx, await resolve_pass(tx, identifiers), privilege_id, body, caller)

        return respond(await write_once(self.database, tenant_id, write, self.clock(tenant_id), work))

    async def delete(self, tenant_id: TenantId, privilege_id: PrivilegeId, caller: CallerDep, write: Write) -> Response:
        """Take a privilege away for good, whatever pass holds it."""
        return await self._delete(tenant_id, privilege_id, None, caller, write)

    async def delete_of_pass(
        self, tenant_id: TenantId, pass_id: PassId, privilege_id: PrivilegeId, caller: CallerDep, write: Write
    ) -> Response:
        """Take a privilege of one pass away for good."""
        return await self._delete(tenant_id, privilege_id, pass_id, caller, write)

    async def _create(self, tx: Tx, pass_id: str, body: InsertPrivilegeRequest, caller: Caller) -> Answer:
        now = self.clock(caller.tenant_id)
        holder = await get_pass(tx, pass_id)
        bounds = await self._bounds(tx, holder.pass_type)
        privilege_id = new_id().hex
        history = read_history(body.data, new_id().hex, now)
        blank = Privilege(privilege_id, pass_id, new_id(), body.type, None, "{}", None, None, now)
        new = described(blank, read_description(body, body.type))
        await add_privilege(tx, new, history, bounds, caller.actor, now)
        await _notify(tx, pass_id, read_notification(body), caller, now)
        document = msgspec.json.encode({"privilegeId": privilege_id})
        location = f"/api/{tx.tenant_id}/passes/{pass_id}/privileges/{quote(privilege_id)}"
        return Answer(200, document, location=location)

    async def _put(
        self, tx: Tx, pass_id: str, privilege_id: str, body: PatchPrivilegeRequest, caller: Caller
    ) -> Answer:
        now = self.clock(caller.tenant_id)
        holder = await get_pass(tx, pass_id)
        bounds = await self._bounds(tx, holder.pass_type)
        description = read_description(body, body.type if "type" in body.model_fields_set else None)
        await put_privilege(tx, pass_id, privilege_id, description, new_id(), bounds, caller.actor, now)
        await _notify(tx, pass_id, read_notification(body), caller, now)
        return Answer(200)

    async def _delete(
        self, tenant_id: str, privilege_id: str, pass_id: str | None, caller: Caller, write: WriteOptions
    ) -> Response:
        async def work(tx: Tx) -> Answer:
            await delete_privilege(tx, privilege_id, pass_id, caller.actor, self.clock(tenant_id))
            return Answer(204)

        return respond(await write_once(self.database, tenant_id, write, self.clock(tenant_id), work))

    async def _bounds(self, tx: Tx, pass_type_name: str) -> Bounds:
        pass_type = await self.pass_types.get(tx, pass_type_name)
        floor, ceiling = pass_type.privilege_floor, pass_type.privilege_ceiling
        return (
            None if floor is None else to_millionths(floor),
            None if ceiling is None else to_millionths(ceiling),
        )


async def _notify(tx: Tx, pass_id: str, notification: Notification | None, caller: Caller, now: datetime) -> None:
    if notification is not None:
        await request_notification(tx, new_id(), pass_id, notification, caller.actor, now)


def _respond(read: Read, history: str) -> Response:
    headers = {"ETag": f'"{read.version}"'} | ({"Link": history} if read.is_cut else {})
    return Response(read.text, headers=headers, media_type="application/json")
