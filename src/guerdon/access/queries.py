"""All SQL on API keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from guerdon.access.model import ApiKey
from guerdon.platform.db import Tx


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is kept of a key to check it; `scopes` are its own and those of its roles."""

    digest: bytes = field(repr=False)
    scopes: Sequence[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    disabled_at: datetime | None


async def insert_key(tx: Tx, key: ApiKey, digest: bytes) -> None:
    """Add a key."""
    await tx.execute(
        """
        INSERT INTO api_key (tenant_id, key_id, name, digest, scopes, roles, created_at, created_by, expires_at,
                             disabled_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        tx.tenant_id,
        key.key_id,
        key.name,
        digest,
        key.scopes,
        key.roles,
        key.created_at,
        key.created_by,
        key.expires_at,
        key.disabled_at,
    )


async def find_stored_key(tx: Tx, key_id: str) -> StoredKey | None:
    """Read what is needed to check a key."""
    return await tx.maybe(
        StoredKey,
        """
        SELECT digest,
               scopes || coalesce((SELECT array_agg(permission)
                                     FROM access_role AS r CROSS JOIN unnest(r.permissions) AS given (permission)
                                    WHERE r.tenant_id = $1 AND r.name = ANY(api_key.roles)), '{}') AS scopes,
               expires_at, revoked_at, disabled_at
          FROM api_key
         WHERE tenant_id = $1 AND key_id = $2
        """,
        tx.tenant_id,
        key_id,
    )


async def list_keys(tx: Tx, *, after: str, limit: int) -> list[ApiKey]:
    """Read keys, revoked ones too, in the order of their making, from the one after the key id `after`."""
    return await tx.all(
        ApiKey,
        """
        SELECT tenant_id, key_id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at, roles,
               disabled_at, replaced_by
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


async def find_named_key(tx: Tx, name: str) -> ApiKey | None:
    """Read the key that has this name now, or had it last."""
    return await tx.maybe(
        ApiKey,
        """
        SELECT tenant_id, key_id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at, roles,
               disabled_at, replaced_by
          FROM api_key
         WHERE tenant_id = $1 AND name = $2 AND replaced_by IS NULL
         ORDER BY created_at DESC, key_id DESC
         LIMIT 1
        """,
        tx.tenant_id,
        name,
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


async def has_keys_of_role(tx: Tx, role: str, now: datetime) -> bool:
    """Tell whether a key names a role that is neither revoked nor expired."""
    found = await tx.value(
        """
        SELECT EXISTS (
            SELECT FROM api_key
             WHERE tenant_id = $1 AND $2 = ANY(roles)
               AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3))
        """,
        tx.tenant_id,
        role,
        now,
    )
    return found is True


async def revoke_keys(tx: Tx, name: str, now: datetime) -> list[ApiKey]:
    """Mark the good keys of this name as revoked, the one that has it and those that it replaced, in their order."""
    return await tx.all(
        ApiKey,
        """
        WITH revoked AS (
            UPDATE api_key
               SET revoked_at = $3
             WHERE tenant_id = $1 AND name = $2
               AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
            RETURNING tenant_id, key_id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at,
                      roles, disabled_at, replaced_by)
        SELECT tenant_id, key_id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at, roles,
               disabled_at, replaced_by
          FROM revoked
         ORDER BY created_at, key_id
        """,
        tx.tenant_id,
        name,
        now,
    )


async def set_disabled(tx: Tx, name: str, disabled_at: datetime | None, now: datetime) -> int:
    """Switch the good keys of this name off or on, and tell how many there are."""
    return await tx.execute(
        """
        UPDATE api_key
           SET disabled_at = $3
         WHERE tenant_id = $1 AND name = $2
           AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $4)
        """,
        tx.tenant_id,
        name,
        disabled_at,
        now,
    )


async def replace_key(tx: Tx, key_id: str, successor: str, ends_at: datetime) -> None:
    """Let a key end, in favour of its successor."""
    await tx.execute(
        "UPDATE api_key SET replaced_by = $3, expires_at = $4 WHERE tenant_id = $1 AND key_id = $2",
        tx.tenant_id,
        key_id,
        successor,
        ends_at,
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
