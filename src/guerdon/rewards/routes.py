"""HTTP for the catalogue of rewards (seed 003; WIRE.md section 2); claims are in claim_routes.py."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.ledger.amounts import to_millionths
from guerdon.platform.clock import TenantClock
from guerdon.platform.db import Database, Tx
from guerdon.platform.faces import FACE_B
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.listing import ListingDep, list_response
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import NO_NUL
from guerdon.platform.writes import Answer, write_once
from guerdon.rewards.catalogue import create_reward, delete_reward, get_reward, put_reward
from guerdon.rewards.documents import reward_document
from guerdon.rewards.model import Reward, RewardTerms
from guerdon.rewards.reading import RewardFilter, find_next, list_rewards
from guerdon.rewards.schemas import RewardBody, RewardDocument

REWARD_WRITE = "Reward.Write"

RewardId = Annotated[UUID, Path(alias="id")]
Visible = Annotated[bool | None, Query(description="Only visible rewards, or only hidden ones.")]
TagQuery = Annotated[str | None, Query(max_length=64, pattern=NO_NUL)]

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class RewardRoutes:
    """The operations on the catalogue over one database."""

    database: Database
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(f"{FACE_B}/reward", "Reward")
        add, asked, document = made.add_api_route, asks(REWARD_WRITE), RewardDocument
        add("", self.list, openapi_extra=asked, response_model=list[RewardDocument])
        add("", self.create, methods=["POST"], openapi_extra=asked, status_code=201, response_model=document)
        add("/{id}", self.get, openapi_extra=asked, response_model=document)
        add(
            "/{id}",
            self.put,
            methods=["PUT"],
            openapi_extra=asked,
            response_model=document,
            responses={201: {"model": document, "description": "The reward is new"}},
        )
        add("/{id}", self.delete, methods=["DELETE"], openapi_extra=asked, status_code=204)
        return made

    async def list(
        self,
        request: Request,
        caller: CallerDep,
        wanted: ListingDep,
        visible: Visible = None,
        tag: TagQuery = None,
    ) -> Response:
        """List the catalogue: by range in an order, or in the order of ids by cursor."""
        async with self.database.tenant(caller.tenant_id) as tx:
            rewards, total = await list_rewards(tx, RewardFilter(visible, tag), wanted)
        return list_response(
            request,
            [reward_document(reward) for reward in rewards],
            total=total,
            next_cursor=find_next(rewards, wanted.limit) if wanted.is_by_cursor else None,
        )

    async def get(self, reward_id: RewardId, caller: CallerDep) -> Response:
        """Read a reward."""
        async with self.database.tenant(caller.tenant_id) as tx:
            return Response(_encode(await get_reward(tx, reward_id)), media_type="application/json")

    async def create(self, body: RewardBody, caller: CallerDep, write: Write) -> Response:
        """Put a reward into the catalogue."""
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            reward = await create_reward(tx, new_id(), _terms(body), caller.actor, now)
            return Answer(201, _encode(reward), location=f"{FACE_B}/reward/{reward.reward_id}")

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def put(self, reward_id: RewardId, body: RewardBody, caller: CallerDep, write: Write) -> Response:
        """Replace a reward as a whole, or create it."""
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            reward, is_new = await put_reward(tx, reward_id, _terms(body), caller.actor, now)
            return Answer(201 if is_new else 200, _encode(reward))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def delete(self, reward_id: RewardId, caller: CallerDep, write: Write) -> Response:
        """Take a reward out of the catalogue; coupons that it gave stay."""
        now = self.clock(caller.tenant_id)

        async def work(tx: Tx) -> Answer:
            await delete_reward(tx, reward_id, caller.actor, now)
            return Answer(204)

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))


def _terms(body: RewardBody) -> RewardTerms:
    return RewardTerms(
        body.name,
        body.visible,
        None if body.details is None else body.details.model_dump_json(by_alias=True, exclude_none=True),
        body.available_from,
        body.available_to,
        to_millionths(body.points),
        body.max_count,
        body.max_per_wallet,
        body.priority,
        body.data.model_dump_json(by_alias=True, exclude_none=True),
        list(dict.fromkeys(body.tags)),
        msgspec.json.encode(body.extra).decode(),
    )


def _encode(reward: Reward) -> bytes:
    return _encoder.encode(reward_document(reward))
