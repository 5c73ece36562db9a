"""Every statement on stores."""

from collections.abc import Sequence

from guerdon.platform.db import Tx
from guerdon.stores.model import Spot, Store


async def find_store(tx: Tx, store_id: str) -> Store | None:
    """Read one store."""
    return await tx.maybe(
        Store,
        """
        SELECT store_id, name, address, latitude, longitude, opening_hours, tags, enabled, created_at, updated_at
          FROM store WHERE tenant_id = $1 AND store_id = $2
        """,
        tx.tenant_id,
        store_id,
    )


async def list_stores(tx: Tx, after: str, tag: str | None, limit: int) -> list[Store]:
    """Read the stores after one, in the order of their ids; with `tag`, those that have it."""
    return await tx.all(
        Store,
        """
        SELECT store_id, name, address, latitude, longitude, opening_hours, tags, enabled, created_at, updated_at
          FROM store
         WHERE tenant_id = $1 AND store_id > $2 AND ($3::text IS NULL OR $3 = ANY(tags))
         ORDER BY store_id LIMIT $4
        """,
        tx.tenant_id,
        after,
        tag,
        limit,
    )


async def count_stores(tx: Tx) -> int:
    """Count the tenant's stores."""
    count: int = await tx.value("SELECT count(*) FROM store WHERE tenant_id = $1", tx.tenant_id)
    return count


async def upsert_store(tx: Tx, store: Store) -> None:
    """Keep a store, over the one that may be there; the first creation date stays."""
    await tx.execute(
        """
        INSERT INTO store (tenant_id, store_id, name, address, latitude, longitude, opening_hours, tags, enabled,
                           created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (tenant_id, store_id) DO UPDATE
           SET name = excluded.name, address = excluded.address, latitude = excluded.latitude,
               longitude = excluded.longitude, opening_hours = excluded.opening_hours, tags = excluded.tags,
               enabled = excluded.enabled, updated_at = excluded.updated_at
        """,
        tx.tenant_id,
        store.store_id,
        store.name,
        store.address_text,
        store.latitude,
        store.longitude,
        store.opening_hours_text,
        store.tags,
        store.enabled,
        store.created_at,
        store.updated_at,
    )


async def delete_store(tx: Tx, store_id: str) -> bool:
    """Drop a store; False when there is none."""
    deleted = await tx.execute("DELETE FROM store WHERE tenant_id = $1 AND store_id = $2", tx.tenant_id, store_id)
    return deleted == 1


async def list_spots(tx: Tx, tag: str | None, first_ids: Sequence[str], only_first: bool, limit: int) -> list[Spot]:
    """Read where enabled stores are: those of `first_ids` first, or only those, then by id."""
    return await tx.all(
        Spot,
        """
        SELECT store_id, name, latitude, longitude
          FROM store
         WHERE tenant_id = $1 AND enabled AND latitude IS NOT NULL
           AND ($2::text IS NULL OR $2 = ANY(tags))
           AND (NOT $4 OR store_id = ANY($3::text[]))
         ORDER BY coalesce(array_position($3::text[], store_id), 2147483647), store_id LIMIT $5
        """,
        tx.tenant_id,
        tag,
        first_ids,
        only_first,
        limit,
    )
