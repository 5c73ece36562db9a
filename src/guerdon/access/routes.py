"""HTTP for API keys (research/wallet-crew.md 2.3): list, read, make, switch on and off, replace, revoke."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from guerdon.access.guard import CallerDep
from guerdon.access.keys import LIST_MAX, KeyPepper, create_key, enable_key, get_key, list_keys, revoke_key
from guerdon.access.model import ACCESS_WRITE, KEY_NAME_CHARACTERS_MAX, KEY_READ, ApiKey, CreatedKey
from guerdon.access.rotation import rotate_key
from guerdon.access.schemas import ApiKeyChange, ApiKeyCreated, ApiKeyDefinition, ApiKeyOut, ApiKeyRotation
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.keys import MasterKey
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import DIGITS
from guerdon.platform.writes import Answer, Work, WriteOptions, write_once

LIST_DEFAULT = 100
CURSOR_PATTERN = r"^[0-9a-z]{0,32}$"

TenantId = Annotated[str, Path(alias="tenantId")]
KeyNameInPath = Annotated[str, Path(alias="name", min_length=1, max_length=KEY_NAME_CHARACTERS_MAX)]
Cursor = Annotated[str, Query(pattern=CURSOR_PATTERN, description="Take it from the Link header.")]
Limit = Annotated[int, Query(ge=1, le=LIST_MAX), DIGITS]


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
        add, reads, writes = made.add_api_route, asks(KEY_READ), asks(ACCESS_WRITE)
        add("", self.list, openapi_extra=reads, response_model=list[ApiKeyOut])
        add("", self.create, methods=["POST"], openapi_extra=writes, status_code=201, response_model=ApiKeyCreated)
        add("/{name}", self.read, openapi_extra=reads, response_model=ApiKeyOut)
        add("/{name}", self.change, methods=["PATCH"], openapi_extra=writes, response_model=ApiKeyOut)
        add("/{name}", self.revoke, methods=["DELETE"], openapi_extra=writes, status_code=204)
        add(
            "/{name}/rotate",
            self.rotate,
            methods=["POST"],
            openapi_extra=writes,
            status_code=201,
            response_model=ApiKeyCreated,
        )
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

    async def read(self, tenant_id: TenantId, name: KeyNameInPath) -> Response:
        """Read the key that has this name, or had it last; never its text."""
        async with self.database.tenant(tenant_id) as tx:
            key = await get_key(tx, name)
        return respond(self._told(key, self.clock()))

    async def create(self, tenant_id: TenantId, body: ApiKeyDefinition, caller: CallerDep, write: Write) -> Response:
        """Make a key; its text stands in this answer and is shown never again."""
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            created = await create_key(
                tx,
                KeyPepper(self.master_key),
                name=body.name,
                scopes=frozenset(body.permissions),
                roles=body.roles,
                caller=caller,
                now=now,
                expires_at=body.expires_at,
                is_enabled=body.enabled,
            )
            return self._sealed(created, now)

        return await self._shown_once(tenant_id, write, work)

    async def rotate(
        self, tenant_id: TenantId, name: KeyNameInPath, body: ApiKeyRotation, caller: CallerDep, write: Write
    ) -> Response:
        """Make a key in place of one that grants the same; the old one is good for a while yet."""
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            created = await rotate_key(
                tx,
                KeyPepper(self.master_key),
                name=name,
                overlap=timedelta(seconds=body.overlap_seconds),
                expires_at=body.expires_at,
                caller=caller,
                now=now,
            )
            return self._sealed(created, now)

        return await self._shown_once(tenant_id, write, work)

    async def change(
        self, tenant_id: TenantId, name: KeyNameInPath, body: ApiKeyChange, caller: CallerDep, write: Write
    ) -> Response:
        """Switch a key off, so that it is refused, or on again."""
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            return self._told(await enable_key(tx, name=name, is_enabled=body.enabled, caller=caller, now=now), now)

        return respond(await self._write(tenant_id, write, work))

    async def revoke(self, tenant_id: TenantId, name: KeyNameInPath, caller: CallerDep, write: Write) -> Response:
        """Make a key worthless for ever."""
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            await revoke_key(tx, name=name, caller=caller, now=now)
            return Answer(204)

        return respond(await self._write(tenant_id, write, work))

    async def _shown_once(self, tenant_id: str, write: WriteOptions, work: Work) -> Response:
        answer = await self._write(tenant_id, write, work)
        opened = self.master_key.decrypt(answer.body, _context(tenant_id))
        return respond(Answer(answer.status, opened, location=answer.location, is_replayed=answer.is_replayed))

    async def _write(self, tenant_id: str, write: WriteOptions, work: Work) -> Answer:
        answer = await write_once(self.database, tenant_id, write, self.clock(), work)
        if not write.is_dry_run:
            self.announce()
        return answer

    def _sealed(self, created: CreatedKey, now: datetime) -> Answer:
        tenant_id, name = created.key.tenant_id, created.key.name
        text = ApiKeyCreated.of_created(created, now).model_dump_json(by_alias=True, exclude_none=True)
        # The answer is kept for repeats of the request, and the key's text must not lie there readable.
        sealed = self.master_key.encrypt(text.encode(), _context(tenant_id))
        return Answer(201, sealed, location=f"/api/{tenant_id}/admin/apiKeys/{quote(name, safe='')}")

    def _told(self, key: ApiKey, now: datetime) -> Answer:
        return Answer(200, ApiKeyOut.of(key, now).model_dump_json(by_alias=True, exclude_none=True).encode())


def _context(tenant_id: str) -> str:
    return f"{tenant_id}/created API key"
