"""HTTP for coupons (seed 003; WIRE.md section 2): give, list, use, take back, and one's own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.coupons.documents import CouponDocument, coupon_document
from guerdon.coupons.keeping import WalletCheck, give_coupon, revert_coupon, use_coupon
from guerdon.coupons.model import Coupon, CouponContent, CouponState
from guerdon.coupons.reading import ORDERS, list_coupons_after, list_coupons_ordered
from guerdon.coupons.schemas import NamedCoupon, NewCoupon
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_coupon_id
from guerdon.platform.lists import Part, next_headers, part_of, total_headers
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, write_once

WALLET_READ, WRITE_COUPON = "Wallet.Read", "Wallet.Write.Coupon"

Status = Annotated[CouponState | None, Query(description="Only coupons in this state.")]
CouponPart = Annotated[Part, Depends(part_of(ORDERS))]
Change = Callable[[Tx, UUID, str, str, datetime], Awaitable[Coupon]]


@dataclass(frozen=True, slots=True)
class CouponRoutes:
    """The operations on coupons over one database; `check_wallet` raises when a wallet is not there."""

    database: Database
    check_wallet: WalletCheck
    clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(WALLETS, "Coupon")
        add, writes, document = made.add_api_route, asks(WRITE_COUPON), CouponDocument
        address, listed = "/wallet/{wallet}/coupon", list[CouponDocument]
        add(address, self.list, openapi_extra=asks(WALLET_READ), response_model=listed)
        add(address, self.give, methods=["POST"], openapi_extra=writes, status_code=201, response_model=document)
        add(f"{address}/use", self.use, methods=["POST"], openapi_extra=writes, response_model=document)
        add(f"{address}/revert", self.revert, methods=["POST"], openapi_extra=writes, response_model=document)
        add("/my/coupon", self.list_own, openapi_extra=asks(WALLET_OWN), response_model=listed)
        return made

    async def list(
        self, wallet: WalletId, request: Request, caller: CallerDep, part: CouponPart, status: Status = None
    ) -> Response:
        """List a wallet's coupons: newest first by cursor, or by places in an order."""
        return await self._list(request, caller.tenant_id, wallet, part, status, is_for_user=False)

    async def list_own(self, request: Request, caller: CallerDep, part: CouponPart, status: Status = None) -> Response:
        """List one's own coupons: newest first by cursor, or by places in an order."""
        return await self._list(request, caller.tenant_id, own_wallet(caller), part, status, is_for_user=True)

    async def give(self, wallet: WalletId, body: NewCoupon, caller: CallerDep, write: Write) -> Response:
        """Give a wallet a coupon, without a charge."""
        now = self.clock()
        data = None if body.data is None else body.data.model_dump_json(by_alias=True, exclude_none=True)
        content = CouponContent(body.details.model_dump_json(by_alias=True, exclude_none=True), data)

        async def work(tx: Tx) -> Answer:
            await self.check_wallet(tx, wallet)
            coupon = await give_coupon(tx, new_coupon_id(), wallet, content, body.expires, caller.actor, now)
            return Answer(201, _encode(coupon, now))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def use(self, wallet: WalletId, body: NamedCoupon, caller: CallerDep, write: Write) -> Response:
        """Mark a coupon used."""
        return await self._change(use_coupon, wallet, body, caller, write)

    async def revert(self, wallet: WalletId, body: NamedCoupon, caller: CallerDep, write: Write) -> Response:
        """Take the use of a coupon back; when it ends is not changed."""
        return await self._change(revert_coupon, wallet, body, caller, write)

    async def _change(
        self, change: Change, wallet_id: UUID, body: NamedCoupon, caller: Caller, write: WriteOptions
    ) -> Response:
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            return Answer(200, _encode(await change(tx, wallet_id, body.coupon, caller.actor, now), now))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def _list(
        self,
        request: Request,
        tenant_id: str,
        wallet_id: UUID,
        part: Part,
        status: CouponState | None,
        *,
        is_for_user: bool,
    ) -> Response:
        now = self.clock()
        async with self.database.tenant(tenant_id) as tx:
            await self.check_wallet(tx, wallet_id)
            if part.is_by_cursor:
                coupons = await list_coupons_after(tx, wallet_id, status, now, part.cursor, part.limit)
                following = coupons[-1].coupon_id if len(coupons) == part.limit else None
                headers = next_headers(request, following, part.limit)
            else:
                coupons, total = await list_coupons_ordered(tx, wallet_id, status, now, part)
                headers = total_headers(total)
        documents = [coupon_document(coupon, now, is_for_user=is_for_user) for coupon in coupons]
        return Response(msgspec.json.encode(documents), 200, headers, "application/json")


def _encode(coupon: Coupon, now: datetime) -> bytes:
    return msgspec.json.encode(coupon_document(coupon, now))
