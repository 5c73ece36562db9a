"""HTTP for operations: using points, rolling back, changing what is said, listing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.ledger.group_commit import Poster
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.listing import ListingDep, list_response
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once
from guerdon.points.changing import change_operation
from guerdon.points.documents import encoder, operation_document, rollback_document
from guerdon.points.reading import get_operation, list_operations, read_balance
from guerdon.points.returning import RollbackHook, roll_back
from guerdon.points.schemas import OperationBody, OperationOut, OperationPatch, RollbackBody, RollbackOut
from guerdon.points.spending import spend_command, spent_operation
from guerdon.points.together import post_together, repeat_of
from guerdon.points.wallets import get_wallet
from guerdon.points.wishes import read_amount, read_operation

WALLET_READ, OPERATION_WRITE = "Wallet.Read", "Wallet.Write.Operation"
OPERATIONS = "/wallet/{wallet}/operation"
ONE = OPERATIONS + "/{operation}"
WalletId = Annotated[UUID, Path(alias="wallet")]
OperationId = Annotated[UUID, Path(alias="operation")]


@dataclass(frozen=True, slots=True)
class OperationRoutes:
    """The operations on operations; `hooks` are what rooms above do when one is rolled back."""

    database: Database
    poster: Poster
    hooks: Sequence[RollbackHook]
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes; the literal path stands before those with an operation."""
        made = router(FACE_B, "Operation on points")
        add, reads, writes = made.add_api_route, asks(WALLET_READ), asks(OPERATION_WRITE)
        add(OPERATIONS, self.list, openapi_extra=reads, response_model=list[OperationOut])
        add(
            OPERATIONS,
            self.spend,
            methods=["POST"],
            openapi_extra=writes,
            status_code=201,
            response_model=OperationOut,
        )
        add(
            f"{OPERATIONS}/rollback", self.roll_back, methods=["POST"], openapi_extra=writes, response_model=RollbackOut
        )
        add(ONE, self.get, openapi_extra=reads, response_model=OperationOut)
        add(ONE, self.change, methods=["PATCH"], openapi_extra=writes, response_model=OperationOut)
        return made

    async def list(self, request: Request, wallet_id: WalletId, caller: CallerDep, asked: ListingDep) -> Response:
        """List a wallet's operations, the newest first."""
        async with self.database.tenant(caller.tenant_id) as tx:
            page = await list_operations(tx, wallet_id, asked)
        documents = [operation_document(operation) for operation in page.items]
        return list_response(request, documents, total=page.total, next_cursor=page.next_cursor)

    async def get(self, wallet_id: WalletId, operation_id: OperationId, caller: CallerDep) -> Response:
        """Read one operation."""
        async with self.database.tenant(caller.tenant_id) as tx:
            operation = await get_operation(tx, wallet_id, operation_id)
        return Response(encoder.encode(operation_document(operation)), media_type="application/json")

    async def spend(self, wallet_id: WalletId, body: OperationBody, caller: CallerDep, write: Write) -> Response:
        """Use points, soonest expiry first, all or nothing."""
        wish = read_operation(body)
        command = spend_command(wallet_id, wish, new_id(), caller.actor, repeat_of(write))
        posted = await post_together(self.poster, caller.tenant_id, command, write)
        document = operation_document(spent_operation(posted))
        return respond(Answer(201, encoder.encode(document), is_replayed=posted.is_repeat))

    async def roll_back(self, wallet_id: WalletId, body: RollbackBody, caller: CallerDep, write: Write) -> Response:
        """Give an operation's points back to the batches that they came from; whole, or in part by `amount`."""
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            rollback = await roll_back(
                tx,
                wallet_id,
                body.operation,
                read_amount(body.amount),
                hooks=self.hooks,
                actor=caller.actor,
                now=now,
            )
            balance = await read_balance(tx, await get_wallet(tx, wallet_id), now)
            return Answer(200, encoder.encode(rollback_document(rollback, balance)))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work, kept_for=None))

    async def change(
        self,
        wallet_id: WalletId,
        operation_id: OperationId,
        body: OperationPatch,
        caller: CallerDep,
        write: Write,
    ) -> Response:
        """Change what is said of an operation: `venue` and `extra`, those that are given."""
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            changed = await change_operation(
                tx,
                wallet_id,
                operation_id,
                frozenset(body.model_fields_set),
                venue=body.venue,
                extra=body.extra,
                actor=caller.actor,
                now=now,
            )
            return Answer(200, encoder.encode(operation_document(changed)))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))
