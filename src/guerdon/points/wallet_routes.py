"""HTTP for wallets: attributes, balance, statement, and what a user sees of their own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import PERSON, asks, router
from guerdon.platform.listing import ListingDep, list_response
from guerdon.platform.parameters import AsOf, Write, instant_parameter, respond
from guerdon.platform.writes import Answer, WriteOptions, write_once
from guerdon.points.documents import (
    batch_document,
    encoder,
    line_document,
    operation_document,
    wallet_document,
)
from guerdon.points.errors import NoUser
from guerdon.points.reading import Period, list_batches, list_operations, read_balance, read_statement
from guerdon.points.schemas import BatchOut, LineOut, OperationOut, Texts, WalletOut
from guerdon.points.wallets import get_wallet, merge_wallet, put_wallet

WALLET_READ, WALLET_WRITE = "Wallet.Read", "Wallet.Write"
WALLET = "/wallet/{wallet}"
WalletId = Annotated[UUID, Path(alias="wallet")]
Attributes = Annotated[Texts, Body()]
CREATED: dict[int | str, dict[str, Any]] = {201: {"model": WalletOut, "description": "The wallet is new"}}


@dataclass(frozen=True, slots=True)
class WalletRoutes:
    """The operations on wallets over one database."""

    database: Database
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(FACE_B, "Wallet")
        add, reads, writes, mine = made.add_api_route, asks(WALLET_READ), asks(WALLET_WRITE), asks(PERSON)
        add("/my/wallet", self.get_mine, openapi_extra=mine, response_model=WalletOut)
        add(
            "/my/wallet",
            self.create_mine,
            methods=["POST"],
            openapi_extra=mine,
            response_model=WalletOut,
            responses=CREATED,
        )
        add("/my/wallet/extra", self.put_mine, methods=["PUT"], openapi_extra=mine, response_model=WalletOut)
        add("/my/batch", self.list_my_batches, openapi_extra=mine, response_model=list[BatchOut])
        add("/my/operation", self.list_my_operations, openapi_extra=mine, response_model=list[OperationOut])
        add(WALLET, self.get, openapi_extra=reads, response_model=WalletOut)
        add(WALLET, self.put, methods=["PUT"], openapi_extra=writes, response_model=WalletOut, responses=CREATED)
        add(WALLET, self.post, methods=["POST"], openapi_extra=writes, response_model=WalletOut, responses=CREATED)
        add(f"{WALLET}/statement", self.statement, openapi_extra=reads, response_model=list[LineOut])
        return made

    async def get(self, wallet_id: WalletId, caller: CallerDep, as_of: AsOf) -> Response:
        """Read a wallet with its balance, now or as it was at an instant."""
        return await self._get(caller.tenant_id, wallet_id, as_of)

    async def put(self, wallet_id: WalletId, body: Attributes, caller: CallerDep, write: Write) -> Response:
        """Replace a wallet's attributes as a whole, or create the wallet."""

        async def work(tx: Tx, now: datetime) -> bool:
            return await put_wallet(tx, wallet_id, body, caller.actor, now)

        return await self._write(caller, wallet_id, write, work)

    async def post(
        self, wallet_id: WalletId, caller: CallerDep, write: Write, body: Attributes | None = None
    ) -> Response:
        """Set the attributes that are given and not empty, or create the wallet."""

        async def work(tx: Tx, now: datetime) -> bool:
            return await merge_wallet(tx, wallet_id, body or {}, caller.actor, now)

        return await self._write(caller, wallet_id, write, work)

    async def statement(
        self,
        request: Request,
        wallet_id: WalletId,
        caller: CallerDep,
        asked: ListingDep,
        as_of: AsOf,
        since: Annotated[str | None, Query(alias="from", json_schema_extra={"format": "date-time"})] = None,
        until: Annotated[str | None, Query(alias="to", json_schema_extra={"format": "date-time"})] = None,
    ) -> Response:
        """Give every entry with the running balance, oldest first: from an instant on, and before another."""
        period = Period(instant_parameter("from", since), instant_parameter("to", until), as_of)
        async with self.database.tenant(caller.tenant_id) as tx:
            page = await read_statement(tx, wallet_id, period, asked, self.clock(caller.tenant_id))
        documents = [line_document(line) for line in page.items]
        return list_response(request, documents, total=page.total, next_cursor=page.next_cursor)

    async def get_mine(self, caller: CallerDep, as_of: AsOf) -> Response:
        """Read one's own wallet with its balance."""
        return await self._get(caller.tenant_id, own_wallet_id(caller), as_of)

    async def create_mine(self, caller: CallerDep, write: Write) -> Response:
        """Create one's own wallet; one that is there stays as it is."""
        wallet_id = own_wallet_id(caller)

        async def work(tx: Tx, now: datetime) -> bool:
            return await merge_wallet(tx, wallet_id, {}, caller.actor, now)

        return await self._write(caller, wallet_id, write, work)

    async def put_mine(self, body: Attributes, caller: CallerDep, write: Write) -> Response:
        """Replace the attributes of one's own wallet, or create it with them."""
        wallet_id = own_wallet_id(caller)

        async def work(tx: Tx, now: datetime) -> bool:
            await put_wallet(tx, wallet_id, body, caller.actor, now)
            return False

        return await self._write(caller, wallet_id, write, work)

    async def list_my_batches(
        self, request: Request, caller: CallerDep, asked: ListingDep, active: bool = True
    ) -> Response:
        """List the batches of one's own wallet that live and are not empty; with `active=false`, only the others."""
        now = self.clock(caller.tenant_id)
        async with self.database.tenant(caller.tenant_id) as tx:
            page = await list_batches(tx, own_wallet_id(caller), asked, now, is_active=active)
        documents = [batch_document(batch, now) for batch in page.items]
        return list_response(request, documents, total=page.total, next_cursor=page.next_cursor)

    async def list_my_operations(self, request: Request, caller: CallerDep, asked: ListingDep) -> Response:
        """List the operations of one's own wallet, the newest first."""
        async with self.database.tenant(caller.tenant_id) as tx:
            page = await list_operations(tx, own_wallet_id(caller), asked)
        documents = [operation_document(operation) for operation in page.items]
        return list_response(request, documents, total=page.total, next_cursor=page.next_cursor)

    async def _get(self, tenant_id: str, wallet_id: UUID, as_of: datetime | None) -> Response:
        async with self.database.tenant(tenant_id) as tx:
            wallet = await get_wallet(tx, wallet_id)
            balance = await read_balance(tx, wallet, self.clock(tenant_id), as_of)
        headers = {"ETag": f'"{balance.version}"'}
        return Response(encoder.encode(wallet_document(wallet, balance)), 200, headers, "application/json")

    async def _write(
        self, caller: Caller, wallet_id: UUID, write: WriteOptions, change: Callable[[Tx, datetime], Awaitable[bool]]
    ) -> Response:
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            is_new = await change(tx, now)
            wallet = await get_wallet(tx, wallet_id)
            document = wallet_document(wallet, await read_balance(tx, wallet, now))
            return Answer(201 if is_new else 200, encoder.encode(document))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))


def own_wallet_id(caller: Caller) -> UUID:
    """Give the wallet of the user whom a token speaks for. Raises NoUser."""
    try:
        return UUID(caller.subject or "")
    except ValueError as strange:
        raise NoUser from strange
