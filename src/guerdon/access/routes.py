"""HTTP for API keys (research/wallet-crew.md 2.3): list, make, revoke."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from guerdon.access.guard import CallerDep
from guerdon.access.keys import LIST_MAX, KeyPepper, create_key, list_keys, revoke_key
from guerdon.access.model import ACCESS_WRITE, KEY_NAME_CHARACTERS_MAX
from guerdon.access.schemas import ApiKeyCreated, ApiKeyDefinition, ApiKeyOut
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.keys import MasterKey
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once

LIST_DEFAULT = 100
CURSOR_PATTERN = r"^[0-9a-z]{0,32}$"

TenantId = Annotated[str, Path(alias="tenantId")]
KeyNameInPath = Annotated[str, Path(alias="name", min_length=1, max_length=KEY_NAME_CHARACTERS_MAX)]
Cursor = Annotated[str, Query(pattern=CURSOR_PATTERN, description="Take it from the Link header.")]
Limit = Annotated[int, Query(ge=1, le=LIST_MAX)]


@dataclass(frozen=True, slots=True)
class ApiKeyRoutes:
    """The operations on keys over one database; `announce` is called when processes must look at keys again."""

    database: Database
    master_key: MasterKey
    clock: Callable[[], datetime]
    announce: Callable[[], None]

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/admin/apiKeys", "Access")
        add, extra = made.add_api_route, asks(ACCESS_WRITE)
        add("", self.list, openapi_extra=extra, response_model=list[ApiKeyOut])
        add("", self.create, methods=["POST"], openapi_extra=extra, status_code=201, response_model=ApiKeyCreated)
        add("/{name}", self.revoke, methods=["DELETE"], openapi_extra=extra, status_code=204)
        return made

    async def list(self, tenant_id: TenantId, cursor: Cursor = "", limit: Limit = LIST_DEFAULT) -> Response:
        """List the keys, oldest first and revoked ones too, never their texts."""
        async with self.database.tenant(tenant_id) as tx:
            keys = await list_keys(tx, after=cursor, limit=limit)
        now = self.clock()
        documents = [ApiKeyOut.of(key, now).model_dump_json(by_alias=True, exclude_none=True) for key in keys]
        headers: dict[str, str] = {}
        if len(keys) == limit:
            address = f"/api/{tenant_id}/admin/apiKeys?cursor={keys[-1].key_id}&limit={limit}"
            headers["Link"] = f'<{address}>; rel="next"'
        return Response(f"[{','.join(documents)}]", 200, headers, "application/json")

    async def create(self, tenant_id: TenantId, body: ApiKeyDefinition, caller: CallerDep, write: Write) -> Response:
        """Make a key; its text stands in this answer and is shown never again."""
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            created = await create_key(
                tx,
                KeyPepper(self.master_key),
                name=body.name,
                scopes=frozenset(body.permissions),
                caller=caller,
                now=now,
                expires_at=body.expires_at,
            )
            document = ApiKeyCreated.of_created(created, now)
            text = document.model_dump_json(by_alias=True, exclude_none=True)
            # The answer is kept for repeats of the request, and the key's text must not lie there readable.
            sealed = self.master_key.encrypt(text.encode(), _context(tenant_id))
            location = f"/api/{tenant_id}/admin/apiKeys/{quote(body.name, safe='')}"
            return Answer(201, sealed, location=location)

        answer = await write_once(self.database, tenant_id, write, now, work)
        if not write.is_dry_run:
            self.announce()
        opened = self.master_key.decrypt(answer.body, _context(tenant_id))
        return respond(Answer(answer.status, opened, location=answer.location, is_replayed=answer.is_replayed))

    async def revoke(self, tenant_id: TenantId, name: KeyNameInPath, caller: CallerDep, write: Write) -> Response:
        """Make a key worthless for ever."""
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            await revoke_key(tx, name=name, caller=caller, now=now)
            return Answer(204)

        answer = await write_once(self.database, tenant_id, write, now, work)
        if not write.is_dry_run:
            self.announce()
        return respond(answer)


def _context(tenant_id: str) -> str:
    return f"{tenant_id}/created API key"
