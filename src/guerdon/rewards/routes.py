"""HTTP for the catalogue of rewards (seed 003; WIRE.md section 2); claims are in claim_routes.py."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from guerdon.access.guard import CallerDep
from guerdon.ledger.amounts import to_millionths
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.lists import Part, next_headers, part_of, total_headers
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import NO_NUL
from guerdon.platform.writes import Answer, write_once
from guerdon.rewards.catalogue import create_reward, delete_reward, get_reward, put_reward
from guerdon.rewards.documents import reward_document
from guerdon.rewards.model import Reward, RewardTerms
from guerdon.rewards.reading import ORDERS, list_rewards_after, list_rewards_ordered
from guerdon.rewards.schemas import RewardBody, RewardDocument

REWARD_WRITE = "Reward.Write"

RewardId = Annotated[UUID, Path(alias="id")]
RewardPart = Annotated[Part, Depends(part_of(ORDERS))]
TagQuery = Annotated[str | None, Query(max_length=64, pattern=NO_NUL)]

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class RewardRoutes:
    """The operations on the catalogue over one database."""

    database: Database
    clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router(f"{WALLETS}/reward", "Reward")
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
        part: RewardPart,
        visible: bool | None = None,
        tag: TagQuery = None,
    ) -> Response:
        """List the catalogue: by places in an order, or in the order of ids by cursor."""
        async with self.database.tenant(caller.tenant_id) as tx:
            if part.is_by_cursor:
                rewards = await list_rewards_after(tx, visible, tag, part.id_cursor(), part.limit)
                following = str(rewards[-1].reward_id) if len(rewards) == part.limit else None
                headers = next_headers(request, following, part.limit)
            else:
                rewards, total = await list_rewards_ordered(tx, visible, tag, part)
                headers = total_headers(total)
        documents = [reward_document(reward) for reward in rewards]
        return Response(_encoder.encode(documents), 200, headers, "application/json")

    async def get(self, reward_id: RewardId, caller: CallerDep) -> Response:
        """Read a reward."""
        async with self.database.tenant(caller.tenant_id) as tx:
            return Response(_encode(await get_reward(tx, reward_id)), media_type="application/json")

    async def create(self, body: RewardBody, caller: CallerDep, write: Write) -> Response:
        """Put a reward into the catalogue."""
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            reward = await create_reward(tx, new_id(), _terms(body), caller.actor, now)
            return Answer(201, _encode(reward), location=f"{WALLETS}/reward/{reward.reward_id}")

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def put(self, reward_id: RewardId, body: RewardBody, caller: CallerDep, write: Write) -> Response:
        """Replace a reward as a whole, or create it."""
        now = self.clock()

        async def work(tx: Tx) -> Answer:
            reward, is_new = await put_reward(tx, reward_id, _terms(body), caller.actor, now)
            return Answer(201 if is_new else 200, _encode(reward))

        return respond(await write_once(self.database, caller.tenant_id, write, now, work))

    async def delete(self, reward_id: RewardId, caller: CallerDep, write: Write) -> Response:
        """Take a reward out of the catalogue; coupons that it gave stay."""
        now = self.clock()

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
