"""All SQL of the tenants' room; the statements on a bare connection run as the owner, for the operator only."""

from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from guerdon.platform.db import Tx
from guerdon.tenants.model import FileVersion, SecretName, Tenant, TenantFile, TenantStatus


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as it lies in the table."""

    sealed: bytes = field(repr=False)


async def insert_tenant(owner: "asyncpg.Connection[asyncpg.Record]", tenant: Tenant) -> bool:
    """Add a tenant; False when its id is taken."""
    status = await owner.execute(
        """
        INSERT INTO tenant (tenant_id, name, status, default_language, requests_per_minute, created_at, is_sandbox)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant_id) DO NOTHING
        """,
        tenant.tenant_id,
        tenant.name,
        tenant.status,
        tenant.default_language,
        tenant.requests_per_minute,
        tenant.created_at,
        tenant.is_sandbox,
    )
    return status == "INSERT 0 1"


async def list_tenants(owner: "asyncpg.Connection[asyncpg.Record]", *, after: str, limit: int) -> list[Tenant]:
    """Read tenants in the order of their ids."""
    records = await owner.fetch(
        """
        SELECT tenant_id, name, status, default_language, requests_per_minute, created_at, revision, time_zone,
               is_sandbox
          FROM tenant
         WHERE tenant_id > $1
         ORDER BY tenant_id
         LIMIT $2
        """,
        after,
        limit,
    )
    return [Tenant(*record.values()) for record in records]


async def update_status(owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str, status: TenantStatus) -> bool:
    """Set the status; False when there is no such tenant."""
    done = await owner.execute("UPDATE tenant SET status = $2 WHERE tenant_id = $1", tenant_id, status)
    return done == "UPDATE 1"


async def update_requests_per_minute(
    owner: "asyncpg.Connection[asyncpg.Record]", tenant_id: str, requests_per_minute: int | None
) -> bool:
    """Set or lift the tenant's own limit; False when there is no such tenant."""
    done = await owner.execute(
        "UPDATE tenant SET requests_per_minute = $2 WHERE tenant_id = $1", tenant_id, requests_per_minute
    )
    return done == "UPDATE 1"


async def find_tenant(tx: Tx) -> Tenant | None:
    """Read the transaction's tenant."""
    return await tx.maybe(
        Tenant,
        """
        SELECT tenant_id, name, status, default_language, requests_per_minute, created_at, revision, time_zone,
               is_sandbox
          FROM tenant
         WHERE tenant_id = $1
        """,
        tx.tenant_id,
    )


async def lock_tenant(tx: Tx) -> bool:
    """Hold the tenant's row until the transaction ends; False when there is no such tenant.

    Only administration takes this lock: it lets rows that refer to the tenant be written meanwhile.
    """
    found = await tx.value("SELECT true FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE", tx.tenant_id)
    return found is True


async def update_core(tx: Tx, name: str, default_language: str, time_zone: str) -> None:
    """Write the name, the default language and the time zone."""
    await tx.execute(
        "UPDATE tenant SET name = $2, default_language = $3, time_zone = $4 WHERE tenant_id = $1",
        tx.tenant_id,
        name,
        default_language,
        time_zone,
    )


async def is_time_zone(tx: Tx, name: str) -> bool:
    """Tell whether the database knows a time zone of this name."""
    known: bool = await tx.value("SELECT EXISTS (SELECT 1 FROM pg_timezone_names WHERE name = $1)", name)
    return known


async def raise_revision(tx: Tx) -> None:
    """Give the tenant a new revision."""
    await tx.execute("UPDATE tenant SET revision = revision + 1 WHERE tenant_id = $1", tx.tenant_id)


async def upsert_secret(tx: Tx, name: str, sealed: bytes, now: datetime, actor: str) -> None:
    """Write a secret over the one that may be there."""
    await tx.execute(
        """
        INSERT INTO tenant_secret (tenant_id, name, sealed, updated_at, actor)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, name) DO UPDATE
           SET sealed = excluded.sealed, updated_at = excluded.updated_at, actor = excluded.actor
        """,
        tx.tenant_id,
        name,
        sealed,
        now,
        actor,
    )


async def find_secret(tx: Tx, name: str) -> SealedSecret | None:
    """Read a secret as it lies there."""
    return await tx.maybe(
        SealedSecret,
        "SELECT sealed FROM tenant_secret WHERE tenant_id = $1 AND name = $2",
        tx.tenant_id,
        name,
    )


async def list_secret_names(tx: Tx, *, after: str, limit: int) -> list[SecretName]:
    """Read what may be told of the secrets, in the order of their names."""
    return await tx.all(
        SecretName,
        """
        SELECT name, updated_at, actor
          FROM tenant_secret
         WHERE tenant_id = $1 AND name > $2
         ORDER BY name
         LIMIT $3
        """,
        tx.tenant_id,
        after,
        limit,
    )


async def count_other_secrets(tx: Tx, name: str) -> int:
    """Count the secrets that have another name."""
    count: int = await tx.value(
        "SELECT count(*) FROM tenant_secret WHERE tenant_id = $1 AND name <> $2", tx.tenant_id, name
    )
    return count


async def delete_secret(tx: Tx, name: str) -> bool:
    """Delete a secret; False when there is none."""
    count = await tx.execute("DELETE FROM tenant_secret WHERE tenant_id = $1 AND name = $2", tx.tenant_id, name)
    return count == 1


async def insert_file_version(tx: Tx, version: FileVersion, content: bytes | None) -> None:
    """Append one version; None as content says that the file is gone from here on."""
    await tx.execute(
        """
        INSERT INTO tenant_file (tenant_id, path, version, content, digest, created_at, actor)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        tx.tenant_id,
        version.path,
        version.version,
        content,
        version.digest,
        version.created_at,
        version.actor,
    )


async def find_latest_version(tx: Tx, path: str) -> FileVersion | None:
    """Read the newest version of a file, also one that removed it."""
    versions = await list_versions(tx, path, before=None, limit=1)
    return versions[0] if versions else None


async def find_file(tx: Tx, path: str, version: int | None) -> TenantFile | None:
    """Read a file in one version (None: the newest), unless that version removed it."""
    return await tx.maybe(
        TenantFile,
        """
        SELECT path, version, digest, content, created_at, actor
          FROM (SELECT path, version, digest, content, created_at, actor
                  FROM tenant_file
                 WHERE tenant_id = $1 AND path = $2 AND ($3::integer IS NULL OR version = $3)
                 ORDER BY version DESC
                 LIMIT 1) AS newest
         WHERE content IS NOT NULL
        """,
        tx.tenant_id,
        path,
        version,
    )


async def list_versions(tx: Tx, path: str, *, before: int | None, limit: int) -> list[FileVersion]:
    """Read the versions of a file, newest first."""
    return await tx.all(
        FileVersion,
        """
        SELECT path, version, digest, coalesce(octet_length(content), 0) AS bytes_count, content IS NULL AS is_removed,
               created_at, actor
          FROM tenant_file
         WHERE tenant_id = $1 AND path = $2 AND ($3::integer IS NULL OR version < $3)
         ORDER BY version DESC
         LIMIT $4
        """,
        tx.tenant_id,
        path,
        before,
        limit,
    )


async def list_files(tx: Tx, *, prefix: str, after: str, limit: int) -> list[FileVersion]:
    """Read the newest version of every file that is there, in the order of the paths."""
    return await tx.all(
        FileVersion,
        """
        SELECT path, version, digest, octet_length(content) AS bytes_count, false AS is_removed, created_at, actor
          FROM (SELECT DISTINCT ON (path) path, version, digest, content, created_at, actor
                  FROM tenant_file
                 WHERE tenant_id = $1 AND starts_with(path, $2) AND path > $3
                 ORDER BY path, version DESC) AS newest
         WHERE content IS NOT NULL
         ORDER BY path
         LIMIT $4
        """,
        tx.tenant_id,
        prefix,
        after,
        limit,
    )


async def count_files(tx: Tx) -> int:
    """Count the files that are there."""
    count: int = await tx.value(
        """
        SELECT count(*)
          FROM (SELECT DISTINCT ON (path) content IS NOT NULL AS is_there
                  FROM tenant_file
                 WHERE tenant_id = $1
                 ORDER BY path, version DESC) AS newest
         WHERE is_there
        """,
        tx.tenant_id,
    )
    return count
