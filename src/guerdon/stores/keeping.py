"""Keeping the stores of a tenant: whatever changes one has its passes drawn anew."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from guerdon.platform.db import Tx
from guerdon.platform.events import Event, emit
from guerdon.stores import queries
from guerdon.stores.errors import StoreExists, StoreNotFound, TooManyStores
from guerdon.stores.model import EVENT_CREATED, EVENT_DELETED, EVENT_UPDATED, STORES_MAX, Store
from guerdon.tenants.administration import lock_tenant, redraw_passes


async def create_store(tx: Tx, store: Store, actor: str) -> None:
    """Keep a new store. Raises StoreExists, TooManyStores."""
    await lock_tenant(tx)  # ids and the number of stores are settled one after the other
    if await queries.find_store(tx, store.store_id) is not None:
        raise StoreExists(store.store_id)
    await _keep_new(tx, store, actor)


async def put_store(tx: Tx, store: Store, actor: str) -> bool:
    """Keep a store as it is given, over the one that may be there; tell whether it is new. Raises TooManyStores."""
    await lock_tenant(tx)
    if await queries.find_store(tx, store.store_id) is None:
        await _keep_new(tx, store, actor)
        return True
    await queries.upsert_store(tx, store)
    await _tell(tx, EVENT_UPDATED, store.store_id, actor, store.updated_at)
    return False


async def delete_store(tx: Tx, store_id: str, actor: str, now: datetime) -> None:
    """Drop a store. Raises StoreNotFound."""
    await lock_tenant(tx)
    if not await queries.delete_store(tx, store_id):
        raise StoreNotFound(store_id)
    await _tell(tx, EVENT_DELETED, store_id, actor, now)


async def get_store(tx: Tx, store_id: str) -> Store:
    """Read one store. Raises StoreNotFound."""
    found = await queries.find_store(tx, store_id)
    if found is None:
        raise StoreNotFound(store_id)
    return found


async def list_stores(tx: Tx, after: str, tag: str | None, limit: int) -> Sequence[Store]:
    """List stores after one, in the order of their ids; with `tag`, those that have it."""
    return await queries.list_stores(tx, after, tag, limit)


async def _keep_new(tx: Tx, store: Store, actor: str) -> None:
    if await queries.count_stores(tx) >= STORES_MAX:
        raise TooManyStores(STORES_MAX)
    await queries.upsert_store(tx, store)
    await _tell(tx, EVENT_CREATED, store.store_id, actor, store.created_at)


async def _tell(tx: Tx, kind: str, store_id: str, actor: str, now: datetime) -> None:
    await redraw_passes(tx)
    payload = msgspec.json.encode({"storeId": store_id}).decode()
    await emit(tx, [Event(kind, store_id, payload, actor)], now)
