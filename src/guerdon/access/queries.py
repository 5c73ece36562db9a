"""All SQL on API keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from guerdon.access.model import ApiKey
from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is kept of a key to check it."""

    digest: bytes = field(repr=False)
    scopes: Sequence[str]
    expires_at: datetime | None
    revoked_at: datetime | None


async def insert_key(tx: Tx, key: ApiKey, digest: bytes) -> None:
    """Add a key."""
    await tx.execute(
        """
        INSERT INTO api_key (tenant_id, key_id, name, digest, scopes, created_at, created_by, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        tx.tenant_id,
        key.key_id,
        key.name,
        digest,
        key.scopes,
        key.created_at,
        key.created_by,
        key.expires_at,
    )


async def find_stored_key(tx: Tx, key_id: str) -> StoredKey | None:
    """Read what is needed to check a key."""
    return await tx.maybe(
        StoredKey,
        "SELECT digest, scopes, expires_at, revoked_at FROM api_key WHERE tenant_id = $1 AND key_id = $2",
        tx.tenant_id,
        key_id,
    )


async def list_keys(tx: Tx, *, after: str, limit: int) -> list[ApiKey]:
    """Read keys, revoked ones too, in the order of their making, from the one after the key id `after`."""
    return await tx.all(
        ApiKey,
        """
        SELECT tenant_id, key_id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at
          FROM api_key
         WHERE tenant_id = $1
           AND ($2 = '' OR (created_at, key_id) >
               (SELECT earlier.created_at, earlier.key_id
                  FROM api_key AS earlier
                 WHERE earlier.tenant_id = $1 AND earlier.key_id = $2))
         ORDER BY created_at, key_id
         LIMIT $3
        """,
        tx.tenant_id,
        after,
        limit,
    )


async def list_good_key_names(tx: Tx, now: datetime, limit: int) -> list[str]:
    """Read the names of the keys that are neither revoked nor expired."""
    records = await tx.records(
        """
        SELECT name
          FROM api_key
         WHERE tenant_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
         LIMIT $3
        """,
        tx.tenant_id,
        now,
        limit,
    )
    return [record["name"] for record in records]


async def revoke_key(tx: Tx, name: str, now: datetime) -> ApiKey | None:
    """Mark the good key of this name as revoked, or answer None when there is none."""
    return await tx.maybe(
        ApiKey,
        """
        UPDATE api_key
           SET revoked_at = $3
         WHERE tenant_id = $1 AND name = $2
           AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
        RETURNING tenant_id, key_id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at
        """,
        tx.tenant_id,
        name,
        now,
    )


async def note_use(tx: Tx, key_id: str, used_at: datetime) -> None:
    """Write when a key was last used, unless a later use is written already."""
    await tx.execute(
        """
        UPDATE api_key
           SET last_used_at = $3
         WHERE tenant_id = $1 AND key_id = $2 AND (last_used_at IS NULL OR last_used_at < $3)
        """,
        tx.tenant_id,
        key_id,
        used_at,
    )
