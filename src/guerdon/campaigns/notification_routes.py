"""HTTP for telling the holder of one pass something (research/wallet-crew.md 1.8 and 1.11), and for what was told."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.campaigns.notification_schemas import NotificationDocument, show_notification
from guerdon.passes.finding import resolve_pass
from guerdon.passes.identifiers import IDENTIFIERS_PARAMETER, parse_identifiers
from guerdon.passes.notifications import HISTORY_MAX, list_history, notify_pass
from guerdon.passes.notify_request import NotifyRequest
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.listing import cursor_response
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import DIGITS
from guerdon.platform.writes import Answer, write_once

PASS_READ, PASS_WRITE = "Pass.Read", "Pass.Write"
LIST_DEFAULT = 100
TenantId = Annotated[str, Path(alias="tenantId")]
PassId = Annotated[str, Path(alias="passId", pattern=r"^[^\x00-\x1f\x7f/]{1,200}$")]
Limit = Annotated[int, Query(ge=1, le=HISTORY_MAX), DIGITS]
Cursor = Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="Take it from the Link header.")]


@dataclass(frozen=True, slots=True)
class NotificationRoutes:
    """The operations on notifications of one pass."""

    database: Database
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes; the literal path stands before those with a pass id."""
        made = router("/api/{tenantId}/passes", "Notification")
        add, reads, writes = made.add_api_route, asks(PASS_READ), asks(PASS_WRITE)
        named = {"parameters": [IDENTIFIERS_PARAMETER]}
        by_name, post = named | writes, ["POST"]
        add("/notify", self.notify_by_identifiers, methods=post, openapi_extra=by_name, response_class=Response)
        add("/{passId}/notify", self.notify, methods=post, openapi_extra=writes, response_class=Response)
        add("/{passId}/notifications", self.list, openapi_extra=reads, response_model=list[NotificationDocument])
        return made

    async def notify(
        self, tenant_id: TenantId, pass_id: PassId, body: NotifyRequest, caller: CallerDep, write: Write
    ) -> Response:
        """Tell the holder of a pass something."""
        body.check("content")

        async def work(tx: Tx) -> Answer:
            await notify_pass(tx, new_id(), pass_id, body.read(), caller.actor, self.clock(tenant_id))
            return Answer(200)

        return respond(await write_once(self.database, tenant_id, write, self.clock(tenant_id), work))

    async def notify_by_identifiers(
        self, tenant_id: TenantId, request: Request, body: NotifyRequest, caller: CallerDep, write: Write
    ) -> Response:
        """Tell the holder of the pass that all identifiers match something."""
        identifiers = parse_identifiers(request.scope["query_string"])
        body.check("content")

        async def work(tx: Tx) -> Answer:
            pass_id = await resolve_pass(tx, identifiers)
            await notify_pass(tx, new_id(), pass_id, body.read(), caller.actor, self.clock(tenant_id))
            return Answer(200)

        return respond(await write_once(self.database, tenant_id, write, self.clock(tenant_id), work))

    async def list(
        self, tenant_id: TenantId, pass_id: PassId, cursor: Cursor = None, limit: Limit = LIST_DEFAULT
    ) -> Response:
        """List what the holder of a pass was told, newest first."""
        before = None if cursor is None else UUID(cursor)
        async with self.database.tenant(tenant_id) as tx:
            history = await list_history(tx, pass_id, before, limit)
        following = history[-1].notification_id.hex if len(history) == limit else None
        address = f"/api/{tenant_id}/passes/{pass_id}/notifications"
        return cursor_response([show_notification(one) for one in history], address, following, limit)
