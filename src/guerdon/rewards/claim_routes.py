"""HTTP for claims (WIRE.md section 2): for a wallet, and users by themselves from what they are offered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.access.model import Caller
from guerdon.coupons.documents import coupon_document
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import PERSON, asks, router
from guerdon.platform.ids import new_coupon_id, new_id
from guerdon.platform.listing import OwnOrderDep, list_response
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import NO_NUL
from guerdon.platform.writes import Answer, WriteOptions, write_once
from guerdon.points.documents import operation_document
from guerdon.rewards.claiming import ClaimWish, claim_reward
from guerdon.rewards.documents import offered_document
from guerdon.rewards.reading import find_next, list_offered
from guerdon.rewards.schemas import ClaimDocument, OfferedReward

WRITE_OPERATION = "Wallet.Write.Operation"

RewardId = Annotated[UUID, Path(alias="id")]
WalletId = Annotated[UUID, Path(alias="wallet")]
TagQuery = Annotated[str | None, Query(max_length=64, pattern=NO_NUL)]

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class ClaimRoutes:
    """The operations of those who claim; `own_wallet` tells which wallet is the caller's, or raises."""

    database: Database
    own_wallet: Callable[[Caller], UUID]
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(FACE_B, "Reward")
        add, own, document = made.add_api_route, asks(PERSON), ClaimDocument
        writes = asks(WRITE_OPERATION)
        claim = "/wallet/{wallet}/reward/{id}/claim"
        add("/my/reward", self.list_own, openapi_extra=own, response_model=list[OfferedReward])
        add(
            "/my/reward/{id}/claim",
            self.claim_own,
            methods=["POST"],
            openapi_extra=own,
            status_code=201,
            response_model=document,
        )
        add(claim, self.claim, methods=["POST"], openapi_extra=writes, status_code=201, response_model=document)
        return made

    async def list_own(
        self, request: Request, caller: CallerDep, wanted: OwnOrderDep, tag: TagQuery = None
    ) -> Response:
        """List what users may claim now: high priority first, none last, then by creation."""
        async with self.database.tenant(caller.tenant_id) as tx:
            rewards, total = await list_offered(tx, tag, self.clock(caller.tenant_id), wanted)
        return list_response(
            request,
            [offered_document(reward) for reward in rewards],
            total=total,
            next_cursor=find_next(rewards, wanted.limit) if wanted.is_by_cursor else None,
        )

    async def claim(self, wallet: WalletId, reward_id: RewardId, caller: CallerDep, write: Write) -> Response:
        """Spend a wallet's points on a reward, visible or not, and give its coupon."""
        return await self._claim(wallet, reward_id, caller, write, is_by_user=False)

    async def claim_own(self, reward_id: RewardId, caller: CallerDep, write: Write) -> Response:
        """Spend one's own points on a visible reward, and get its coupon."""
        return await self._claim(self.own_wallet(caller), reward_id, caller, write, is_by_user=True)

    async def _claim(
        self, wallet_id: UUID, reward_id: UUID, caller: Caller, write: WriteOptions, *, is_by_user: bool
    ) -> Response:
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            wish = ClaimWish(wallet_id, reward_id, new_id(), new_coupon_id(), is_by_user)
            claimed = await claim_reward(tx, wish, caller.actor, now)
            document = {
                "operation": operation_document(claimed.operation),
                "coupon": coupon_document(claimed.coupon, now, is_for_user=is_by_user),
            }
            return Answer(201, _encoder.encode(document))

        # Points are spent: the same claim under its key is the same one for ever.
        return respond(await write_once(self.database, caller.tenant_id, write, now, work, kept_for=None))
