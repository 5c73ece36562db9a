"""HTTP for webhooks (research/wallet-crew.md 2.5): make, read, change, delete, rotate, test, and their attempts."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from guerdon.access.guard import CallerDep
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_short_id
from guerdon.platform.keys import MasterKey
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import DIGITS
from guerdon.platform.writes import Answer, Work, WriteOptions, write_once
from guerdon.webhooks import attempts, queries, registering
from guerdon.webhooks.addresses import AddressRules, read_endpoint
from guerdon.webhooks.connecting import Lookup, check_endpoint, look_up
from guerdon.webhooks.model import WEBHOOK_READ, WEBHOOK_WRITE, Webhook
from guerdon.webhooks.registering import NewWebhook, WebhookChange
from guerdon.webhooks.schemas import (
    AttemptOut,
    SecretRotation,
    WebhookCreated,
    WebhookDefinition,
    WebhookOut,
    WebhookPatch,
)
from guerdon.webhooks.signing import SECRET_BYTES, secret_text

LIST_MAX = 100
ATTEMPTS_MAX = 1_000
ATTEMPTS_DEFAULT = 100

TenantId = Annotated[str, Path(alias="tenantId")]
WebhookId = Annotated[str, Path(alias="id", min_length=1, max_length=100)]
AttemptId = Annotated[UUID, Path(alias="attemptId")]
Cursor = Annotated[str, Query(pattern=r"^[0-9A-Za-z]{0,32}$", description="Take it from the Link header.")]
AttemptCursor = Annotated[UUID | None, Query(description="Take it from the Link header.")]


@dataclass(frozen=True, slots=True)
class WebhookRoutes:
    """The operations on webhooks over one database; `rules` say where they may be sent."""

    database: Database
    master_key: MasterKey
    clock: Callable[[], datetime]
    rules: AddressRules
    lookup: Lookup = look_up

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/webhooks", "Webhook")
        add, read, write = made.add_api_route, asks(WEBHOOK_READ), asks(WEBHOOK_WRITE)
        add("", self.list, openapi_extra=read, response_model=list[WebhookOut])
        add("", self.create, methods=["POST"], openapi_extra=write, status_code=201, response_model=WebhookCreated)
        add("/{id}", self.get, openapi_extra=read, response_model=WebhookOut)
        add("/{id}", self.change, methods=["PATCH"], openapi_extra=write, response_model=WebhookOut)
        add("/{id}", self.delete, methods=["DELETE"], openapi_extra=write, status_code=204)
        add("/{id}/rotate-secret", self.rotate, methods=["POST"], openapi_extra=write, response_model=WebhookCreated)
        add("/{id}/test", self.test, methods=["POST"], openapi_extra=write, status_code=202, response_class=Response)
        add("/{id}/attempts", self.attempts, openapi_extra=read, response_model=list[AttemptOut])
        add(
            "/{id}/attempts/{attemptId}/resend",
            self.resend,
            methods=["POST"],
            openapi_extra=write,
            status_code=202,
            response_class=Response,
        )
        return made

    async def list(
        self,
        tenant_id: TenantId,
        cursor: Cursor = "",
        limit: Annotated[int, Query(ge=1, le=LIST_MAX), DIGITS] = LIST_MAX,
    ) -> Response:
        """List the webhooks, never their secrets."""
        async with self.database.tenant(tenant_id) as tx:
            webhooks = await queries.list_webhooks(tx, after=cursor, limit=limit)
        now = self.clock()
        last = webhooks[-1].webhook_id if len(webhooks) == limit else None
        documents = [WebhookOut.of(webhook, now).text() for webhook in webhooks]
        return _page(documents, f"/api/{tenant_id}/webhooks", last, limit)

    async def create(self, tenant_id: TenantId, body: WebhookDefinition, caller: CallerDep, write: Write) -> Response:
        """Make a webhook; its secret stands in this answer and is shown never again."""
        endpoint = await self._checked(body.endpoint)
        new = NewWebhook(
            new_short_id(), endpoint, body.events, body.description, body.enabled, secret_text(_random_bytes())
        )

        async def work(tx: Tx) -> Answer:
            webhook = await registering.create_webhook(tx, self.master_key, new, caller.actor, self.clock())
            location = f"/api/{tenant_id}/webhooks/{webhook.webhook_id}"
            return self._sealed(tenant_id, 201, webhook, new.secret, location)

        return await self._write_secret(tenant_id, write, work)

    async def get(self, tenant_id: TenantId, webhook_id: WebhookId) -> Response:
        """Give one webhook."""
        async with self.database.tenant(tenant_id) as tx:
            webhook = await registering.get_webhook(tx, webhook_id)
        return respond(Answer(200, WebhookOut.of(webhook, self.clock()).text()))

    async def change(
        self, tenant_id: TenantId, webhook_id: WebhookId, body: WebhookPatch, caller: CallerDep, write: Write
    ) -> Response:
        """Change a webhook; enabling one that was paused goes on with what was not delivered."""
        members: dict[str, Any] = {}
        if "endpoint" in body.model_fields_set:
            members["endpoint"] = await self._checked(body.endpoint)
        if "events" in body.model_fields_set:
            members["patterns"] = body.events
        if "description" in body.model_fields_set:
            members["description"] = body.description
        change = WebhookChange(members, body.enabled, body.skip_missed)

        async def work(tx: Tx) -> Answer:
            now = self.clock()
            changed = await registering.change_webhook(tx, webhook_id, change, caller.actor, now)
            return Answer(200, WebhookOut.of(changed, now).text())

        return respond(await write_once(self.database, tenant_id, write, self.clock(), work))

    async def delete(self, tenant_id: TenantId, webhook_id: WebhookId, caller: CallerDep, write: Write) -> Response:
        """Delete a webhook with its attempts and what it was still to be told."""

        async def work(tx: Tx) -> Answer:
            await registering.delete_webhook(tx, webhook_id, caller.actor, self.clock())
            return Answer(204)

        return respond(await write_once(self.database, tenant_id, write, self.clock(), work))

    async def rotate(
        self, tenant_id: TenantId, webhook_id: WebhookId, body: SecretRotation, caller: CallerDep, write: Write
    ) -> Response:
        """Give a webhook a new secret; the old one signs beside it for the stated time."""
        secret, overlap = secret_text(_random_bytes()), timedelta(seconds=body.overlap_seconds)

        async def work(tx: Tx) -> Answer:
            now = self.clock()
            changed = await registering.rotate_secret(
                tx, self.master_key, webhook_id, secret, overlap, caller.actor, now
            )
            return self._sealed(tenant_id, 200, changed, secret, None)

        return await self._write_secret(tenant_id, write, work)

    async def test(self, tenant_id: TenantId, webhook_id: WebhookId, caller: CallerDep, write: Write) -> Response:
        """Have a test event delivered; the attempts tell how it went."""

        async def work(tx: Tx) -> Answer:
            await registering.request_test(tx, webhook_id, caller.actor, self.clock())
            return Answer(202)

        return respond(await write_once(self.database, tenant_id, write, self.clock(), work))

    async def attempts(
        self,
        tenant_id: TenantId,
        webhook_id: WebhookId,
        cursor: AttemptCursor = None,
        limit: Annotated[int, Query(ge=1, le=ATTEMPTS_MAX), DIGITS] = ATTEMPTS_DEFAULT,
    ) -> Response:
        """List what was tried in the last 30 days, the latest first."""
        async with self.database.tenant(tenant_id) as tx:
            listed = await attempts.list_attempts(tx, webhook_id, cursor, limit)
        last = str(listed[-1].attempt_id) if len(listed) == limit else None
        documents = [AttemptOut.of(attempt).text() for attempt in listed]
        return _page(documents, f"/api/{tenant_id}/webhooks/{webhook_id}/attempts", last, limit)

    async def resend(
        self, tenant_id: TenantId, webhook_id: WebhookId, attempt_id: AttemptId, caller: CallerDep, write: Write
    ) -> Response:
        """Have the event of an attempt delivered again, now."""

        async def work(tx: Tx) -> Answer:
            await attempts.resend(tx, webhook_id, attempt_id, caller.actor, self.clock())
            return Answer(202)

        return respond(await write_once(self.database, tenant_id, write, self.clock(), work))

    async def _checked(self, text: str) -> str:
        # Names are looked up here, where no transaction is open.
        endpoint = read_endpoint(text)
        await check_endpoint(endpoint, self.rules, self.lookup)
        return endpoint.url

    def _sealed(self, tenant_id: str, status: int, webhook: Webhook, secret: str, location: str | None) -> Answer:
        # The answer is kept for repeats of the request, and the secret must not lie there readable.
        text = WebhookCreated.of_secret(webhook, secret, self.clock()).text()
        return Answer(status, self.master_key.encrypt(text, _context(tenant_id)), location=location)

    async def _write_secret(self, tenant_id: str, write: WriteOptions, work: Work) -> Response:
        answer = await write_once(self.database, tenant_id, write, self.clock(), work)
        opened = self.master_key.decrypt(answer.body, _context(tenant_id))
        return respond(Answer(answer.status, opened, location=answer.location, is_replayed=answer.is_replayed))


def _random_bytes() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def _context(tenant_id: str) -> str:
    return f"{tenant_id}/created webhook"


def _page(documents: Sequence[bytes], address: str, last: str | None, limit: int) -> Response:
    headers = {} if last is None else {"Link": f'<{address}?cursor={last}&limit={limit}>; rel="next"'}
    return Response(b"[" + b",".join(documents) + b"]", 200, headers, "application/json")
