"""HTTP for a tenant's secrets (research/wallet-crew.md 2.4): listed by name, written, deleted, never read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response

from guerdon.access.guard import CallerDep
from guerdon.configuration.errors import SecretKept, SecretNotFound
from guerdon.configuration.pages import LIST_DEFAULT, Limit, PathStart, listed
from guerdon.configuration.schemas import SecretIn, SecretOut
from guerdon.delivery.apple.credentials import SECRET_NAME
from guerdon.platform.clock import rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.keys import MasterKey
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once
from guerdon.tenants.secrets import delete_secret, list_secrets, save_secret

NAME_CHARACTERS_MAX = 200

TenantId = Annotated[str, Path(alias="tenantId")]
SecretNameInPath = Annotated[
    str, Path(alias="name", max_length=NAME_CHARACTERS_MAX, description="Such as identifiers/customerId.hmac.")
]


@dataclass(frozen=True, slots=True)
class SecretRoutes:
    """The operations on secrets; none of them ever answers a value."""

    database: Database
    master_key: MasterKey
    clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/secrets", "Configuration")
        add, writes, one = made.add_api_route, asks("Secret.Write"), "/{name:path}"
        add("", self.list, openapi_extra=asks("Secret.Read"), response_model=list[SecretOut])
        add(one, self.write, methods=["PUT"], openapi_extra=writes, response_model=SecretOut)
        add(one, self.delete, methods=["DELETE"], openapi_extra=writes, status_code=204)
        return made

    async def list(self, tenant_id: TenantId, cursor: PathStart = "", limit: Limit = LIST_DEFAULT) -> Response:
        """List the names in their order, with who wrote each secret last."""
        async with self.database.tenant(tenant_id) as tx:
            found = await list_secrets(tx, after=cursor, limit=limit)
        next_query = f"cursor={found[-1].name}&limit={limit}" if len(found) == limit else None
        shown = [SecretOut(name=one.name, updated_at=rfc3339(one.updated_at), actor=one.actor) for one in found]
        return listed(shown, f"/api/{tenant_id}/secrets", next_query)

    async def write(
        self, tenant_id: TenantId, name: SecretNameInPath, body: SecretIn, caller: CallerDep, write: Write
    ) -> Response:
        """Seal a secret under its name, over the one that may be there."""
        now = self.clock()
        if name == SECRET_NAME:
            raise SecretKept

        async def work(tx: Tx) -> Answer:
            await save_secret(tx, self.master_key, name=name, plain=body.read(), now=now, actor=caller.actor)
            return Answer(200, SecretOut(name=name, updated_at=rfc3339(now), actor=caller.actor).text())

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def delete(self, tenant_id: TenantId, name: SecretNameInPath, caller: CallerDep, write: Write) -> Response:
        """Delete a secret."""
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            if not await delete_secret(tx, name=name, now=now, actor=caller.actor):
                raise SecretNotFound(name)
            return Answer(204)

        return respond(await write_once(self.database, tenant_id, write, now, work))
