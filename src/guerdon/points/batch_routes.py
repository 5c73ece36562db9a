"""HTTP for batches: adding points, at once or asynchronously, and listing them."""

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.ledger.group_commit import Poster
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import KNOWN, asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.listing import ListingDep, list_response
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer
from guerdon.points.adding import batch_command, batch_of
from guerdon.points.commands import get_command
from guerdon.points.documents import batch_document, command_document, encoder
from guerdon.points.reading import list_batches
from guerdon.points.recording import correlation_id_of
from guerdon.points.schemas import AcceptedOut, BatchBody, BatchOut, CommandOut
from guerdon.points.together import post_together, repeat_of
from guerdon.points.wishes import read_batch

WALLET_READ, BATCH_WRITE = "Wallet.Read", "Wallet.Write.Batch"
BATCHES = "/wallet/{wallet}/batch"
WalletId = Annotated[UUID, Path(alias="wallet")]
Active = Annotated[bool | None, Query(description="Only batches that live and are not empty, or only the others.")]
CorrelationId = Annotated[UUID, Path(alias="correlationId")]


@dataclass(frozen=True, slots=True)
class BatchRoutes:
    """The operations on batches over the poster of this process."""

    database: Database
    poster: Poster
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(FACE_B, "Batch")
        add, reads, writes = made.add_api_route, asks(WALLET_READ), asks(BATCH_WRITE)
        add(BATCHES, self.list, openapi_extra=reads, response_model=list[BatchOut])
        add(BATCHES, self.add, methods=["POST"], openapi_extra=writes, status_code=202, response_model=AcceptedOut)
        add(
            f"{BATCHES}/sync",
            self.add_synchronously,
            methods=["POST"],
            openapi_extra=writes,
            status_code=201,
            response_model=BatchOut,
        )
        add("/command/{correlationId}", self.get_command, openapi_extra=asks(KNOWN), response_model=CommandOut)
        return made

    async def list(
        self, request: Request, wallet_id: WalletId, caller: CallerDep, asked: ListingDep, active: Active = None
    ) -> Response:
        """List a wallet's batches, the newest first: all, those that live and are not empty, or the others."""
        now = self.clock(caller.tenant_id)
        async with self.database.tenant(caller.tenant_id) as tx:
            page = await list_batches(tx, wallet_id, asked, now, is_active=active)
        documents = [batch_document(batch, now) for batch in page.items]
        return list_response(request, documents, total=page.total, next_cursor=page.next_cursor)

    async def add(self, wallet_id: WalletId, body: BatchBody, caller: CallerDep, write: Write) -> Response:
        """Add a batch of points; what became of it is asked by the correlation id."""
        batch_id = new_id()
        wish = replace(read_batch(body), correlation_id=correlation_id_of(batch_id))
        command = batch_command(wallet_id, wish, batch_id, caller.actor, repeat_of(write))
        posted = await post_together(self.poster, caller.tenant_id, command, write)
        # A repeat tells of the batch that the first request added.
        added = UUID(posted.entry.movement_id)
        document = {"id": str(added), "correlationId": str(correlation_id_of(added))}
        return respond(Answer(202, encoder.encode(document), is_replayed=posted.is_repeat))

    async def add_synchronously(
        self, wallet_id: WalletId, body: BatchBody, caller: CallerDep, write: Write
    ) -> Response:
        """Add a batch of points and answer with it."""
        wish = read_batch(body)
        command = batch_command(wallet_id, wish, new_id(), caller.actor, repeat_of(write))
        posted = await post_together(self.poster, caller.tenant_id, command, write)
        document = batch_document(batch_of(posted.entry, wish), posted.entry.recorded_at)
        return respond(Answer(201, encoder.encode(document), is_replayed=posted.is_repeat))

    async def get_command(self, correlation_id: CorrelationId, caller: CallerDep) -> Response:
        """Tell how far an asynchronous write has come."""
        async with self.database.tenant(caller.tenant_id) as tx:
            command = await get_command(tx, correlation_id, caller)
        return Response(encoder.encode(command_document(command)), media_type="application/json")
