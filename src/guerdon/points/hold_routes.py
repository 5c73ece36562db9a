"""HTTP for holds: setting points aside, capturing and releasing them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.listing import OwnOrderDep, list_response
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, WriteOptions, write_once
from guerdon.points.documents import Document, encoder, hold_document, operation_document
from guerdon.points.holding import capture_hold, get_hold, hold_points, release_hold
from guerdon.points.reading import list_holds
from guerdon.points.schemas import CaptureBody, HoldBody, HoldOut, OperationOut
from guerdon.points.wishes import read_amount, read_hold

WALLET_READ, OPERATION_WRITE = "Wallet.Read", "Wallet.Write.Operation"
HOLDS = "/wallet/{wallet}/hold"
ONE = HOLDS + "/{hold}"
WalletId = Annotated[UUID, Path(alias="wallet")]
HoldId = Annotated[UUID, Path(alias="hold")]


@dataclass(frozen=True, slots=True)
class HoldRoutes:
    """The operations on holds over one database."""

    database: Database
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(FACE_B, "Hold")
        add, reads, writes = made.add_api_route, asks(WALLET_READ), asks(OPERATION_WRITE)
        add(HOLDS, self.list, openapi_extra=reads, response_model=list[HoldOut])
        add(HOLDS, self.hold, methods=["POST"], openapi_extra=writes, status_code=201, response_model=HoldOut)
        add(ONE, self.get, openapi_extra=reads, response_model=HoldOut)
        add(
            f"{ONE}/capture",
            self.capture,
            methods=["POST"],
            openapi_extra=writes,
            status_code=201,
            response_model=OperationOut,
        )
        add(f"{ONE}/release", self.release, methods=["POST"], openapi_extra=writes, response_model=HoldOut)
        return made

    async def list(self, request: Request, wallet_id: WalletId, caller: CallerDep, asked: OwnOrderDep) -> Response:
        """List a wallet's open holds, the newest first."""
        async with self.database.tenant(caller.tenant_id) as tx:
            page = await list_holds(tx, wallet_id, asked, self.clock(caller.tenant_id))
        documents = [hold_document(hold) for hold in page.items]
        return list_response(request, documents, total=page.total, next_cursor=page.next_cursor)

    async def get(self, wallet_id: WalletId, hold_id: HoldId, caller: CallerDep) -> Response:
        """Read one hold, open or not."""
        async with self.database.tenant(caller.tenant_id) as tx:
            hold = await get_hold(tx, wallet_id, hold_id, self.clock(caller.tenant_id))
        return Response(encoder.encode(hold_document(hold)), media_type="application/json")

    async def hold(self, wallet_id: WalletId, body: HoldBody, caller: CallerDep, write: Write) -> Response:
        """Set points aside, soonest expiry first, until they are captured or released, or `expires` comes."""
        hold_id = new_id()

        async def work(tx: Tx, now: datetime) -> tuple[int, Document]:
            wish = read_hold(body)
            held = await hold_points(tx, wallet_id, wish, hold_id=hold_id, actor=caller.actor, now=now)
            return 201, hold_document(held)

        return await self._write(caller, write, work)

    async def capture(
        self,
        wallet_id: WalletId,
        hold_id: HoldId,
        caller: CallerDep,
        write: Write,
        body: CaptureBody | None = None,
    ) -> Response:
        """Spend what a hold set aside, or part of it; the rest goes back. Answers the operation."""
        operation_id = new_id()
        amount = None if body is None else read_amount(body.amount)

        async def work(tx: Tx, now: datetime) -> tuple[int, Document]:
            operation = await capture_hold(
                tx, wallet_id, hold_id, amount, operation_id=operation_id, actor=caller.actor, now=now
            )
            return 201, operation_document(operation)

        return await self._write(caller, write, work)

    async def release(self, wallet_id: WalletId, hold_id: HoldId, caller: CallerDep, write: Write) -> Response:
        """Give all that a hold set aside back to its batches."""

        async def work(tx: Tx, now: datetime) -> tuple[int, Document]:
            released = await release_hold(tx, wallet_id, hold_id, actor=caller.actor, now=now)
            return 200, hold_document(released)

        return await self._write(caller, write, work)

    async def _write(
        self, caller: Caller, write: WriteOptions, act: Callable[[Tx, datetime], Awaitable[tuple[int, Document]]]
    ) -> Response:
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            status, document = await act(tx, now)
            return Answer(status, encoder.encode(document))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work, kept_for=None))
