"""HTTP for vouchers (seed 003; WIRE.md section 2): make one or many, read, cancel, use, report."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.ledger.amounts import to_decimal, to_millionths
from guerdon.platform.boundary import HEADERS
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import PERSON, asks, router
from guerdon.platform.ids import new_code, new_id
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, WriteOptions, write_once
from guerdon.points.documents import batch_document
from guerdon.points.reading import read_balance
from guerdon.points.wallets import get_wallet
from guerdon.vouchers.documents import bulk_document, voucher_document
from guerdon.vouchers.making import cancel_voucher, get_bulk, get_voucher, make_voucher, make_vouchers
from guerdon.vouchers.model import VoucherBulk, VoucherWish
from guerdon.vouchers.schemas import (
    BulkDocument,
    NamedVoucher,
    NewVoucher,
    NewVouchers,
    VoucherDocument,
    VoucherUse,
)
from guerdon.vouchers.tables import CSV, wants_csv, write_bulk, write_dry_bulk
from guerdon.vouchers.using import use_voucher

WALLET_READ, WRITE_VOUCHER = "Wallet.Read", "Wallet.Write.Voucher"

WalletId = Annotated[UUID, Path(alias="wallet")]
VoucherId = Annotated[UUID, Path(alias="voucher")]
BulkId = Annotated[UUID, Path(alias="bulk")]

GONE: dict[int | str, dict[str, Any]] = {410: {"description": "The voucher was cancelled, or its time is over"}}

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class VoucherRoutes:
    """The operations on vouchers over one database; `own_wallet` tells which wallet is the caller's, or raises."""

    database: Database
    own_wallet: Callable[[Caller], UUID]
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(FACE_B, "Voucher")
        add, writes = made.add_api_route, asks(WRITE_VOUCHER)
        document = VoucherDocument
        tables = {"content": {CSV: {"schema": {"type": "string"}}}}
        add("/voucher", self.make, methods=["POST"], openapi_extra=writes, status_code=201, response_model=document)
        add(
            "/voucher/bulk",
            self.make_many,
            methods=["POST"],
            openapi_extra=writes,
            status_code=202,
            response_model=BulkDocument,
            responses={202: tables},
        )
        # The codes are money to whoever reads them: reading many asks for what making them does.
        add(
            "/voucher/bulk/{bulk}",
            self.get_many,
            openapi_extra=writes,
            response_model=BulkDocument,
            responses={200: tables},
        )
        add("/voucher/{voucher}", self.get, openapi_extra=asks(WALLET_READ), response_model=document)
        add("/voucher/{voucher}", self.cancel, methods=["DELETE"], openapi_extra=writes, status_code=204)
        use = partial(add, methods=["POST"], response_model=VoucherUse, responses=GONE)
        use("/wallet/{wallet}/voucher", self.use, openapi_extra=writes)
        use("/my/voucher", self.use_own, openapi_extra=asks(PERSON))
        return made

    async def make(self, body: NewVoucher, caller: CallerDep, write: Write) -> Response:
        """Make a voucher; its id is the code."""
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            voucher = await make_voucher(tx, new_code(), _wish(body), caller.actor, now)
            location = f"{FACE_B}/voucher/{voucher.voucher_id}"
            return Answer(201, _encoder.encode(voucher_document(voucher, now)), location=location)

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def make_many(self, request: Request, body: NewVouchers, caller: CallerDep, write: Write) -> Response:
        """Make up to 100 000 vouchers; answers with their codes as CSV, or with their number as JSON when asked.

        The same request again, with its idempotency key, gives the same codes again, and so does GET at `Location`.
        """
        now, is_table = self.clock(caller.tenant_id), wants_csv(request.scope[HEADERS])
        tried: bytes | None = None

        async def work(tx: Tx) -> Answer:
            nonlocal tried
            bulk = VoucherBulk(new_id(), body.count, now, caller.actor)
            await make_vouchers(tx, bulk, _wish(body), new_code, now)
            if write.is_dry_run and is_table:
                tried = await write_dry_bulk(tx, bulk.bulk_id)
            location = f"{FACE_B}/voucher/bulk/{bulk.bulk_id}"
            return Answer(202, _encoder.encode(bulk_document(bulk)), location=location)

        answer = await write_once(self.database, caller.tenant_id, write, now, work)
        if not is_table:
            return respond(answer)
        bulk_id = UUID(msgspec.json.decode(answer.body)["bulkId"])
        return self._table(caller.tenant_id, bulk_id, respond(answer), tried)

    async def get_many(self, bulk: BulkId, request: Request, caller: CallerDep) -> Response:
        """Give the vouchers that were made together once more, as CSV, or their number as JSON when asked."""
        async with self.database.tenant(caller.tenant_id) as tx:
            found = await get_bulk(tx, bulk)
        answer = Response(_encoder.encode(bulk_document(found)), media_type="application/json")
        return self._table(caller.tenant_id, bulk, answer) if wants_csv(request.scope[HEADERS]) else answer

    async def get(self, voucher: VoucherId, caller: CallerDep) -> Response:
        """Read a voucher."""
        async with self.database.tenant(caller.tenant_id) as tx:
            found = await get_voucher(tx, voucher)
        return Response(
            _encoder.encode(voucher_document(found, self.clock(caller.tenant_id))), media_type="application/json"
        )

    async def cancel(self, voucher: VoucherId, caller: CallerDep, write: Write) -> Response:
        """Cancel a voucher that was not used."""
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            await cancel_voucher(tx, voucher, caller.actor, now)
            return Answer(204)

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def use(self, wallet: WalletId, body: NamedVoucher, caller: CallerDep, write: Write) -> Response:
        """Turn a voucher into a batch of a wallet."""
        return await self._use(wallet, body, caller, write)

    async def use_own(self, body: NamedVoucher, caller: CallerDep, write: Write) -> Response:
        """Turn a voucher into a batch of one's own wallet."""
        return await self._use(self.own_wallet(caller), body, caller, write)

    async def _use(self, wallet_id: UUID, body: NamedVoucher, caller: Caller, write: WriteOptions) -> Response:
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            batch = await use_voucher(tx, wallet_id, body.voucher, batch_id=new_id(), actor=caller.actor, now=now)
            balance = await read_balance(tx, await get_wallet(tx, wallet_id), now)
            document = {"batch": batch_document(batch, now), "balance": to_decimal(balance.total)}
            return Answer(200, _encoder.encode(document))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work, kept_for=None))

    def _table(self, tenant_id: str, bulk_id: UUID, answer: Response, tried: bytes | None = None) -> Response:
        headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        headers |= {
            "Guerdon-Bulk-Id": str(bulk_id),
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="vouchers-{bulk_id}.csv"',
        }
        if tried is not None:
            return Response(tried, answer.status_code, headers, CSV)
        return StreamingResponse(write_bulk(self.database, tenant_id, bulk_id), answer.status_code, headers, CSV)


def _wish(body: NewVoucher) -> VoucherWish:
    return VoucherWish(
        to_millionths(body.amount),
        None if body.price is None else to_millionths(body.price),
        body.expires,
        body.points_expire_in_days,
        body.for_wallet,
        msgspec.json.encode(body.extra or {}).decode(),
    )
