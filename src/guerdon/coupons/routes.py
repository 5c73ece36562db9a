"""HTTP for coupons (seed 003; WIRE.md section 2): give, list, use, take back, and one's own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.coupons.documents import CouponDocument, coupon_document
from guerdon.coupons.keeping import Wallets, give_coupon, revert_coupon, use_coupon
from guerdon.coupons.model import Coupon, CouponContent, CouponState
from guerdon.coupons.reading import count_coupons, list_coupons
from guerdon.coupons.schemas import NamedCoupon, NewCoupon
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import PERSON, asks, router
from guerdon.platform.ids import new_coupon_id
from guerdon.platform.listing import Listing, ListingDep, list_response
from guerdon.platform.parameters import Write, respond
from guerdon.platform.writes import Answer, WriteOptions, write_once

WALLET_READ, WRITE_COUPON = "Wallet.Read", "Wallet.Write.Coupon"

Status = Annotated[CouponState | None, Query(description="Only coupons in this state.")]
WalletId = Annotated[UUID, Path(alias="wallet")]
Change = Callable[[Tx, UUID, str, str, datetime], Awaitable[Coupon]]


@dataclass(frozen=True, slots=True)
class CouponRoutes:
    """The operations on coupons over one database."""

    database: Database
    wallets: Wallets
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(FACE_B, "Coupon")
        add, writes, document = made.add_api_route, asks(WRITE_COUPON), CouponDocument
        address, listed = "/wallet/{wallet}/coupon", list[CouponDocument]
        add(address, self.list, openapi_extra=asks(WALLET_READ), response_model=listed)
        add(address, self.give, methods=["POST"], openapi_extra=writes, status_code=201, response_model=document)
        add(
            f"{address}/use",
            self.use,
            methods=["POST"],
            openapi_extra=writes,
            response_model=document,
            responses={410: {"description": "The coupon's time is over"}},
        )
        add(f"{address}/revert", self.revert, methods=["POST"], openapi_extra=writes, response_model=document)
        add("/my/coupon", self.list_own, openapi_extra=asks(PERSON), response_model=listed)
        return made

    async def list(
        self, wallet: WalletId, request: Request, caller: CallerDep, wanted: ListingDep, status: Status = None
    ) -> Response:
        """List a wallet's coupons: newest first by cursor, or by places in an order."""
        return await self._list(request, caller.tenant_id, wallet, wanted, status, is_for_user=False)

    async def list_own(
        self, request: Request, caller: CallerDep, wanted: ListingDep, status: Status = None
    ) -> Response:
        """List one's own coupons: newest first by cursor, or by places in an order."""
        return await self._list(
            request, caller.tenant_id, self.wallets.of_user(caller), wanted, status, is_for_user=True
        )

    async def give(self, wallet: WalletId, body: NewCoupon, caller: CallerDep, write: Write) -> Response:
        """Give a wallet a coupon, without a charge."""
        now = self.clock(caller.tenant_id)
        data = None if body.data is None else body.data.model_dump_json(by_alias=True, exclude_none=True)
        content = CouponContent(body.details.model_dump_json(by_alias=True, exclude_none=True), data)

        async def work(tx: Tx) -> Answer:
            await self.wallets.check(tx, wallet)
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
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            return Answer(200, _encode(await change(tx, wallet_id, body.coupon, caller.actor, now), now))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def _list(
        self,
        request: Request,
        tenant_id: str,
        wallet_id: UUID,
        wanted: Listing,
        status: CouponState | None,
        *,
        is_for_user: bool,
    ) -> Response:
        now = self.clock(tenant_id)
        async with self.database.tenant(tenant_id) as tx:
            await self.wallets.check(tx, wallet_id)
            coupons = await list_coupons(tx, wallet_id, status, now, wanted)
            total = await count_coupons(tx, wallet_id, status, now)
        is_more = wanted.is_by_cursor and len(coupons) == wanted.limit > 0
        return list_response(
            request,
            [coupon_document(coupon, now, is_for_user=is_for_user) for coupon in coupons],
            total=total,
            next_cursor=coupons[-1].coupon_id if is_more else None,
        )


def _encode(coupon: Coupon, now: datetime) -> bytes:
    return msgspec.json.encode(coupon_document(coupon, now))
