"""HTTP for the way to a WebSocket of a pass (WIRE.md section 1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from guerdon.live.endpoint import TEMPLATE
from guerdon.live.schemas import PassConnection
from guerdon.live.tokens import LiveTokens
from guerdon.passes.finding import get_pass
from guerdon.platform.addresses import socket_base_url
from guerdon.platform.db import Database
from guerdon.platform.http import PUBLIC, asks, router

TenantId = Annotated[str, Path(alias="tenantId")]
PassId = Annotated[str, Path(alias="passId", min_length=1, max_length=600)]


@dataclass(frozen=True, slots=True)
class LiveRoutes:
    """Who knows a pass id may be told what happens to the pass, as whoever knows it may look at it."""

    database: Database
    tokens: LiveTokens
    public_url: str | None
    clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Give the route; it stands before those with a pass id alone."""
        made = router("/api/{tenantId}/passes", "Pass")
        made.add_api_route("/{passId}/connect", self.connect, openapi_extra=asks(PUBLIC), response_model=PassConnection)
        return made

    async def connect(
        self, tenant_id: TenantId, pass_id: PassId, request: Request, response: Response
    ) -> PassConnection:
        """Give the address of a WebSocket that tells what happens to the pass; open it within a minute."""
        async with self.database.tenant(tenant_id) as tx:
            await get_pass(tx, pass_id)
        token = self.tokens.sign(tenant_id, pass_id, self.clock())
        response.headers["Cache-Control"] = "no-store"
        base = socket_base_url(request, self.public_url)
        path = TEMPLATE.replace("{tenantId}", tenant_id).replace("{passId}", pass_id)
        return PassConnection(url=f"{base}{path}?token={token}")
