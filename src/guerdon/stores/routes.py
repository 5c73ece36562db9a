"""HTTP for stores (research/wallet-crew.md 2.6): list, create, read, replace, delete."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Path, Query, Response

from guerdon.access.guard import CallerDep
from guerdon.platform.clock import TenantClock, rfc3339
from guerdon.platform.db import Database, Tx
from guerdon.platform.http import asks, router
from guerdon.platform.ids import new_id
from guerdon.platform.parameters import Write, respond
from guerdon.platform.wire import DIGITS, NO_NUL
from guerdon.platform.writes import Answer, write_once
from guerdon.stores.keeping import create_store, delete_store, get_store, list_stores, put_store
from guerdon.stores.model import Store
from guerdon.stores.schemas import STORE_ID_PATTERN, NewStore, StoreBody, StoreDocument

STORES_READ, STORES_WRITE = "Stores.Read", "Stores.Write"
LIMIT_DEFAULT, LIMIT_MAX = 100, 1_000

TenantId = Annotated[str, Path(alias="tenantId")]
StoreIdInPath = Annotated[str, Path(alias="storeId", pattern=STORE_ID_PATTERN)]
Cursor = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{0,64}$", description="Take it from the Link header.")]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX), DIGITS]
TagQuery = Annotated[str | None, Query(min_length=1, max_length=50, pattern=NO_NUL)]

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class StoreRoutes:
    """The operations on stores over one database."""

    database: Database
    clock: TenantClock

    def router(self) -> APIRouter:
        """Give the routes."""
        made = router("/api/{tenantId}/stores", "Store")
        add, reads, writes = made.add_api_route, asks(STORES_READ), asks(STORES_WRITE)
        add("", self.list, openapi_extra=reads, response_model=list[StoreDocument])
        add("", self.create, methods=["POST"], openapi_extra=writes, status_code=201, response_model=StoreDocument)
        add("/{storeId}", self.get, openapi_extra=reads, response_model=StoreDocument)
        add(
            "/{storeId}",
            self.put,
            methods=["PUT"],
            openapi_extra=writes,
            response_model=StoreDocument,
            responses={201: {"model": StoreDocument, "description": "The store is new"}},
        )
        add("/{storeId}", self.delete, methods=["DELETE"], openapi_extra=writes, status_code=204)
        return made

    async def list(
        self, tenant_id: TenantId, cursor: Cursor = "", limit: Limit = LIMIT_DEFAULT, tag: TagQuery = None
    ) -> Response:
        """List stores in the order of their ids; with `tag`, those that have it."""
        async with self.database.tenant(tenant_id) as tx:
            stores = await list_stores(tx, cursor, tag, limit)
        headers: dict[str, str] = {}
        if len(stores) == limit:
            query = {"cursor": stores[-1].store_id, "limit": limit, **({"tag": tag} if tag else {})}
            headers["Guerdon-Next-Cursor"] = stores[-1].store_id
            headers["Link"] = f'</api/{tenant_id}/stores?{urlencode(query)}>; rel="next"'
        return Response(_encoder.encode([_document(store) for store in stores]), 200, headers, "application/json")

    async def get(self, tenant_id: TenantId, store_id: StoreIdInPath) -> Response:
        """Read one store."""
        async with self.database.tenant(tenant_id) as tx:
            store = await get_store(tx, store_id)
        return Response(_encoder.encode(_document(store)), media_type="application/json")

    async def create(self, tenant_id: TenantId, body: NewStore, caller: CallerDep, write: Write) -> Response:
        """Create a store, by the id that is given or by a new one."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            store = _store(body.id or new_id().hex, body, now)
            await create_store(tx, store, caller.actor)
            location = f"/api/{tenant_id}/stores/{store.store_id}"
            return Answer(201, _encoder.encode(_document(store)), location=location)

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def put(
        self, tenant_id: TenantId, store_id: StoreIdInPath, body: StoreBody, caller: CallerDep, write: Write
    ) -> Response:
        """Replace a store as a whole, or create it."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            is_new = await put_store(tx, _store(store_id, body, now), caller.actor)
            return Answer(201 if is_new else 200, _encoder.encode(_document(await get_store(tx, store_id))))

        return respond(await write_once(self.database, tenant_id, write, now, work))

    async def delete(self, tenant_id: TenantId, store_id: StoreIdInPath, caller: CallerDep, write: Write) -> Response:
        """Delete a store."""
        now = self.clock(tenant_id)

        async def work(tx: Tx) -> Answer:
            await delete_store(tx, store_id, caller.actor, now)
            return Answer(204)

        return respond(await write_once(self.database, tenant_id, write, now, work))


def _store(store_id: str, body: StoreBody, now: datetime) -> Store:
    hours = None if body.opening_hours is None else _encoder.encode(body.opening_hours).decode()
    return Store(
        store_id,
        body.name,
        body.address.model_dump_json(by_alias=True, exclude_none=True),
        body.latitude,
        body.longitude,
        hours,
        list(dict.fromkeys(body.tags)),
        body.enabled,
        now,
        now,
    )


def _document(store: Store) -> dict[str, object]:
    hours = store.opening_hours_text
    return {
        "id": store.store_id,
        "name": store.name,
        "address": msgspec.Raw(store.address_text.encode()),
        "latitude": store.latitude,
        "longitude": store.longitude,
        "openingHours": None if hours is None else msgspec.Raw(hours.encode()),
        "tags": store.tags,
        "enabled": store.enabled,
        "creationDate": rfc3339(store.created_at),
        "lastUpdateDate": rfc3339(store.updated_at),
    }
